// One exception a code that no table knows, whatever it holds back.
import type { Problem } from "../../domains/reaction.ts";
import type { CodeKey } from "../../policy/codes.ts";
import { unmappedFingerprint } from "../../store/unmapped.ts";

/** What it holds back, and of which orders, is added to the detail where it is raised. */
export function unmappedProblem(key: CodeKey): Problem {
  const { system, table, direction, code } = key;
  return {
    code: "code.unmapped",
    fingerprint: unmappedFingerprint(key),
    title:
      direction === "in"
        ? `${system} says ${table} ${code}, and no code table says what that is`
        : `No code table says what ${table} ${code} is in ${system}`,
    detail: { table, direction, code },
    system,
    key: `system:${system}`,
  };
}

// The cell of a JSON record: the value at a dotted path, as a text, with the number as it was written.
import { canonicalJson } from "../../connector/index.ts";

/** Undefined where there is no such path; empty for null. */
export function textAt(value: unknown, path: string): string | undefined {
  let found = value;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  if (typeof found === "string") return found;
  return found === null || found === undefined ? "" : canonicalJson(found);
}

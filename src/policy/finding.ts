// What is wrong, or doubtful, in a configuration: where, and what to do about it.
import { CrossdockError } from "../core/errors.ts";

export interface Finding {
  /** An error keeps the node from starting. */
  level: "error" | "warning";
  /** `flows.availability.to` */
  path: string;
  /** One sentence that says what to do. */
  message: string;
  /** `file:///…/crossdock.config.ts:14:5`, where it is known. */
  place?: string;
}

/** The error that a configuration with these findings is refused with. */
export function invalidConfiguration(findings: readonly Finding[]): CrossdockError {
  const errors = findings.filter(({ level }) => level === "error");
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new CrossdockError("configuration.invalid", `${first?.path}: ${first?.message}${more}`, {
    details: { findings, ...(first?.place === undefined ? {} : { place: first.place }) },
  });
}

// What another system said and a rule does not allow: the path, the value and the rule, in one sentence each.
import { CrossdockError, excerpt, NumberText } from "../../connector/index.ts";

export function unfit(path: string, value: unknown, rule: string): CrossdockError {
  return new CrossdockError("rest.unfit", `is ${shown(value)}: ${rule}`, { details: { path } });
}

/** The path of a fault of `unfit`; absent where it is another one. */
export function pathOf(error: unknown): string | undefined {
  if (!(error instanceof CrossdockError) || error.code !== "rest.unfit") return undefined;
  return error.details.path as string;
}

function shown(value: unknown): string {
  if (value === undefined) return "absent";
  if (value instanceof NumberText) return excerpt(value.text).slice(1, -1);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : excerpt(value);
}

/** Absent, null and the empty text say nothing. */
export function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** A text, or a number as it was written. Undefined for all that is neither. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof NumberText ? value.text : undefined;
}

/** What a table or a rule compares: a text, a number as it was written, or true and false. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === "boolean" ? String(value) : textOf(value);
}

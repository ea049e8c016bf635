// What another system said and a rule does not allow, in one sentence: where it stood, what it was, the rule it breaks.
import { CrossdockError } from "../../core/errors.ts";
import { excerpt } from "../../core/excerpt.ts";
import { NumberText } from "../../core/json.ts";

/** Thrown by a conversion, which knows the rule and not where its value stood: `is no number`. */
export function brokenRule(rule: string, cause?: unknown): CrossdockError {
  return new CrossdockError("mapping.rule", rule, cause === undefined ? {} : { cause });
}

/**
 * `path`: where the value stood in the document, `column QTY` or `$.rows[0].qty`. `document`: which one, where the
 * message itself does not tell: `stream stock, row 7`. Throw it, or take its message.
 */
export function unfit(path: string, value: unknown, rule: string, document?: string): CrossdockError {
  const place = document === undefined ? path : `${document}, ${path}`;
  const sentence = `${place}: ${shown(value)} ${rule.replace(/\.$/, "")}.`;
  return new CrossdockError("mapping.unfit", sentence, { details: { path } });
}

/** Converts a value; what it throws of a rule becomes `mapping.unfit`. */
export function converted(
  convert: (value: unknown) => unknown,
  value: unknown,
  path: string,
  document?: string,
): unknown {
  try {
    return convert(value);
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code === "mapping.unfit") throw error;
    throw unfit(path, value, error.message, document);
  }
}

/** The path of a fault of `unfit`; undefined where it is another one. */
export function unfitPath(error: unknown): string | undefined {
  if (!(error instanceof CrossdockError) || error.code !== "mapping.unfit") return undefined;
  return error.details.path as string;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
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

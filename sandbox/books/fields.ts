// Fields of an answer. One that is missing or of another kind throws `books.shape` with its name and place, so
// that an API that changed is not taken for a difference in the books.
import { ONE, readExact } from "./exact.ts";
import { BooksError } from "./failure.ts";

/** One object of an answer, with words for where it stands. */
export interface Fields {
  at: string;
  values: Record<string, unknown>;
}

export function fieldsOf(value: unknown, at: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(at, "an object", value);
  return { at, values: value as Record<string, unknown> };
}

export function listOf(fields: Fields, name: string): Fields[] {
  const value = fields.values[name];
  if (!Array.isArray(value)) throw wrong(`${fields.at}.${name}`, "a list", value);
  return value.map((entry, index) => fieldsOf(entry, `${fields.at}.${name}[${index}]`));
}

export function textOf(fields: Fields, name: string): string {
  const value = fields.values[name];
  if (typeof value !== "string") throw wrong(`${fields.at}.${name}`, "a text", value);
  return value;
}

/** Empty where the field is null or absent. */
export function textOr(fields: Fields, name: string): string {
  const value = fields.values[name];
  return value === undefined || value === null ? "" : textOf(fields, name);
}

export function flagOf(fields: Fields, name: string): boolean {
  const value = fields.values[name];
  if (typeof value !== "boolean") throw wrong(`${fields.at}.${name}`, "true or false", value);
  return value;
}

/** Millionths. */
export function exactOf(fields: Fields, name: string): bigint {
  const exact = readExact(textOf(fields, name));
  if (exact === undefined) throw wrong(`${fields.at}.${name}`, "a decimal", fields.values[name]);
  return exact;
}

export function countOf(fields: Fields, name: string): bigint {
  const exact = exactOf(fields, name);
  if (exact % ONE !== 0n) throw wrong(`${fields.at}.${name}`, "a whole number", fields.values[name]);
  return exact / ONE;
}

/** Milliseconds since 1970 of an RFC 3339 time. */
export function instantOf(fields: Fields, name: string): number {
  const ms = Date.parse(textOf(fields, name));
  if (Number.isNaN(ms)) throw wrong(`${fields.at}.${name}`, "a time", fields.values[name]);
  return ms;
}

function wrong(at: string, expected: string, value: unknown): BooksError {
  return new BooksError(
    "books.shape",
    `${at} should be ${expected}, not ${JSON.stringify(value)?.slice(0, 80) ?? "absent"}.`,
  );
}

// Reads the fields of EAST's JSON, whose numbers are kept as they were written. A missing or wrong one throws
// `east.unreadable` with its path.
import { CrossdockError, numberText, parseTime, type Time } from "../../../src/connector/index.ts";

export type Fields = Record<string, unknown>;

export function unreadable(path: string, expected: string): CrossdockError {
  return new CrossdockError("east.unreadable", `must be ${expected}.`, { details: { path } });
}

export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unreadable(path, "an object");
  return value as Fields;
}

export function listOf(fields: Fields, name: string, path: string): Fields[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw unreadable(`${path}.${name}`, "a list");
  return value.map((item, index) => fieldsOf(item, `${path}.${name}[${index}]`));
}

export function textOf(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "")
    throw unreadable(`${path}.${name}`, "a text that is not empty");
  return value;
}

/** Empty where it is absent or null. */
export function textOr(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  return value === undefined || value === null ? "" : textOf(fields, name, path);
}

/** A decimal text. */
export function numberOf(fields: Fields, name: string, path: string): string {
  try {
    return numberText(fields[name]);
  } catch (cause) {
    throw new CrossdockError("east.unreadable", "must be a number.", {
      cause,
      details: { path: `${path}.${name}` },
    });
  }
}

/** A number that counts: no fraction, no sign. */
export function countOf(fields: Fields, name: string, path: string): string {
  const text = numberOf(fields, name, path);
  if (!/^\d{1,15}$/.test(text)) throw unreadable(`${path}.${name}`, "a whole number");
  return text;
}

export function timeOf(fields: Fields, name: string, path: string): Time {
  try {
    return parseTime(textOf(fields, name, path));
  } catch (cause) {
    throw new CrossdockError("east.unreadable", "must be an RFC 3339 time.", {
      cause,
      details: { path: `${path}.${name}` },
    });
  }
}

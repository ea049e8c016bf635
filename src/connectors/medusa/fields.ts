// Reads the fields of a native record that was parsed exactly. What is missing or of another kind throws
// `native.unexpected` with the field's path.
import { CrossdockError, excerpt, numberText, readExact } from "../../connector/index.ts";

export type Fields = Record<string, unknown>;

const TEXT_LENGTH_MAX = 1000;

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(name, "an object", value);
}

export function readFields(body: string | Uint8Array, name: string): Fields {
  return fieldsOf(readExact(body), name);
}

export function listOf(fields: Fields, name: string): Fields[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw unexpected(name, "a list", value);
  return value.map((entry, index) => fieldsOf(entry, `${name}[${index}]`));
}

/** Empty where there is none. */
export const listOr = (fields: Fields, name: string): Fields[] =>
  fields[name] === undefined || fields[name] === null ? [] : listOf(fields, name);

/** Undefined where there is none. */
export const fieldsOr = (fields: Fields, name: string): Fields | undefined =>
  fields[name] === undefined || fields[name] === null ? undefined : fieldsOf(fields[name], name);

/** A text that is not empty. */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw unexpected(name, "a text that is not empty", value);
}

/** Undefined where it is absent, null or blank. */
export function textOr(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw unexpected(name, "a text", value);
  return value.trim() === "" ? undefined : value.trim();
}

/** The number as it was written. */
export function numberOf(fields: Fields, name: string): string {
  try {
    return numberText(fields[name]);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw unexpected(name, "a number that we can hold", fields[name]);
  }
}

export const isTrue = (fields: Fields, name: string): boolean => fields[name] === true;

/** A text for people, as long as a contract takes it. */
export const shown = (text: string): string =>
  text.replaceAll("\u0000", "\ufffd").toWellFormed().slice(0, TEXT_LENGTH_MAX);

export function unexpected(name: string, wanted: string, value: unknown): CrossdockError {
  return new CrossdockError(
    "native.unexpected",
    `${name} should be ${wanted}, not ${value === undefined ? "absent" : excerpt(value)}.`,
  );
}

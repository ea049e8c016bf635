// Reads the fields of a native record that was parsed exactly (numbers by their source text). What is missing or of
// another kind throws `native.unexpected` with the field's name: a mapping fails, a poll is tried again.
import { CrossdockError, numberText, readExact } from "../../src/connector/index.ts";
import { countryByName, isCountry } from "../../src/core/country.ts";
import { excerpt } from "../../src/core/excerpt.ts";

export type Fields = Record<string, unknown>;

const TEXT_LENGTH_MAX = 1000;
const IDENTIFIER_LENGTH_MAX = 128;

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

/** A text that is not empty. */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw unexpected(name, "a text that is not empty", value);
}

/** Absent where the field is absent, null or blank. */
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
    throw unexpected(name, "a number", fields[name], error);
  }
}

export function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === "boolean") return value;
  throw unexpected(name, "true or false", value);
}

/** Without these fields: what changes by itself is no part of a document. */
export function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** A text for people, as long as a contract takes it. */
export function shown(text: string): string {
  return text.replaceAll("\u0000", "\ufffd").toWellFormed().slice(0, TEXT_LENGTH_MAX);
}

/** Whether a text can name something. */
export function isIdentifier(text: string): boolean {
  if (text.length === 0 || text.length > IDENTIFIER_LENGTH_MAX || !text.isWellFormed()) return false;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) < 0x20) return false;
  return true;
}

/** Absent where there is none; one that nothing can be named by throws. */
export function identifierOr(fields: Fields, name: string): string | undefined {
  const text = textOr(fields, name);
  if (text === undefined || isIdentifier(text)) return text;
  throw unexpected(name, "a name of at most 128 letters without control characters", text);
}

/** ISO 3166-1 alpha-2, of a code or of a name as people spell it. */
export function countryOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return isCountry(text) ? text : countryByName(text);
}

function unexpected(name: string, wanted: string, value: unknown, cause?: unknown): CrossdockError {
  return new CrossdockError("native.unexpected", `${name} should be ${wanted}, not ${excerpt(value)}.`, {
    cause,
  });
}

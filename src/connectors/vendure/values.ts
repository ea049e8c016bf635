// The fields of Vendure's answers, read exactly. What is missing or of another kind throws `native.unexpected`.
import { CrossdockError, excerpt, numberText } from "../../connector/index.ts";

export type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(name, "an object", value);
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

/** Absent where it is no text, or blank. */
export function textOr(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** A whole number, as quantities and amounts are. */
export function wholeOf(fields: Fields, name: string): bigint {
  let text: string;
  try {
    text = numberText(fields[name]);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw unexpected(name, "a whole number", fields[name]);
  }
  if (!/^-?\d+$/.test(text)) throw unexpected(name, "a whole number", text);
  return BigInt(text);
}

/** A text for people, as long as a contract takes it. */
export function shown(text: string): string {
  return text.replaceAll("\u0000", "\ufffd").toWellFormed().slice(0, 1_000);
}

function unexpected(name: string, wanted: string, value: unknown): CrossdockError {
  return new CrossdockError("native.unexpected", `${name} should be ${wanted}, not ${excerpt(value)}.`);
}

// Reads the fields of a request body that nobody has checked yet. A missing or wrong field is a
// Refusal with status 400 and the code `invalidField` (each product maps it to its own words).

import { Refusal } from "./refusal.ts";

export type Fields = Record<string, unknown>;

function wrong(name: string, expected: string): Refusal {
  return new Refusal(400, "invalidField", `${name} must be ${expected}`);
}

export function fieldsOf(value: unknown, name = "body"): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(name, "an object");
  return value as Fields;
}

export function listOf(fields: Fields, name: string): Fields[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw wrong(name, "a list");
  return value.map((entry, index) => fieldsOf(entry, `${name}[${index}]`));
}

export function optionalListOf(fields: Fields, name: string): Fields[] {
  return fields[name] === undefined ? [] : listOf(fields, name);
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value.trim() === "") throw wrong(name, "a text that is not empty");
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrong(name, "a text");
  return value;
}

export function flag(fields: Fields, name: string, otherwise: boolean): boolean {
  const value = fields[name];
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") throw wrong(name, "true or false");
  return value;
}

export function decimalNumber(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(name, "a number");
  return value;
}

export function optionalNumber(fields: Fields, name: string): number | undefined {
  return fields[name] === undefined ? undefined : decimalNumber(fields, name);
}

/** A whole count of pieces, 1 or more. */
export function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
    throw wrong(name, "a whole number of 1 or more");
  }
  return value;
}

export function wholeNumber(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(name, "a whole number");
  return value;
}

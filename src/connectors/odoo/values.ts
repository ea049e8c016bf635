// Values as Odoo writes them in JSON: `false` for nothing, `[id, "name"]` for another record, UTC times without saying so.
import { CrossdockError, numberText, parseTime, type Time } from "../../connector/index.ts";

export type Fields = Record<string, unknown>;

/** Digits that a binary number holds for sure. */
const FLOAT_DIGITS_MAX = 15;

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(name, "an object");
}

export function listOf(value: unknown, name: string): Fields[] {
  if (!Array.isArray(value)) throw unexpected(name, "a list");
  return value.map((entry, index) => fieldsOf(entry, `${name}[${index}]`));
}

export function textOf(fields: Fields, name: string): string {
  const text = textOr(fields, name);
  if (text !== undefined) return text;
  throw unexpected(name, "a text that is not empty");
}

/** Undefined where it is `false` or empty. */
export function textOr(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

export function idOf(value: unknown, name: string): number {
  const id = Number(numberText(value));
  if (Number.isSafeInteger(id)) return id;
  throw unexpected(name, "an id");
}

export function idsOf(value: unknown, name: string): number[] {
  if (!Array.isArray(value)) throw unexpected(name, "a list of ids");
  return value.map((id) => idOf(id, name));
}

/** Of `[7, "Units"]`; undefined where it is `false`. */
export function linkOf(fields: Fields, name: string): { id: number; label: string } | undefined {
  const value = fields[name];
  if (value === false) return undefined;
  if (Array.isArray(value) && value.length === 2)
    return { id: idOf(value[0], name), label: String(value[1]) };
  throw unexpected(name, "a record and its name");
}

export function linkIdOf(fields: Fields, name: string): number {
  const link = linkOf(fields, name);
  if (link !== undefined) return link.id;
  throw unexpected(name, "a record");
}

/** At most six fraction digits, as in our figures: a sum of binary numbers may write 0.30000000000000004. */
export function numberOf(fields: Fields, name: string): string {
  const text = numberText(fields[name]);
  const [whole = "0", fraction = ""] = text.split(".");
  if (fraction.length <= 6) return text;
  return numberText(Number(`${whole}.${fraction}`).toFixed(6));
}

/** `2026-11-24 07:00:00` is UTC. */
export function timeOf(fields: Fields, name: string): Time {
  return parseTime(`${textOf(fields, name).replace(" ", "T")}Z`);
}

export const timeValue = (time: Time): string => time.slice(0, 19).replace("T", " ");

/** Undefined where a binary number cannot hold it, or where it has more fraction digits than Odoo keeps. */
export function floatValue(text: string, digits: number): number | undefined {
  const fraction = text.split(".")[1] ?? "";
  if (fraction.length > digits || text.replace(/\D/g, "").length > FLOAT_DIGITS_MAX) return undefined;
  return Number(text);
}

const SCALE_DIGITS = 6;

/** Millionths, so that figures can be added exactly. */
export function micros(text: string): bigint {
  const [, sign, whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  const value = BigInt(whole + fraction.padEnd(SCALE_DIGITS, "0"));
  return sign === "-" ? -value : value;
}

export function microsText(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(SCALE_DIGITS + 1, "0");
  return numberText(
    `${value < 0n ? "-" : ""}${digits.slice(0, -SCALE_DIGITS)}.${digits.slice(-SCALE_DIGITS)}`,
  );
}

export function unexpected(name: string, wanted: string): CrossdockError {
  return new CrossdockError("native.unexpected", `${name} should be ${wanted}.`);
}

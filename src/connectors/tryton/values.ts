// Values as Tryton writes them in JSON: decimals, dates and times as objects, amounts of goods as numbers.
import { CrossdockError, numberText, parseTime, type Time } from "../../connector/index.ts";

export type Fields = Record<string, unknown>;

/** Digits that a binary number holds for sure. */
const FLOAT_DIGITS_MAX = 15;

export const decimal = (text: string): Fields => ({ __class__: "Decimal", decimal: text });

/** Of `2026-11-24`. */
export function dateValue(text: string): Fields {
  const [year, month, day] = text.split("-").map(Number);
  return { __class__: "date", year, month, day };
}

/** To the microsecond; its times are UTC without saying so. */
export function timeValue(time: Time): Fields {
  const [, date, hour, minute, second, fraction = ""] = TIME.exec(time) ?? [];
  if (date === undefined) throw new CrossdockError("native.unexpected", `${time} is no time.`);
  const parts = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  return {
    ...dateValue(date),
    ...parts,
    __class__: "datetime",
    microsecond: Number(fraction.padEnd(6, "0").slice(0, 6)),
  };
}
const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?Z$/;

/** Undefined where a binary number cannot hold it, or has more fraction digits than its unit. */
export function floatValue(text: string, digits: number): number | undefined {
  const fraction = text.split(".")[1] ?? "";
  if (fraction.length > digits || text.replace(/\D/g, "").length > FLOAT_DIGITS_MAX) return undefined;
  return Number(text);
}

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(name, "an object");
}

export function listOf(value: unknown, name: string): Fields[] {
  if (!Array.isArray(value)) throw unexpected(name, "a list");
  return value.map((entry, index) => fieldsOf(entry, `${name}[${index}]`));
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw unexpected(name, "a text that is not empty");
}

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

/** A Decimal, or a number of goods, as canonical text. */
export function numberOf(fields: Fields, name: string): string {
  const value = fields[name];
  const isDecimal = typeof value === "object" && value !== null && "decimal" in value;
  try {
    return numberText(isDecimal ? (value as Fields).decimal : value);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw unexpected(name, "a number");
  }
}

/** A date as `2026-11-24`, absent where it is null. */
export function dateOf(fields: Fields, name: string): string | undefined {
  if (fields[name] === null || fields[name] === undefined) return undefined;
  const date = fieldsOf(fields[name], name);
  const part = (key: string, length: number) => numberText(date[key]).padStart(length, "0");
  return `${part("year", 4)}-${part("month", 2)}-${part("day", 2)}`;
}

/** A time to the microsecond, absent where it is null. */
export function timeOf(fields: Fields, name: string): Time | undefined {
  const date = dateOf(fields, name);
  if (date === undefined) return undefined;
  const time = fieldsOf(fields[name], name);
  const part = (key: string, length = 2) => numberText(time[key] ?? "0").padStart(length, "0");
  return parseTime(`${date}T${part("hour")}:${part("minute")}:${part("second")}.${part("microsecond", 6)}Z`);
}

function unexpected(name: string, wanted: string): CrossdockError {
  return new CrossdockError("native.unexpected", `${name} should be ${wanted}.`);
}

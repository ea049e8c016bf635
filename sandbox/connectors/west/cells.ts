// Reads the cells of one row. A wrong one throws `west.bad-row` with its column.
import { CrossdockError, type Time } from "../../../src/connector/index.ts";
import { readSigned, type WestRow } from "./file-format.ts";
import type { FileClock } from "./local-time.ts";

export function textOf({ cells }: WestRow, column: string): string {
  const text = cells[column]?.trim() ?? "";
  if (text === "") throw bad(column, "is empty");
  return text;
}

export const textOr = ({ cells }: WestRow, column: string): string => cells[column]?.trim() ?? "";

/** Digits: the row's number, which no other row of WEST has. */
export function numberOf(row: WestRow): string {
  const text = textOf(row, "NO");
  if (!/^\d{1,30}$/.test(text)) throw bad("NO", `${JSON.stringify(text)} is no number`);
  return text;
}

export function unitsOf(row: WestRow, column: string): number {
  const text = textOf(row, column);
  const units = readSigned(text);
  if (units === undefined) throw bad(column, `${JSON.stringify(text)} is no whole number`);
  return units;
}

export function unitsAboveZero(row: WestRow, column: string): string {
  const units = unitsOf(row, column);
  if (units <= 0) throw bad(column, `${units} is not above zero`);
  return String(units);
}

export function statusOf(row: WestRow): "available" | "held" {
  const text = textOf(row, "COND");
  if (text === "A") return "available";
  if (text === "H") return "held";
  throw bad("COND", `${JSON.stringify(text)} is neither A nor H`);
}

export function timeOf(row: WestRow, clock: FileClock): Time {
  return clock.read(textOf(row, "TIME"));
}

export function bad(column: string, what: string): CrossdockError {
  return new CrossdockError("west.bad-row", `${column} ${what}.`);
}

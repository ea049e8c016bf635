// A number as other systems write it, read exactly: `1.234,50`, `3-`, `00012500` with two implied decimals.
import { CrossdockError } from "../../core/errors.ts";
import { NumberText } from "../../core/json.ts";
import { numberText } from "../exact.ts";
import { brokenRule, textOf } from "./unfit.ts";

export interface DecimalRule {
  /** The decimal mark; the other one may then group thousands. Absent: `.`, and nothing groups. */
  decimal?: "." | "," | undefined;
  /** Decimals that are implied. */
  scale?: number | undefined;
  negate?: boolean | undefined;
}

/** The canonical text. Breaks a rule where it is no number, or one that is too precise or too great. */
export function readDecimal(value: unknown, { decimal, scale, negate = false }: DecimalRule): string {
  const text = textOf(value)?.trim();
  const parts = text === undefined ? null : /^([+-]?)(\d.*?)([+-]?)$/.exec(text);
  if (parts === null || (parts[1] !== "" && parts[3] !== "")) throw brokenRule("is no number");
  const [, before, body = "", after] = parts;
  // A JSON number has its own mark.
  const plain = value instanceof NumberText ? body : withoutGroups(body, decimal);
  const isNegative = (before === "-" || after === "-") !== negate;
  try {
    return numberText(`${isNegative ? "-" : ""}${scale === undefined ? plain : implied(plain, scale)}`);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    if (error.code === "native.not-a-number") throw brokenRule("is no number", error);
    throw error;
  }
}

/** What groups thousands stands before three digits, or it is the other mark by mistake. */
function withoutGroups(body: string, decimal: "." | "," | undefined): string {
  if (decimal === undefined) return body;
  const group = decimal === "," ? "." : ",";
  const [whole = "", ...rest] = body.split(decimal);
  const isGrouped = new RegExp(`^\\d{1,3}(\\${group}\\d{3})+$`).test(whole);
  return [
    isGrouped ? whole.replaceAll(group, "") : group === "." ? whole.replaceAll(".", "?") : whole,
    ...rest,
  ].join(".");
}

function implied(digits: string, scale: number): string {
  if (!/^\d+$/.test(digits)) throw brokenRule("has a decimal mark, and its decimals are implied");
  const padded = digits.padStart(scale + 1, "0");
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** A canonical figure with the mark that is asked for. */
export function decimalText(value: unknown, decimal: "." | "," = "."): string {
  return numberText(value).replace(".", decimal);
}

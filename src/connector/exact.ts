// Native JSON without a rounded number: what a product wrote as 0.1 or as 12345678901234567890 stays that. A text
// that is no JSON, or a value that is no number, throws.
import { formatDecimal, parseDecimal } from "../core/decimal.ts";
import { CrossdockError } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import { NumberText, parseExact } from "../core/json.ts";

/** JSON with every number as a NumberText. */
export function readExact(body: string | Uint8Array): unknown {
  return parseExact(typeof body === "string" ? body : Buffer.from(body).toString("utf8"));
}

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The canonical decimal text of a native number: a NumberText, or a text such as "007.50", "+1" or "1.5E2". */
export function numberText(value: unknown): string {
  const text = value instanceof NumberText ? value.text : value;
  const parts = typeof text === "string" ? NUMBER.exec(text.trim()) : null;
  if (parts === null) {
    // A binary number has lost its digits already: it was read with JSON.parse.
    const shown = typeof value === "number" ? `the binary number ${value}` : excerpt(value);
    throw new CrossdockError("native.not-a-number", `${shown} is no number as a product writes it.`);
  }
  const [, sign = "", integer = "", fraction = "", exponent = "0"] = parts;
  return formatDecimal(
    parseDecimal(`${sign === "-" ? "-" : ""}${shifted(integer, fraction, Number(exponent))}`),
  );
}

/** integer.fraction × 10^exponent, exactly. */
function shifted(integer: string, fraction: string, exponent: number): string {
  const digits = integer + fraction;
  const point = integer.length + exponent;
  const whole = point <= 0 ? "" : digits.slice(0, point).padEnd(point, "0");
  const rest = point <= 0 ? digits.padStart(digits.length - point, "0") : digits.slice(point);
  const trimmed = rest.replace(/0+$/, "");
  return `${whole.replace(/^0+(?=\d)/, "") || "0"}${trimmed === "" ? "" : `.${trimmed}`}`;
}

// Exact decimals with six fraction digits, held as a bigint scaled by 10^6: `a + b` and `a < b` are plain
// bigint operators. Text that is not such a decimal, or a result beyond 15 integer digits, throws.
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

export type Decimal = bigint;

export const ZERO: Decimal = 0n;
export const SCALE = 1_000_000n;
export const ONE: Decimal = 1_000_000n;

const FRACTION_DIGITS = 6;
const INTEGER_DIGITS_MAX = 15;
const LIMIT = 10n ** BigInt(INTEGER_DIGITS_MAX + FRACTION_DIGITS);
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;
const GRAMMAR = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

export function parseDecimal(text: string): Decimal {
  const quick = parseShort(text);
  if (quick !== undefined) return quick;
  const parts = typeof text === "string" ? GRAMMAR.exec(text) : null;
  if (parts === null) {
    throw new CrossdockError("decimal.invalid", `${excerpt(text)} is not a decimal such as "12.5".`);
  }
  const integer = parts[2]!;
  const fraction = parts[3] ?? "";
  if (integer.length > INTEGER_DIGITS_MAX) throw outOfRange(excerpt(text));
  for (let i = FRACTION_DIGITS; i < fraction.length; i++) {
    if (fraction.charCodeAt(i) !== 48) {
      throw new CrossdockError("decimal.too-precise", `${excerpt(text)} has more than six fraction digits.`);
    }
  }
  const magnitude = BigInt(integer + fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, "0"));
  return parts[1] === "-" ? -magnitude : magnitude;
}

/** Up to nine integer and six fraction digits fit a double exactly; most quantities and prices are such. */
function parseShort(text: string): Decimal | undefined {
  if (typeof text !== "string" || text.length === 0 || text.length > 17) return undefined;
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  let index = start;
  let digits = 0;
  for (; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) break;
    digits = digits * 10 + digit;
  }
  const integerDigits = index - start;
  if (integerDigits === 0 || integerDigits > 9) return undefined;
  if (integerDigits > 1 && text.charCodeAt(start) === 48) return undefined;
  let fractionDigits = 0;
  if (index < text.length) {
    if (text.charCodeAt(index) !== 46) return undefined;
    fractionDigits = text.length - index - 1;
    if (fractionDigits === 0 || fractionDigits > FRACTION_DIGITS) return undefined;
    for (index++; index < text.length; index++) {
      const digit = text.charCodeAt(index) - 48;
      if (digit < 0 || digit > 9) return undefined;
      digits = digits * 10 + digit;
    }
  }
  const scaled = digits * POWERS[FRACTION_DIGITS - fractionDigits]!;
  return BigInt(start === 1 ? -scaled : scaled);
}

export function isDecimalText(text: string): boolean {
  if (parseShort(text) !== undefined) return true;
  const parts = typeof text === "string" ? GRAMMAR.exec(text) : null;
  if (parts === null || parts[2]!.length > INTEGER_DIGITS_MAX) return false;
  return /^0*$/.test((parts[3] ?? "").slice(FRACTION_DIGITS));
}

/** The shortest text: no trailing zeros, no `-0`. */
export function formatDecimal(value: Decimal): string {
  const double = Number(value);
  if (!Number.isSafeInteger(double)) return formatScaled(value, FRACTION_DIGITS);
  const fraction = double % 1_000_000;
  const whole = (double - fraction) / 1_000_000;
  return fraction === 0 ? String(whole) : formatScaled(value, FRACTION_DIGITS);
}

/** The exact text of `value` ÷ 10^`scaleDigits`, without trailing zeros. */
export function formatScaled(value: bigint, scaleDigits: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(scaleDigits + 1, "0");
  const point = digits.length - scaleDigits;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end--;
  const text = end > point ? `${digits.slice(0, point)}.${digits.slice(point, end)}` : digits.slice(0, point);
  return negative ? `-${text}` : text;
}

/** a × b, scaled by 10^12: nothing is rounded. */
export function multiplyExact(a: Decimal, b: Decimal): bigint {
  return a * b;
}

/** a × b rounded half up (a half goes away from zero) to `fractionDigits`, 0 to 6. */
export function multiplyRounded(a: Decimal, b: Decimal, fractionDigits: number): Decimal {
  return divideRounded(a * b, SCALE, fractionDigits);
}

/**
 * numerator ÷ denominator, where the quotient is scaled by 10^6, rounded once, half up (away from zero), to
 * `fractionDigits`.
 */
export function divideRounded(numerator: bigint, denominator: bigint, fractionDigits: number): Decimal {
  if (!Number.isInteger(fractionDigits) || fractionDigits < 0 || fractionDigits > FRACTION_DIGITS) {
    throw new CrossdockError("decimal.invalid-scale", `Cannot round to ${fractionDigits} fraction digits.`);
  }
  if (denominator === 0n) throw divisionByZero();
  const step = BigInt(POWERS[FRACTION_DIGITS - fractionDigits]!);
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = (denominator < 0n ? -denominator : denominator) * step;
  const magnitude = ((2n * top + bottom) / (2n * bottom)) * step;
  return checkRange(negative ? -magnitude : magnitude);
}

/** ⌊a ÷ b⌋ in whole units, towards minus infinity. */
export function divideFloor(a: Decimal, b: Decimal): Decimal {
  if (b === 0n) throw divisionByZero();
  const quotient = a / b;
  const floor = a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
  return checkRange(floor * SCALE);
}

export function minDecimal(first: Decimal, ...rest: Decimal[]): Decimal {
  let least = first;
  for (const value of rest) if (value < least) least = value;
  return least;
}

export function maxDecimal(first: Decimal, ...rest: Decimal[]): Decimal {
  let greatest = first;
  for (const value of rest) if (value > greatest) greatest = value;
  return greatest;
}

export function sumDecimals(values: Iterable<Decimal>): Decimal {
  let sum = ZERO;
  for (const value of values) sum += value;
  return checkRange(sum);
}

/** The value itself, or throws where it would not fit 15 integer digits. */
export function checkRange(value: Decimal): Decimal {
  if (value >= LIMIT || value <= -LIMIT) throw outOfRange(formatDecimal(value));
  return value;
}

function outOfRange(shown: string): CrossdockError {
  return new CrossdockError("decimal.out-of-range", `${shown} has more than 15 integer digits.`);
}

function divisionByZero(): CrossdockError {
  return new CrossdockError("decimal.division-by-zero", "A decimal cannot be divided by zero.");
}

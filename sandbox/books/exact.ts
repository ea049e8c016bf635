// Exact decimals of the books: quantities and prices as millionths in a bigint, money as pennies. Text that is
// no decimal of at most six places reads as undefined; nothing here ever passes through a binary float.

/** Millionths in one. */
export const ONE = 1_000_000n;

const SHAPE = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const DIGITS_MAX = 15;
const PLACES = 6;

export function readExact(text: string): bigint | undefined {
  const [, sign, whole, fraction = ""] = SHAPE.exec(text) ?? [];
  if (whole === undefined || whole.length > DIGITS_MAX) return undefined;
  if (/[1-9]/.test(fraction.slice(PLACES))) return undefined;
  const size = BigInt(whole) * ONE + BigInt(fraction.slice(0, PLACES).padEnd(PLACES, "0"));
  return sign === "-" ? -size : size;
}

/** Without zeros at the end: 2500000 of 6 places is "2.5". */
export function writeScaled(value: bigint, places: number, placesMin = 0): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  let fraction = digits.slice(digits.length - places);
  while (fraction.length > placesMin && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

export const writeExact = (millionths: bigint): string => writeScaled(millionths, PLACES);

/** Pennies with both places: 1050n is "10.50". */
export const writeMoney = (pennies: bigint): string => writeScaled(pennies, 2, 2);

/** Whole pennies of an amount in millionths of a pound; undefined where it has a part of a penny. */
export function readPennies(text: string): bigint | undefined {
  const millionths = readExact(text);
  if (millionths === undefined || millionths % 10_000n !== 0n) return undefined;
  return millionths / 10_000n;
}

/** quantity × price in pennies, rounded half up once (away from zero where it is negative). */
export function linePennies(quantity: bigint, price: bigint): bigint {
  const product = quantity * price;
  const size = product < 0n ? -product : product;
  const penny = 10n ** 10n;
  const whole = size / penny;
  const pennies = (size % penny) * 2n >= penny ? whole + 1n : whole;
  return product < 0n ? -pennies : pennies;
}

/** Places after the point of quantity × price. */
export const PRODUCT_PLACES = 12;

// Exact money for the simulated products, shared with nothing of Crossdock, so that no fault in its
// arithmetic can hide in theirs. Numbers are read by their shortest decimal text and
// counted as integers of a millionth. A number with more than six decimals is cut, never rounded up.

const SCALE = 1_000_000n;
const PENNY = 10_000n;

/** The decimal value of a JSON number or decimal text, in millionths. */
export function millionths(value: number | string): bigint {
  const source = typeof value === "string" ? value : decimalText(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(source);
  if (!match) throw new RangeError(`not a decimal: ${source}`);
  const whole = BigInt(match[2] as string) * SCALE;
  const fraction = BigInt((match[3] ?? "").slice(0, 6).padEnd(6, "0"));
  return match[1] === "-" ? -(whole + fraction) : whole + fraction;
}

function decimalText(value: number): string {
  const shortest = String(value);
  return shortest.includes("e") ? value.toFixed(6) : shortest;
}

/** quantity × price ÷ price unit in pennies, rounded half up once (half away from zero when negative). */
export function lineAmountPennies(quantity: number, price: number, priceUnit: number): bigint {
  const product = millionths(quantity) * millionths(price);
  const divisor = SCALE * PENNY * BigInt(priceUnit);
  const magnitude = product < 0n ? -product : product;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return product < 0n ? -rounded : rounded;
}

export function poundsNumber(pennies: bigint): number {
  return Number(pennies) / 100;
}

/** a + b without binary rounding, to six decimals. */
export function sum(a: number, b: number): number {
  if (Number.isInteger(a) && Number.isInteger(b)) return a + b;
  return Number(millionths(a) + millionths(b)) / 1_000_000;
}

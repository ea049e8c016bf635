// ISO 4217 currencies and the one place where an invoice line is rounded. Codes without a minor unit
// (metals, test codes) are no money here; an unknown code or a price unit that is not above zero throws.
import type { Decimal } from "./decimal.ts";
import { divideRounded, formatScaled, SCALE } from "./decimal.ts";
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

const CODES_BY_MINOR_DIGITS: readonly (readonly [number, string])[] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
    VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

/** Code → digits of the minor unit. */
export const CURRENCIES: ReadonlyMap<string, number> = new Map(
  CODES_BY_MINOR_DIGITS.flatMap(([digits, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, digits]),
  ),
);

export interface LineTerms {
  quantity: Decimal;
  price: Decimal;
  /** How many units the price is for: 1, 100, 1000, as a decimal. */
  priceUnit: Decimal;
  currency: string;
}

export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

export function minorDigits(currency: string): number {
  const digits = CURRENCIES.get(currency);
  if (digits === undefined) {
    throw new CrossdockError("money.unknown-currency", `${excerpt(currency)} is no ISO 4217 currency code.`);
  }
  return digits;
}

/** quantity × price ÷ price unit, rounded once, half up (away from zero), to the currency's minor unit. */
export function lineAmount(line: LineTerms): Decimal {
  const digits = minorDigits(line.currency);
  return divideRounded(line.quantity * line.price, checkPriceUnit(line.priceUnit), digits);
}

/** The same unrounded: a decimal, or a reduced fraction such as `10/3` where no decimal is exact. */
export function lineAmountExact(line: Omit<LineTerms, "currency">): string {
  let numerator = line.quantity * line.price;
  let denominator = checkPriceUnit(line.priceUnit) * SCALE;
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  const twos = countFactor(denominator, 2n);
  const fives = countFactor(denominator, 5n);
  if (2n ** BigInt(twos) * 5n ** BigInt(fives) !== denominator) return `${numerator}/${denominator}`;
  const scaleDigits = Math.max(twos, fives);
  return formatScaled((numerator * 10n ** BigInt(scaleDigits)) / denominator, scaleDigits);
}

function checkPriceUnit(priceUnit: Decimal): Decimal {
  if (priceUnit <= 0n) {
    throw new CrossdockError(
      "money.invalid-price-unit",
      "A price unit must be above zero, such as 1 or 100.",
    );
  }
  return priceUnit;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a, b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

function countFactor(value: bigint, factor: bigint): number {
  let count = 0;
  for (let rest = value; rest % factor === 0n; rest /= factor) count++;
  return count;
}

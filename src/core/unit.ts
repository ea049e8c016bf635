// UN/ECE Recommendation 20 units (with the package codes of Recommendation 21, prefixed X) and exact
// conversion by a SKU's own ratios. A missing ratio or a result that six digits cannot hold throws.
import type { Decimal } from "./decimal.ts";
import { checkRange, formatDecimal } from "./decimal.ts";
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

/** Code → English name. */
export const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    C62: "one",
    EA: "each",
    H87: "piece",
    PR: "pair",
    SET: "set",
    KT: "kit",
    DZN: "dozen",
    DPC: "dozen pieces",
    GRO: "gross",
    CEN: "hundred",
    MIL: "thousand",
    NAR: "number of articles",
    NPR: "number of pairs",
    BG: "bag",
    BO: "bottle",
    BX: "box",
    CA: "can",
    CS: "case",
    CT: "carton",
    DR: "drum",
    LEF: "leaf",
    PA: "packet",
    PF: "pallet",
    PK: "pack",
    RL: "reel",
    RO: "roll",
    ST: "sheet",
    TU: "tube",
    XBA: "barrel",
    XBE: "bundle",
    XBG: "bag",
    XBO: "bottle",
    XBX: "box",
    XCA: "can",
    XCR: "crate",
    XCS: "case",
    XCT: "carton",
    XDR: "drum",
    XPA: "packet",
    XPK: "package",
    XPX: "pallet",
    XRO: "roll",
    XSA: "sack",
    MGM: "milligram",
    GRM: "gram",
    KGM: "kilogram",
    TNE: "tonne",
    ONZ: "ounce",
    LBR: "pound",
    CWA: "hundred pound (hundredweight, US)",
    STN: "ton (US, short)",
    LTN: "ton (UK, long)",
    MLT: "millilitre",
    CLT: "centilitre",
    DLT: "decilitre",
    LTR: "litre",
    HLT: "hectolitre",
    CMQ: "cubic centimetre",
    DMQ: "cubic decimetre",
    MTQ: "cubic metre",
    INQ: "cubic inch",
    FTQ: "cubic foot",
    OZA: "fluid ounce (US)",
    OZI: "fluid ounce (UK)",
    PTI: "pint (UK)",
    PTL: "liquid pint (US)",
    QTL: "liquid quart (US)",
    GLL: "gallon (US)",
    GLI: "gallon (UK)",
    MMT: "millimetre",
    CMT: "centimetre",
    MTR: "metre",
    KMT: "kilometre",
    INH: "inch",
    FOT: "foot",
    YRD: "yard",
    LM: "linear metre",
    CMK: "square centimetre",
    MTK: "square metre",
    HAR: "hectare",
    FTK: "square foot",
    YDK: "square yard",
    MIN: "minute",
    HUR: "hour",
    DAY: "day",
    WEE: "week",
    MON: "month",
    ANN: "year",
    KWH: "kilowatt hour",
    P1: "percent",
  }),
);

export function isUnit(code: string): boolean {
  return UNITS.has(code);
}

export function unitName(code: string): string | undefined {
  return UNITS.get(code);
}

/** How many of the one unit another holds; both parts above zero. */
export type Ratio = { numerator: bigint; denominator: bigint };

/** A SKU's units: each ratio says how many base units one such unit holds (`CS` 12/1). */
export interface UnitTable {
  base: string;
  ratios: Readonly<Record<string, Ratio>>;
}

/** quantity × ratio, exact. One each of a case of twelve has no exact count of cases, and throws. */
export function convert(quantity: Decimal, ratio: Ratio): Decimal {
  checkRatio(ratio);
  const product = quantity * ratio.numerator;
  if (product % ratio.denominator !== 0n) {
    throw new CrossdockError(
      "unit.inexact-conversion",
      `${formatDecimal(quantity)} × ${ratio.numerator}/${ratio.denominator} is not exact in six fraction digits.`,
    );
  }
  return checkRange(product / ratio.denominator);
}

/** The ratio that turns a quantity in `from` into one in `to`, in lowest terms. */
export function unitConversion(table: UnitTable, from: string, to: string): Ratio {
  if (from === to) return { numerator: 1n, denominator: 1n };
  const source = ratioToBase(table, from, from, to);
  const target = ratioToBase(table, to, from, to);
  return reduce({
    numerator: source.numerator * target.denominator,
    denominator: source.denominator * target.numerator,
  });
}

function ratioToBase(table: UnitTable, unit: string, from: string, to: string): Ratio {
  if (unit === table.base) return { numerator: 1n, denominator: 1n };
  const ratio = Object.hasOwn(table.ratios, unit) ? table.ratios[unit] : undefined;
  if (ratio === undefined) {
    throw new CrossdockError(
      "unit.no-conversion",
      `No ratio of ${excerpt(unit)} to ${table.base} is known, so ${excerpt(from)} cannot become ${excerpt(to)}.`,
      { details: { base: table.base, from, to } },
    );
  }
  return checkRatio(ratio);
}

function checkRatio(ratio: Ratio): Ratio {
  if (ratio.numerator <= 0n || ratio.denominator <= 0n) {
    throw new CrossdockError(
      "unit.invalid-ratio",
      `The ratio ${ratio.numerator}/${ratio.denominator} is not above zero.`,
    );
  }
  return ratio;
}

function reduce(ratio: Ratio): Ratio {
  let [left, right] = [ratio.numerator, ratio.denominator];
  while (right !== 0n) [left, right] = [right, left % right];
  return { numerator: ratio.numerator / left, denominator: ratio.denominator / left };
}

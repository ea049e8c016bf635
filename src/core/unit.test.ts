import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDecimal, parseDecimal } from "./decimal.ts";
import { convert, isUnit, UNITS, unitConversion, unitName } from "./unit.ts";

const table = {
  base: "EA",
  ratios: {
    CS: { numerator: 12n, denominator: 1n },
    PF: { numerator: 480n, denominator: 1n },
    KGM: { numerator: 5n, denominator: 3n },
  },
};

function converted(quantity: string, from: string, to: string): string {
  return formatDecimal(convert(parseDecimal(quantity), unitConversion(table, from, to)));
}

test("a case of twelve is twelve each, not twelve cases", () => {
  expect(converted("1", "CS", "EA")).toBe("12");
  expect(converted("24", "EA", "CS")).toBe("2");
  expect(converted("1", "PF", "CS")).toBe("40");
  expect(converted("3", "KGM", "EA")).toBe("5");
  expect(converted("18", "EA", "CS")).toBe("1.5");
  expect(converted("-12", "EA", "CS")).toBe("-1");
});

test("what six digits cannot hold throws rather than rounds", () => {
  expect(() => converted("1", "EA", "CS")).toThrow(
    expect.objectContaining({ code: "unit.inexact-conversion" }),
  );
  expect(() => converted("999999999999999", "CS", "EA")).toThrow(
    expect.objectContaining({ code: "decimal.out-of-range" }),
  );
});

test("a unit without a ratio throws, also one that is named like a built-in property", () => {
  for (const unit of ["BX", "", "constructor", "__proto__"]) {
    const refusal = expect.objectContaining({ code: "unit.no-conversion" });
    expect(() => unitConversion(table, unit, "EA")).toThrow(refusal);
    expect(() => unitConversion(table, "EA", unit)).toThrow(refusal);
  }
  expect(unitConversion(table, "MTR", "MTR")).toEqual({ numerator: 1n, denominator: 1n });
});

test("a ratio that is not above zero throws", () => {
  for (const ratio of [
    { numerator: 0n, denominator: 1n },
    { numerator: 1n, denominator: 0n },
    { numerator: -1n, denominator: 1n },
  ]) {
    const refusal = expect.objectContaining({ code: "unit.invalid-ratio" });
    expect(() => convert(1n, ratio)).toThrow(refusal);
    expect(() => unitConversion({ base: "EA", ratios: { CS: ratio } }, "EA", "CS")).toThrow(refusal);
  }
});

test("there and back is the same quantity, for any ratios", () => {
  const ratios = fc.record({
    numerator: fc.bigInt({ min: 1n, max: 1000n }),
    denominator: fc.bigInt({ min: 1n, max: 1000n }),
  });
  fc.assert(
    fc.property(ratios, ratios, fc.bigInt({ min: -1_000_000n, max: 1_000_000n }), (first, second, count) => {
      const units = { base: "EA", ratios: { CS: first, PF: second } };
      const out = unitConversion(units, "CS", "PF");
      const quantity = count * out.denominator;
      expect(convert(convert(quantity, out), unitConversion(units, "PF", "CS"))).toBe(quantity);
    }),
  );
});

test("the codes of Recommendation 20", () => {
  for (const code of ["C62", "EA", "CS", "KGM", "LTR", "MTR", "MTK", "DZN", "PR"])
    expect(isUnit(code)).toBe(true);
  for (const code of ["each", "ea", "", "kg", "constructor"]) expect(isUnit(code)).toBe(false);
  expect(unitName("KGM")).toBe("kilogram");
  for (const code of UNITS.keys()) expect(code).toMatch(/^[A-Z0-9]{2,3}$/);
});

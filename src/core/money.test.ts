import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal, parseDecimal } from "./decimal.ts";
import { CURRENCIES, isCurrency, lineAmount, lineAmountExact, minorDigits } from "./money.ts";

const line = (quantity: string, price: string, priceUnit = "1", currency = "GBP") => ({
  quantity: parseDecimal(quantity),
  price: parseDecimal(price),
  priceUnit: parseDecimal(priceUnit),
  currency,
});

test("currencies have the minor unit of ISO 4217, not the one of a locale", () => {
  const digits = { GBP: 2, EUR: 2, JPY: 0, KWD: 3, CLF: 4, ISK: 0, HUF: 2, IQD: 3, UGX: 0, XCG: 2, ZWG: 2 };
  for (const [code, expected] of Object.entries(digits)) expect(minorDigits(code)).toBe(expected);
  expect(CURRENCIES.size).toBe(165);
  for (const code of CURRENCIES.keys()) expect(code).toMatch(/^[A-Z]{3}$/);
});

test.each(["gbp", "GB", "", "XXX", "XAU", "HRK", "BGN", "constructor"])("%j is no currency", (code) => {
  expect(isCurrency(code)).toBe(false);
  expect(() => minorDigits(code)).toThrow(expect.objectContaining({ code: "money.unknown-currency" }));
});

describe("a line", () => {
  test.each([
    [line("3", "0.335"), "1.01"],
    [line("1", "0.125"), "0.13"],
    [line("-1", "0.125"), "-0.13"],
    [line("7", "12.345", "100"), "0.86"],
    [line("1000", "0.0005", "1000"), "0"],
    [line("1", "0.5", "1", "JPY"), "1"],
    [line("1", "0.0005", "1", "KWD"), "0.001"],
    [line("2.345", "19.99"), "46.88"],
    [line("10", "1", "3"), "3.33"],
  ])("is rounded once, half up: %#", (terms, expected) => {
    expect(formatDecimal(lineAmount(terms))).toBe(expected);
  });

  test("is not rounded on the way: 0.004999 stays below the half that two roundings would make of it", () => {
    expect(formatDecimal(lineAmount(line("1", "0.004999")))).toBe("0");
    expect(formatDecimal(lineAmount(line("1", "4.999999", "1000")))).toBe("0");
    expect(formatDecimal(lineAmount(line("1", "5", "1000")))).toBe("0.01");
  });

  test("is the nearest multiple of the minor unit, for any terms", () => {
    const amounts = fc.bigInt({ min: -(10n ** 11n), max: 10n ** 11n });
    const currencies = fc.constantFrom("GBP", "JPY", "KWD", "CLF");
    fc.assert(
      fc.property(
        amounts,
        amounts,
        fc.bigInt({ min: 1n, max: 10n ** 10n }),
        currencies,
        (quantity, price, unit, currency) => {
          const step = 10n ** BigInt(6 - minorDigits(currency));
          // Scaled by 10^6 × unit: quantity × price and amount × unit are comparable integers.
          const exact = quantity * price;
          let amount: bigint;
          try {
            amount = lineAmount({ quantity, price, priceUnit: unit, currency });
          } catch (error) {
            expect(error).toMatchObject({ code: "decimal.out-of-range" });
            expect((exact < 0n ? -exact : exact) / unit >= 10n ** 20n).toBe(true);
            return;
          }
          expect(amount % step).toBe(0n);
          const error = amount * unit - exact;
          const twice = 2n * (error < 0n ? -error : error);
          expect(twice <= step * unit).toBe(true);
          if (twice === step * unit) expect(error > 0n).toBe(exact > 0n);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("is shown unrounded beside it", () => {
    expect(lineAmountExact(line("3", "0.335"))).toBe("1.005");
    expect(lineAmountExact(line("7", "12.345", "100"))).toBe("0.86415");
    expect(lineAmountExact(line("-0.000001", "0.000001", "1000"))).toBe("-0.000000000000001");
    expect(lineAmountExact(line("0", "12", "7"))).toBe("0");
    expect(lineAmountExact(line("12", "10"))).toBe("120");
    expect(lineAmountExact(line("10", "1", "3"))).toBe("10/3");
    expect(lineAmountExact(line("-10", "1", "6"))).toBe("-5/3");
  });

  test.each(["0", "-1"])("refuses the price unit %s", (priceUnit) => {
    const refusal = expect.objectContaining({ code: "money.invalid-price-unit" });
    expect(() => lineAmount(line("1", "1", priceUnit))).toThrow(refusal);
    expect(() => lineAmountExact(line("1", "1", priceUnit))).toThrow(refusal);
  });
});

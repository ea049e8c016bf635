import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linePennies, ONE, readExact, readPennies, writeExact, writeMoney, writeScaled } from "./exact.ts";

describe("decimals", () => {
  test.each([
    ["0", 0n],
    ["2.55", 2_550_000n],
    ["-0.000001", -1n],
    ["12.5000000", 12_500_000n],
    ["999999999999999.999999", 999_999_999_999_999_999_999n],
  ])("reads %s", (text, millionths) => {
    expect(readExact(text)).toBe(millionths);
  });

  test.each([
    "",
    " 1",
    "1.",
    ".5",
    "+1",
    "01",
    "1e3",
    "0x1",
    "1,5",
    "0.0000001",
    "1000000000000000",
    "NaN",
    "--1",
  ])("refuses %j", (text) => {
    expect(readExact(text)).toBeUndefined();
  });

  test("writes what it reads", () => {
    const millionths = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
    fc.assert(fc.property(millionths, (value) => readExact(writeExact(value)) === value));
    expect([writeMoney(5n), writeMoney(-105n), writeScaled(78_355n, 3)]).toEqual(["0.05", "-1.05", "78.355"]);
  });

  test("a part of a penny is no money", () => {
    expect([readPennies("10.5"), readPennies("10.005"), readPennies("ten")]).toEqual([
      1050n,
      undefined,
      undefined,
    ]);
  });
});

describe("a line", () => {
  test.each([
    ["3", "0.335", 101n],
    ["1", "0.005", 1n],
    ["1", "0.004999", 0n],
    ["3", "2.555", 767n],
    ["-1", "0.005", -1n],
    ["1000000", "2.55", 255_000_000n],
  ])("of %s at %s", (quantity, price, pennies) => {
    expect(linePennies(readExact(quantity)!, readExact(price)!)).toBe(pennies);
  });

  test("is never further than half a penny from its product, and up where it is half", () => {
    const figure = fc.bigInt({ min: 0n, max: 10n ** 12n });
    fc.assert(
      fc.property(figure, figure, (quantity, price) => {
        const twice = 2n * (linePennies(quantity, price) * 10_000n * ONE - quantity * price);
        return twice > -10_000n * ONE && twice <= 10_000n * ONE;
      }),
    );
  });
});

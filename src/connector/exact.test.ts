import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDecimal } from "../core/decimal.ts";
import { numberText, readExact } from "./exact.ts";

test("numbers keep what was written", () => {
  const read = readExact('{"a":0.1,"b":12345678901234.567890,"c":1E2,"d":-0.0}') as Record<string, unknown>;
  expect(Object.values(read).map(numberText)).toEqual(["0.1", "12345678901234.56789", "100", "0"]);
  expect(numberText((readExact(Buffer.from("[1.10]")) as unknown[])[0])).toBe("1.1");
});

test.each([
  ["007.50", "7.5"],
  ["+3", "3"],
  [" 12 ", "12"],
  ["1.5e3", "1500"],
  ["25e-2", "0.25"],
  ["0.00025E4", "2.5"],
  ["1e-6", "0.000001"],
  ["10.0000000", "10"],
  ["-0", "0"],
])("%j is %s", (text, expected) => {
  expect(numberText(text)).toBe(expected);
});

test.each(["", "1,5", "1.", ".5", "0x10", "NaN", "1 000", "1e1000", null, undefined, 0.1, {}])(
  "%j is no number",
  (value) => {
    expect(() => numberText(value)).toThrow(expect.objectContaining({ code: "native.not-a-number" }));
  },
);

test("what six fraction digits cannot hold throws, and is not rounded", () => {
  expect(() => numberText("0.0000001")).toThrow(expect.objectContaining({ code: "decimal.too-precise" }));
  expect(() => numberText("1e15")).toThrow(expect.objectContaining({ code: "decimal.out-of-range" }));
});

test("every decimal, moved about by an exponent, comes back", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.integer({ min: -5, max: 5 }),
      (value, exponent) => {
        const digits = value < 0n ? -value : value;
        const moved = `${value < 0n ? "-" : ""}${digits}e${exponent - 6 - exponent}`;
        expect(numberText(moved)).toBe(formatDecimal(value));
      },
    ),
  );
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  divideFloor,
  divideRounded,
  formatDecimal,
  formatScaled,
  isDecimalText,
  maxDecimal,
  minDecimal,
  multiplyExact,
  multiplyRounded,
  ONE,
  parseDecimal,
  SCALE,
  sumDecimals,
  ZERO,
} from "./decimal.ts";

const LIMIT = 10n ** 21n;
const decimals = fc.bigInt({ min: -LIMIT + 1n, max: LIMIT - 1n });
const smallDecimals = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "nothing thrown";
}

describe("text", () => {
  test.each([
    ["12", 12_000_000n],
    ["0", ZERO],
    ["-0", ZERO],
    ["-0.0", ZERO],
    ["1", ONE],
    ["12.5", 12_500_000n],
    ["-3", -3_000_000n],
    ["0.000001", 1n],
    ["0.1000000000", 100_000n],
    ["999999999.999999", 999_999_999_999_999n],
    ["1234567890.5", 1_234_567_890_500_000n],
    ["999999999999999.999999", LIMIT - 1n],
    ["-999999999999999.999999", -LIMIT + 1n],
  ])("reads %s", (text, value) => {
    expect(parseDecimal(text)).toBe(value);
    expect(isDecimalText(text)).toBe(true);
  });

  test.each(
    "|+1|1.|.5|01|-01|00|--1|-|1e3|1E3|0x10| 1|1 |1,5|NaN|Infinity|1_000|١|1.5.5|1.-5|12n|\u0000".split("|"),
  )("refuses %j", (text) => {
    expect(codeOf(() => parseDecimal(text))).toBe("decimal.invalid");
    expect(isDecimalText(text)).toBe(false);
  });

  test.each([12, null, undefined, 5n, {}, ["12"]])("refuses what is no text: %s", (value) => {
    expect(codeOf(() => parseDecimal(value as string))).toBe("decimal.invalid");
    expect(isDecimalText(value as string)).toBe(false);
  });

  test("tells too many digits before the point from too many behind it", () => {
    expect(codeOf(() => parseDecimal("1000000000000000"))).toBe("decimal.out-of-range");
    expect(codeOf(() => parseDecimal("-1000000000000000.5"))).toBe("decimal.out-of-range");
    expect(codeOf(() => parseDecimal("0.0000001"))).toBe("decimal.too-precise");
    expect(codeOf(() => parseDecimal("1.00000000000001"))).toBe("decimal.too-precise");
    expect(isDecimalText("1000000000000000")).toBe(false);
    expect(isDecimalText("0.0000001")).toBe(false);
  });

  test("an error message does not repeat a long input whole", () => {
    expect(() => parseDecimal("9".repeat(1_000_000))).toThrow(/^.{1,120}$/);
  });

  test("every decimal survives the way to text and back", () => {
    fc.assert(fc.property(decimals, (value) => parseDecimal(formatDecimal(value)) === value));
    fc.assert(fc.property(smallDecimals, (value) => parseDecimal(formatDecimal(value)) === value));
  });

  test("the text is the shortest one", () => {
    fc.assert(
      fc.property(fc.oneof(decimals, smallDecimals), (value) => {
        const text = formatDecimal(value);
        expect(text).toMatch(/^(0|-?[1-9]\d*|-?(0|[1-9]\d*)\.\d{0,5}[1-9])$/);
      }),
    );
    expect(["12.50", "-0", "-3.000000", "0.10"].map((text) => formatDecimal(parseDecimal(text)))).toEqual([
      "12.5",
      "0",
      "-3",
      "0.1",
    ]);
  });

  test("any text either parses or throws a decimal code, and isDecimalText agrees", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^-?[0-9]{0,18}(\.[0-9]{0,9})?$/),
      fc.double().map(String),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const code = codeOf(() => parseDecimal(text));
        expect([
          "nothing thrown",
          "decimal.invalid",
          "decimal.out-of-range",
          "decimal.too-precise",
        ]).toContain(code);
        expect(isDecimalText(text)).toBe(code === "nothing thrown");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("arithmetic", () => {
  test("a product is rounded to the nearest, and a half away from zero", () => {
    fc.assert(
      fc.property(smallDecimals, smallDecimals, fc.integer({ min: 0, max: 6 }), (a, b, fractionDigits) => {
        const rounded = multiplyRounded(a, b, fractionDigits);
        const step = 10n ** BigInt(6 - fractionDigits);
        expect(rounded % step).toBe(0n);
        const error = rounded * SCALE - a * b;
        const size = error < 0n ? -error : error;
        expect(2n * size <= step * SCALE).toBe(true);
        if (2n * size === step * SCALE) expect(error > 0n).toBe(a * b > 0n);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["0.5", "1", 0, "1"],
    ["-0.5", "1", 0, "-1"],
    ["2.5", "1", 0, "3"],
    ["0.4999", "1", 0, "0"],
    ["3", "0.335", 2, "1.01"],
    ["1.005", "1", 2, "1.01"],
    ["-1.005", "1", 2, "-1.01"],
    ["0.001", "0.0005", 6, "0.000001"],
  ])("%s × %s to %i digits is %s", (a, b, digits, expected) => {
    expect(formatDecimal(multiplyRounded(parseDecimal(a), parseDecimal(b), digits))).toBe(expected);
  });

  test("a product can be shown unrounded", () => {
    expect(formatScaled(multiplyExact(parseDecimal("0.000001"), parseDecimal("-0.5")), 12)).toBe(
      "-0.0000005",
    );
    expect(formatScaled(5n, 0)).toBe("5");
    expect(formatScaled(0n, 12)).toBe("0");
  });

  test("floor division stays below the quotient by less than one, also for negatives", () => {
    fc.assert(
      fc.property(
        smallDecimals,
        smallDecimals.filter((b) => b !== 0n),
        (a, b) => {
          const whole = divideFloor(a, b) / SCALE;
          const [top, bottom] = b < 0n ? [-a, -b] : [a, b];
          expect(whole * bottom <= top && top < (whole + 1n) * bottom).toBe(true);
        },
      ),
    );
  });

  test("what does not fit, or divides by zero, throws", () => {
    const huge = parseDecimal("999999999999999");
    expect(codeOf(() => multiplyRounded(huge, huge, 2))).toBe("decimal.out-of-range");
    expect(codeOf(() => sumDecimals([huge, ONE]))).toBe("decimal.out-of-range");
    expect(codeOf(() => divideFloor(huge, 1n))).toBe("decimal.out-of-range");
    expect(codeOf(() => divideFloor(ONE, ZERO))).toBe("decimal.division-by-zero");
    expect(codeOf(() => divideRounded(ONE, ZERO, 2))).toBe("decimal.division-by-zero");
    expect(codeOf(() => multiplyRounded(ONE, ONE, 7))).toBe("decimal.invalid-scale");
  });

  test("least, greatest and sum", () => {
    expect(minDecimal(3n, -2n, 5n)).toBe(-2n);
    expect(maxDecimal(3n, -2n, 5n)).toBe(5n);
    expect(sumDecimals([])).toBe(ZERO);
    expect(sumDecimals(new Set([1n, 2n]))).toBe(3n);
  });
});

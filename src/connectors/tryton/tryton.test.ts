import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CrossdockError, readExact } from "../../connector/index.ts";
import { accepts } from "./client.ts";
import { failureOf, TrytonFailed, warningOf } from "./failure.ts";
import { unitPrice } from "./sale-lines.ts";
import { checkSettings, type TrytonSettings } from "./settings.ts";
import { decimal, type Fields, floatValue, numberOf, timeOf, timeValue } from "./values.ts";

/** As Tryton would send it back. */
const echoed = (value: unknown): Fields => readExact(JSON.stringify({ value })) as Fields;

describe("values", () => {
  test("a time comes back to the microsecond", () => {
    const years = { min: new Date("1000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(years), fc.integer({ min: 0, max: 999 }), (date, micros) => {
        const time = date.toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
        expect(timeOf(echoed(timeValue(time)), "value")).toBe(time);
      }),
    );
  });

  test("a decimal keeps its digits, a number of goods those that its unit has", () => {
    expect(numberOf(echoed(decimal("12345678901234.123456")), "value")).toBe("12345678901234.123456");
    expect(numberOf(readExact('{"value":0.1}') as Fields, "value")).toBe("0.1");
    expect([floatValue("0.1", 1), floatValue("0.12", 1), floatValue("123456789012345", 0)]).toEqual([
      0.1,
      undefined,
      123456789012345,
    ]);
    expect(floatValue("1234567890.123456", 6)).toBeUndefined();
    expect(() => numberOf({ value: null }, "value")).toThrow(CrossdockError);
  });
});

test("a price per hundred or thousand is that of one unit, exactly, or is refused", () => {
  const settings = { priceDigits: 4 };
  expect(unitPrice("123.45", "100", "X", settings)).toBe("1.2345");
  expect(unitPrice("5", "1000", "X", settings)).toBe("0.005");
  expect(unitPrice("-0.50", "1", "X", settings)).toBe("-0.5");
  expect(() => unitPrice("1.23", "1000", "X", settings)).toThrow(TrytonFailed);
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 12n }),
      fc.constantFrom("1", "100", "1000"),
      (cents, per) => {
        const text = `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
        const [whole, fraction = ""] = unitPrice(text, per, "X", { priceDigits: 6 }).split(".");
        expect(BigInt(whole + fraction.padEnd(6, "0")) * BigInt(per)).toBe(cents * 10_000n);
      },
    ),
  );
});

test("errors are told apart by Tryton's own words", () => {
  expect(failureOf(["UserError", ["No", "because", null]])).toMatchObject({
    kind: "refused",
    reason: "No because",
  });
  expect(failureOf(["ConcurrencyException", "x"]).kind).toBe("busy");
  expect(failureOf(["could not serialize access due to concurrent update", ""]).kind).toBe("busy");
  expect(failureOf(["'nope'", ""])).toMatchObject({ kind: "refused", code: "tryton.unknown-name" });
  expect(warningOf(["UserWarning", ["limit_sale.sale,4", "Over", ""]])).toEqual({
    name: "limit_sale.sale,4",
    text: "Over",
  });
});

test("the longest beginning of a warning's name decides, and none refuses", () => {
  const warnings = { limit: "accept", limit_hard: "refuse" } as const;
  expect(["limit_sale,4", "limit_hard_sale,4", "other"].map((name) => accepts({ warnings }, name))).toEqual([
    true,
    false,
    false,
  ]);
});

test("settings that contradict themselves are named by their path", () => {
  const settings = {
    locations: { A: "WH", B: "WH" },
    bookAt: "C",
    units: { u: "EA", pc: "EA" },
    timeZone: "Nowhere",
  } as unknown as TrytonSettings;
  expect(checkSettings(settings).map(({ path }) => path)).toEqual([
    "$.locations",
    "$.bookAt",
    "$.units",
    "$.timeZone",
  ]);
});

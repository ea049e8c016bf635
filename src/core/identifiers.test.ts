import fc from "fast-check";
import { expect, test } from "vitest";
import { businessKey, isGln, isGtin, isSscc, splitBusinessKey } from "./identifiers.ts";

test.each(["96385074", "036000291452", "4006381333931", "14006381333938"])("%s is a GTIN", (text) => {
  expect(isGtin(text)).toBe(true);
});

test.each([
  "",
  "0",
  "4006381333932",
  "400638133393",
  "40063813339310",
  "4006381333931 ",
  "400638133393x",
  "٤006381333931",
])("%j is no GTIN", (text) => {
  expect(isGtin(text)).toBe(false);
});

test("locations and containers have lengths of their own", () => {
  expect(isGln("9506000134352")).toBe(true);
  expect(isGln("9506000134353")).toBe(false);
  expect(isGln("96385074")).toBe(false);
  expect(isSscc("106141412345678908")).toBe(true);
  expect(isSscc("106141412345678909")).toBe(false);
  expect(isSscc("4006381333931")).toBe(false);
});

test("any single wrong digit is noticed", () => {
  const positions = fc.integer({ min: 0, max: 12 });
  fc.assert(
    fc.property(positions, fc.integer({ min: 1, max: 9 }), (position, by) => {
      const digits = [..."4006381333931"];
      digits[position] = String((Number(digits[position]) + by) % 10);
      expect(isGtin(digits.join(""))).toBe(false);
    }),
  );
});

test("a business key is one text that splits back into its parts", () => {
  expect(businessKey("main", "SO-1001")).toBe("main/SO-1001");
  expect(businessKey("a/b", "50%/2F")).toBe("a%2Fb/50%25%2F2F");
  const parts = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ minLength: 1, unit: fc.constantFrom("/", "%", "2", "5", "F") }),
  );
  fc.assert(
    fc.property(parts, parts, (company, key) => {
      const text = businessKey(company, key);
      expect(splitBusinessKey(text)).toEqual({ company, key });
      expect(businessKey(company, key)).toBe(text);
    }),
    { numRuns: 1000 },
  );
});

test.each(["", "main", "/x", "main/", "a/b/c", "main/50%", "main/%2f", "main/%41"])(
  "%j is no business key",
  (text) => {
    expect(() => splitBusinessKey(text)).toThrow(expect.objectContaining({ code: "identifier.invalid-key" }));
  },
);

test("no key without a company, and none without a key", () => {
  const refusal = expect.objectContaining({ code: "identifier.invalid-key" });
  expect(() => businessKey("", "x")).toThrow(refusal);
  expect(() => businessKey("main", "")).toThrow(refusal);
});

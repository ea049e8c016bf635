import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertDepth,
  canonicalJson,
  DEPTH_MAX,
  hasNul,
  isStorable,
  maxDepth,
  NumberText,
  parseExact,
} from "./json.ts";

const tooDeep = expect.objectContaining({ code: "json.too-deep" });

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item)]),
  );
}

describe("canonical text", () => {
  test("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("sorts, leaves out what is undefined, and keeps numbers as written", () => {
    expect(canonicalJson({ b: 1, a: [undefined, { d: null, c: true }], e: undefined })).toBe(
      '{"a":[null,{"c":true,"d":null}],"b":1}',
    );
    expect(canonicalJson(parseExact('{"price": 1.10, "id": 12345678901234567890}'))).toBe(
      '{"id":12345678901234567890,"price":1.10}',
    );
    expect(canonicalJson(JSON.parse('{"__proto__":1,"10":2,"9":3}'))).toBe('{"10":2,"9":3,"__proto__":1}');
  });

  test.each([
    ["a number that is none", Number.NaN],
    ["infinity", [Number.POSITIVE_INFINITY]],
    ["a bigint", { quantity: 1n }],
    ["undefined", undefined],
    ["a function", { run: () => 1 }],
    ["a map", new Map([["a", 1]])],
    ["a date", { at: new Date(0) }],
  ])("refuses %s", (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: "json.unsupported" }));
  });

  test("a value that holds itself throws, and does not exhaust the stack", () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    expect(() => canonicalJson(value)).toThrow(tooDeep);
  });
});

describe("exact parsing", () => {
  test("keeps each number's source text", () => {
    const parsed = parseExact('{"a":1.10,"b":[12345678901234567890,-0,1E400],"c":"1.10"}');
    expect(parsed).toEqual({
      a: new NumberText("1.10"),
      b: [new NumberText("12345678901234567890"), new NumberText("-0"), new NumberText("1E400")],
      c: "1.10",
    });
    expect(String(parseExact("0.1000000000000000055511151231257827"))).toBe(
      "0.1000000000000000055511151231257827",
    );
  });

  test("differs from JSON.parse in numbers alone", () => {
    const plain = (value: unknown): unknown => {
      if (value instanceof NumberText) return Number(value.text);
      if (Array.isArray(value)) return value.map(plain);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    };
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(parseExact(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(["", "{", "[1,]", "{'a':1}", "01", "NaN", '"a', '{"a":1}}', "\ufeff{}"])("refuses %j", (text) => {
    expect(() => parseExact(text)).toThrow(expect.objectContaining({ code: "json.invalid" }));
  });

  test("a million brackets throw a code, not a stack overflow", () => {
    expect(() => parseExact("[".repeat(1_000_000))).toThrow(tooDeep);
    expect(() => parseExact('{"a":'.repeat(1_000_000))).toThrow(tooDeep);
    expect(parseExact("[".repeat(DEPTH_MAX) + "]".repeat(DEPTH_MAX))).toBeInstanceOf(Array);
  });
});

describe("depth", () => {
  test("counts brackets outside strings alone", () => {
    expect(maxDepth("1")).toBe(0);
    expect(maxDepth('{"a":[1,{"b":2}],"c":{}}')).toBe(3);
    expect(maxDepth('"[[[[{{{{"')).toBe(0);
    expect(maxDepth('["\\"[[[", "\\\\", [1]]')).toBe(2);
    expect(maxDepth('["\\\\\\"[[["]')).toBe(1);
    expect(maxDepth('["open [[[')).toBe(1);
  });

  test("is the depth of the parsed value", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.json({ stringUnit: fc.constantFrom('"', "\\", "[", "{", "]", "a") }), (text) => {
        const depth = depthOf(JSON.parse(text));
        expect(maxDepth(text)).toBe(depth);
        expect(() => assertDepth(text, depth)).not.toThrow();
        if (depth > 0) expect(() => assertDepth(text, depth - 1)).toThrow(tooDeep);
      }),
    );
  });
});

describe("what a database can store", () => {
  test("finds the NUL byte in a string, a key, an element", () => {
    for (const value of [
      "a\u0000",
      { "a\u0000": 1 },
      [[{ a: ["\u0000"] }]],
      JSON.parse('{"a":{"b":"\\u0000"}}'),
    ]) {
      expect(hasNul(value)).toBe(true);
      expect(isStorable(value)).toBe(false);
    }
    for (const value of [null, undefined, 0, "\\u0000", { a: ["b", null, 1, true] }, new NumberText("0")]) {
      expect(hasNul(value)).toBe(false);
      expect(isStorable(value)).toBe(true);
    }
  });

  test("finds half a surrogate pair, and lets a whole one pass", () => {
    for (const value of ["\ud800", { a: "x\udc00" }, { "\ud83d": 1 }]) {
      expect(isStorable(value)).toBe(false);
      expect(hasNul(value)).toBe(false);
    }
    expect(isStorable({ "💶": ["💶"] })).toBe(true);
  });

  test("looks into a value of any depth", () => {
    let value: unknown = "\u0000";
    for (let level = 0; level < 100_000; level++) value = [value];
    expect(hasNul(value)).toBe(true);
  });
});

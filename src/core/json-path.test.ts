import fc from "fast-check";
import { expect, test } from "vitest";
import { fromPointer, jsonPath, parseJsonPath, valueAt } from "./json-path.ts";

test("names and indexes", () => {
  expect(jsonPath([])).toBe("$");
  expect(jsonPath(["lines", 2, "quantity"])).toBe("$.lines[2].quantity");
  expect(jsonPath(["größe", "_a1"])).toBe("$.größe._a1");
});

test("what is no plain name is quoted, so that a path is never ambiguous", () => {
  expect(jsonPath(["a.b", "", "1st", "it's", 'say "x"', "a\\b", "line\nbreak"])).toBe(
    `$['a.b']['']['1st']['it\\'s']['say "x"']['a\\\\b']['line\\nbreak']`,
  );
  expect(jsonPath(["a", "b"])).not.toBe(jsonPath(["a.b"]));
});

test("unlike segments give unlike paths", () => {
  const segments = fc.array(
    fc.oneof(fc.string({ unit: fc.constantFrom("'", "\\", '"', ".", "[", "]", "a", "0") }), fc.nat(9)),
    {
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(segments, segments, (a, b) => {
      expect(jsonPath(a) === jsonPath(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 1000 },
  );
});

test("a pointer becomes a path", () => {
  expect(fromPointer("")).toBe("$");
  expect(fromPointer("/lines/2/quantity")).toBe("$.lines[2].quantity");
  expect(fromPointer("/")).toBe("$['']");
  expect(fromPointer("/a~1b/m~0n/~01")).toBe("$['a/b']['m~n']['~1']");
  expect(fromPointer("/01/12345678901234567890")).toBe("$['01']['12345678901234567890']");
});

test.each(["lines", "#/lines", "/a~", "/a~2"])("%j is no pointer", (text) => {
  expect(() => fromPointer(text)).toThrow(expect.objectContaining({ code: "json.invalid-pointer" }));
});

test("a path that was written is read back", () => {
  const segment = fc.oneof(fc.string({ unit: "grapheme" }), fc.string(), fc.nat());
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 4 }), (segments) => {
      expect(parseJsonPath(jsonPath(segments))).toEqual({ root: "$", segments });
    }),
    { numRuns: 1000 },
  );
  expect(parseJsonPath("@.line.no")).toEqual({ root: "@", segments: ["line", "no"] });
});

test.each(["", "a", "$.", "$..a", "$[*]", "$[-1]", "$.a b", "$['a]", "$[?@.a]", "$['\\q']", "sku", "$a"])(
  "%j is no path",
  (text) => expect(() => parseJsonPath(text)).toThrow(expect.objectContaining({ code: "json.invalid-path" })),
);

test("a path finds only what the document itself holds", () => {
  const document = { a: [{ b: null }], length: 1 };
  expect(valueAt(document, ["a", 0, "b"])).toBeNull();
  expect(valueAt(document, ["a", 1])).toBeUndefined();
  expect(valueAt(document, ["length", 0])).toBeUndefined();
  expect(valueAt(document, ["constructor"])).toBeUndefined();
  expect(valueAt("text", ["length"])).toBeUndefined();
});

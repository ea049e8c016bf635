import fc from "fast-check";
import { expect, test } from "vitest";
import { fromPointer, jsonPath } from "./json-path.ts";

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

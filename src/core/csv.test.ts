import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvLine, parseCsv } from "./csv.ts";

describe("CSV", () => {
  it("comes back as it was written, whatever the cells hold and however lines end", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é"), maxLength: 6 });
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.constantFrom("\n", "\r\n"), fc.boolean(), (given, end, marked) => {
        const text = given.map((row) => csvLine(row) + end).join("");
        const read = parseCsv((marked ? "\ufeff" : "") + text);
        expect(read?.map(({ cells }) => cells)).toEqual(given);
      }),
    );
  });

  it("names the line that a row begins on, past quoted line ends and empty lines", () => {
    expect(parseCsv('a,"b\nc"\n\nd,e')).toEqual([
      { line: 1, cells: ["a", "b\nc"] },
      { line: 4, cells: ["d", "e"] },
    ]);
  });

  it.each(['a,"b', '"a"b,c'])("is refused where a quote does not end its cell: %s", (text) => {
    expect(parseCsv(text)).toBeUndefined();
  });
});

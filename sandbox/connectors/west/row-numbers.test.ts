import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { missingNumbers, noteNumbers, type RowNumbers } from "./row-numbers.ts";

/** Files come one after the other, a second apart. */
function come(...files: { numbers?: number[]; last?: number }[]): RowNumbers | undefined {
  let known: RowNumbers | undefined;
  for (const [index, { numbers = [], last = 0 }] of files.entries())
    known = noteNumbers(known, numbers, last, index * 1_000);
  return known;
}
const missing = (known: RowNumbers | undefined, nowMs = 1e9, afterMs = 0) =>
  missingNumbers(known, nowMs, afterMs);

describe("row numbers", () => {
  it("without a gap, in whatever order, miss nothing", () => {
    expect(missing(come({ numbers: [1, 2] }, { numbers: [5, 4] }, { numbers: [3] }))).toBe("");
  });

  it("begin with the first file that is read", () => {
    expect(missing(come({ numbers: [700, 702] }, { numbers: [12] }))).toBe("701");
    expect(missing(come({ last: 900 }, { numbers: [901, 904] }))).toBe("902-903");
    expect(missing(undefined)).toBe("");
  });

  it("are missed by what a later file says of the last one", () => {
    expect(missing(come({ numbers: [1] }, { last: 4 }))).toBe("2-4");
    expect(missing(come({ numbers: [1] }, { last: 4 }, { numbers: [3] }))).toBe("2, 4");
  });

  it("are missing after a while only, each from when it was passed over", () => {
    const known = come({ numbers: [1] }, { numbers: [3] }, { numbers: [6] });
    expect(missing(known, 10_999, 10_000)).toBe("");
    expect(missing(known, 11_000, 10_000)).toBe("2");
    expect(missing(known, 12_000, 10_000)).toBe("2, 4-5");
  });

  it("that are missing by the hundred are named in part", () => {
    const text = missing(come({ numbers: Array.from({ length: 100 }, (_, n) => 1 + 2 * n) }));
    expect(text).toMatch(/^2, 4, .*40 and more$/);
  });

  it("are exactly those that never came, however they are cut into files and shuffled", () => {
    const file = fc.record({ numbers: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }) });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 12 }), fc.integer({ min: 0, max: 70 }), (files, last) => {
        const known = come({ numbers: [1] }, ...files, { last });
        const all = new Set([1, ...files.flatMap(({ numbers }) => numbers)]);
        const highest = Math.max(last, ...all);
        const never = Array.from({ length: highest }, (_, n) => n + 1).filter((number) => !all.has(number));
        const named = (known?.gaps ?? []).flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, n) => from + n),
        );
        expect(named.sort((a, b) => a - b)).toEqual(never);
        expect(known?.highest).toBe(highest);
      }),
      { numRuns: 500 },
    );
  });
});

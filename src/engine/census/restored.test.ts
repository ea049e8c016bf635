import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lostRun } from "./restored.ts";

const acknowledged = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ orderId: `O-${n}`, createdAt: "", settledAt: "" }));
const without = (...numbers: number[]) => new Set(numbers.map((n) => `O-${n}`));

describe("a run of acknowledgements that is gone", () => {
  it("is found wherever it lies, and what was sent after it does not hide it", () => {
    const cut = fc.record({ before: fc.nat(30), lost: fc.integer({ min: 3, max: 30 }), after: fc.nat(30) });
    fc.assert(
      fc.property(cut, ({ before, lost, after }) => {
        const gone = without(...Array.from({ length: lost }, (_, n) => before + n));
        expect(lostRun(acknowledged(before + lost + after), gone)).toBe(before);
      }),
    );
  });

  it("bears one that was on the other side of the backup", () => {
    const gone = [4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    expect(lostRun(acknowledged(20), without(...gone))).toBe(4);
  });

  it.each([[[]], [[3]], [[3, 4]], [[1, 5, 9]], [[1, 2, 5, 6]]])("is not what people take out: %j", (gone) => {
    expect(lostRun(acknowledged(12), without(...gone))).toBe(undefined);
  });
});

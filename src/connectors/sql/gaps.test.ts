import fc from "fast-check";
import { expect, test } from "vitest";
import { type Gap, gapText, type Walk, walk, without } from "./gaps.ts";

const WAIT_MS = 30;

test("every number is taken once and in order, whatever commits when, or is passed after its wait", () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 25 });
  fc.assert(
    fc.property(arrivals, (visibleAt) => {
      let at: bigint | undefined = 0n;
      let waiting: Gap[] = [];
      let passed: Gap[] = [];
      const taken: bigint[] = [];
      for (let nowMs = 0; nowMs <= 200; nowMs += 5) {
        const numbers = visibleAt.flatMap((ms, index) => (ms <= nowMs ? [BigInt(index + 1)] : []));
        const late = numbers.filter((n) => passed.some((gap) => n >= gap.from && n <= gap.to));
        taken.push(...late);
        passed = without(passed, late);
        const rows = numbers.filter((n) => n > at!).map((number) => ({ number, row: number }));
        const walked: Walk<bigint> = walk(rows, at, waiting, nowMs, WAIT_MS);
        for (const gap of walked.passed) expect(nowMs - gap.sinceMs).toBeGreaterThanOrEqual(WAIT_MS);
        expect(walked.taken).toEqual([...walked.taken].sort((a, b) => (a < b ? -1 : 1)));
        taken.push(...walked.taken);
        ({ at, waiting } = walked);
        passed.push(...walked.passed);
      }
      expect(taken.map(Number).sort((a, b) => a - b)).toEqual(visibleAt.map((_, index) => index + 1));
      expect(passed).toEqual([]);
    }),
  );
});

test("gaps are written as people write them", () => {
  const gaps = [
    { from: 7n, to: 7n, sinceMs: 0 },
    { from: 12n, to: 14n, sinceMs: 0 },
  ];
  expect(gapText(gaps)).toBe("7, 12-14");
  expect(gapText(without(gaps, [13n, 7n]))).toBe("12, 14");
});

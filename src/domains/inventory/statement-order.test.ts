import fc from "fast-check";
import { expect, test } from "vitest";
import { timeFromEpochMs } from "../../core/time.ts";
import {
  compareMovement,
  compareObservations,
  compareSequences,
  compareTimes,
  netsAllocation,
} from "./statement-order.ts";
import { clock } from "./testing.ts";

test("an exact clock orders to the microsecond", () => {
  expect(compareTimes(clock("08:00:00.000001"), clock("08:00:00.000002"), 0)).toBe(-1);
  expect(compareTimes(clock("08:00:00.000002"), clock("08:00:00.000001"), 0)).toBe(1);
});

test("a clock of whole seconds knows nothing within one second, and knows the next one", () => {
  expect(compareTimes(clock("08:00:01.2"), clock("08:00:01.9"), 1000)).toBe(0);
  expect(compareTimes(clock("08:00:01.9"), clock("08:00:02.0"), 1000)).toBe(-1);
  expect(compareTimes(clock("08:00:01"), clock("08:00:02"), 1000)).toBe(-1);
});

test("the order of times is transitive for any resolution", () => {
  const ms = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(ms, ms, ms, fc.integer({ min: 0, max: 7 }), (a, b, c, resolutionMs) => {
      const [x, y, z] = [a, b, c].map(timeFromEpochMs) as [string, string, string];
      if (compareTimes(x, y, resolutionMs) <= 0 && compareTimes(y, z, resolutionMs) <= 0) {
        expect(compareTimes(x, z, resolutionMs)).toBeLessThanOrEqual(0);
      }
    }),
  );
});

test("sequences are numbers of any length, not texts", () => {
  expect(compareSequences("9", "10")).toBe(-1);
  expect(compareSequences("0010", "9")).toBe(1);
  expect(compareSequences("007", "7")).toBe(0);
  expect(compareSequences("000", "0")).toBe(0);
  expect(compareSequences("99999999999999999999999999998", "99999999999999999999999999999")).toBe(-1);
});

test("a sequence goes before the clock, and only where both have one", () => {
  const [early, late] = [clock("08:00"), clock("09:00")];
  expect(compareObservations(early, "2", late, "1", 0)).toBe(1);
  expect(compareObservations(early, "", late, "1", 0)).toBe(-1);
  expect(compareObservations(late, "1", early, "1", 0)).toBe(1);
  expect(compareMovement(late, "1", early, "1", 0)).toBe(-1);
  expect(compareMovement(early, "2", late, "1", 0)).toBe(1);
});

test("a figure nets an allocation of its own instant by an exact clock, and not surely by a coarse one", () => {
  expect(netsAllocation(clock("08:00"), clock("08:00"), 0)).toBe(true);
  expect(netsAllocation(clock("08:00"), clock("08:00"), 1000)).toBe(false);
  expect(netsAllocation(clock("08:00"), clock("08:00:01"), 1000)).toBe(true);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["500ms", 500],
  ["5s", 5_000],
  ["1m", 60_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
  ["1h30m", 5_400_000],
  ["0s", 0],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "5 s", "s", "1.5h", "-5s", "5S", "30m1h", "5s5s", "1w", "99999999999999d", "٥s", "5s\n"])(
  "%j is no duration",
  (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "duration.invalid" }));
  },
);

test("what is not even text is none either", () => {
  expect(() => parseDuration(5 as unknown as string)).toThrow(
    expect.objectContaining({ code: "duration.invalid" }),
  );
});

test("a formatted duration reads back to itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 * 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
  expect(formatDuration(90_000)).toBe("1m30s");
});

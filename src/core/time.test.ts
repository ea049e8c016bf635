import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addMs,
  dateIn,
  differenceMs,
  epochMicros,
  epochMs,
  isTime,
  localToUtc,
  parseTime,
  timeFromEpochMs,
} from "./time.ts";

const EARLIEST = Date.parse("0001-01-01T00:00:00Z");
const LATEST = Date.parse("9999-12-31T23:59:59.999Z");
const epochs = fc.oneof(
  fc.integer({ min: EARLIEST, max: LATEST }),
  fc.integer({ min: Date.UTC(1999, 0, 1), max: Date.UTC(2040, 0, 1) }),
);
const invalid = expect.objectContaining({ code: "time.invalid" });

describe("text", () => {
  test.each([
    ["2026-11-24T07:00:00.000000Z", "2026-11-24T07:00:00.000000Z"],
    ["2026-11-24T07:00:00Z", "2026-11-24T07:00:00.000000Z"],
    ["2026-11-24t07:00:00z", "2026-11-24T07:00:00.000000Z"],
    ["2026-11-24T07:00:00.1Z", "2026-11-24T07:00:00.100000Z"],
    ["2026-11-24T07:00:00.123456789Z", "2026-11-24T07:00:00.123456Z"],
    ["2026-11-24T07:00:00.999999999Z", "2026-11-24T07:00:00.999999Z"],
    ["2026-11-24T08:00:00+01:00", "2026-11-24T07:00:00.000000Z"],
    ["2026-11-24T01:30:00.5-05:30", "2026-11-24T07:00:00.500000Z"],
    ["2026-01-01T00:30:00.000007+01:00", "2025-12-31T23:30:00.000007Z"],
    ["2026-11-24T07:00:00-00:00", "2026-11-24T07:00:00.000000Z"],
    ["2024-02-29T23:59:59+23:59", "2024-02-29T00:00:59.000000Z"],
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
  ])("reads %s", (text, expected) => {
    expect(parseTime(text)).toBe(expected);
    expect(isTime(text)).toBe(text === expected);
  });

  test.each([
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00.000000Z",
    "2026-04-31T00:00:00+02:00",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T07:60:00Z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.000000Z",
    "2026-11-24T07:00:00",
    "2026-11-24",
    "2026-11-24T07:00Z",
    "2026-11-24T07:00:00.Z",
    "2026-11-24T07:00:00.0000000001Z",
    "2026-11-24T07:00:00+0100",
    "2026-11-24T07:00:00+24:00",
    "2026-11-24T07:00:00+01:60",
    "2026-11-24 07:00:00Z",
    "2026-11-24T07:00:00.00000\u0000Z",
    "2026-11-24T07:00:00.00000:Z",
    "20261124T070000Z",
    "+02026-11-24T07:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    " 2026-11-24T07:00:00Z",
    "2026-11-24T07:00:00Z\n",
    "",
    "now",
  ])("refuses %j", (text) => {
    expect(() => parseTime(text)).toThrow(invalid);
    expect(isTime(text)).toBe(false);
  });

  test.each([1_790_000_000_000, null, undefined, new Date(0)])("refuses what is no text: %j", (value) => {
    expect(() => parseTime(value as unknown as string)).toThrow(invalid);
    expect(isTime(value as unknown as string)).toBe(false);
  });

  test("agrees with the platform's clock arithmetic on every instant", () => {
    fc.assert(
      fc.property(epochs, (ms) => {
        const time = timeFromEpochMs(ms);
        expect(time).toBe(new Date(ms).toISOString().replace("Z", "000Z"));
        expect(epochMs(time)).toBe(ms);
        expect(parseTime(time)).toBe(time);
      }),
      { numRuns: 2000 },
    );
  });

  test("an offset changes the text, never the instant", () => {
    const offsets = fc.integer({ min: -1439, max: 1439 });
    const inside = fc.integer({ min: EARLIEST + 86_400_000, max: LATEST - 86_400_000 });
    fc.assert(
      fc.property(inside, offsets, (ms, minutes) => {
        const size = Math.abs(minutes);
        const two = (value: number) => String(value).padStart(2, "0");
        const offset = `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        const local = new Date(ms + minutes * 60_000).toISOString().replace("Z", offset);
        expect(parseTime(local)).toBe(timeFromEpochMs(ms));
      }),
    );
  });

  test("comparing texts compares instants", () => {
    fc.assert(
      fc.property(epochs, epochs, (a, b) => {
        expect(timeFromEpochMs(a) < timeFromEpochMs(b)).toBe(a < b);
      }),
    );
  });

  test("is canonical only where the platform, too, reads a date there", () => {
    const part = (max: number) => fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        part(14),
        part(33),
        part(26),
        part(62),
        (y, mo, d, h, mi) => {
          const text = `${String(y).padStart(4, "0")}-${mo}-${d}T${h}:${mi}:30.000000Z`;
          const date = new Date(text.replace("000Z", "Z"));
          const real = !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 16) === text.slice(0, 16);
          expect(isTime(text)).toBe(real);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("arithmetic", () => {
  test("microseconds are neither lost nor invented", () => {
    const time = "2026-11-24T07:00:00.123456Z";
    expect(addMs(time, 1)).toBe("2026-11-24T07:00:00.124456Z");
    expect(addMs(time, -1000)).toBe("2026-11-24T06:59:59.123456Z");
    expect(addMs(time, 0.544)).toBe("2026-11-24T07:00:00.124000Z");
    expect(addMs(time, -0.457)).toBe("2026-11-24T07:00:00.122999Z");
    expect(addMs("1970-01-01T00:00:00.000000Z", -0.001)).toBe("1969-12-31T23:59:59.999999Z");
    expect(differenceMs("2026-11-24T07:00:00.000001Z", "2026-11-24T07:00:00.000000Z")).toBe(0.001);
    expect(differenceMs("2026-11-24T07:00:00.000000Z", "2026-11-24T07:00:01.000000Z")).toBe(-1000);
    expect(epochMicros("1970-01-01T00:00:00.000001Z")).toBe(1n);
    expect(epochMicros("1969-12-31T23:59:59.999999Z")).toBe(-1n);
    expect(epochMs("1969-12-31T23:59:59.999999Z")).toBe(-1);
    expect(timeFromEpochMs(0.5)).toBe("1970-01-01T00:00:00.000500Z");
  });

  test("adding a difference leads to the other time", () => {
    fc.assert(
      fc.property(epochs, epochs, (a, b) => {
        const [from, to] = [timeFromEpochMs(a), timeFromEpochMs(b)];
        expect(addMs(from, differenceMs(to, from))).toBe(to);
      }),
    );
  });

  test("no time outside the years 0001 to 9999, and none from what is no number", () => {
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, LATEST + 1, EARLIEST - 1, 8.64e15]) {
      expect(() => timeFromEpochMs(ms)).toThrow(invalid);
    }
    expect(() => addMs("9999-12-31T23:59:59.999999Z", 0.001)).toThrow(invalid);
    expect(() => addMs("2026-11-24T07:00:00Z", 1)).toThrow(invalid);
    expect(() => differenceMs("2026-11-24T07:00:00.000000Z", "tomorrow")).toThrow(invalid);
  });
});

describe("wall clocks", () => {
  const london = "Europe/London";

  test("the hour that daylight saving repeats is read as told", () => {
    expect(localToUtc("2026-10-25 01:30:00", london, "earlier")).toBe("2026-10-25T00:30:00.000000Z");
    expect(localToUtc("2026-10-25 01:30:00", london, "later")).toBe("2026-10-25T01:30:00.000000Z");
    expect(localToUtc("2026-10-25 00:59:59", london, "later")).toBe("2026-10-24T23:59:59.000000Z");
    expect(localToUtc("2026-10-25 02:00:00", london, "earlier")).toBe("2026-10-25T02:00:00.000000Z");
  });

  test("the hour that it skips moves forward, whatever is told", () => {
    for (const repeated of ["earlier", "later"] as const) {
      expect(localToUtc("2026-03-29 01:30:00", london, repeated)).toBe("2026-03-29T01:30:00.000000Z");
      expect(localToUtc("2026-03-29 00:59:59", london, repeated)).toBe("2026-03-29T00:59:59.000000Z");
      expect(localToUtc("2026-03-29 02:00:00", london, repeated)).toBe("2026-03-29T01:00:00.000000Z");
    }
  });

  test("an ordinary time, a fraction, a T between, a zone without daylight saving", () => {
    expect(localToUtc("2026-07-01T12:00:00.1234567", london, "earlier")).toBe("2026-07-01T11:00:00.123456Z");
    expect(localToUtc("2026-07-01 12:00:00", "UTC", "earlier")).toBe("2026-07-01T12:00:00.000000Z");
    expect(localToUtc("2026-07-01 12:00:00", "Asia/Kolkata", "later")).toBe("2026-07-01T06:30:00.000000Z");
  });

  test("only the repeated hour depends on the choice", () => {
    const seconds = fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2026, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const local = new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ");
        const apart = differenceMs(localToUtc(local, london, "later"), localToUtc(local, london, "earlier"));
        expect(apart).toBe(local >= "2026-10-25 01:00:00" && local < "2026-10-25 02:00:00" ? 3_600_000 : 0);
      }),
    );
  });

  test.each(["2026-02-30 00:00:00", "2026-10-25 01:30", "2026-10-25 01:30:00Z", "2026-10-25 01:30:60", ""])(
    "refuses %j",
    (text) => {
      expect(() => localToUtc(text, london, "earlier")).toThrow(invalid);
    },
  );

  test("a zone that does not exist throws", () => {
    const unknown = expect.objectContaining({ code: "time.unknown-zone" });
    expect(() => localToUtc("2026-10-25 01:30:00", "Europe/Londen", "earlier")).toThrow(unknown);
    expect(() => dateIn("2026-10-25T00:00:00.000000Z", "")).toThrow(unknown);
  });

  test("the date is the zone's own", () => {
    expect(dateIn("2026-07-01T23:30:00.000000Z", london)).toBe("2026-07-02");
    expect(dateIn("2026-12-01T23:30:00.000000Z", london)).toBe("2026-12-01");
    expect(dateIn("2026-07-01T03:00:00.000000Z", "America/New_York")).toBe("2026-06-30");
    expect(dateIn("1969-12-31T23:59:59.999999Z", "Europe/Paris")).toBe("1970-01-01");
    expect(dateIn("2026-07-01T23:30:00.000000Z", "UTC")).toBe("2026-07-01");
    expect(() => dateIn("2026-07-01", "UTC")).toThrow(invalid);
  });
});

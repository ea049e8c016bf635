// Instants as canonical UTC text with six fraction digits, so that comparing texts compares times, in the
// years 0001 to 9999. A text that is no such instant (an impossible date, second 60, no offset) throws.
import { CrossdockError } from "./errors.ts";
import { excerpt } from "./excerpt.ts";

/** `2026-11-24T07:00:00.000000Z` */
export type Time = string;

const DAY_MS = 86_400_000;
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;
const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const LOCAL = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?$/;
const DAYS_IN_MONTH = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** RFC 3339 with any offset; digits beyond microseconds are cut off. */
export function parseTime(text: string): Time {
  if (isTime(text)) return text;
  const parts = typeof text === "string" ? RFC_3339.exec(text) : null;
  if (parts === null) throw invalid(text);
  const time = `${parts[1]}T${parts[2]}.${sixDigits(parts[3])}Z`;
  const localMs = readMs(time);
  if (Number.isNaN(localMs)) throw invalid(text);
  if (parts[4] === undefined) return time;
  const offsetMs = (Number(parts[5]) * 60 + Number(parts[6])) * 60_000;
  const ms = parts[4] === "+" ? localMs - offsetMs : localMs + offsetMs;
  if (ms < EARLIEST_MS || ms > LATEST_MS) throw invalid(text);
  return write(ms, readMicros(time));
}

/** Whether a text is canonical already. */
export function isTime(text: string): text is Time {
  return typeof text === "string" && !Number.isNaN(readMs(text));
}

/** Whole milliseconds since 1970, cut off below. */
export function epochMs(time: Time): number {
  const ms = readMs(time);
  if (Number.isNaN(ms)) throw invalid(time);
  return ms;
}

export function epochMicros(time: Time): bigint {
  return BigInt(epochMs(time)) * 1000n + BigInt(readMicros(time));
}

/** A fraction of a millisecond is kept to the microsecond. */
export function timeFromEpochMs(ms: number): Time {
  return shift(0, 0, ms);
}

/** Later by `ms`, earlier where negative; a fraction counts to the microsecond. */
export function addMs(time: Time, ms: number): Time {
  return shift(epochMs(time), readMicros(time), ms);
}

/** a − b in milliseconds, with microseconds as its fraction: above zero where `a` is the later one. */
export function differenceMs(a: Time, b: Time): number {
  return epochMs(a) - epochMs(b) + (readMicros(a) - readMicros(b)) / 1000;
}

/**
 * The instant of a wall clock's `YYYY-MM-DD HH:MM:SS`. In the hour that daylight saving repeats, `repeated`
 * chooses; a time in the hour that it skips moves forward by that hour.
 */
export function localToUtc(localText: string, timeZone: string, repeated: "earlier" | "later"): Time {
  const parts = typeof localText === "string" ? LOCAL.exec(localText) : null;
  if (parts === null || Number.isNaN(readMs(`${parts[1]}T${parts[2]}.000000Z`))) {
    throw new CrossdockError(
      "time.invalid",
      `${excerpt(localText)} is not a local time YYYY-MM-DD HH:MM:SS.`,
    );
  }
  const local = Temporal.PlainDateTime.from(`${parts[1]}T${parts[2]}`);
  const ms = inZone(
    timeZone,
    () =>
      local.toZonedDateTime(timeZone, { disambiguation: repeated === "later" ? "later" : "compatible" })
        .epochMilliseconds,
  );
  const micros = Number(sixDigits(parts[3]));
  return shift(ms, 0, micros / 1000);
}

/** The calendar date, `YYYY-MM-DD`, that a wall clock in the zone shows at that instant. */
export function dateIn(time: Time, timeZone: string): string {
  const ms = epochMs(time);
  if (timeZone === "UTC") return time.slice(0, 10);
  return inZone(timeZone, () =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate().toString(),
  );
}

function inZone<T>(timeZone: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CrossdockError(
      "time.unknown-zone",
      `${excerpt(timeZone)} is no time zone such as Europe/London.`,
      {
        cause: error,
      },
    );
  }
}

function shift(ms: number, micros: number, byMs: number): Time {
  const wholeMs = Math.floor(byMs);
  const total = micros + Math.round((byMs - wholeMs) * 1000);
  const carriedMs = Math.floor(total / 1000);
  const sum = ms + wholeMs + carriedMs;
  if (!(sum >= EARLIEST_MS && sum <= LATEST_MS)) {
    throw new CrossdockError("time.invalid", "The time would fall outside the years 0001 to 9999.");
  }
  return write(sum, total - carriedMs * 1000);
}

/** Milliseconds since 1970 of a canonical text, NaN for any other. */
function readMs(text: string): number {
  if (
    text.length !== 27 ||
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45 ||
    text.charCodeAt(10) !== 84 ||
    text.charCodeAt(13) !== 58 ||
    text.charCodeAt(16) !== 58 ||
    text.charCodeAt(19) !== 46 ||
    text.charCodeAt(26) !== 90
  ) {
    return Number.NaN;
  }
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const fraction = digits(text, 20, 26);
  // Each comparison is false for NaN, which a position that is no digit yields.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)))
    return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 59 && fraction >= 0)) return Number.NaN;
  const clockMs = ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(fraction / 1000);
  return daysSinceEpoch(year, month, day) * DAY_MS + clockMs;
}

/** The microseconds below the millisecond of a canonical text. */
function readMicros(time: Time): number {
  return digits(time, 23, 26);
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : DAYS_IN_MONTH[month]!;
}

// Both directions count years from March, so that the leap day is a year's last, in eras of 400 years
// (146,097 days); 719,468 days lie between 0000-03-01 and 1970-01-01.
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function write(ms: number, micros: number): Time {
  const days = Math.floor(ms / DAY_MS);
  const clockMs = ms - days * DAY_MS;
  const era = Math.floor((days + 719_468) / 146_097);
  const dayOfEra = days + 719_468 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const hour = Math.floor(clockMs / 3_600_000);
  const minute = Math.floor(clockMs / 60_000) % 60;
  const second = Math.floor(clockMs / 1000) % 60;
  const fraction = (clockMs % 1000) * 1000 + micros;
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(fraction, 6)}Z`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

function sixDigits(fraction: string | undefined): string {
  return (fraction ?? "").slice(0, 6).padEnd(6, "0");
}

function invalid(text: unknown): CrossdockError {
  return new CrossdockError("time.invalid", `${excerpt(text)} is not an RFC 3339 time with an offset.`);
}

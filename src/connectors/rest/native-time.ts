// Times as other systems write them: ISO 8601 with an offset, a wall clock's time in a named zone, seconds or
// milliseconds since 1970. What is no such time throws.
import {
  CrossdockError,
  epochMs,
  localToUtc,
  numberText,
  parseTime,
  type Time,
  timeFromEpochMs,
} from "../../connector/index.ts";
import { textOf } from "./unfit.ts";

export interface TimeFormat {
  format?: "iso" | "epoch-s" | "epoch-ms" | undefined;
  /** IANA name: of texts without an offset. */
  zone?: string | undefined;
}

const OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** An hour that comes twice is read as its first one; a date alone is its first second. */
export function readTime(value: unknown, { format = "iso", zone }: TimeFormat): Time {
  const text = textOf(value);
  if (text === undefined) throw new CrossdockError("time.invalid", "must be a time.");
  if (format !== "iso") {
    const number = Number(numberText(value));
    return timeFromEpochMs(format === "epoch-s" ? number * 1000 : number);
  }
  if (OFFSET.test(text) && text.includes(":")) return parseTime(text.replace(" ", "T"));
  if (zone === undefined) return parseTime(text);
  return localToUtc(DATE.test(text) ? `${text} 00:00:00` : text, zone, "earlier");
}

/** To the whole second, milliseconds for `epoch-ms`; what is finer is cut off. */
export function writeTime(time: Time, { format = "iso", zone }: TimeFormat): string {
  if (format === "epoch-ms") return String(epochMs(time));
  if (format === "epoch-s") return String(Math.floor(epochMs(time) / 1000));
  if (zone === undefined) return `${time.slice(0, 19)}Z`;
  return wallClock(epochMs(time), zone);
}

/**
 * A time that no later one is written before, for "everything since". In the hour before a clock is put back, walls
 * show later times than an hour after it.
 */
export function writeSince(time: Time, format: TimeFormat): string {
  const text = writeTime(time, format);
  if (format.zone === undefined || (format.format ?? "iso") !== "iso") return text;
  const zoned = Temporal.Instant.fromEpochMilliseconds(epochMs(time)).toZonedDateTimeISO(format.zone);
  const change = zoned.getTimeZoneTransition("next");
  if (change === null) return text;
  const after = wallClock(change.epochMilliseconds, format.zone);
  return after < text ? after : text;
}

function wallClock(ms: number, zone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second", roundingMode: "floor" });
}

export function isZone(zone: string): boolean {
  try {
    localToUtc("2026-01-01 00:00:00", zone, "earlier");
    return true;
  } catch {
    return false;
  }
}

/** How far apart two written times are at least. */
export function stepMs({ format }: TimeFormat): number {
  return format === "epoch-ms" ? 1 : 1000;
}

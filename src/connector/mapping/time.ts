// Times as other systems write them: `iso`, with an offset or on the wall clock of a named zone; `epoch-s` and
// `epoch-ms`, since 1970; or a pattern such as `dd.MM.yyyy HH:mm:ss`. What is no such time breaks a rule.
import { CrossdockError } from "../../core/errors.ts";
import { NumberText } from "../../core/json.ts";
import { epochMs, localToUtc, parseTime, type Time, timeFromEpochMs } from "../../core/time.ts";
import { numberText } from "../exact.ts";
import { brokenRule, textOf } from "./unfit.ts";

export interface TimeRule {
  /** Absent: `iso`. */
  format?: string | undefined;
  /** IANA name: of texts without an offset. */
  zone?: string | undefined;
}

const EPOCH_MS: Readonly<Record<string, number>> = { "epoch-s": 1000, "epoch-ms": 1 };
const ISO = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;
const TOKENS: Readonly<Record<string, string>> = {
  yyyy: "(?<year>\\d{4})",
  yy: "(?<short>\\d{2})",
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  dd: "(?<day>\\d{2})",
  d: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{2})",
  H: "(?<hour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  ss: "(?<second>\\d{2})",
  SSS: "(?<fraction>\\d{1,6})",
  XXX: "(?<offset>Z|[+-]\\d{2}:?\\d{2})",
};
const TOKEN = /yyyy|yy|MM|M|dd|d|HH|H|mm|ss|SSS|XXX|'([^']*)'|[\s\S]/g;

const compiled = new Map<string, RegExp>();

/** Throws a sentence where the pattern has no date or says a part twice. */
function compilePattern(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const source = pattern.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return literal(quoted);
    const group = TOKENS[token];
    if (group !== undefined) return group;
    if (/[A-Za-z]/.test(token))
      throw brokenRule(`${JSON.stringify(token)} is no part of a time: quote letters, 'T'`);
    return literal(token);
  });
  let expression: RegExp;
  try {
    expression = new RegExp(`^${source}$`);
  } catch (cause) {
    throw brokenRule("says a part of the time twice", cause);
  }
  for (const [what, group] of [
    ["year", /<(year|short)>/],
    ["month", /<month>/],
    ["day", /<day>/],
  ] as const)
    if (!group.test(source)) throw brokenRule(`has no ${what}`);
  compiled.set(pattern, expression);
  return expression;
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const isPattern = (format: string): boolean => format !== "iso" && EPOCH_MS[format] === undefined;

/** Reports what is wrong with the rule itself, at its own setting. */
export function checkTimeRule(
  { format = "iso", zone }: TimeRule,
  report: (setting: "format" | "zone", message: string) => void,
): void {
  if (isPattern(format)) {
    try {
      compilePattern(format);
    } catch (error) {
      report(
        "format",
        `${(error as Error).message}: give "iso", "epoch-s", "epoch-ms" or dd.MM.yyyy HH:mm:ss.`,
      );
      return;
    }
  }
  if (zone !== undefined && !isZone(zone))
    report("zone", `${JSON.stringify(zone)} is no time zone such as Europe/London.`);
  else if (zone === undefined && isPattern(format) && !format.includes("XXX"))
    report("zone", "is required of a time without an offset: such as Europe/London.");
}

/** A time in an hour that comes twice is its first one; a date alone is its first moment. */
export function readTime(value: unknown, rule: TimeRule): Time {
  const { format = "iso", zone } = rule;
  const text = textOf(value)?.trim();
  const unit = EPOCH_MS[format];
  try {
    if (text !== undefined && unit !== undefined) return timeFromEpochMs(Number(numberText(text)) * unit);
    const parts = text === undefined || unit !== undefined ? undefined : partsOf(text, format);
    if (parts !== undefined) {
      const { day, clock, offset } = parts;
      if (offset !== undefined) return parseTime(`${day}T${clock}${offset}`);
      if (zone !== undefined) return localToUtc(`${day} ${clock}`, zone, "earlier");
      throw brokenRule("has no offset, and no zone is declared");
    }
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    if (error.code === "mapping.rule") throw error;
  }
  throw brokenRule(format === "iso" ? "is no time such as 2026-11-24T07:00:00Z" : `is no time ${format}`);
}

function partsOf(
  text: string,
  format: string,
): { day: string; clock: string; offset: string | undefined } | undefined {
  if (format === "iso") {
    const [, day, clock = "00:00:00", fraction = "", offset] = ISO.exec(text) ?? [];
    return day === undefined ? undefined : { day, clock: `${clock}${fraction}`, offset: wholeOffset(offset) };
  }
  const parts = compilePattern(format).exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { year, short, month = "", day = "", hour = "0", minute = "00", second = "00", fraction } = parts;
  return {
    day: `${year ?? `20${short}`}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`,
    clock: `${hour.padStart(2, "0")}:${minute}:${second}${fraction === undefined ? "" : `.${fraction}`}`,
    offset: wholeOffset(parts.offset),
  };
}

/** `+00`, `+0530` and `+05:30` are all written. */
function wholeOffset(offset: string | undefined): string | undefined {
  if (offset === undefined || /^[Zz]$/.test(offset)) return offset;
  return `${offset.slice(0, 3)}:${offset.slice(3).replace(":", "") || "00"}`;
}

/** `iso` to the whole second, in UTC or as the zone's wall clock; what is finer than the format is cut off. */
export function writeTime(time: Time, { format = "iso", zone }: TimeRule): string | NumberText {
  const unit = EPOCH_MS[format];
  if (unit !== undefined) return new NumberText(String(Math.floor(epochMs(time) / unit)));
  if (format !== "iso") return writePattern(time, format, zone ?? "UTC");
  return zone === undefined ? `${parseTime(time).slice(0, 19)}Z` : wallClock(epochMs(time), zone);
}

/** As a part of a URL or a cell. */
export function timeText(time: Time, rule: TimeRule): string {
  const written = writeTime(time, rule);
  return typeof written === "string" ? written : written.text;
}

/**
 * A time that no later one is written before, for "everything since". In the hour before a clock is put back, walls
 * show later times than an hour after it.
 */
export function sinceText(time: Time, rule: TimeRule): string {
  const text = timeText(time, rule);
  const { format = "iso", zone } = rule;
  if (zone === undefined || EPOCH_MS[format] !== undefined) return text;
  const zoned = Temporal.Instant.fromEpochMilliseconds(epochMs(time)).toZonedDateTimeISO(zone);
  const change = zoned.getTimeZoneTransition("next");
  if (change === null) return text;
  const after = timeText(timeFromEpochMs(change.epochMilliseconds), rule);
  return after < text ? after : text;
}

/** How far apart two times are at least that are written differently. */
export const stepMs = ({ format }: TimeRule): number => (format === "epoch-ms" ? 1 : 1000);

function wallClock(ms: number, zone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second", roundingMode: "floor" });
}

function writePattern(time: Time, pattern: string, zone: string): string {
  const at = Temporal.Instant.from(parseTime(time)).toZonedDateTimeISO(zone);
  const two = (value: number) => String(value).padStart(2, "0");
  const parts: Record<string, string> = {
    yyyy: String(at.year).padStart(4, "0"),
    yy: two(at.year % 100),
    MM: two(at.month),
    M: String(at.month),
    dd: two(at.day),
    d: String(at.day),
    HH: two(at.hour),
    H: String(at.hour),
    mm: two(at.minute),
    ss: two(at.second),
    SSS: String(at.millisecond).padStart(3, "0"),
    XXX: at.offset,
  };
  return pattern.replace(TOKEN, (token, quoted: string | undefined) => quoted ?? parts[token] ?? token);
}

export function isZone(zone: string): boolean {
  try {
    localToUtc("2026-01-01 00:00:00", zone, "earlier");
    return true;
  } catch (error) {
    if (error instanceof CrossdockError) return false;
    throw error;
  }
}

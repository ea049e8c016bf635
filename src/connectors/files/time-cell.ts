// A date or time in a declared format, `dd.MM.yyyy HH:mm:ss`, read as the wall clock of a declared zone; or RFC 3339.
import { CrossdockError, localToUtc, parseTime, type Time } from "../../connector/index.ts";

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

/** Throws a sentence where the format has no date or says a part twice. */
export function compileTimeFormat(format: string): RegExp {
  const known = compiled.get(format);
  if (known !== undefined) return known;
  const pattern = format.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return literal(quoted);
    const group = TOKENS[token];
    if (group !== undefined) return group;
    if (/[A-Za-z]/.test(token))
      throw new Error(`${JSON.stringify(token)} is no part of a time: quote letters, 'T'`);
    return literal(token);
  });
  let expression: RegExp;
  try {
    expression = new RegExp(`^${pattern}$`);
  } catch {
    throw new Error("says a part of the time twice");
  }
  for (const [what, group] of [
    ["year", /<(year|short)>/],
    ["month", /<month>/],
    ["day", /<day>/],
  ] as const)
    if (!group.test(pattern)) throw new Error(`has no ${what}`);
  compiled.set(format, expression);
  return expression;
}

export const hasOffset = (format: string): boolean => format === "iso" || format.includes("XXX");

/** Throws `files.bad-cell`. In the hour that daylight saving repeats, the earlier instant. */
export function readTime(cell: string, format: string, zone: string | undefined): Time {
  const text = cell.trim();
  try {
    if (format === "iso") return parseTime(text);
    const parts = compileTimeFormat(format).exec(text)?.groups;
    if (parts === undefined) throw new CrossdockError("time.invalid", "is no such time.");
    const {
      year,
      short,
      month = "",
      day = "",
      hour = "0",
      minute = "00",
      second = "00",
      fraction,
      offset,
    } = parts;
    const date = `${year ?? `20${short}`}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
    const clock = `${hour.padStart(2, "0")}:${minute}:${second}${fraction === undefined ? "" : `.${fraction}`}`;
    if (offset === undefined) return localToUtc(`${date} ${clock}`, zone ?? "UTC", "earlier");
    return parseTime(`${date}T${clock}${offset === "Z" ? "Z" : `${offset.slice(0, 3)}:${offset.slice(-2)}`}`);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw new CrossdockError("files.bad-cell", `${JSON.stringify(cell)} is no time ${format}`);
  }
}

/** The instant as the partner's clock shows it. */
export function writeTime(time: Time, format: string, zone: string): string {
  if (format === "iso") return parseTime(time);
  const shown = Temporal.Instant.from(parseTime(time)).toZonedDateTimeISO(zone);
  const two = (value: number) => String(value).padStart(2, "0");
  const parts: Record<string, string> = {
    yyyy: String(shown.year).padStart(4, "0"),
    yy: two(shown.year % 100),
    MM: two(shown.month),
    M: String(shown.month),
    dd: two(shown.day),
    d: String(shown.day),
    HH: two(shown.hour),
    H: String(shown.hour),
    mm: two(shown.minute),
    ss: two(shown.second),
    SSS: String(shown.millisecond).padStart(3, "0"),
    XXX: shown.offset,
  };
  return format.replace(TOKEN, (token, quoted: string | undefined) => quoted ?? parts[token] ?? token);
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

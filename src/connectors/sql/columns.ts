// What a column holds, as it is declared, and how the database's own text of a value is read: figures stay text
// with all their digits, times become UTC. What does not fit throws the rule that it breaks.
import {
  addMs,
  brokenRule,
  exactTexts,
  parseTime,
  readDecimal,
  readExact,
  reader,
  readTime,
  type Time,
} from "../../connector/index.ts";

/**
 * `instant`: a date-time that the database keeps with a zone. `local-time`: one without, read in the declared zone.
 * `date`: a day, which stands for its first moment in the declared zone.
 */
export const COLUMN_KINDS = [
  "text",
  "integer",
  "decimal",
  "boolean",
  "instant",
  "local-time",
  "date",
  "json",
] as const;
export type ColumnKind = (typeof COLUMN_KINDS)[number];

export const TIME_KINDS: ReadonlySet<ColumnKind> = new Set(["instant", "local-time", "date"]);

/** A row: every value as the database's text of it. */
export type Row = Record<string, string | null>;

const DATE_TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?$/;
/** The text of a column → what its kind makes of it, before its field does. Breaks a rule where it is none of its kind. */
export function columnValue(kind: ColumnKind, text: string): unknown {
  switch (kind) {
    case "integer": {
      const figure = readDecimal(text, {});
      if (figure.includes(".")) throw brokenRule("is no whole number");
      return figure;
    }
    case "boolean":
      return readTruth(text);
    case "json":
      return exactTexts(readExact(text));
    default:
      return text;
  }
}

/** As each database writes it. */
const readTruth = reader("boolean", {
  words: { t: true, true: true, "1": true, f: false, false: false, "0": false },
});

/** `timeZone` is asked for only where the column has none. */
export function readColumnTime(kind: ColumnKind, text: string, timeZone: string | undefined): Time {
  return readTime(text, { zone: kind === "instant" ? "UTC" : timeZone });
}

function zoneOf(timeZone: string | undefined): string {
  if (timeZone === undefined) throw brokenRule("has no time zone, and none is declared");
  return timeZone;
}

/** The text that a column of this kind is compared with for an instant: in UTC, or on the zone's own wall clock. */
export function timeTextOf(kind: ColumnKind, time: Time, timeZone: string | undefined): string {
  if (kind === "instant") return `${time.slice(0, 10)} ${time.slice(11, 26)}`;
  const local = Temporal.Instant.from(time).toZonedDateTimeISO(zoneOf(timeZone)).toPlainDateTime();
  const text = local.toString({ smallestUnit: "microsecond" });
  return kind === "date" ? text.slice(0, 10) : text.replace("T", " ");
}

/** The same wall clock so many milliseconds earlier, however long its day is. A date goes back by whole days. */
export function earlier(kind: ColumnKind, text: string, byMs: number): string {
  const parts = DATE_TIME.exec(kind === "date" ? `${text} 00:00:00` : text);
  if (parts === null) throw brokenRule("is no date and time");
  const [, day, clock, fraction, offset] = parts;
  const whole =
    kind === "instant" && offset !== undefined && offset !== "Z"
      ? readColumnTime(kind, text, undefined)
      : parseTime(`${day}T${clock}${fraction === undefined ? "" : `.${fraction}`}Z`);
  const time = addMs(whole, -byMs);
  return kind === "date" ? time.slice(0, 10) : `${time.slice(0, 10)} ${time.slice(11, 26)}`;
}

/** Does this zone put its clocks back once a year? Throws RangeError for a zone that nobody knows. */
export function hasSummerTime(timeZone: string): boolean {
  const offset = (day: string) => Temporal.Instant.from(day).toZonedDateTimeISO(timeZone).offset;
  return offset("2026-01-01T00:00:00Z") !== offset("2026-07-01T00:00:00Z");
}

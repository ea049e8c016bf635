// What a column holds, as it is declared, and how the database's own text of a value is read: figures stay text
// with all their digits, times become UTC. What does not fit throws `sql.value` with the rule.
import {
  addMs,
  CrossdockError,
  localToUtc,
  numberText,
  parseTime,
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
const TRUE: ReadonlySet<string> = new Set(["1", "t", "true"]);
const FALSE: ReadonlySet<string> = new Set(["0", "f", "false"]);

/** The canonical decimal text, such as 12.5. */
export function readFigure(kind: ColumnKind, text: string): string {
  const figure = attempt("is no number", () => numberText(text));
  if (kind === "integer" && figure.includes(".")) throw misfit("is no whole number");
  return figure;
}

export function readBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw misfit("is neither true nor false");
}

/** `timeZone` is asked for only where the column has none. */
export function readTime(kind: ColumnKind, text: string, timeZone: string | undefined): Time {
  if (kind === "date") return localTime(`${text} 00:00:00`, "", zoneOf(timeZone));
  const parts = DATE_TIME.exec(text);
  if (parts === null) throw misfit("is no date and time that a calendar has");
  const [, day, clock, fraction = "", offset] = parts;
  if (kind === "local-time") return localTime(`${day} ${clock}`, fraction, zoneOf(timeZone));
  const zone = offset === undefined || offset === "Z" ? "Z" : wholeOffset(offset);
  const digits = fraction === "" ? "" : `.${fraction}`;
  return attempt("is no date and time that a calendar has", () =>
    parseTime(`${day}T${clock}${digits}${zone}`),
  );
}

function localTime(local: string, fraction: string, timeZone: string): Time {
  const seconds = attempt("is no date and time that a calendar has", () =>
    localToUtc(local, timeZone, "earlier"),
  );
  return `${seconds.slice(0, 20)}${fraction.slice(0, 6).padEnd(6, "0")}Z` as Time;
}

/** PostgreSQL writes +00 and +05:30. */
function wholeOffset(offset: string): string {
  if (offset.length === 3) return `${offset}:00`;
  return offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
}

function zoneOf(timeZone: string | undefined): string {
  if (timeZone === undefined) throw misfit("has no time zone, and none is declared");
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
  if (parts === null) throw misfit("is no date and time that a calendar has");
  const [, day, clock, fraction, offset] = parts;
  const whole =
    kind === "instant" && offset !== undefined && offset !== "Z"
      ? readTime(kind, text, undefined)
      : parseTime(`${day}T${clock}${fraction === undefined ? "" : `.${fraction}`}Z`);
  const time = addMs(whole, -byMs);
  return kind === "date" ? time.slice(0, 10) : `${time.slice(0, 10)} ${time.slice(11, 26)}`;
}

/** Does this zone put its clocks back once a year? Throws RangeError for a zone that nobody knows. */
export function hasSummerTime(timeZone: string): boolean {
  const offset = (day: string) => Temporal.Instant.from(day).toZonedDateTimeISO(timeZone).offset;
  return offset("2026-01-01T00:00:00Z") !== offset("2026-07-01T00:00:00Z");
}

export function misfit(rule: string): CrossdockError {
  return new CrossdockError("sql.value", rule);
}

function attempt<T>(rule: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CrossdockError) throw misfit(rule);
    throw error;
  }
}

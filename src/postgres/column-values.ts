// How columns come back: exact and as text. timestamptz as canonical core time, int8 and numeric as strings,
// json and jsonb as their raw text, dates as text. A time outside the years 0001 to 9999 throws.
import pg from "pg";
import { CrossdockError } from "../core/errors.ts";
import type { Time } from "../core/time.ts";

const oid = {
  json: 114,
  jsonArray: 199,
  date: 1082,
  timestamp: 1114,
  timestampArray: 1115,
  dateArray: 1182,
  timestamptz: 1184,
  timestamptzArray: 1185,
  interval: 1186,
  intervalArray: 1187,
  int8: 20,
  numeric: 1700,
  numericArray: 1231,
  jsonb: 3802,
  jsonbArray: 3807,
} as const;

/** `2026-11-24 07:00:00.5+00`, as a UTC session writes it, becomes `2026-11-24T07:00:00.500000Z`. */
function timeFromColumn(text: string): Time {
  const end = text.length - 3;
  const fraction = end - 20;
  if (
    end >= 19 &&
    fraction <= 6 &&
    text.endsWith("+00") &&
    text.charCodeAt(10) === 32 &&
    text.charCodeAt(4) === 45
  ) {
    const digits = fraction > 0 ? text.slice(20, end) : "";
    return `${text.slice(0, 10)}T${text.slice(11, 19)}.${digits.padEnd(6, "0")}Z`;
  }
  throw new CrossdockError(
    "postgres.time-unreadable",
    `The database holds the time ${text}, outside the years 0001 to 9999.`,
  );
}

const asText = (text: string): string => text;

function arrayOf(parse: (text: string) => string): (text: string) => unknown {
  const element = (text: string | null) => (text === null ? null : parse(text));
  const { arrayParser } = pg.types as unknown as {
    arrayParser: { create(text: string, element: (text: string | null) => unknown): { parse(): unknown[] } };
  };
  return (text) => arrayParser.create(text, element).parse();
}

const parsers = new Map<number, (text: string) => unknown>([
  [oid.timestamptz, timeFromColumn],
  [oid.timestamptzArray, arrayOf(timeFromColumn)],
  ...[oid.int8, oid.numeric, oid.json, oid.jsonb, oid.date, oid.timestamp, oid.interval].map(
    (type) => [type, asText] as const,
  ),
  ...[
    oid.numericArray,
    oid.jsonArray,
    oid.jsonbArray,
    oid.dateArray,
    oid.timestampArray,
    oid.intervalArray,
  ].map((type) => [type, arrayOf(asText)] as const),
]);

/** For the `types` of a connection; the driver's own parsers serve every other type. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((type: number, format?: "text" | "binary") =>
    (format === "binary" ? undefined : parsers.get(type)) ??
    pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser,
};

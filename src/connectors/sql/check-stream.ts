// What a stream's schema cannot say: one way of reading, columns that are declared, an overlap that holds.
import { type Fault, jsonPath, reporter } from "../../connector/index.ts";
import { checkMapping } from "./check-mapping.ts";
import { type ColumnKind, hasSummerTime, TIME_KINDS } from "./columns.ts";
import type { Readable, SqlSettings, Stream } from "./settings.ts";

const WAYS = ["watermark", "changes", "outbox", "set"] as const;
const HOUR_MS = 3_600_000;

export function checkStream(settings: SqlSettings, name: string, stream: Stream): Fault[] {
  const path = ["streams", name];
  const faults: Fault[] = [];
  const fault = (at: readonly (string | number)[], message: string) =>
    faults.push({ path: jsonPath([...path, ...at]), message });
  const ways = WAYS.filter((way) => stream[way] !== undefined);
  if (ways.length !== 1) {
    fault([], `is read in one way: give one of ${WAYS.join(", ")}.`);
    return faults;
  }
  faults.push(...checkReadable(settings, stream, path));
  const isDeclared = (at: string[], column: string, kinds?: readonly ColumnKind[]) => {
    const kind = stream.columns[column];
    if (kind === undefined) fault(at, `names the column ${column}, which columns does not declare.`);
    else if (kinds !== undefined && !kinds.includes(kind)) {
      fault(at, `names the column ${column} of kind ${kind}: it must be ${kinds.join(" or ")}.`);
    }
  };
  const isNamed: ColumnKind[] = ["text", "integer", "decimal", ...TIME_KINDS];
  for (const column of stream.key ?? []) isDeclared(["key"], column, isNamed);
  for (const column of stream.version ?? []) isDeclared(["version"], column, isNamed);
  if (stream.key === undefined && stream.changes === undefined)
    fault(["key"], "is required: it tells rows apart.");
  if (stream.key !== undefined && stream.changes !== undefined) {
    fault(["key"], "is not used: a row of a log of changes is known by its number.");
  }
  if (stream.version !== undefined && (stream.set ?? stream.changes) !== undefined) {
    fault(["version"], "is not used where a whole set or a log of changes is read.");
  }
  const { where } = stream.event;
  for (const column of Object.keys(where ?? {}))
    isDeclared(["event", "where", column], column, ["text", "integer", "boolean"]);
  if (where !== undefined && stream.set !== undefined) {
    fault(["event", "where"], "would leave holes in a set that must be whole: leave rows out in the view.");
  }
  checkWatermark(settings, stream, fault, isDeclared);
  if (stream.changes !== undefined) isDeclared(["changes", "sequence"], stream.changes.sequence, ["integer"]);
  checkOutbox(stream, fault, isDeclared);
  checkSet(stream, fault);
  checkMapping(stream, [...path, "event"], reporter(faults));
  return faults;
}

type Say = (at: string[], message: string) => void;
type Declared = (at: string[], column: string, kinds?: readonly ColumnKind[]) => void;

function checkWatermark({ timeZone }: SqlSettings, stream: Stream, fault: Say, isDeclared: Declared): void {
  const { watermark } = stream;
  if (watermark === undefined) return;
  isDeclared(["watermark", "column"], watermark.column, ["integer", ...TIME_KINDS]);
  const kind = stream.columns[watermark.column];
  if (kind === "integer") {
    if (watermark.overlapMs !== undefined) {
      fault(
        ["watermark", "overlapMs"],
        "is of time stamps: a sequence is read again by overlap, in numbers.",
      );
    }
    if (watermark.startAt !== undefined && !/^-?\d{1,18}$/.test(watermark.startAt)) {
      fault(["watermark", "startAt"], "must be a whole number.");
    }
    return;
  }
  if (watermark.overlap !== undefined) {
    fault(["watermark", "overlap"], "is of sequences: time stamps are read again by overlapMs.");
  }
  if (
    watermark.startAt !== undefined &&
    !/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?$/.test(watermark.startAt)
  ) {
    fault(["watermark", "startAt"], 'must be a date, or a date and time such as "2026-11-24 00:00:00".');
  }
  if (kind === "date" && (watermark.overlapMs ?? 0) < 24 * HOUR_MS) {
    fault(
      ["watermark", "overlapMs"],
      "must be a day or more (86400000): a date does not say when on its day.",
    );
  }
  if (
    kind === "local-time" &&
    timeZone !== undefined &&
    isSummerZone(timeZone) &&
    (watermark.overlapMs ?? 0) <= HOUR_MS
  ) {
    fault(
      ["watermark", "overlapMs"],
      `must be above an hour (3600000): the clocks of ${timeZone} are put back once a year, and what is stamped then would be passed over.`,
    );
  }
}

/** A zone that nobody knows is said elsewhere. */
function isSummerZone(timeZone: string): boolean {
  try {
    return hasSummerTime(timeZone);
  } catch {
    return false;
  }
}

function checkOutbox({ outbox }: Stream, fault: Say, isDeclared: Declared): void {
  if (outbox === undefined) return;
  if (outbox.taken === "mark") {
    if (outbox.column === undefined)
      fault(["outbox", "column"], "is required: it is set when a row was taken.");
    else isDeclared(["outbox", "column"], outbox.column, ["instant", "local-time"]);
  } else if (outbox.column !== undefined) {
    fault(["outbox", "column"], "is not used where rows are deleted.");
  }
}

function checkSet(stream: Stream, fault: Say): void {
  if (stream.set === undefined) return;
  if (stream.event.type !== "inventory.level.observed") {
    fault(["event", "type"], 'must be "inventory.level.observed": a set is of stock levels.');
  }
  const location = stream.event.fields.location?.column;
  if (
    location !== undefined &&
    stream.columns[location] !== undefined &&
    stream.columns[location] !== "text"
  ) {
    fault(["event", "fields", "location"], "must be a column of kind text.");
  }
  const { locations } = stream.set;
  const twice = locations.find((place, index) => locations.indexOf(place) !== index);
  if (twice !== undefined) fault(["set", "locations"], `names ${twice} twice.`);
}

/** Of a stream or a census. */
export function checkReadable(
  { dialect, timeZone }: SqlSettings,
  { from, query, columns }: Readable,
  path: readonly (string | number)[],
): Fault[] {
  const faults: Fault[] = [];
  const fault = (at: string[], message: string) => faults.push({ path: jsonPath([...path, ...at]), message });
  if ((from === undefined) === (query === undefined))
    fault([], "is read from a view or by a query: give one of from, query.");
  if (query !== undefined) {
    if (!/^\s*(select|with)\s/i.test(query)) fault(["query"], "must be a SELECT.");
    if (query.includes(";")) fault(["query"], "must be one statement, without a semicolon.");
    if (dialect === "mssql" && /^\s*with\s/i.test(query)) {
      fault(
        ["query"],
        "begins with WITH, which SQL Server does not take inside another SELECT: make it a view.",
      );
    }
  }
  if (Object.keys(columns).length === 0) fault(["columns"], "must declare the columns that are read.");
  for (const [name, kind] of Object.entries(columns)) {
    if ((kind === "local-time" || kind === "date") && timeZone === undefined) {
      fault(["columns", name], `is a ${kind} without a zone: give timeZone, such as "Europe/Berlin".`);
    }
  }
  return faults;
}

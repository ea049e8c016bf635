// Reads all that stands in one moment: a message for every so many rows of a place, and one that says how many they
// were. A place without a row is a set of none, so that what was deleted is noticed.
import { addMs, CrossdockError, type NativeMessage, type Time } from "../../connector/index.ts";
import { type Row, readColumnTime } from "./columns.ts";
import type { Connection, Dialect } from "./dialect.ts";
import { fieldText } from "./map-row.ts";
import { messageOf, pageSizeOf, type Read, type Reading } from "./reading.ts";

/** Of a set: rows, or the count that ends it. */
export interface SetPart {
  set: { setId: string; location: string; observedAt: Time };
  rows?: Row[];
  count?: number;
}

const ROWS_MAX = 200_000;

export function setRead(reading: Reading): Read {
  const { source, stream, sessions } = reading;
  const { locations, rowsMax = ROWS_MAX } = stream.set!;
  return (cursor, signal) =>
    sessions.read("snapshot", signal, async (session) => {
      const observedAt = await clockOf(session, source.dialect);
      const order = stream.key!;
      const rows = await source.select(session, { order, limit: rowsMax + 1, binder: source.binder() });
      if (rows.length > rowsMax) {
        throw new CrossdockError(
          "sql.set-too-large",
          `${source.name}: there are more than ${rowsMax} rows: raise set.rowsMax, or leave out what is no stock.`,
        );
      }
      // Two reads of one moment would be one set.
      const after = cursor === null || cursor < observedAt ? observedAt : addMs(cursor as Time, 0.001);
      return { messages: messagesOf(reading, rows, after, locations), cursor: after, more: false };
    });
}

async function clockOf(session: Connection, dialect: Dialect): Promise<Time> {
  const { rows } = await session.query(`select ${dialect.asText(dialect.now("instant"), "instant")}`, []);
  return readColumnTime("instant", rows[0]?.[0] ?? "", undefined);
}

function messagesOf(
  reading: Reading,
  rows: Row[],
  observedAt: Time,
  locations: readonly string[],
): NativeMessage[] {
  const { source, stream } = reading;
  const size = pageSizeOf(reading);
  const byLocation = new Map<string, Row[]>(locations.map((location) => [location, []]));
  for (const row of rows) {
    const location = fieldText(stream.event.fields.location!, row, source.columns);
    const held = location === undefined ? undefined : byLocation.get(location);
    if (held === undefined)
      throw strangePlace(
        source.name,
        location,
        stream.key!.map((name) => row[name]),
      );
    held.push(row);
  }
  const messages: NativeMessage[] = [];
  for (const [location, held] of byLocation) {
    const set = { setId: `${source.name}/${location}/${observedAt}`, location, observedAt };
    const say = (part: SetPart, name: string) =>
      messages.push(messageOf(source.name, `${set.setId}/${name}`, part));
    for (let from = 0; from < held.length; from += size) {
      say({ set, rows: held.slice(from, from + size) }, String(from / size + 1));
    }
    say({ set, count: held.length }, "count");
  }
  return messages;
}

function strangePlace(
  stream: string,
  location: string | undefined,
  key: (string | null | undefined)[],
): CrossdockError {
  const place = location === undefined ? "a place that its words do not name" : `the place ${location}`;
  return new CrossdockError(
    "sql.set-place",
    `${stream}: the row ${key.join("/")} stands at ${place}, which is none of set.locations: name it, or leave it out of the view.`,
  );
}

// A system that is reached by its tables, configured without code: what changes is read by watermark, by a log of
// changes, from an outbox or as a whole set, and messages are written into staging tables.
import {
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Poll,
  type Writes,
} from "../../connector/index.ts";
import { takeCensus } from "./census.ts";
import { changesRead } from "./changes.ts";
import { checkSettings } from "./check.ts";
import type { Dialect, DialectName } from "./dialect.ts";
import { mapMessage } from "./map.ts";
import { mssql } from "./mssql.ts";
import { mysql } from "./mysql.ts";
import { outboxRead } from "./outbox.ts";
import { postgres } from "./postgres.ts";
import type { Read, Reading } from "./reading.ts";
import { openSessions } from "./sessions.ts";
import { SqlSettings, type Staging, type Stream } from "./settings.ts";
import { sourceOf } from "./source.ts";
import { setRead } from "./stock-set.ts";
import { watermarkRead } from "./watermark.ts";
import { BULK_MAX, stagingWriter } from "./writer.ts";

const DIALECTS: Record<DialectName, Dialect> = { postgres, mysql, mssql };
const EVERY_MS = 5_000;
const SET_EVERY_MS = 300_000;

export const sql = defineConnector({
  name: "sql",
  title: "Tables of a database",
  settings: SqlSettings,
  check: checkSettings,
  mappingRevision: 2,
  writes: ({ staging }): Writes =>
    Object.fromEntries(
      entriesOf(staging).map(([type, { write, bulkMax = BULK_MAX }]) => [type, { kind: write, bulkMax }]),
    ),
  open(settings, context): ConnectorSession {
    const dialect = DIALECTS[settings.dialect];
    const sessions = openSessions(dialect, settings);
    const polls = Object.entries(settings.streams).map(([name, stream]): [string, Poll] => {
      const reading = { source: sourceOf(name, stream, dialect), stream, sessions, settings, context };
      const everyMs = stream.everyMs ?? (stream.set === undefined ? EVERY_MS : SET_EVERY_MS);
      return [name, { everyMs, read: saying(dialect, name, readOf(stream, reading)) }];
    });
    return {
      map: (message) => mapMessage(settings, message),
      polls: Object.fromEntries(polls),
      writers: Object.fromEntries(
        entriesOf(settings.staging).map(([type, staging]) => [
          type,
          stagingWriter(staging, { dialect, sessions, settings }),
        ]),
      ),
      async health(signal) {
        await saying(dialect, "health", () =>
          sessions.read("read", signal, (session) => session.query("select 1", [])),
        )(null, signal);
      },
      ...(settings.census.length === 0
        ? {}
        : { census: (window, signal) => takeCensus(settings, dialect, sessions, window, signal) }),
      close: () => sessions.close(),
    };
  },
});

const entriesOf = (staging: SqlSettings["staging"]): [string, Staging][] =>
  Object.entries(staging).filter((entry): entry is [string, Staging] => entry[1] !== undefined);

function readOf(stream: Stream, reading: Reading): Read {
  if (stream.watermark !== undefined) return watermarkRead(reading);
  if (stream.changes !== undefined) return changesRead(reading);
  return stream.outbox === undefined ? setRead(reading) : outboxRead(reading);
}

/** A driver's error says neither which stream it met nor whether to come back. */
function saying<T>(
  dialect: Dialect,
  name: string,
  read: (cursor: string | null, signal: AbortSignal) => Promise<T>,
): (cursor: string | null, signal: AbortSignal) => Promise<T> {
  return async (cursor, signal) => {
    try {
      return await read(cursor, signal);
    } catch (error) {
      if (error instanceof CrossdockError || signal.aborted) throw error;
      const { kind, code, message } = dialect.failureOf(error);
      throw new CrossdockError(`sql.${kind}`, `${name}: ${dialect.name} ${code}: ${message}`, {
        retry: "later",
        cause: error,
      });
    }
  };
}

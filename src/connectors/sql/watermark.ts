// Reads by a column that rises with every change. Rows become visible after their stamp, since transactions commit
// late and clocks are coarse: so each scan begins an overlap before where the column stood when the scan before it
// began. Inside a scan pages follow (watermark, key), so that rows of one stamp may span them.
import { epochMs, timeFromEpochMs } from "../../connector/index.ts";
import { type ColumnKind, earlier, type Row, TIME_KINDS, timeTextOf } from "./columns.ts";
import type { Connection } from "./dialect.ts";
import { messageOf, pageSizeOf, type Read, type Reading } from "./reading.ts";
import { behind, identityOf, present, type Source } from "./source.ts";

interface Cursor {
  /** The next scan begins here; absent: at the beginning. */
  from?: string;
  /** A scan of several pages: the place of the last row, and where the column stood when it began. */
  scan?: { after: string[]; until: string };
}

const OVERLAP_MS = 60_000;
const OVERLAP_NUMBERS = 1_000;

export function watermarkRead(reading: Reading): Read {
  const { source, stream, sessions } = reading;
  const { column, startAt } = stream.watermark!;
  const key = stream.key!;
  const order = [column, ...key.filter((name) => name !== column)];
  const version = stream.version ?? [column];
  const size = pageSizeOf(reading);
  return (text, signal) =>
    sessions.read("read", signal, async (session) => {
      const cursor: Cursor = text === null ? {} : JSON.parse(text);
      const from = cursor.from ?? startAt;
      const page = (after?: string[]) => readPage(session, source, { column, order, size, from, after });
      let { scan } = cursor;
      let rows = await page(scan?.after);
      if (scan === undefined && rows.length === size) {
        // Pages follow: what commits behind them meanwhile is found by the scan after this one.
        scan = { after: [], until: await standOf(session, source, column, from, rows) };
        rows = await page();
      }
      const more = rows.length === size;
      const messages = rows.map((row) => messageOf(source.name, identityOf(source, row, key, version), row));
      const next: Cursor = more
        ? {
            ...(from === undefined ? {} : { from }),
            scan: { ...scan!, after: placeOf(source, rows.at(-1)!, order) },
          }
        : nextScan(reading, from, scan?.until ?? rows.at(-1)?.[column] ?? undefined);
      return { messages, cursor: JSON.stringify(next), more };
    });
}

interface Page {
  column: string;
  order: string[];
  size: number;
  from: string | undefined;
  after: string[] | undefined;
}

async function readPage(
  session: Connection,
  source: Source,
  { column, order, size, from, after }: Page,
): Promise<Row[]> {
  const binder = source.binder();
  const bound = after?.[0] ?? from;
  // The first part alone lets an index be used; a row without a stamp is in no scan.
  const parts =
    bound === undefined
      ? [`${source.column(column)} is not null`]
      : [`${source.column(column)} >= ${binder.bind(source.kindOf(column), bound)}`];
  if (after !== undefined) parts.push(behind(source, order, after, binder));
  return source.select(session, { where: parts.join(" and "), order, limit: size, binder });
}

async function standOf(
  session: Connection,
  source: Source,
  column: string,
  from: string | undefined,
  rows: Row[],
): Promise<string> {
  const binder = source.binder();
  const where =
    from === undefined
      ? `${source.column(column)} is not null`
      : `${source.column(column)} >= ${binder.bind(source.kindOf(column), from)}`;
  return (await source.greatest(session, column, where, binder)) ?? present(source, rows.at(-1)!, column);
}

const placeOf = (source: Source, row: Row, order: string[]) =>
  order.map((name) => present(source, row, name));

/** A row that is dated in the future must not carry the scans with it. */
function nextScan(reading: Reading, from: string | undefined, until: string | undefined): Cursor {
  if (until === undefined) return from === undefined ? {} : { from };
  const { source, stream, settings, context } = reading;
  const { column, overlapMs = OVERLAP_MS, overlap = OVERLAP_NUMBERS } = stream.watermark!;
  const kind = source.kindOf(column);
  if (!TIME_KINDS.has(kind)) return { from: String(BigInt(until) - BigInt(overlap)) };
  const now = timeTextOf(kind, context.now(), settings.timeZone);
  const reached = order(kind, until) > order(kind, now) ? now : until;
  return { from: earlier(kind, reached, overlapMs) };
}

/** A wall clock's text as it sorts. */
function order(kind: ColumnKind, text: string): string {
  return earlier(kind, text, 0);
}

/** For the census: the wall-clock texts of a window, an hour wider where clocks are put back. */
export function windowTexts(
  kind: ColumnKind,
  window: { from: string; to: string },
  timeZone: string | undefined,
): { from: string; to: string } {
  const wider = kind === "local-time" ? 3_600_000 : 0;
  const text = (time: string, byMs: number) =>
    timeTextOf(kind, timeFromEpochMs(epochMs(time as never) + byMs), timeZone);
  return { from: text(window.from, -wider), to: text(window.to, wider + 1) };
}

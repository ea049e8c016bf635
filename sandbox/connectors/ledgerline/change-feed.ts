// Reads what changed in a resource whose changes are dated to the second, so that nothing is missed and nothing comes
// twice: inclusive, with an overlap, by id within one scan, and with a memory of the states seen in the overlap.
import { crc32c } from "../../../src/core/crc32c.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, numberOf } from "../native-fields.ts";
import type { LedgerlineClient } from "./client.ts";
import { filterTime, nativeMs } from "./native-time.ts";

export interface FeedCursor {
  /** The next scan begins at this second; absent: at the beginning. */
  fromMs?: number;
  /** A scan of several pages is under way: behind which id, and where the next scan may begin. */
  scan?: { after: string; untilMs: number };
  /** By id, the last change and the states that were seen in its second, of what changed since `fromMs`. */
  seen: Record<string, { ms: number; states: string[] }>;
}

export interface Change {
  record: Fields;
  changedMs: number;
  /** The second and the state. A state that comes back in one second is counted: 5, 7, 5 are three. */
  version: string;
}

export interface Changes {
  changes: Change[];
  cursor: FeedCursor;
  more: boolean;
}

export interface FeedOptions {
  pageMax: number;
  /** A record may be stamped so long before it can be read. */
  overlapMs: number;
  /** A filter on the resource's own fields. */
  only?: string;
  signal: AbortSignal;
}

export const emptyFeed = (): FeedCursor => ({ seen: {} });

export async function readChanges(
  client: LedgerlineClient,
  resource: string,
  cursor: FeedCursor,
  options: FeedOptions,
): Promise<Changes> {
  const { pageMax, overlapMs, only, signal } = options;
  const since = (after: string) => sinceFilter(cursor.fromMs, after, only);
  const page = (after: string) => client.list(resource, { filter: since(after), top: pageMax }, { signal });
  let { scan } = cursor;
  let records = await page(scan?.after ?? "0");
  if (scan === undefined && records.length === pageMax) {
    // A record behind us may change while later pages are read. So the next scan begins where the changes stood
    // before this one, and its first page is read after that.
    scan = { after: "0", untilMs: await newest(client, resource, since("0"), signal) };
    records = await page(scan.after);
  }
  const more = records.length === pageMax;
  const seen = { ...cursor.seen };
  const changes = records.flatMap((record) => changeOf(record, seen));
  if (more && scan !== undefined) {
    const after = numberOf(records.at(-1)!, "ID");
    const next = scan.untilMs - overlapMs;
    // What a long scan finds once and for all need not be remembered; what the last one saw may still come.
    const kept = keep(seen, (id, ms) => ms >= next || Object.hasOwn(cursor.seen, id));
    return { changes, cursor: { ...cursor, scan: { ...scan, after }, seen: kept }, more };
  }
  const untilMs = scan?.untilMs ?? Math.max(0, ...records.map(changedAt));
  const next = Math.max(cursor.fromMs ?? 0, untilMs - overlapMs);
  const kept = keep(seen, (_, ms) => ms >= next);
  return { changes, cursor: { fromMs: next, seen: kept }, more: false };
}

const changedAt = (record: Fields): number => nativeMs(record, "LastChangeDateTime");

function sinceFilter(fromMs: number | undefined, after: string, only: string | undefined): string {
  const parts = only === undefined ? [] : [only];
  if (fromMs !== undefined) parts.push(`LastChangeDateTime ge ${filterTime(fromMs)}`);
  return [...parts, `ID gt ${after}`].join(" and ");
}

async function newest(
  client: LedgerlineClient,
  resource: string,
  filter: string,
  signal: AbortSignal,
): Promise<number> {
  const query = { filter, orderBy: "LastChangeDateTime desc", top: 1 };
  const [record] = await client.list(resource, query, { signal });
  return record === undefined ? 0 : changedAt(record);
}

/** Nothing where this state of the record was the last one seen. */
function changeOf(record: Fields, seen: FeedCursor["seen"]): Change[] {
  const id = numberOf(record, "ID");
  const changedMs = changedAt(record);
  const state = crc32c(canonicalJson(record)).toString(16).padStart(8, "0");
  const held = seen[id];
  const states = held?.ms === changedMs ? held.states : [];
  if (states.at(-1) === state) return [];
  const times = states.filter((other) => other === state).length;
  seen[id] = { ms: changedMs, states: [...states, state] };
  const version = `${changedMs}#${state}${times === 0 ? "" : `.${times}`}`;
  return [{ record, changedMs, version }];
}

function keep(seen: FeedCursor["seen"], test: (id: string, ms: number) => boolean): FeedCursor["seen"] {
  return Object.fromEntries(Object.entries(seen).filter(([id, { ms }]) => test(id, ms)));
}

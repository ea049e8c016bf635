// Reads what changed in a model. Odoo answers write_date in seconds, keeps it in microseconds, and dates a record with
// the start of its transaction: so a scan is inclusive, overlaps the last one, goes by id, and remembers which states
// it saw in the overlap.
import { createHash } from "node:crypto";
import { canonicalJson } from "../../connector/index.ts";
import type { OdooClient } from "./client.ts";
import type { Limits } from "./transport.ts";
import { type Fields, idOf, textOf } from "./values.ts";

export interface FeedCursor {
  /** The next scan begins at this second, as Odoo writes it; absent: at the beginning. */
  from?: string;
  /** A scan of several pages is under way: behind which id, and the newest change when it began. */
  scan?: { after: number; until: string };
  /** By id, the last change and the states that were seen in its second. */
  seen: Record<string, { at: string; states: string[] }>;
}

export interface Change {
  body: Fields;
  /** The second and the state. A state that comes back in one second is counted: 5, 7, 5 are three. */
  version: string;
}

export interface FeedOptions {
  model: string;
  domain: unknown[];
  fields: string[];
  pageMax: number;
  overlapMs: number;
  limits: Limits;
  /** Records with what belongs to them, in their order. */
  complete(records: Fields[]): Promise<Fields[]>;
}

export const emptyFeed = (): FeedCursor => ({ seen: {} });

export async function readChanges(
  client: OdooClient,
  cursor: FeedCursor,
  options: FeedOptions,
): Promise<{ changes: Change[]; cursor: FeedCursor; more: boolean }> {
  const { pageMax, overlapMs } = options;
  let { scan } = cursor;
  let records = await readPage(client, cursor, scan?.after ?? 0, options);
  if (scan === undefined && records.length === pageMax) {
    // A record behind us may change while later pages are read: the next scan begins where changes stood before.
    scan = { after: 0, until: await newest(client, cursor, options) };
    records = await readPage(client, cursor, 0, options);
  }
  const more = records.length === pageMax;
  const seen = { ...cursor.seen };
  const bodies = await options.complete(records);
  const changes = records.flatMap((record, index) => changeOf(record, bodies[index]!, seen));
  if (more && scan !== undefined) {
    const next = earlier(scan.until, overlapMs);
    // What a long scan finds once and for all need not be remembered; what the last one saw may still come.
    const kept = keep(seen, (id, at) => at >= next || Object.hasOwn(cursor.seen, id));
    const after = idOf(records.at(-1)!.id, "id");
    return { changes, cursor: { ...cursor, scan: { ...scan, after }, seen: kept }, more };
  }
  const until = scan?.until ?? records.map(writtenAt).toSorted().at(-1);
  const next = until === undefined ? cursor.from : latest(cursor.from, earlier(until, overlapMs));
  const kept = keep(seen, (_, at) => next === undefined || at >= next);
  return { changes, cursor: { ...(next === undefined ? {} : { from: next }), seen: kept }, more: false };
}

const writtenAt = (record: Fields): string => textOf(record, "write_date");

const since = ({ from }: FeedCursor, { domain }: FeedOptions): unknown[] =>
  from === undefined ? domain : [...domain, ["write_date", ">=", from]];

function readPage(
  client: OdooClient,
  cursor: FeedCursor,
  after: number,
  options: FeedOptions,
): Promise<Fields[]> {
  const { model, fields, limits, pageMax } = options;
  const domain = [...since(cursor, options), ["id", ">", after]];
  const page = { limit: pageMax, order: "id asc", archived: true };
  return client.search(model, domain, [...fields, "write_date"], limits, page);
}

async function newest(client: OdooClient, cursor: FeedCursor, options: FeedOptions): Promise<string> {
  const page = { limit: 1, order: "write_date desc, id desc", archived: true };
  const domain = since(cursor, options);
  const [record] = await client.search(options.model, domain, ["write_date"], options.limits, page);
  return record === undefined ? EPOCH : writtenAt(record);
}

const EPOCH = "1970-01-01 00:00:00";

function earlier(second: string, byMs: number): string {
  const ms = Date.parse(`${second.replace(" ", "T")}Z`) - byMs;
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

const latest = (one: string | undefined, other: string): string =>
  one !== undefined && one > other ? one : other;

/** Nothing where this state of the record was the last one seen. */
function changeOf(record: Fields, body: Fields, seen: FeedCursor["seen"]): Change[] {
  const id = String(idOf(record.id, "id"));
  const at = writtenAt(record);
  const state = createHash("sha256").update(canonicalJson(body)).digest("hex").slice(0, 12);
  const held = seen[id];
  const states = held?.at === at ? held.states : [];
  if (states.at(-1) === state) return [];
  const times = states.filter((other) => other === state).length;
  seen[id] = { at, states: [...states, state] };
  return [{ body, version: `${at}#${state}${times === 0 ? "" : `.${times}`}` }];
}

function keep(seen: FeedCursor["seen"], test: (id: string, at: string) => boolean): FeedCursor["seen"] {
  return Object.fromEntries(Object.entries(seen).filter(([id, { at }]) => test(id, at)));
}

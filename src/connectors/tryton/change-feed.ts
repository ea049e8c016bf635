// Reads what changed in a model. Tryton dates a change by the start of its transaction, to the microsecond, and leaves
// the date of the last change empty until there is one: so reading is inclusive and overlaps, goes by id within one
// scan, and remembers the states that it has seen in the overlap.
import { createHash } from "node:crypto";
import { addMs, canonicalJson, epochMs, type Time } from "../../connector/index.ts";
import type { TrytonClient } from "./client.ts";
import { type Fields, idOf, timeOf, timeValue } from "./values.ts";

export interface FeedCursor {
  /** The next scan begins at this moment; absent: at the beginning. */
  from?: Time;
  /** A scan of several pages is under way: behind which id, and what was the newest change before it. */
  scan?: { after: number; until: Time };
  /** By id, when it changed last and the state that was seen then, of what changed since `from`. */
  seen: Record<string, { at: Time; state: string }>;
}

export interface FeedOptions {
  client: TrytonClient;
  model: string;
  /** What narrows the model down. */
  only: unknown[];
  /** One-to-many fields whose records count as part of this one. */
  parts: readonly string[];
  pageMax: number;
  overlapMs: number;
  signal: AbortSignal;
  /** The records with these ids, whole; one that is gone by now is left out. */
  load(ids: number[]): Promise<Loaded[]>;
}
export interface Loaded {
  id: number;
  body: Fields;
}
export interface Change extends Loaded {
  changedAt: Time;
}

export async function readChanges(
  cursor: FeedCursor,
  options: FeedOptions,
): Promise<{ changes: Change[]; cursor: FeedCursor; more: boolean }> {
  const { pageMax, overlapMs } = options;
  let { scan } = cursor;
  let page = await readPage(options, cursor.from, scan?.after ?? 0);
  if (scan === undefined && page.length === pageMax) {
    // A record behind us may change while later pages are read: the next scan begins where the changes stood before.
    scan = { after: 0, until: await newest(options, cursor.from) };
    page = await readPage(options, cursor.from, 0);
  }
  const more = page.length === pageMax;
  const seen = { ...cursor.seen };
  const changes = await changesOf(options, page, seen);
  if (more && scan !== undefined) {
    const after = page.at(-1)!.id;
    return { changes, cursor: { ...cursor, scan: { ...scan, after }, seen }, more };
  }
  const until = scan?.until ?? latest(page.map(({ changedAt }) => changedAt)) ?? cursor.from;
  if (until === undefined) return { changes, cursor: { seen: {} }, more: false };
  const next = later(addMs(until, -overlapMs), cursor.from);
  const kept = Object.entries(seen).filter(([, { at }]) => at >= next);
  return { changes, cursor: { from: next, seen: Object.fromEntries(kept) }, more: false };
}

interface Dated {
  id: number;
  changedAt: Time;
}

const DATES = ["create_date", "write_date"];

async function readPage(options: FeedOptions, from: Time | undefined, after: number): Promise<Dated[]> {
  const { client, model, only, parts, pageMax, signal } = options;
  const domain = [...only, ["id", ">", after], ...since(from, parts)];
  const records = await client.search(model, domain, DATES, { signal }, { limit: pageMax });
  return records.map(dated);
}

const dated = (record: Fields): Dated => ({
  id: idOf(record.id, "id"),
  changedAt: timeOf(record, "write_date") ?? timeOf(record, "create_date")!,
});

function since(from: Time | undefined, parts: readonly string[]): unknown[] {
  if (from === undefined) return [];
  const moment = timeValue(from);
  const prefixes = ["", ...parts.map((part) => `${part}.`)];
  const clauses = prefixes.flatMap((prefix) => DATES.map((date) => [`${prefix}${date}`, ">=", moment]));
  return [["OR", ...clauses]];
}

async function newest(options: FeedOptions, from: Time | undefined): Promise<Time> {
  const { client, model, only, signal } = options;
  const tops = await Promise.all(
    DATES.map((date) =>
      client.search(
        model,
        [...only, [date, "!=", null]],
        DATES,
        { signal },
        { limit: 1, order: [[date, "DESC"]] },
      ),
    ),
  );
  return latest(tops.flat().map((record) => dated(record).changedAt)) ?? from!;
}

async function changesOf(
  { load }: FeedOptions,
  page: readonly Dated[],
  seen: FeedCursor["seen"],
): Promise<Change[]> {
  const loaded = page.length === 0 ? [] : await load(page.map(({ id }) => id));
  const times = new Map(page.map(({ id, changedAt }) => [id, changedAt]));
  return loaded.flatMap(({ id, body }) => {
    const changedAt = times.get(id)!;
    const state = digest(body);
    const held = seen[id];
    seen[id] = { at: changedAt, state };
    return held?.state === state ? [] : [{ id, body, changedAt }];
  });
}

/** Tells two states of one record apart. */
export const digest = (body: Fields): string =>
  createHash("sha256").update(canonicalJson(body)).digest("hex").slice(0, 16);

export const latest = (times: readonly Time[]): Time | undefined => times.toSorted().at(-1);

const later = (time: Time, other: Time | undefined): Time =>
  other !== undefined && epochMs(other) > epochMs(time) ? other : time;

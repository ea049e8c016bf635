// The log's statements. Appending locks the head row, so it comes last in a transaction: seq is dense and in
// commit order. Partition "today" must exist (ensureDays).
import { partitionOf } from "../core/crc32c.ts";
import type { Time } from "../core/time.ts";
import type { NewEvent, RecordedEvent } from "../domains/event.ts";
import { sqlState, violatedConstraint } from "../postgres/failure.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

/** An event about to be appended; `text` is its data as JSON text, byte for byte what is stored. */
export interface AppendEvent extends NewEvent {
  id: string;
  decided: boolean;
  text: string;
  /** Guards against the same statement in another message; not stored with the event. */
  identity?: { hash: string; content: string };
  receiptId?: string;
  correlationId?: string;
  /** The seq of the event this follows from, or −1 − index of one in the same call. */
  causeSeq?: number;
  /** Of a decided one: the last fact of its key that was applied before it. */
  afterSeq?: number;
  traceparent?: string;
}

export interface Appended {
  firstSeq: number;
  recordedAt: Time;
}

// The head is locked inside the same statement that inserts: one round trip while everybody else waits.
const APPEND = `
with head as (
  update log_head set seq = seq + $1::bigint returning seq - $1::bigint as base, clock_timestamp() as at
), appended as (
  insert into event (seq, day, recorded_at, id, type, source, company, key, partition, occurred_at, decided,
                     cause_seq, after_seq, receipt_id, correlation_id, traceparent, data)
  select head.base + e.ord, (head.at at time zone 'UTC')::date, head.at, e.id, e.type, e.source, e.company, e.key,
         e.partition, e.occurred_at, e.decided,
         case when e.cause < 0 then head.base - e.cause else e.cause end,
         e.after_seq, e.receipt_id, e.correlation_id, e.traceparent, e.data::json
    from head, unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::timestamptz[],
                      $9::boolean[], $10::bigint[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::bigint[])
         with ordinality as e(id, type, source, company, key, partition, occurred_at, decided, cause, receipt_id,
                              correlation_id, traceparent, data, after_seq, ord)
   order by e.ord
)
select base, at from head`;

/** id, type, source, company, key, partition and time of each. */
export const columnsOf = (events: readonly AppendEvent[]): string[] => [
  plainArray(events.map((e) => e.id)),
  textArray(events.map((e) => e.type)),
  textArray(events.map((e) => e.source)),
  textArray(events.map((e) => e.company)),
  textArray(events.map((e) => e.key)),
  plainArray(events.map((e) => partitionOf(e.key))),
  plainArray(events.map((e) => e.time)),
];

export async function appendEvents(tx: Transaction, events: readonly AppendEvent[]): Promise<Appended> {
  const { rows } = await tx.query<{ base: string; at: Time }>({
    name: "append-events",
    text: APPEND,
    values: [
      events.length,
      ...columnsOf(events),
      plainArray(events.map((e) => e.decided)),
      plainArray(events.map((e) => e.causeSeq)),
      plainArray(events.map((e) => e.receiptId)),
      textArray(events.map((e) => e.correlationId)),
      textArray(events.map((e) => e.traceparent)),
      textArray(events.map((e) => e.text)),
      plainArray(events.map((e) => e.afterSeq)),
    ],
  });
  const head = rows[0]!;
  return { firstSeq: Number(head.base) + 1, recordedAt: head.at };
}

export function asRecorded(events: readonly AppendEvent[], appended: Appended): RecordedEvent[] {
  return events.map((event, index) => {
    const { text: _text, causeSeq, afterSeq: _after, ...rest } = event;
    const recorded: RecordedEvent = {
      ...rest,
      seq: appended.firstSeq + index,
      recordedAt: appended.recordedAt,
    };
    if (causeSeq !== undefined)
      recorded.causeSeq = causeSeq < 0 ? appended.firstSeq - 1 - causeSeq : causeSeq;
    return recorded;
  });
}

interface EventRow {
  seq: string;
  recorded_at: Time;
  id: string;
  type: string;
  source: string;
  company: string;
  key: string;
  occurred_at: Time;
  decided: boolean;
  receipt_id: string | null;
  correlation_id: string | null;
  cause_seq: string | null;
  traceparent: string | null;
  data: string;
}

const COLUMNS = `e.seq, e.recorded_at, e.id, e.type, e.source, e.company, e.key, e.occurred_at, e.decided,
  e.cause_seq, e.receipt_id, e.correlation_id, e.traceparent, e.data`;

function toEvent(row: EventRow): RecordedEvent {
  return {
    seq: Number(row.seq),
    recordedAt: row.recorded_at,
    id: row.id,
    type: row.type,
    source: row.source,
    company: row.company,
    key: row.key,
    time: row.occurred_at,
    decided: row.decided,
    data: JSON.parse(row.data),
    ...(row.receipt_id === null ? {} : { receiptId: row.receipt_id }),
    ...(row.correlation_id === null ? {} : { correlationId: row.correlation_id }),
    ...(row.cause_seq === null ? {} : { causeSeq: Number(row.cause_seq) }),
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
  };
}

/** The newest seq that is committed. */
export async function headSeq(db: Database | Transaction): Promise<number> {
  const { rows } = await db.query<{ seq: string }>({
    name: "head-seq",
    text: "select seq from log_head",
    values: [],
  });
  return Number(rows[0]!.seq);
}

/** Facts of some partitions after a seq, in order. `day` bounds the partitions that are looked at. */
export async function readFacts(
  db: Database | Transaction,
  range: { after: number; to: number; partitions: number[]; day: string; limit: number },
): Promise<RecordedEvent[]> {
  const { rows } = await db.query<EventRow>({
    name: "read-facts",
    text: `select ${COLUMNS} from event e
            where e.seq > $1 and e.seq <= $2 and e.day >= $3::date and e.partition = any($4::smallint[]) and not e.decided
            order by e.seq limit $5`,
    values: [range.after, range.to, range.day, plainArray(range.partitions), range.limit],
  });
  return rows.map(toEvent);
}

/**
 * The whole log as it was applied, key by key: a decision after the facts of its key that it knew of. Facts that were
 * recorded while it was made have a lower seq than it, and were applied after it.
 */
export async function* readForRebuild(tx: Transaction): AsyncIterable<RecordedEvent[]> {
  await tx.query({
    text: `declare log no scroll cursor for select ${COLUMNS} from event e order by coalesce(e.after_seq, e.seq), e.decided, e.seq`,
    values: [],
  });
  for (;;) {
    const { rows } = await tx.query<EventRow>({ text: "fetch 5000 from log", values: [] });
    if (rows.length === 0) break;
    yield rows.map(toEvent);
  }
  await tx.query({ text: "close log", values: [] });
}

/** Facts of keys that their state has not applied yet; `applied[i]` belongs to `keys[i]`. */
export async function readUnapplied(
  tx: Transaction,
  keys: readonly string[],
  applied: readonly number[],
  day: string,
): Promise<RecordedEvent[]> {
  const { rows } = await tx.query<EventRow>({
    name: "read-unapplied",
    text: `select e.* from unnest($1::text[], $2::bigint[]) as k(key, applied)
            cross join lateral (select ${COLUMNS} from event e
                                 where e.key = k.key and e.seq > k.applied and e.day >= $3::date and not e.decided offset 0) e
            order by e.seq`,
    values: [textArray(keys), plainArray(applied), day],
  });
  return rows.map(toEvent);
}

/** No partition of a table takes the row: the days ahead were not made, for instance while the machine slept. */
export const isDayMissing = (error: unknown): boolean =>
  sqlState(error) === "23514" && violatedConstraint(error) === undefined;

/** Partitions for yesterday (a late clock), today and tomorrow. */
export async function ensureDays(db: Database): Promise<void> {
  await db.query(
    "select ensure_day((clock_timestamp() at time zone 'UTC')::date + d) from generate_series(-1, 1) d",
    [],
  );
}

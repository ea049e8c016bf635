// What is known of a key: its events, deliveries, attempts, receipts and exceptions, newest first where there are
// more than fit.
import type { Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";
import { plainArray, textArray } from "../../store/arrays.ts";

export interface TracedEvent {
  seq: number;
  recordedAt: Time;
  occurredAt: Time;
  id: string;
  type: string;
  source: string;
  decided: boolean;
  causeSeq: number | null;
  receiptId: string | null;
  data: unknown;
}

const TRACED = "seq, recorded_at, occurred_at, id, type, source, decided, cause_seq, receipt_id, data";

export async function readTracedEvents(db: Database, key: string, limit: number): Promise<TracedEvent[]> {
  const { rows } = await db.query<
    Record<string, string> & { decided: boolean; cause_seq: string | null; receipt_id: string | null }
  >({
    name: "traced-events",
    // Facts and decisions are indexed apart.
    text: `select * from (
             (select ${TRACED} from event where key = $1 and decided order by seq desc limit $2)
             union all
             (select ${TRACED} from event where key = $1 and not decided order by seq desc limit $2)
           ) e order by seq desc limit $2`,
    values: [key, limit],
  });
  return rows.reverse().map((row) => ({
    seq: Number(row.seq),
    recordedAt: row.recorded_at!,
    occurredAt: row.occurred_at!,
    id: row.id!,
    type: row.type!,
    source: row.source!,
    decided: row.decided,
    causeSeq: row.cause_seq === null ? null : Number(row.cause_seq),
    receiptId: row.receipt_id,
    data: JSON.parse(row.data!),
  }));
}

export interface TracedDelivery {
  id: string;
  target: string;
  flow: string;
  type: string;
  key: string;
  /** Unsettled: waiting, parked, behind, referring; settled: delivered, merged, skipped. */
  state: string;
  causeSeq: number;
  createdAt: Time;
  settledAt: Time | null;
  attempts: number;
  durationMs: number | null;
  reference: string | null;
  reason: string | null;
  payload: unknown;
}

/** Of the key's lane and of those that are named after it: `stock:main/A@availability`. '@' is followed by 'A'. */
export async function readTracedDeliveries(
  db: Database,
  key: string,
  targets: readonly string[],
  limit: number,
): Promise<TracedDelivery[]> {
  const { rows } = await db.query<
    Record<string, string | null> & { attempts: number; duration_ms: number | null }
  >({
    name: "traced-deliveries",
    text: `select * from (
             select id, target, flow, type, key, state, cause_seq, created_at, null::timestamptz as settled_at, attempts,
                    null::real as duration_ms, null as reference, reason, payload
               from delivery
              where (lane = $1 or (lane > $1 || '@' and lane < $1 || 'A')) and target = any($3::text[])
             union all
             select id, target, flow, type, key, outcome, cause_seq, created_at, settled_at, attempts, duration_ms, reference, reason, payload
               from delivery_done where lane = $1 or (lane > $1 || '@' and lane < $1 || 'A')) d
            order by id desc limit $2`,
    values: [key, limit, textArray(targets)],
  });
  return rows.reverse().map((row) => ({
    id: row.id!,
    target: row.target!,
    flow: row.flow!,
    type: row.type!,
    key: row.key!,
    state: row.state!,
    causeSeq: Number(row.cause_seq),
    createdAt: row.created_at!,
    settledAt: row.settled_at as Time | null,
    attempts: row.attempts,
    durationMs: row.duration_ms,
    reference: row.reference as string | null,
    reason: row.reason as string | null,
    payload: JSON.parse(row.payload!),
  }));
}

export interface TracedAttempt {
  deliveryId: string;
  attempt: number;
  startedAt: Time;
  durationMs: number;
  answer: string;
  reason: string | null;
}

export async function readTracedAttempts(db: Database, ids: readonly string[]): Promise<TracedAttempt[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<{
    delivery_id: string;
    attempt: number;
    started_at: Time;
    duration_ms: number;
    answer: string;
    reason: string | null;
  }>({
    name: "traced-attempts",
    text: `select delivery_id, attempt, started_at, duration_ms, answer, reason from delivery_attempt
            where delivery_id = any($1::bigint[]) order by started_at, delivery_id, attempt limit 2000`,
    values: [plainArray(ids)],
  });
  return rows.map((row) => ({
    deliveryId: row.delivery_id,
    attempt: row.attempt,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    answer: row.answer,
    reason: row.reason,
  }));
}

export interface TracedReceipt {
  id: string;
  system: string;
  topic: string;
  nativeId: string;
  receivedAt: Time;
}

export async function readTracedReceipts(
  db: Database,
  ids: readonly string[],
): Promise<Map<string, TracedReceipt>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<{
    id: string;
    system: string;
    topic: string;
    native_id: string;
    received_at: Time;
  }>({
    name: "traced-receipts",
    text: "select id, system, topic, native_id, received_at from receipt where id = any($1::uuid[])",
    values: [plainArray(ids)],
  });
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        system: row.system,
        topic: row.topic,
        nativeId: row.native_id,
        receivedAt: row.received_at,
      },
    ]),
  );
}

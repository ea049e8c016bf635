// Deliveries as operators see them: unsettled and settled in one list, newest first, and one with its attempts.
import type { Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";
import { readTracedAttempts, type TracedAttempt } from "./trace-read.ts";

export const deliveryStates = [
  "waiting",
  "parked",
  "behind",
  "referring",
  "delivered",
  "merged",
  "skipped",
] as const;
export type DeliveryStateName = (typeof deliveryStates)[number];
const UNSETTLED: readonly DeliveryStateName[] = ["waiting", "parked", "behind", "referring"];

export interface DeliverySummary {
  id: string;
  target: string;
  flow: string;
  lane: string;
  type: string;
  key: string;
  state: DeliveryStateName;
  attempts: number;
  createdAt: Time;
  /** When it is tried again, where that is known. */
  dueAt: Time | null;
  settledAt: Time | null;
  durationMs: number | null;
  /** What the target calls it. */
  reference: string | null;
  reason: string | null;
}

export interface DeliveryDetail extends DeliverySummary {
  causeSeq: number;
  correlationId: string | null;
  payload: unknown;
  /** Failures; a first try that succeeded has none. */
  failures: TracedAttempt[];
}

export interface DeliveryFilter {
  target?: string;
  state?: DeliveryStateName;
  lane?: string;
  /** The id of the last one of the page before. */
  after?: string;
  limit: number;
}

interface Row {
  id: string;
  target: string;
  flow: string;
  lane: string;
  type: string;
  key: string;
  state: DeliveryStateName;
  attempts: number;
  created_at: Time;
  due_at: Time | null;
  settled_at: Time | null;
  duration_ms: number | null;
  reference: string | null;
  reason: string | null;
}

const WHERE = `($1::text is null or target = $1) and ($3::text is null or lane = $3) and ($4::bigint is null or id < $4)`;
const HOT = `select id, target, flow, lane, type, key, state, attempts, created_at, due_at, null::timestamptz as settled_at,
    null::real as duration_ms, null::text as reference, reason
  from delivery where ${WHERE} and ($2::text is null or state = $2) order by id desc limit $5`;
const DONE = `select id, target, flow, lane, type, key, outcome, attempts, created_at, null::timestamptz, settled_at, duration_ms, reference, reason
  from delivery_done where ${WHERE} and ($2::text is null or outcome = $2) order by id desc limit $5`;

export async function pageDeliveries(db: Database, filter: DeliveryFilter): Promise<DeliverySummary[]> {
  const { state } = filter;
  const hot = state === undefined || UNSETTLED.includes(state);
  const done = state === undefined || !UNSETTLED.includes(state);
  // Each side by itself is the front of an index; only what both return is sorted.
  const text =
    hot && done
      ? `select * from ((${HOT}) union all (${DONE})) d order by id desc limit $5`
      : hot
        ? HOT
        : DONE;
  const { rows } = await db.query<Row & { outcome?: DeliveryStateName }>({
    name: `page-deliveries-${hot ? "hot" : ""}${done ? "done" : ""}`,
    text,
    values: [filter.target ?? null, state ?? null, filter.lane ?? null, filter.after ?? null, filter.limit],
  });
  return rows.map(toSummary);
}

function toSummary(row: Row & { outcome?: DeliveryStateName }): DeliverySummary {
  const { id, target, flow, lane, type, key, attempts, reference, reason } = row;
  return {
    id,
    target,
    flow,
    lane,
    type,
    key,
    state: row.state ?? row.outcome,
    attempts,
    createdAt: row.created_at,
    dueAt: row.due_at ?? null,
    settledAt: row.settled_at,
    durationMs: row.duration_ms,
    reference,
    reason,
  };
}

export async function readDelivery(db: Database, id: string): Promise<DeliveryDetail | null> {
  const { rows } = await db.query<
    Row & { cause_seq: string; correlation_id: string | null; payload: string }
  >({
    name: "read-delivery",
    text: `select id, target, flow, lane, type, key, state, attempts, created_at, due_at, null::timestamptz as settled_at,
                  null::real as duration_ms, null::text as reference, reason, cause_seq, correlation_id, payload
             from delivery where id = $1
           union all
           select id, target, flow, lane, type, key, outcome, attempts, created_at, null, settled_at, duration_ms, reference, reason,
                  cause_seq, correlation_id, payload
             from delivery_done where id = $1 limit 1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return {
    ...toSummary(row),
    causeSeq: Number(row.cause_seq),
    correlationId: row.correlation_id,
    payload: JSON.parse(row.payload),
    failures: await readTracedAttempts(db, [row.id]),
  };
}

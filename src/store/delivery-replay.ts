// What a person selects: deliveries that cannot go on by themselves, and settled ones that a target may have lost.
import type { OutboundType } from "../domains/outbound.ts";
import type { Database, Queryable, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { freeBehind, type LaneName, settleDone } from "./delivery-settle.ts";

/** Every part narrows; none: all that cannot go on. */
export interface StuckFilter {
  ids?: readonly number[];
  system?: string;
  types?: readonly string[];
  lane?: string;
  key?: string;
  /** The fingerprint of an exception. */
  problem?: string;
  from?: string;
  to?: string;
}

export interface StuckRow extends LaneName {
  id: number;
  type: OutboundType;
  key: string;
  state: "parked" | "referring";
  reason: string | null;
  attempts: number;
  /** A newer one of its key waits already. */
  overtaken: boolean;
}

const STUCK = `
  from delivery d
 where d.state in ('parked', 'referring')
   and ($1::bigint[] is null or d.id = any($1::bigint[])) and ($2::text is null or d.target = $2)
   and ($3::text[] is null or d.type = any($3::text[])) and ($4::text is null or d.lane = $4)
   and ($5::text is null or d.key = $5) and ($6::text is null or d.problem = $6)
   and ($7::timestamptz is null or d.created_at >= $7) and ($8::timestamptz is null or d.created_at < $8)`;

function stuckValues(filter: StuckFilter): unknown[] {
  return [
    filter.ids === undefined ? null : plainArray(filter.ids),
    filter.system ?? null,
    filter.types === undefined ? null : textArray(filter.types),
    filter.lane ?? null,
    filter.key ?? null,
    filter.problem ?? null,
    filter.from ?? null,
    filter.to ?? null,
  ];
}

export async function countStuck(
  db: Database,
  filter: StuckFilter,
): Promise<{ system: string; type: string; state: string; count: number }[]> {
  const { rows } = await db.query<{ system: string; type: string; state: string; count: number }>({
    name: "count-stuck",
    text: `select d.target as system, d.type, d.state, count(*)::float8 as count ${STUCK}
            group by d.target, d.type, d.state order by d.target, d.type, d.state`,
    values: stuckValues(filter),
  });
  return rows;
}

/** Oldest first. `lock`: so that they stay what they are until the transaction ends. */
export async function readStuck(
  db: Queryable,
  filter: StuckFilter,
  page: { after: number; limit: number; lock: boolean },
): Promise<StuckRow[]> {
  const { rows } = await db.query<Omit<StuckRow, "id"> & { id: string }>({
    name: page.lock ? "lock-stuck" : "read-stuck",
    text: `select d.id, d.target, d.lane, d.type, d.key, d.state, d.reason, d.attempts,
                  d.merge and exists (select from delivery n where n.target = d.target and n.lane = d.lane and n.id > d.id
                                       and n.type = d.type and n.key = d.key) as overtaken
           ${STUCK} and d.id > $9 order by d.id limit $10 ${page.lock ? "for update of d" : ""}`,
    values: [...stuckValues(filter), page.after, page.limit],
  });
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}

/** They wait for their turn again, and with them what is behind them; what is overtaken is settled as merged. */
export async function releaseStuck(tx: Transaction, rows: readonly StuckRow[]): Promise<string[]> {
  const overtaken = rows.filter((row) => row.overtaken);
  const problems = await settle(tx, overtaken, "merged", "a newer one of its key waits");
  await tx.query({
    name: "release-stuck",
    text: "update delivery set state = 'waiting', due_at = null where id = any($1::bigint[])",
    values: [plainArray(rows.filter((row) => !row.overtaken).map((row) => row.id))],
  });
  await freeBehind(tx, rows);
  return problems;
}

/** Settled without being sent. Returns the exceptions that are solved with that. */
export async function skipStuck(
  tx: Transaction,
  rows: readonly StuckRow[],
  reason: string,
): Promise<string[]> {
  const problems = await settle(tx, rows, "skipped", reason);
  await freeBehind(tx, rows);
  return problems;
}

async function settle(
  tx: Transaction,
  rows: readonly StuckRow[],
  outcome: "merged" | "skipped",
  reason: string,
): Promise<string[]> {
  if (rows.length === 0) return [];
  const done = rows.map(({ id, attempts }) => ({
    id,
    outcome,
    attempts,
    durationMs: null,
    reference: null,
    reason,
  }));
  const gone = await settleDone(tx, done, [], { report: true, repeatable: false });
  return gone.flatMap((row) => (row.problem === null ? [] : [row.problem]));
}

export interface SettledScope {
  system: string;
  types: readonly string[];
  lane?: string;
  key?: string;
  /** When it was settled. */
  from?: string;
  to?: string;
}

export interface SettledRow extends LaneName {
  id: number;
  class: number;
  type: OutboundType;
  flow: string;
  key: string;
  causeSeq: number;
  correlationId: string | undefined;
  payload: string;
  settledAt: string;
  /** A delivery of the same type and key is under way already. */
  underWay: boolean;
}

const SETTLED = `
  from delivery_done d
 where d.target = $1 and d.outcome = 'delivered' and d.type = any($2::text[])
   and ($3::text is null or d.lane = $3) and ($4::text is null or d.key = $4)
   and ($5::timestamptz is null or (d.settled_at >= $5 and d.day >= ($5::timestamptz at time zone 'UTC')::date))
   and ($6::timestamptz is null or (d.settled_at < $6 and d.day <= ($6::timestamptz at time zone 'UTC')::date))`;

const settledValues = (scope: SettledScope): unknown[] => [
  scope.system,
  textArray(scope.types),
  scope.lane ?? null,
  scope.key ?? null,
  scope.from ?? null,
  scope.to ?? null,
];

export interface SettledCount {
  type: OutboundType;
  deliveries: number;
  keys: number;
  firstAt: string;
  lastAt: string;
}

export async function countSettled(db: Database, scope: SettledScope): Promise<SettledCount[]> {
  const { rows } = await db.query<{
    type: OutboundType;
    deliveries: number;
    keys: number;
    first_at: string;
    last_at: string;
  }>({
    name: "count-settled",
    text: `select d.type, count(*)::float8 as deliveries, count(distinct d.key)::float8 as keys,
                  min(d.settled_at) as first_at, max(d.settled_at) as last_at ${SETTLED} group by d.type order by d.type`,
    values: settledValues(scope),
  });
  return rows.map(({ first_at, last_at, ...row }) => ({ ...row, firstAt: first_at, lastAt: last_at }));
}

/** The newest id there is: a replay goes no further, or it would meet its own deliveries. */
export async function newestDelivery(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ last: string }>({
    name: "newest-delivery",
    text: "select last_value as last from delivery_id",
    values: [],
  });
  return Number(rows[0]!.last);
}

/** In the order in which they were delivered first; of several of one key the newest. */
export async function readSettled(
  db: Queryable,
  scope: SettledScope,
  page: { after: number; until: number; limit: number },
): Promise<SettledRow[]> {
  const { rows } = await db.query<{
    id: string;
    target: string;
    lane: string;
    class: number;
    type: OutboundType;
    flow: string;
    key: string;
    cause_seq: string;
    correlation_id: string | null;
    payload: string;
    settled_at: string;
    under_way: boolean;
  }>({
    name: "read-settled",
    text: `select d.id, d.target, d.lane, d.class, d.type, d.flow, d.key, d.cause_seq, d.correlation_id, d.payload, d.settled_at,
                  exists (select from delivery w where w.target = d.target and w.lane = d.lane and w.type = d.type
                           and w.key = d.key) as under_way
           ${SETTLED} and d.id > $7 and d.id <= $8
             and not exists (select from delivery_done n where n.lane = d.lane and n.id > d.id and n.target = d.target
                              and n.type = d.type and n.key = d.key and n.outcome = 'delivered')
           order by d.id limit $9`,
    values: [...settledValues(scope), page.after, page.until, page.limit],
  });
  return rows.map((row) => ({
    id: Number(row.id),
    target: row.target,
    lane: row.lane,
    class: row.class,
    type: row.type,
    flow: row.flow,
    key: row.key,
    causeSeq: Number(row.cause_seq),
    correlationId: row.correlation_id ?? undefined,
    payload: row.payload,
    settledAt: row.settled_at,
    underWay: row.under_way,
  }));
}

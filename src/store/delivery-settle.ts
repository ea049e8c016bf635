// Statements that settle deliveries, in sets. Settling deletes from the hot table first and carries on with what
// was deleted: repeated after a lost answer, or by two owners, it happens once. Every one reaches the hot table by
// an array of its keys and not by a join alone: a plan made while the table is small must serve when it is not.
import type { Queryable, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { storable } from "./exception.ts";

export interface DoneRow {
  id: number;
  outcome: "delivered" | "merged" | "skipped";
  attempts: number;
  durationMs: number | null;
  reference: string | null;
  reason: string | null;
}

// The commit of newest-wins messages does not wait for the disk: after a crash of the database the last of them are
// unsettled, merge, and the newest is sent again with the same effect.
const SETTLE = `
with said as (
  select * from unnest($1::bigint[], $2::text[], $3::integer[], $4::real[], $5::text[], $6::text[])
    as s(id, outcome, attempts, duration_ms, reference, reason)
   where $9 or (select set_config('synchronous_commit', 'off', true)) = 'off'
), deleted as (
  delete from delivery where id = any($1::bigint[]) returning *
), gone as (
  select d.*, s.outcome, s.attempts as attempts_made, s.duration_ms, s.reference, s.reason as said_reason
    from said s join deleted d on d.id = s.id
), done as (
  insert into delivery_done (id, day, target, lane, class, type, flow, key, outcome, cause_seq, correlation_id, created_at,
                             settled_at, attempts, duration_ms, reference, reason, payload)
  select id, (clock_timestamp() at time zone 'UTC')::date, target, lane, class, type, flow, key, outcome, cause_seq,
         correlation_id, created_at, clock_timestamp(), attempts_made, duration_ms, reference, said_reason, payload
    from gone
), counted as (
  insert into delivery_tally (target, flow, day, outcome, count)
  select target, flow, (clock_timestamp() at time zone 'UTC')::date, outcome, count(*) from gone group by target, flow, outcome
), released as (
  delete from delivery_claim where id = any($7::bigint[])
)
select id, problem from gone where $8`;

/**
 * Returns what was unsettled until now, where `report` asks for it: the caller records facts of these alone.
 * `repeatable`: all of them are newest-wins, and none is claimed.
 */
export async function settleDone(
  db: Queryable,
  rows: readonly DoneRow[],
  claims: readonly number[],
  { report, repeatable }: { report: boolean; repeatable: boolean },
): Promise<{ id: number; problem: string | null }[]> {
  const result = await db.query<{ id: string; problem: string | null }>({
    name: "settle-done",
    text: SETTLE,
    values: [
      plainArray(rows.map((r) => r.id)),
      plainArray(rows.map((r) => r.outcome)),
      plainArray(rows.map((r) => r.attempts)),
      plainArray(rows.map((r) => r.durationMs)),
      textArray(rows.map((r) => said(r.reference))),
      textArray(rows.map((r) => said(r.reason))),
      plainArray(claims),
      report,
      !repeatable,
    ],
  });
  return result.rows.map((row) => ({ id: Number(row.id), problem: row.problem }));
}

/** Newest-wins messages that could not go on and that a newer one of the same key has made pointless. */
export async function findSuperseded(
  tx: Transaction,
  rows: readonly { id: number; target: string; lane: string; type: string; key: string }[],
): Promise<{ id: number; by: number; attempts: number }[]> {
  const result = await tx.query<{ id: string; by: string; attempts: number }>({
    name: "find-superseded",
    // Locked, so that a release of the same message by a person comes before or after, not in between.
    text: `select d.id, n.id as by, d.attempts
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) as n(id, target, lane, type, key)
             join delivery d on d.target = n.target and d.lane = n.lane and d.id < n.id
            where d.target = any($2::text[]) and d.lane = any($3::text[]) and d.merge
              and d.type = n.type and d.key = n.key
            order by d.id for update of d`,
    values: [
      plainArray(rows.map((r) => r.id)),
      textArray(rows.map((r) => r.target)),
      textArray(rows.map((r) => r.lane)),
      textArray(rows.map((r) => r.type)),
      textArray(rows.map((r) => r.key)),
    ],
  });
  return result.rows.map((row) => ({ id: Number(row.id), by: Number(row.by), attempts: row.attempts }));
}

export interface ParkRow {
  id: number;
  attempts: number;
  reason: string;
  problem: string;
  /** The claim under which it was sent, 0 for none. */
  claim: number;
}

/** Returns the ids that were not parked before: the caller records facts of these alone. */
export async function parkDeliveries(tx: Transaction, rows: readonly ParkRow[]): Promise<number[]> {
  if (rows.length === 0) return [];
  const result = await tx.query<{ id: string }>({
    name: "park-deliveries",
    text: `update delivery d
              set state = 'parked', attempts = n.attempts, reason = n.reason, problem = n.problem, due_at = null,
                  answered_claim = greatest(d.answered_claim, n.claim)
             from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bigint[]) as n(id, attempts, reason, problem, claim)
            where d.id = n.id and d.id = any($1::bigint[]) and d.state = 'waiting'
           returning d.id`,
    values: [
      plainArray(rows.map((r) => r.id)),
      plainArray(rows.map((r) => r.attempts)),
      textArray(rows.map((r) => said(r.reason))),
      textArray(rows.map((r) => said(r.problem))),
      plainArray(rows.map((r) => r.claim)),
    ],
  });
  return result.rows.map((row) => Number(row.id));
}

export interface LaneName {
  target: string;
  lane: string;
}

/** Only ordered kinds hold what is behind them: a newer level or price takes the place of one that cannot go on. */
const HOLDS = "(p.state in ('parked', 'referring') and not p.merge)";

/**
 * Marks what waits behind a message that holds its lane. The holder is locked first: whoever frees it meanwhile
 * comes before, then nothing is marked, or after, then what is marked here is freed there.
 */
export async function holdBehind(tx: Transaction, lanes: readonly LaneName[]): Promise<void> {
  if (lanes.length === 0) return;
  await tx.query({
    name: "hold-behind",
    text: `with holder as (
             select p.target, p.lane, p.id from unnest($1::text[], $2::text[]) as l(target, lane)
               join delivery p on p.target = l.target and p.lane = l.lane
              where p.target = any($1::text[]) and p.lane = any($2::text[]) and ${HOLDS} order by p.id for share of p
           )
           update delivery d set state = 'behind'
             from (select target, lane, min(id) as id from holder group by target, lane) h
            where d.target = h.target and d.lane = h.lane and d.target = any($1::text[]) and d.lane = any($2::text[])
              and d.id > h.id and d.state = 'waiting'`,
    values: laneArrays(lanes),
  });
}

/** The other way round: what is behind nothing any more waits for its turn. A statement of its own, after the change. */
export async function freeBehind(tx: Queryable, lanes: readonly LaneName[]): Promise<number> {
  if (lanes.length === 0) return 0;
  const { rowCount } = await tx.query({
    name: "free-behind",
    text: `update delivery d set state = 'waiting'
             from unnest($1::text[], $2::text[]) as l(target, lane)
            where d.target = l.target and d.lane = l.lane and d.target = any($1::text[]) and d.lane = any($2::text[])
              and d.state = 'behind' and not exists (
              select from delivery p where p.target = d.target and p.lane = d.lane and p.id < d.id and ${HOLDS})`,
    values: laneArrays(lanes),
  });
  return rowCount;
}

/** The same for a whole target, when it gets a new owner: a repair, for what a crash may have left. */
export async function freeAllBehind(db: Queryable, target: string): Promise<number> {
  const { rowCount } = await db.query({
    name: "free-all-behind",
    text: `update delivery d set state = 'waiting'
            where d.target = $1 and d.state = 'behind' and not exists (
              select from delivery p where p.target = d.target and p.lane = d.lane and p.id < d.id and ${HOLDS})`,
    values: [target],
  });
  return rowCount;
}

function laneArrays(lanes: readonly LaneName[]): string[] {
  const distinct = new Map(lanes.map((l) => [`${l.target}\n${l.lane}`, l]));
  const rows = [...distinct.values()];
  return [textArray(rows.map((l) => l.target)), textArray(rows.map((l) => l.lane))];
}

export interface FailureRow {
  id: number;
  attempt: number;
  answer: string;
  reason: string;
  startedAgoMs: number;
  durationMs: number;
  /** When it is tried again; null: it is not by itself. */
  dueInMs: number | null;
  /** The claim that the answer answers, 0 for none: the message did not take effect under it. */
  claim: number;
}

/** One row a failed attempt, and on the message what an operator looks for first. */
export async function recordFailures(tx: Queryable, rows: readonly FailureRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: "record-failures",
    text: `with said as (
             select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::float8[], $6::real[], $7::float8[], $8::bigint[])
               as s(id, attempt, answer, reason, started_ago_ms, duration_ms, due_in_ms, claim)
           ), kept as (
             insert into delivery_attempt (delivery_id, day, attempt, started_at, duration_ms, answer, reason)
             select id, (clock_timestamp() at time zone 'UTC')::date, attempt,
                    clock_timestamp() - make_interval(secs => started_ago_ms / 1000), duration_ms, answer, reason from said
             on conflict do nothing
           ), latest as (
             select distinct on (id) * from said order by id, attempt desc
           )
           update delivery d set attempts = greatest(d.attempts, s.attempt), reason = s.reason,
                  due_at = clock_timestamp() + make_interval(secs => s.due_in_ms / 1000),
                  answered_claim = greatest(d.answered_claim, s.claim)
             from latest s where d.id = s.id and d.id = any($1::bigint[]) and d.state = 'waiting'`,
    values: [
      plainArray(rows.map((r) => r.id)),
      plainArray(rows.map((r) => r.attempt)),
      plainArray(rows.map((r) => r.answer)),
      textArray(rows.map((r) => said(r.reason))),
      plainArray(rows.map((r) => r.startedAgoMs)),
      plainArray(rows.map((r) => r.durationMs)),
      plainArray(rows.map((r) => r.dueInMs)),
      plainArray(rows.map((r) => r.claim)),
    ],
  });
}

/** Claimed, and never sent: as good as answered. */
export async function answerClaims(
  tx: Queryable,
  rows: readonly { id: number; claim: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: "answer-claims",
    text: `update delivery d set answered_claim = greatest(d.answered_claim, n.claim)
             from unnest($1::bigint[], $2::bigint[]) as n(id, claim)
            where d.id = n.id and d.id = any($1::bigint[])`,
    values: [plainArray(rows.map((r) => r.id)), plainArray(rows.map((r) => r.claim))],
  });
}

const SAID_MAX = 2_000;

/** What a target said, as far as it can be stored. */
function said(text: string | null): string | null {
  if (text === null) return null;
  return storable(text.length > SAID_MAX ? `${text.slice(0, SAID_MAX)}…` : text);
}

// Deliveries that wait for something the target lacks. They are `referring` until it is settled, and are asked
// again from time to time, for it may have come there by another way.
import type { Reference } from "../domains/outbound.ts";
import type { Queryable, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { freeBehind, type LaneName } from "./delivery-settle.ts";
import { storable } from "./exception.ts";

export interface ReferringRow {
  id: number;
  attempts: number;
  references: readonly Reference[];
  reason: string;
  problem: string | null;
  /** When the target is asked again in any case. */
  dueInMs: number;
  claim: number;
}

export async function markReferring(tx: Transaction, rows: readonly ReferringRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: "mark-referring",
    text: `update delivery d
              set state = 'referring', attempts = n.attempts, requires = n.requires::jsonb, reason = n.reason,
                  problem = coalesce(n.problem, d.problem),
                  due_at = clock_timestamp() + make_interval(secs => n.due_in_ms / 1000),
                  answered_claim = greatest(d.answered_claim, n.claim)
             from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bigint[])
               as n(id, attempts, requires, reason, problem, due_in_ms, claim)
            where d.id = n.id and d.id = any($1::bigint[]) and d.state = 'waiting'`,
    values: [
      plainArray(rows.map((r) => r.id)),
      plainArray(rows.map((r) => r.attempts)),
      textArray(rows.map((r) => JSON.stringify(r.references))),
      textArray(rows.map((r) => storable(r.reason))),
      textArray(rows.map((r) => r.problem)),
      plainArray(rows.map((r) => r.dueInMs)),
      plainArray(rows.map((r) => r.claim)),
    ],
  });
}

/** How long ago each of these came to be known in the target, in milliseconds; absent: it is not known. */
export async function referenceAges(
  tx: Transaction,
  references: readonly { target: string; domain: string; key: string }[],
): Promise<Map<string, number>> {
  if (references.length === 0) return new Map();
  const { rows } = await tx.query<{ target: string; domain: string; key: string; age_ms: number }>({
    name: "reference-ages",
    text: `select r.target, r.domain, r.key, (extract(epoch from clock_timestamp() - r.known_at) * 1000)::float8 as age_ms
             from unnest($1::text[], $2::text[], $3::text[]) as n(target, domain, key)
             join reference r on r.target = n.target and r.domain = n.domain and r.key = n.key`,
    values: [
      textArray(references.map((r) => r.target)),
      textArray(references.map((r) => r.domain)),
      textArray(references.map((r) => r.key)),
    ],
  });
  return new Map(rows.map((row) => [referenceId(row), row.age_ms]));
}

export const referenceId = (r: { target: string; domain: string; key: string }): string =>
  JSON.stringify([r.target, r.domain, r.key]);

/** Lanes of these that hold an unsettled message already, whatever its state. */
export async function occupiedLanes(tx: Transaction, lanes: readonly LaneName[]): Promise<Set<string>> {
  if (lanes.length === 0) return new Set();
  const { rows } = await tx.query<LaneName>({
    name: "occupied-lanes",
    text: `select l.target, l.lane from unnest($1::text[], $2::text[]) as l(target, lane)
            where exists (select from delivery d where d.target = l.target and d.lane = l.lane
                             and d.target = any($1::text[]) and d.lane = any($2::text[]))`,
    values: [textArray(lanes.map((l) => l.target)), textArray(lanes.map((l) => l.lane))],
  });
  return new Set(rows.map((row) => `${row.target}\n${row.lane}`));
}

/** A newest-wins message whose key has a newer one is left to be superseded: it must not come after that one. */
const NOT_OVERTAKEN = `not (d.merge and exists (
  select from delivery n where n.target = d.target and n.lane = d.lane and n.id > d.id and n.type = d.type and n.key = d.key))`;

/** What waited for one of these waits for its turn again. Returns the lanes that go on. */
export async function resumeReferring(
  tx: Transaction,
  known: readonly { target: string; domain: string; key: string }[],
): Promise<LaneName[]> {
  if (known.length === 0) return [];
  const { rows } = await tx.query<LaneName>({
    name: "resume-referring",
    text: `update delivery d set state = 'waiting', due_at = null
             from unnest($1::text[], $2::text[], $3::text[]) as n(target, domain, key)
            where d.target = n.target and d.target = any($1::text[]) and d.state = 'referring'
              and d.requires @> jsonb_build_array(jsonb_build_object('domain', n.domain, 'key', n.key))
              and ${NOT_OVERTAKEN}
           returning d.target, d.lane`,
    values: [
      textArray(known.map((r) => r.target)),
      textArray(known.map((r) => r.domain)),
      textArray(known.map((r) => r.key)),
    ],
  });
  await freeBehind(tx, rows);
  return rows;
}

/** The same for what has waited long enough to ask the target again. */
export async function resumeOverdue(tx: Transaction, target: string, limit: number): Promise<LaneName[]> {
  const { rows } = await tx.query<LaneName>({
    name: "resume-overdue",
    text: `update delivery d set state = 'waiting', due_at = null
            where d.id in (select id from delivery where target = $1 and state = 'referring'
                            and due_at <= clock_timestamp() order by id limit $2)
              and ${NOT_OVERTAKEN}
           returning d.target, d.lane`,
    values: [target, limit],
  });
  await freeBehind(tx, rows);
  return rows;
}

/** Whether anything waits for a reference: the periodic look is one index probe. */
export async function anyReferring(db: Queryable, target: string): Promise<boolean> {
  const { rows } = await db.query({
    name: "any-referring",
    text: "select 1 from delivery where target = $1 and state = 'referring' limit 1",
    values: [target],
  });
  return rows.length > 0;
}

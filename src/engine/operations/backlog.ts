// What waits for each system. A million waiting deliveries must not make asking expensive: rows are counted up to a
// bound, and the oldest is the first of an index.
import type { Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";

export interface SystemBacklog {
  /** Waiting, behind another or for a reference; at most COUNT_MAX. */
  waiting: number;
  parked: number;
  /** Different lanes among some LANES_MAX that wait. */
  lanes: number;
  oldestAt: Time | null;
  /** Milliseconds; null where nothing waits. */
  oldestAgeMs: number | null;
  nextAttemptAt: Time | null;
}

/** Above it, a count is "at least". */
export const COUNT_MAX = 100_000;
/** Telling lanes apart costs ten times what counting rows does. */
export const LANES_MAX = 10_000;

export async function deliveryBacklog(
  db: Database,
  systems: readonly string[],
): Promise<Map<string, SystemBacklog>> {
  const { rows } = await db.query<{
    system: string;
    waiting: number;
    parked: number;
    lanes: number;
    oldest_at: Time | null;
    oldest_age_ms: number | null;
    next_attempt_at: Time | null;
  }>({
    name: "delivery-backlog",
    // The oldest is looked up per class and state: each is the first entry of a partial index.
    text: `select s.system, w.waiting, l.lanes, p.parked, o.created_at as oldest_at,
                  (extract(epoch from clock_timestamp() - o.created_at) * 1000)::float8 as oldest_age_ms,
                  o.due_at as next_attempt_at
             from unnest($1::text[]) s(system)
             left join lateral (select count(*)::float8 as waiting from (
               select from delivery where target = s.system and state <> 'parked' limit $2) d) w on true
             left join lateral (select count(*)::float8 as lanes from (
               select distinct lane from (
                 select lane from delivery where target = s.system and state <> 'parked' limit $3) f) d) l on true
             left join lateral (select count(*)::float8 as parked from (
               select from delivery where target = s.system and state = 'parked' limit $2) d) p on true
             left join lateral (
               select h.created_at, h.due_at from (
                 select w.* from generate_series(0, 3) c cross join lateral (
                   select id, created_at, due_at from delivery
                    where target = s.system and class = c and state = 'waiting' order by id limit 1) w
                 union all
                 select u.* from unnest(array['behind', 'referring']) t cross join lateral (
                   select id, created_at, due_at from delivery
                    where target = s.system and state = t and state <> 'waiting' order by id limit 1) u) h
               order by h.id limit 1) o on true`,
    values: [textArray(systems), COUNT_MAX, LANES_MAX],
  });
  return new Map(
    rows.map((row) => [
      row.system,
      {
        waiting: row.waiting,
        parked: row.parked,
        lanes: row.lanes,
        oldestAt: row.oldest_at,
        oldestAgeMs: row.oldest_age_ms,
        nextAttemptAt: row.next_attempt_at,
      },
    ]),
  );
}

// The deliveries' side of the books. Counted where it happens by inserted rows, summed here now and then; what
// is unsettled is counted off the hot table, all in one snapshot, so that the equation is a check and not a definition.
import type { Database } from "../postgres/pool.ts";

/** Sums what was tallied since the last time. Two at once share the rows between them. */
export async function sumTallies(db: Database): Promise<void> {
  await db.query({
    name: "sum-tallies",
    text: `with taken as (
             delete from delivery_tally where ctid = any(array(
               select ctid from delivery_tally limit 50000 for update skip locked))
             returning target, flow, day, outcome, count
           )
           insert into delivery_count as c (target, flow, day, outcome, count)
           select target, flow, day, outcome, sum(count) from taken group by target, flow, day, outcome
            order by target, flow, day, outcome
           on conflict (target, flow, day, outcome) do update set count = c.count + excluded.count`,
    values: [],
  });
}

export interface DeliveryBook {
  target: string;
  flow: string;
  routed: number;
  delivered: number;
  merged: number;
  skipped: number;
  parked: number;
  /** In flight, behind another one, and waiting for a reference included. */
  waiting: number;
  balanced: boolean;
}

const BOOKS = `
with counted as (
  select target, flow, outcome, sum(count) as count from (
    select target, flow, outcome, count from delivery_count
    union all
    select target, flow, outcome, count from delivery_tally) c
   group by target, flow, outcome
), unsettled as (
  select target, flow, count(*) filter (where state = 'parked') as parked, count(*) filter (where state <> 'parked') as waiting
    from delivery group by target, flow
), settled as (
  select target, flow,
         coalesce(sum(count) filter (where outcome = 'routed'), 0) as routed,
         coalesce(sum(count) filter (where outcome = 'delivered'), 0) as delivered,
         coalesce(sum(count) filter (where outcome = 'merged'), 0) as merged,
         coalesce(sum(count) filter (where outcome = 'skipped'), 0) as skipped
    from counted group by target, flow
)
select target, flow, coalesce(routed, 0)::float8 as routed, coalesce(delivered, 0)::float8 as delivered,
       coalesce(merged, 0)::float8 as merged, coalesce(skipped, 0)::float8 as skipped,
       coalesce(parked, 0)::float8 as parked, coalesce(waiting, 0)::float8 as waiting
  from settled full join unsettled using (target, flow) order by target, flow`;

/** routed = delivered + merged + skipped + parked + waiting, per target and flow. */
export async function deliveryBooks(db: Database): Promise<DeliveryBook[]> {
  const { rows } = await db.query<Omit<DeliveryBook, "balanced">>({
    name: "delivery-books",
    text: BOOKS,
    values: [],
  });
  return rows.map((row) => ({
    ...row,
    balanced: row.routed === row.delivered + row.merged + row.skipped + row.parked + row.waiting,
  }));
}

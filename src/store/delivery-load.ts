// What a target's worker reads: which lanes have something waiting, and the front of a lane in its order.
import type { OutboundType, Reference } from "../domains/outbound.ts";
import type { Queryable } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface WaitingRow {
  class: number;
  id: number;
  lane: string;
}

export interface WaitingRange {
  class: number;
  after: number;
  limit: number;
}

/** Oldest first in each class, after an id; the partial index makes this cost what it returns. */
export async function scanWaiting(
  db: Queryable,
  target: string,
  ranges: readonly WaitingRange[],
): Promise<WaitingRow[]> {
  const { rows } = await db.query<{ class: number; id: string; lane: string }>({
    name: "scan-waiting",
    // In the order of the index that is meant: by id alone the planner reads all of the primary key for a class of
    // which nothing waits, 0.9 s with a million in another class, instead of 2 ms.
    text: `select r.class, d.id, d.lane
             from unnest($2::smallint[], $3::bigint[], $4::integer[]) as r(class, after, most) cross join lateral (
                  select id, lane from delivery
                   where target = $1 and state = 'waiting' and (class, id) > (r.class, r.after) and class <= r.class
                   order by class, id limit r.most) d`,
    values: [
      target,
      plainArray(ranges.map((r) => r.class)),
      plainArray(ranges.map((r) => r.after)),
      plainArray(ranges.map((r) => r.limit)),
    ],
  });
  return rows.map((row) => ({ class: row.class, id: Number(row.id), lane: row.lane }));
}

export type DeliveryState = "waiting" | "parked" | "behind" | "referring";

export interface LaneRow {
  id: number;
  lane: string;
  class: number;
  type: OutboundType;
  flow: string;
  key: string;
  merge: boolean;
  verify: boolean;
  state: DeliveryState;
  causeSeq: number;
  correlationId: string | undefined;
  attempts: number;
  problem: string | null;
  requires: Reference[];
  payload: string;
}

interface LoadedRow {
  id: string;
  lane: string;
  class: number;
  type: OutboundType;
  flow: string;
  key: string;
  merge: boolean;
  verify: boolean;
  state: DeliveryState;
  cause_seq: string;
  correlation_id: string | null;
  attempts: number;
  problem: string | null;
  requires: string | null;
  payload: string;
}

/**
 * The first `perLane` unsettled rows of each lane, in order. A newest-wins message that cannot go on holds nothing
 * and is left out. Fewer than `perLane` rows of a lane: that is all of it.
 */
export async function loadLanes(
  db: Queryable,
  target: string,
  lanes: readonly string[],
  perLane: number,
): Promise<Map<string, LaneRow[]>> {
  const { rows } = await db.query<LoadedRow>({
    name: "load-lanes",
    text: `select d.* from unnest($2::text[]) as l(lane) cross join lateral (
             select id, lane, class, type, flow, key, merge, verify, state, cause_seq, correlation_id, attempts, problem,
                    requires, payload
               from delivery
              where target = $1 and (lane, id) > (l.lane, 0) and lane <= l.lane
                and not (merge and state in ('parked', 'referring')) order by lane, id limit $3) d`,
    values: [target, textArray(lanes), perLane],
  });
  const loaded = new Map<string, LaneRow[]>(lanes.map((lane) => [lane, []]));
  for (const row of rows) loaded.get(row.lane)!.push(toLaneRow(row));
  for (const lane of loaded.values()) lane.sort((a, b) => a.id - b.id);
  return loaded;
}

function toLaneRow(row: LoadedRow): LaneRow {
  return {
    id: Number(row.id),
    lane: row.lane,
    class: row.class,
    type: row.type,
    flow: row.flow,
    key: row.key,
    merge: row.merge,
    verify: row.verify,
    state: row.state,
    causeSeq: Number(row.cause_seq),
    correlationId: row.correlation_id ?? undefined,
    attempts: row.attempts,
    problem: row.problem,
    requires: row.requires === null ? [] : (JSON.parse(row.requires) as Reference[]),
    payload: row.payload,
  };
}

/** How many newest-wins messages cannot go on: only while there are any need settles look for what they supersede. */
export async function countStuckNewest(db: Queryable, target: string): Promise<number> {
  const { rows } = await db.query<{ count: string }>({
    name: "count-stuck-newest",
    text: "select count(*) as count from delivery where target = $1 and state in ('parked', 'referring') and merge",
    values: [target],
  });
  return Number(rows[0]!.count);
}

// Deliveries come into being here, in the transaction that made them necessary, while the caller holds the
// lock on each lane's root row: ids then order the lane, and the insert sees all that came before.
import type { OutboundType, Reference } from "../domains/outbound.ts";
import type { Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface NewDelivery {
  target: string;
  /** The root document's key. */
  lane: string;
  /** 0 most urgent … 3. */
  class: number;
  type: OutboundType;
  flow: string;
  key: string;
  /** Or −1 − index of one among the events that the transaction has just appended. */
  causeSeq: number;
  correlationId?: string | undefined;
  requires?: readonly Reference[] | undefined;
  /** JSON text. */
  payload: string;
  /** Newest wins: replaced by a later one of its type and key while nothing of it has left. */
  merge: boolean;
  /** A replay: looked for in the target before it is sent. */
  verify?: boolean;
}

export interface PendingDelivery extends NewDelivery {
  id: number;
  /**
   * The newest unsettled delivery of the same lane when this one was inserted: proves that nothing between is
   * unseen. Of a very long lane only that there is something: an id that nobody can have seen.
   */
  previous: number | null;
  /** This process's `performance.now()`: a hand-over that comes late is left to the table. */
  insertedAt: number;
}

// One statement: ids in the order of the rows, what is unsettled of each lane before them, and the count for the
// books. What repeats (target, class, type, flow) comes once as a kind: 14 µs a row instead of 19. The look at the
// lane is bounded, and shaped so that only the lane's index can serve it; it runs on the statement's own
// snapshot, so it cannot see what is inserted here.
const LOOK_MAX = 64;
const INSERT = `
with fresh as (
  select nextval('delivery_id') as id, n.kind, n.lane, n.key, n.correlation_id, n.requires, n.payload,
         case when n.cause < 0 then h.base - n.cause else n.cause end as cause_seq
    from (select seq - $14::bigint as base from log_head) h, unnest($7::smallint[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[])
      as n(kind, lane, key, cause, correlation_id, requires, payload)
), inserted as (
  insert into delivery (id, target, lane, class, type, flow, key, cause_seq, correlation_id, requires, payload, merge, verify)
  select id, ($1::text[])[kind], lane, ($2::smallint[])[kind], ($3::text[])[kind], ($4::text[])[kind], key, cause_seq,
         correlation_id, requires::jsonb, payload::json, ($5::boolean[])[kind], ($6::boolean[])[kind]
    from fresh
), counted as (
  insert into delivery_tally (target, flow, day, outcome, count)
  select ($1::text[])[kind], ($4::text[])[kind], (clock_timestamp() at time zone 'UTC')::date, 'routed', count(*)
    from fresh group by kind
)
select f.id, f.cause_seq, (
    select case when count(*) < ${LOOK_MAX} then max(l.id) else f.id - 1 end
      from (select d.id from delivery d where d.target = ($1::text[])[f.kind] and d.lane = f.lane limit ${LOOK_MAX}) l
  ) as previous
  from fresh f order by f.id`;

interface Inserted {
  id: string;
  cause_seq: string;
  previous: string | null;
}

/** Rows of one lane must come in the order in which they shall be delivered. `appended`: events that causes count from. */
export async function insertDeliveries(
  tx: Transaction,
  rows: readonly NewDelivery[],
  appended = 0,
): Promise<PendingDelivery[]> {
  if (rows.length === 0) return [];
  const { kinds, kindOf } = kindsOf(rows);
  const result = await tx.query<Inserted>({
    name: "insert-deliveries",
    text: INSERT,
    values: [
      textArray(kinds.map((k) => k.target)),
      plainArray(kinds.map((k) => k.class)),
      textArray(kinds.map((k) => k.type)),
      textArray(kinds.map((k) => k.flow)),
      plainArray(kinds.map((k) => k.merge)),
      plainArray(kinds.map((k) => k.verify === true)),
      plainArray(kindOf),
      textArray(rows.map((r) => r.lane)),
      textArray(rows.map((r) => r.key)),
      plainArray(rows.map((r) => r.causeSeq)),
      textArray(rows.map((r) => r.correlationId)),
      textArray(rows.map((r) => (r.requires?.length ? JSON.stringify(r.requires) : null))),
      textArray(rows.map((r) => r.payload)),
      appended,
    ],
  });
  return pendingOf(rows, result.rows);
}

/** The distinct kinds of rows, and each row's kind counted from 1. */
function kindsOf(rows: readonly NewDelivery[]): { kinds: NewDelivery[]; kindOf: number[] } {
  const numbers = new Map<string, number>();
  const kinds: NewDelivery[] = [];
  const kindOf = rows.map((row) => {
    const name = `${row.target}\n${row.class}\n${row.type}\n${row.flow}\n${row.merge}\n${row.verify === true}`;
    let number = numbers.get(name);
    if (number === undefined) {
      number = kinds.push(row);
      numbers.set(name, number);
    }
    return number;
  });
  return { kinds, kindOf };
}

function pendingOf(rows: readonly NewDelivery[], inserted: readonly Inserted[]): PendingDelivery[] {
  const insertedAt = performance.now();
  const newest = new Map<string, number>();
  return rows.map((row, index) => {
    const { id: idText, cause_seq, previous: previousText } = inserted[index]!;
    const id = Number(idText);
    const lane = `${row.target}\n${row.lane}`;
    const previous = newest.get(lane) ?? (previousText === null ? null : Number(previousText));
    newest.set(lane, id);
    return { ...row, causeSeq: Number(cause_seq), id, previous, insertedAt };
  });
}

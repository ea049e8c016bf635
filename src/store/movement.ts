// Goods movements: the history that a late observation is combined with.
import { formatDecimal, parseDecimal } from "../core/decimal.ts";
import type { Time } from "../core/time.ts";
import type { MovementRow } from "../domains/inventory/change.ts";
import type { Movement } from "../domains/inventory/state.ts";
import type { Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { nettedText, readNetted } from "./netted.ts";

export interface StoredMovement {
  /** The event's id. */
  id: string;
  seq: number;
  company: string;
  source: string;
  movement: MovementRow;
}

export async function insertMovements(tx: Transaction, movements: readonly StoredMovement[]): Promise<void> {
  await tx.query({
    name: "insert-movements",
    text: `insert into stock_movement (id, day, seq, company, sku, location, status, owner, lot, quantity, reason, occurred_at, sequence,
                                       document, netted, source)
           select m.id, (clock_timestamp() at time zone 'UTC')::date, m.seq, m.company, m.sku, m.location, m.status, m.owner, m.lot, m.quantity,
                  m.reason, m.occurred_at, m.sequence, m.document, m.netted, m.source
             from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[],
                         $10::text[], $11::timestamptz[], $12::numeric[], $13::text[], $14::jsonb[], $15::text[])
                  as m(id, seq, company, sku, location, status, owner, lot, quantity, reason, occurred_at, sequence, document, netted, source)`,
    values: [
      plainArray(movements.map((m) => m.id)),
      plainArray(movements.map((m) => m.seq)),
      textArray(movements.map((m) => m.company)),
      textArray(movements.map((m) => m.movement.sku)),
      textArray(movements.map((m) => m.movement.location)),
      textArray(movements.map((m) => m.movement.status)),
      textArray(movements.map((m) => m.movement.owner)),
      textArray(movements.map((m) => m.movement.lot)),
      plainArray(movements.map((m) => formatDecimal(m.movement.quantity))),
      textArray(movements.map((m) => m.movement.reason)),
      plainArray(movements.map((m) => m.movement.occurredAt)),
      plainArray(movements.map((m) => (m.movement.sequence === "" ? null : m.movement.sequence))),
      textArray(movements.map((m) => m.movement.document)),
      textArray(movements.map((m) => nettedText(m.movement.netted))),
      textArray(movements.map((m) => m.source)),
    ],
  });
}

/** Movements of SKUs since a time each, or after a sequence: what an observation is combined with. */
export async function readMovements(
  tx: Transaction,
  wanted: readonly { company: string; sku: string; since: Time; sequence: string | null }[],
): Promise<{ company: string; sku: string; movement: Movement }[]> {
  const { rows } = await tx.query<{
    company: string;
    sku: string;
    location: string;
    status: Movement["status"];
    owner: string;
    lot: string;
    quantity: string;
    occurred_at: Time;
    sequence: string | null;
    netted: string | null;
  }>({
    name: "read-movements",
    // The second part is for a source whose clock went back; its sequence still says what came after.
    text: `with k as (select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::numeric[]) as k(company, sku, since, sequence))
           select m.company, m.sku, m.location, m.status, m.owner, m.lot, m.quantity, m.occurred_at, m.sequence, m.netted
             from (select m.* from k join stock_movement m
                       on m.company = k.company and m.sku = k.sku and m.occurred_at >= k.since
                    union all
                   select m.* from k join stock_movement m
                       on m.company = k.company and m.sku = k.sku and m.occurred_at < k.since
                    where k.sequence is not null and m.sequence > k.sequence and m.day >= current_date - 1) m
            order by m.seq`,
    values: [
      textArray(wanted.map((w) => w.company)),
      textArray(wanted.map((w) => w.sku)),
      plainArray(wanted.map((w) => w.since)),
      plainArray(wanted.map((w) => w.sequence)),
    ],
  });
  return rows.map((row) => ({
    company: row.company,
    sku: row.sku,
    movement: {
      location: row.location,
      status: row.status,
      owner: row.owner,
      lot: row.lot,
      quantity: parseDecimal(row.quantity),
      occurredAt: row.occurred_at,
      sequence: row.sequence ?? "",
      netted: readNetted(row.netted),
    },
  }));
}

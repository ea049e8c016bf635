// What a full set of a location is compared with: its own figures in the log, and the levels that are held.

import { parseDecimal } from "../core/decimal.ts";
import type { StockLevel } from "../domains/inventory/state.ts";
import type { Transaction } from "../postgres/pool.ts";

/** A set is sent in one go: its figures stand within this stretch of the log before its end. */
const SET_STRETCH = 500_000;

export interface SetMemberRow {
  sku: string;
  status?: StockLevel["status"];
  owner?: string;
  lot?: string;
}

/** The levels that the source itself recorded with a set's id, one per figure; our own zeros for absent ones not. */
export async function readSetMembers(
  tx: Transaction,
  set: { company: string; source: string; setId: string; location: string; seq: number },
): Promise<SetMemberRow[]> {
  const { rows } = await tx.query<{
    sku: string;
    status: StockLevel["status"] | null;
    owner: string | null;
    lot: string | null;
  }>({
    name: "read-set-members",
    text: `select e.data->>'sku' as sku, e.data->>'status' as status, e.data->>'owner' as owner, e.data->>'lot' as lot
             from event e
            where e.seq > $4::bigint - ${SET_STRETCH} and e.seq < $4::bigint and e.day >= current_date - 1 and e.source = $1 and e.company = $5
              and e.type = 'inventory.level.observed' and e.cause_seq is null
              and e.data->>'setId' = $2 and e.data->>'location' = $3`,
    values: [set.source, set.setId, set.location, set.seq, set.company],
  });
  return rows.map(({ sku, status, owner, lot }) => ({
    sku,
    ...(status === null ? {} : { status }),
    ...(owner === null ? {} : { owner }),
    ...(lot === null ? {} : { lot }),
  }));
}

export async function readKnownLevels(
  tx: Transaction,
  company: string,
  location: string,
): Promise<{ sku: string; level: StockLevel }[]> {
  const { rows } = await tx.query<{ sku: string; level: string }>({
    name: "read-known-levels",
    text: `select i.sku, l.value as level from stock_item i, jsonb_array_elements(i.levels) l
            where i.company = $1 and l.value->>'location' = $2 order by i.sku`,
    values: [company, location],
  });
  return rows.map((row) => {
    const level = JSON.parse(row.level) as StockLevel & { onHand: string; base: string };
    return {
      sku: row.sku,
      level: { ...level, onHand: parseDecimal(level.onHand), base: parseDecimal(level.base) },
    };
  });
}

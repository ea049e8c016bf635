// What a full set of a location is compared with: its own figures in the log, and the levels that are held.
import type { StockLevel } from "../domains/inventory/state.ts";
import type { Transaction } from "../postgres/pool.ts";
import { parseDecimal } from "../core/decimal.ts";

/** A set is sent in one go: its figures stand within this stretch of the log before its end. */
const SET_STRETCH = 500_000;

/** SKUs of the figures that were recorded with a set's id, once per figure. */
export async function readSetMembers(tx: Transaction, source: string, setId: string, location: string, seq: number): Promise<string[]> {
  const { rows } = await tx.query<{ sku: string }>({
    name: "read-set-members",
    text: `select e.data->>'sku' as sku from event e
            where e.seq > $4 - ${SET_STRETCH} and e.seq < $4 and e.day >= current_date - 1 and e.source = $1
              and e.type = 'inventory.level.observed' and e.data->>'setId' = $2 and e.data->>'location' = $3`,
    values: [source, setId, location, seq],
  });
  return rows.map((row) => row.sku);
}

export async function readKnownLevels(tx: Transaction, company: string, location: string): Promise<{ sku: string; level: StockLevel }[]> {
  const { rows } = await tx.query<{ sku: string; level: string }>({
    name: "read-known-levels",
    text: `select i.sku, l.value as level from stock_item i, jsonb_array_elements(i.levels) l
            where i.company = $1 and l.value->>'location' = $2 order by i.sku`,
    values: [company, location],
  });
  return rows.map((row) => {
    const level = JSON.parse(row.level) as StockLevel & { onHand: string; base: string };
    return { sku: row.sku, level: { ...level, onHand: parseDecimal(level.onHand), base: parseDecimal(level.base) } };
  });
}

// What was promised against what stands there, straight from the tables.
import type { Database } from "../src/postgres/pool.ts";

/** Places that promised more than they hold; units promised; units that wait. */
export async function countPromises(
  db: Database,
): Promise<{ oversold: number; reserved: number; backordered: number }> {
  const { rows } = await db.query<{ oversold: string; reserved: string; backordered: string }>(
    `with promised as (
       select company, sku, location, sum(quantity) as quantity from reservation where kind <> 'backorder' group by 1, 2, 3
     ), held as (
       select company, sku, location, sum(on_hand) as on_hand from stock_level where status = 'available' group by 1, 2, 3
     )
     select (select count(*) from promised p left join held h using (company, sku, location) where p.quantity > coalesce(h.on_hand, 0)) as oversold,
            (select coalesce(sum(quantity), 0) from promised) as reserved,
            (select coalesce(sum(quantity), 0) from reservation where kind = 'backorder') as backordered`,
  );
  const row = rows[0]!;
  return {
    oversold: Number(row.oversold),
    reserved: Number(row.reserved),
    backordered: Number(row.backordered),
  };
}

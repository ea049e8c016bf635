// Retention drops whole daily partitions, never rows.
import type { Database } from "../postgres/pool.ts";

const PARENTS = ["event", "receipt", "stock_movement", "delivery_done", "delivery_attempt"];

/** Drops partitions of days before the last `days`, and none that holds an event which is not applied yet or is held. */
export async function dropDays(db: Database, days: number): Promise<void> {
  const { rows } = await db.query<{ parent: string; child: string }>(
    `select p.relname as parent, c.relname as child
       from pg_inherits h join pg_class p on p.oid = h.inhparent join pg_class c on c.oid = h.inhrelid
      where p.relname = any($1::text[]) and c.relname ~ '_[0-9]{8}$'
        and to_date(right(c.relname, 8), 'YYYYMMDD') < least(
              (clock_timestamp() at time zone 'UTC')::date - $2::integer, (select min(day) from projection_position),
              (select min(e.day) from event e where e.seq in (
                 select held_seq from stock_item where held_seq is not null
                 union all select held_seq from sales_order where held_seq is not null
                 union all select held_seq from key_position where held_seq is not null)))
      order by c.relname`,
    [PARENTS, days],
  );
  for (const { child } of rows) await db.query(`drop table if exists ${child}`);
  // Nothing can be mapped any more of what is gone.
  await db.query(
    "delete from unmapped_receipt u where not exists (select from receipt r where r.id = u.receipt_id)",
  );
}

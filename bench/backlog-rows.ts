// A million bookings that wait behind one target, made by the database itself.
import type { Database } from "../src/postgres/pool.ts";

export async function fillBacklog(db: Database, target: string, count: number): Promise<null> {
  const step = 100_000;
  for (let done = 0; done < count; done += step) {
    await db.query(
      `insert into delivery (id, target, lane, class, type, flow, key, merge, cause_seq, payload)
       select nextval('delivery_id'), $1, 'order:main/B-' || n, 1, 'order.booking', 'orders', 'main/B-' || n, false, 0,
              json_build_object('company', 'main', 'orderId', 'B-' || n, 'lines', json_build_array(json_build_object('lineId', '1', 'sku', 'SKU-1', 'quantity', '1')))
         from generate_series($2::integer, $3::integer) n`,
      [target, done + 1, Math.min(count, done + step)],
    );
  }
  await db.query("analyze delivery");
  return null;
}

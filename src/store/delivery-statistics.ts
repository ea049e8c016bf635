// The planner's idea of the hot table. It grows from nothing to millions of rows within minutes when a system is
// down, faster than autovacuum looks at it, and a plan kept from when it was empty would read all of it.
import type { Database } from "../postgres/pool.ts";

/** Below so many pages no plan is bad. */
const PAGES_MIN = 500;

/** Analyzes the table where it has outgrown what is known of it. Returns whether it had. */
export async function refreshStatistics(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ outgrown: boolean }>({
    name: "delivery-outgrown",
    text: `select pg_relation_size(oid) / current_setting('block_size')::bigint > greatest($1::bigint, 2 * relpages) as outgrown
             from pg_class where oid = 'delivery'::regclass`,
    values: [PAGES_MIN],
  });
  if (rows[0]?.outgrown !== true) return false;
  await db.query("analyze delivery");
  return true;
}

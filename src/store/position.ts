// Where the projection of each partition has come to: a hint where to scan, saved now and then. Each state row
// keeps the seq that it has applied, so reading too early costs time and nothing else.
import type { Database } from "../postgres/pool.ts";
import { plainArray } from "./arrays.ts";

export interface Position {
  partition: number;
  seq: number;
  day: string;
}

export async function readPositions(db: Database): Promise<Position[]> {
  const { rows } = await db.query<{ partition: number; seq: string; day: string }>(
    "select partition, seq, day::text as day from projection_position order by partition",
    [],
  );
  return rows.map((row) => ({ partition: row.partition, seq: Number(row.seq), day: row.day }));
}

/** Never backwards: a node that lost a share may save late. */
export async function savePositions(
  db: Database,
  partitions: readonly number[],
  seq: number,
  day: string,
): Promise<void> {
  await db.query({
    name: "save-positions",
    text: `update projection_position set seq = $2, day = greatest(day, $3::date)
            where partition = any($1::smallint[]) and seq < $2`,
    values: [plainArray(partitions), seq, day],
  });
}

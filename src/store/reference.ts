// What a target is known to hold, and under which native id.
import type { Transaction } from "../postgres/pool.ts";
import { textArray } from "./arrays.ts";

export interface ReferenceRow {
  target: string;
  domain: string;
  key: string;
  nativeId: string;
}

export async function saveReferences(tx: Transaction, references: readonly ReferenceRow[]): Promise<void> {
  if (references.length === 0) return;
  const latest = new Map(references.map((r) => [JSON.stringify([r.target, r.domain, r.key]), r]));
  const rows = [...latest.values()];
  await tx.query({
    name: "save-references",
    text: `insert into reference (target, domain, key, native_id)
           select n.target, n.domain, n.key, n.native_id
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n(target, domain, key, native_id)
            order by n.target, n.domain, n.key
           on conflict (target, domain, key) do update set native_id = excluded.native_id, known_at = clock_timestamp()`,
    values: [
      textArray(rows.map((r) => r.target)),
      textArray(rows.map((r) => r.domain)),
      textArray(rows.map((r) => r.key)),
      textArray(rows.map((r) => r.nativeId)),
    ],
  });
}

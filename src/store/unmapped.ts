// What codes that no table knows hold back: receipts by rows of their own, deliveries by the exception that they are
// parked under. One exception a code says how many there are, and of which orders.
import type { CodeKey } from "../policy/codes.ts";
import type { Queryable, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface UnmappedReceipt {
  problem: string;
  receiptId: string;
  keys: readonly string[];
}

const PREFIX = "code.unmapped/";
export const isUnmapped = (fingerprint: string): boolean => fingerprint.startsWith(PREFIX);
export const unmappedFingerprint = ({ system, table, direction, code }: CodeKey): string =>
  `${PREFIX}${system}/${table}/${direction}/${code}`;

export async function keepUnmapped(tx: Transaction, rows: readonly UnmappedReceipt[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: "keep-unmapped",
    // No two-dimensional array holds lists of several lengths.
    text: `insert into unmapped_receipt (problem, receipt_id, keys)
           select r.problem, r.receipt_id, array(select jsonb_array_elements_text(r.keys::jsonb))
             from unnest($1::text[], $2::uuid[], $3::text[]) as r(problem, receipt_id, keys)
           on conflict (problem, receipt_id) do update set keys = excluded.keys`,
    values: [
      textArray(rows.map((row) => row.problem)),
      plainArray(rows.map((row) => row.receiptId)),
      textArray(rows.map((row) => JSON.stringify(row.keys))),
    ],
  });
}

/** The receipt is held back no more. Returns the fingerprints that held it. */
export async function freeUnmapped(tx: Transaction, receiptId: string): Promise<string[]> {
  const { rows } = await tx.query<{ problem: string }>({
    name: "free-unmapped",
    text: "delete from unmapped_receipt where receipt_id = $1 returning problem",
    values: [receiptId],
  });
  return rows.map(({ problem }) => problem);
}

const ORDERS_SHOWN = 20;

/** Has open exceptions say what they hold back. Their rows are locked by then, so nobody counts beside. */
export async function countUnmapped(tx: Transaction, fingerprints: readonly string[]): Promise<void> {
  await tx.query({
    name: "count-unmapped",
    text: `update exception e
              set detail = e.detail || jsonb_build_object('receipts', h.receipts, 'deliveries', h.deliveries,
                    'orders', to_jsonb(h.orders[1:${ORDERS_SHOWN}]), 'orderCount', cardinality(h.orders))
             from (select p.problem,
                          (select count(*) from unmapped_receipt u where u.problem = p.problem) as receipts,
                          (select count(*) from delivery d where d.problem = p.problem and d.state = 'parked') as deliveries,
                          array(select k.key from (
                            select unnest(u.keys) as key from unmapped_receipt u where u.problem = p.problem
                            union
                            select d.lane from delivery d where d.problem = p.problem and d.state = 'parked') k
                             where k.key like 'order:%' order by k.key) as orders
                     from unnest($1::text[]) p(problem)) h
            where e.fingerprint = h.problem and e.resolved_at is null`,
    values: [textArray([...new Set(fingerprints)])],
  });
}

/** Those of these that hold nothing back any more. They are locked first, so that nobody adds to them meanwhile. */
export async function emptyUnmapped(tx: Transaction, fingerprints: readonly string[]): Promise<string[]> {
  const wanted = textArray([...new Set(fingerprints)]);
  await tx.query({
    name: "lock-unmapped",
    text: `select from exception where fingerprint = any($1::text[]) and resolved_at is null
            order by fingerprint for update`,
    values: [wanted],
  });
  const { rows } = await tx.query<{ fingerprint: string }>({
    name: "empty-unmapped",
    text: `select f.fingerprint from unnest($1::text[]) f(fingerprint)
            where not exists (select from unmapped_receipt u where u.problem = f.fingerprint)
              and not exists (select from delivery d where d.problem = f.fingerprint and d.state = 'parked')`,
    values: [wanted],
  });
  return rows.map(({ fingerprint }) => fingerprint);
}

/** Open exceptions about codes that a table knows by now, the oldest first. */
export async function mappedSince(
  db: Queryable,
): Promise<{ fingerprint: string; system: string; direction: string }[]> {
  const { rows } = await db.query<{ fingerprint: string; system: string; direction: string }>({
    name: "mapped-since",
    text: `select e.fingerprint, c.system, c.direction
             from exception e
             join code_entry c on c.system = e.system and c.code_table = e.detail->>'table'
                              and c.direction = e.detail->>'direction' and c.code = e.detail->>'code'
            where e.resolved_at is null and e.code = 'code.unmapped' order by e.id`,
    values: [],
  });
  return rows;
}

// Claims of deliveries that must not be sent twice: written and committed before the first byte leaves. A claim
// locks the lease that entitles to it, so that a new owner sees every claim of the old one.
import type { Database } from "../postgres/pool.ts";
import { plainArray } from "./arrays.ts";

export interface ClaimRequest {
  target: string;
  lease: string;
  owner: string;
  epoch: number;
  ids: readonly number[];
}

/** The claim's id; null where the lease is no longer this owner's. */
export async function insertClaim(db: Database, request: ClaimRequest): Promise<number | null> {
  const { rows } = await db.query<{ id: string }>({
    name: "insert-claim",
    // for share: a takeover waits for this commit, a renewal waits as well, other claims do not
    text: `insert into delivery_claim (target, epoch, until, ids)
           select $1, l.epoch, l.expires_at, $5::bigint[] from lease l
            where l.name = $2 and l.owner = $3 and l.epoch = $4 and l.expires_at > clock_timestamp()
              for share of l
           returning id`,
    values: [request.target, request.lease, request.owner, request.epoch, plainArray(request.ids)],
  });
  return rows[0] === undefined ? null : Number(rows[0].id);
}

export interface Doubt {
  claim: number;
  id: number;
  /** How much longer a send under the claim may start; below zero: since when none may. */
  openMs: number;
}

/** Deliveries that a dead owner claimed and nobody answered for. Claims that hold none of them are removed. */
export async function readDoubts(db: Database, target: string, epoch: number): Promise<Doubt[]> {
  await db.query({
    name: "remove-settled-claims",
    text: `delete from delivery_claim c where c.target = $1 and c.epoch < $2 and not exists (
             select from delivery d where d.id = any(c.ids) and d.state = 'waiting' and d.answered_claim < c.id)`,
    values: [target, epoch],
  });
  const { rows } = await db.query<{ claim: string; id: string; open_ms: number }>({
    name: "read-doubts",
    text: `select max(c.id) as claim, d.id,
                  (extract(epoch from max(c.until) - clock_timestamp()) * 1000)::float8 as open_ms
             from delivery_claim c join delivery d on d.id = any(c.ids)
            where c.target = $1 and c.epoch < $2 and d.state = 'waiting' and d.answered_claim < c.id
            group by d.id order by d.id`,
    values: [target, epoch],
  });
  return rows.map((row) => ({ claim: Number(row.claim), id: Number(row.id), openMs: row.open_ms }));
}

// How far what systems list of their own was the same as what is held here, and what was not; and what systems have
// acknowledged, in the order in which they did.
import type { Time } from "../core/time.ts";
import { parseKey } from "../domains/key.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { textArray } from "./arrays.ts";
import { storable } from "./exception.ts";

export interface Witness {
  system: string;
  domain: string;
  /** Nothing that was made before is compared. */
  since: Time;
  /** All that was made between `since` and then is here, and there; null: no look has found that yet. */
  witnessedUntil: Time | null;
  lookedAt: Time;
  /** Listed at the last look. */
  held: number;
  /** Listed there and unknown here. */
  missing: string[];
  /** Acknowledged there and no longer listed. */
  surplus: string[];
  /** It was restored from a backup: what it acknowledged since then is gone. */
  lostSince: Time | null;
  /** Why it could not be asked; null where it was. */
  failure: string | null;
}

export async function readWitnesses(db: Database, system?: string): Promise<Witness[]> {
  const { rows } = await db.query<{
    system: string;
    domain: string;
    since: Time;
    witnessed_until: Time | null;
    looked_at: Time;
    held: number;
    missing: string[];
    surplus: string[];
    lost_since: Time | null;
    failure: string | null;
  }>(
    `select system, domain, since, witnessed_until, looked_at, held::float8 as held, missing, surplus, lost_since, failure
       from census where $1::text is null or system = $1 order by system, domain`,
    [system ?? null],
  );
  return rows.map(({ witnessed_until, looked_at, lost_since, ...row }) => ({
    ...row,
    witnessedUntil: witnessed_until,
    lookedAt: looked_at,
    lostSince: lost_since,
  }));
}

export async function saveWitness(tx: Transaction, witness: Witness): Promise<void> {
  await tx.query(
    `insert into census (system, domain, since, witnessed_until, looked_at, held, missing, surplus, lost_since, failure)
     values ($1, $2, $3, $4, $5, $6, $7::text[], $8::text[], $9, $10)
     on conflict (system, domain) do update
        set witnessed_until = $4, looked_at = $5, held = $6, missing = $7::text[], surplus = $8::text[],
            lost_since = $9, failure = $10`,
    [
      witness.system,
      storable(witness.domain),
      witness.since,
      witness.witnessedUntil,
      witness.lookedAt,
      witness.held,
      textArray(witness.missing.map(storable)),
      textArray(witness.surplus.map(storable)),
      witness.lostSince,
      witness.failure === null ? null : storable(witness.failure),
    ],
  );
}

/** What was found before stays as it was. */
export async function noteFailure(db: Database, system: string, failure: string): Promise<void> {
  await db.query("update census set failure = $2 where system = $1", [system, storable(failure)]);
}

/** An order that a system was sent and has acknowledged. */
export interface Acknowledged {
  orderId: string;
  /** It was made there after that, and before `settledAt`. */
  createdAt: Time;
  settledAt: Time;
}

/**
 * In the order of their acknowledgements, the newest `limit` of them. What had been acknowledged before, and was sent
 * or found again, is left out: it was made there in another time.
 */
export async function readAcknowledged(
  db: Database,
  system: string,
  { from, to, limit }: { from: Time; to: Time; limit: number },
): Promise<Acknowledged[]> {
  const { rows } = await db.query<{ lane: string; created_at: Time; settled_at: Time }>(
    `select d.lane, d.created_at, d.settled_at
       from delivery_done d
      where d.target = $1 and d.settled_at >= $2 and d.settled_at <= $3 and d.created_at >= $2
        and d.type in ('order.booking', 'order.release') and d.outcome = 'delivered'
        and d.day >= ($2::timestamptz at time zone 'UTC')::date and d.day <= ($3::timestamptz at time zone 'UTC')::date
        and not exists (select from delivery_done e
                         where e.lane = d.lane and e.id < d.id and e.target = d.target and e.type = d.type
                           and e.key = d.key and e.outcome = 'delivered')
      order by d.settled_at desc limit $4`,
    [system, from, to, limit],
  );
  const orders = new Map<string, Acknowledged>();
  for (const { lane, created_at, settled_at } of rows.toReversed()) {
    const orderId = parseKey(lane).id;
    if (!orders.has(orderId)) orders.set(orderId, { orderId, createdAt: created_at, settledAt: settled_at });
  }
  return [...orders.values()];
}

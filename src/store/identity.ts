// Identities of received messages. Inserts go to the one open epoch; sealed epochs are never written again,
// so each node keeps a filter of them in memory and asks the table only where the filter says "perhaps".
import type { Database, Queryable, Transaction } from "../postgres/pool.ts";
import { plainArray } from "./arrays.ts";

export interface Identity {
  /** 32 hex digits. */
  hash: string;
  /** A signed 64-bit integer as text. */
  content: string;
}

/** Held shared by every transaction that inserts, exclusively by the one that seals. */
const EPOCH_LOCK = 7_101;

/**
 * Keeps the open epoch open until the transaction ends. Taken before anything else of identities is read or written:
 * who seals holds it alone and then changes the table, and would wait for a reader that waits for it.
 */
export async function keepEpochOpen(tx: Transaction): Promise<void> {
  await tx.query({
    name: "lock-epoch",
    text: `select pg_advisory_xact_lock_shared(${EPOCH_LOCK})`,
    values: [],
  });
}

/** Returns the hashes that are new; the rest exist. The caller sorts by hash, so that two batches never deadlock. */
export async function insertIdentities(
  tx: Transaction,
  identities: readonly Identity[],
): Promise<{ inserted: Set<string>; epoch: number | null }> {
  const { rows } = await tx.query<{ hash: string; epoch: number }>({
    name: "insert-identities",
    text: `insert into identity (epoch, hash, content)
           select o.epoch, i.hash, i.content
             from (select max(epoch) as epoch from identity_epoch where sealed_at is null) o,
                  unnest($1::uuid[], $2::bigint[]) as i(hash, content)
           on conflict do nothing returning replace(hash::text, '-', '') as hash, epoch`,
    values: [plainArray(identities.map((i) => i.hash)), plainArray(identities.map((i) => i.content))],
  });
  return { inserted: new Set(rows.map((row) => row.hash)), epoch: rows[0]?.epoch ?? null };
}

/** Where an identity may be: an epoch, or null for the open one. */
export interface Whereabouts {
  hash: string;
  epoch: number | null;
}

/** The stored contents of those that exist there. */
export async function findIdentities(
  db: Queryable,
  perhaps: readonly Whereabouts[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ hash: string; content: string }>({
    name: "find-identities",
    // One look into one epoch's index each: every hash in every epoch would be some thousand for a batch of 500.
    text: `select replace(k.hash::text, '-', '') as hash, i.content
             from (select k.hash, coalesce(k.epoch, o.epoch) as epoch
                     from unnest($1::uuid[], $2::integer[]) as k(hash, epoch),
                          (select max(epoch) as epoch from identity_epoch where sealed_at is null) o) k
            cross join lateral (select content from identity i where i.epoch = k.epoch and i.hash = k.hash) i`,
    values: [plainArray(perhaps.map((p) => p.hash)), plainArray(perhaps.map((p) => p.epoch))],
  });
  return new Map(rows.map((row) => [row.hash, row.content]));
}

export interface SealedEpoch {
  epoch: number;
  filter: Buffer;
}

export async function sealedEpochs(db: Database, after: number): Promise<SealedEpoch[]> {
  const { rows } = await db.query<{ epoch: number; filter: Buffer }>(
    "select epoch, filter from identity_epoch where sealed_at is not null and epoch > $1 order by epoch",
    [after],
  );
  return rows;
}

/** Adds to the open epoch's rough count and returns it. */
export async function countIdentities(
  db: Database,
  added: number,
): Promise<{ epoch: number; identities: number }> {
  for (;;) {
    const { rows } = await db.query<{ epoch: number; identities: string }>(
      "update identity_epoch set identities = identities + $1 where sealed_at is null returning epoch, identities",
      [added],
    );
    // None: this waited for somebody who sealed the one that it saw; the next one is there now.
    if (rows[0] !== undefined) return { epoch: rows[0].epoch, identities: Number(rows[0].identities) };
  }
}

/** Opens the next epoch and seals this one with its filter; false where another node was first. */
export async function sealEpoch(
  db: Database,
  epoch: number,
  draw: (hashes: AsyncIterable<string[]>, count: number) => Promise<Buffer>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    // Everybody who inserts waits from here to the commit: about a second for four million identities.
    await tx.query({ text: `select pg_advisory_xact_lock(${EPOCH_LOCK})`, values: [] });
    const { rows } = await tx.query<{ count: string }>({
      text: `select count(*) as count from identity where epoch =
               (select epoch from identity_epoch where epoch = $1 and sealed_at is null for update)`,
      values: [epoch],
    });
    const open = await tx.query({
      text: "select 1 from identity_epoch where epoch = $1 and sealed_at is null",
      values: [epoch],
    });
    if (open.rows.length === 0) return false;
    const count = Number(rows[0]!.count);
    const filter = await draw(readHashes(tx, epoch), count);
    const next = epoch + 1;
    await tx.query({
      text: "update identity_epoch set sealed_at = clock_timestamp(), identities = $2, filter = $3 where epoch = $1",
      values: [epoch, count, filter],
    });
    await tx.query({
      text: `create table identity_${next} partition of identity for values in (${next})`,
      values: [],
    });
    await tx.query({ text: "insert into identity_epoch (epoch) values ($1)", values: [next] });
    return true;
  });
}

async function* readHashes(tx: Transaction, epoch: number): AsyncIterable<string[]> {
  await tx.query({
    text: `declare hashes no scroll cursor for select replace(hash::text, '-', '') as hash from identity where epoch = ${epoch}`,
    values: [],
  });
  for (;;) {
    const { rows } = await tx.query<{ hash: string }>({ text: "fetch 50000 from hashes", values: [] });
    if (rows.length === 0) break;
    yield rows.map((row) => row.hash);
  }
  await tx.query({ text: "close hashes", values: [] });
}

// A long past, made by generate_series: events that are applied already, and identities in sealed epochs.

import { EPOCH_IDENTITIES_MAX } from "../src/engine/log/identities.ts";
import { hashWords, IdentityFilter } from "../src/engine/log/identity-filter.ts";
import type { Database } from "../src/postgres/pool.ts";

const STEP = 1_000_000;

export async function growLog(db: Database, events: number): Promise<null> {
  for (let done = 0; done < events; done += STEP) {
    const count = Math.min(STEP, events - done);
    await db.transaction(async (tx) => {
      await tx.query(
        `with head as (update log_head set seq = seq + $1::bigint returning seq - $1::bigint as base)
         insert into event (seq, day, recorded_at, id, type, source, company, key, partition, occurred_at, decided, data)
         select head.base + n, (clock_timestamp() at time zone 'UTC')::date, clock_timestamp(), gen_random_uuid(), 'inventory.level.observed', 'past',
                'main', 'stock:main/PAST-' || (n % 50000), (n % 64)::smallint, clock_timestamp(), true,
                json_build_object('sku', 'PAST-' || (n % 50000), 'location', 'EAST', 'quantity', n::text, 'observedAt', '2026-01-01T00:00:00.000000Z')
           from head, generate_series(1, $1::bigint) n`,
        [count],
      );
    });
  }
  await db.query("analyze event");
  await db.query("checkpoint");
  return null;
}

/** Fills epochs one after another and seals them, as the engine would. */
export async function growIdentities(db: Database, identities: number): Promise<null> {
  for (let done = 0; done < identities; ) {
    const { rows } = await db.query<{ epoch: number }>(
      "select max(epoch) as epoch from identity_epoch where sealed_at is null",
    );
    const epoch = rows[0]!.epoch;
    const count = Math.min(EPOCH_IDENTITIES_MAX, identities - done);
    const filter = IdentityFilter.forCount(count);
    for (let part = 0; part < count; part += STEP) {
      const size = Math.min(STEP, count - part);
      const inserted = await db.query<{ hash: string }>(
        `insert into identity (epoch, hash, content) select $1, md5(($2::bigint + n)::text)::uuid, n from generate_series(1, $3::bigint) n
         returning replace(hash::text, '-', '') as hash`,
        [epoch, done + part, size],
      );
      for (const { hash } of inserted.rows) filter.add(hashWords(hash));
    }
    done += count;
    if (done < identities) {
      await db.query(
        `create table if not exists identity_${epoch + 1} partition of identity for values in (${epoch + 1})`,
      );
      await db.query(
        "update identity_epoch set sealed_at = clock_timestamp(), identities = $2, filter = $3 where epoch = $1",
        [epoch, count, filter.toBytes()],
      );
      await db.query("insert into identity_epoch (epoch) values ($1)", [epoch + 1]);
    } else {
      await db.query("update identity_epoch set identities = $2 where epoch = $1", [epoch, count]);
    }
  }
  await db.query("checkpoint");
  return null;
}

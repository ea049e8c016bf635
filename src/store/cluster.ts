// Statements of nodes and leases. Every time that decides is the database's own, so nodes need no common clock.
import type { Database } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface NodeRow {
  id: string;
  configurationRevision: number;
  version: string;
}

/** Says that a node is alive and returns every node that said so within `deadAfterMs`, itself included. */
export async function beat(db: Database, node: NodeRow, deadAfterMs: number): Promise<NodeRow[]> {
  const { rows } = await db.query<{ id: string; configuration_revision: number; version: string }>({
    name: "node-beat",
    text: `with me as (
             insert into node (id, configuration_revision, version) values ($1, $2, $3)
             on conflict (id) do update set heartbeat_at = clock_timestamp(), configuration_revision = $2, version = $3
             returning id, configuration_revision, version
           )
           select id, configuration_revision, version from me
           union all
           select id, configuration_revision, version from node
            where id <> $1 and heartbeat_at > clock_timestamp() - make_interval(secs => $4)
            order by id`,
    values: [node.id, node.configurationRevision, node.version, deadAfterMs / 1000],
  });
  return rows.map((row) => ({
    id: row.id,
    configurationRevision: row.configuration_revision,
    version: row.version,
  }));
}

/** A node that ends takes its row with it; rows of nodes that died a day ago go too. */
export async function removeNode(db: Database, id: string): Promise<void> {
  await db.query({
    name: "node-remove",
    text: "delete from node where id = $1 or heartbeat_at < clock_timestamp() - interval '1 day'",
    values: [id],
  });
}

export async function ensureLeases(db: Database, names: readonly string[]): Promise<void> {
  await db.query({
    name: "lease-ensure",
    text: "insert into lease (name) select n from unnest($1::text[]) n order by n on conflict do nothing",
    values: [textArray(names)],
  });
}

export interface AcquiredLease {
  name: string;
  epoch: number;
  /** The owner that did not give it back, and for how long it has had no right to it; null: given back or new. */
  takenOver: { from: string; expiredMs: number } | null;
}

// `skip locked`: a lease that somebody renews or takes this instant is not free. Rows are locked in name order.
const ACQUIRE = `
with free as (
  select name, owner, expires_at from lease
   where name = any($2::text[]) and (owner is null or expires_at <= clock_timestamp())
   order by name for update skip locked
)
update lease l set owner = $1, epoch = l.epoch + 1, expires_at = clock_timestamp() + make_interval(secs => $3)
  from free where l.name = free.name
returning l.name, l.epoch, free.owner as previous,
  case when free.owner is null then 0
       else extract(epoch from clock_timestamp() - free.expires_at) * 1000 end::float8 as expired_ms`;

export async function acquireLeases(
  db: Database,
  owner: string,
  names: readonly string[],
  ttlMs: number,
): Promise<AcquiredLease[]> {
  const { rows } = await db.query<{
    name: string;
    epoch: string;
    previous: string | null;
    expired_ms: number;
  }>({
    name: "lease-acquire",
    text: ACQUIRE,
    values: [owner, textArray(names), ttlMs / 1000],
  });
  return rows.map((row) => ({
    name: row.name,
    epoch: Number(row.epoch),
    takenOver: row.previous === null ? null : { from: row.previous, expiredMs: row.expired_ms },
  }));
}

/** Returns the names that are still this owner's. An expired lease that nobody took is renewed: its epoch is unchanged. */
export async function renewLeases(
  db: Database,
  owner: string,
  leases: readonly { name: string; epoch: number }[],
  ttlMs: number,
): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>({
    name: "lease-renew",
    text: `with mine as (
             select l.name from unnest($2::text[], $3::bigint[]) as n(name, epoch)
               join lease l on l.name = n.name and l.epoch = n.epoch and l.owner = $1
              order by l.name for update of l
           )
           update lease l set expires_at = clock_timestamp() + make_interval(secs => $4)
             from mine where l.name = mine.name returning l.name`,
    values: [
      owner,
      textArray(leases.map((l) => l.name)),
      plainArray(leases.map((l) => l.epoch)),
      ttlMs / 1000,
    ],
  });
  return rows.map((row) => row.name);
}

/** Given back with nothing under way: the next owner need not wait for anything. */
export async function releaseLease(db: Database, owner: string, name: string, epoch: number): Promise<void> {
  await db.query({
    name: "lease-release",
    text: "update lease set owner = null, expires_at = '-infinity' where name = $1 and owner = $2 and epoch = $3",
    values: [name, owner, epoch],
  });
}

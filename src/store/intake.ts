// What was received, and what became of it: native messages as receipts, refusals with their bodies, and the
// counts that the books compare. Counts are taken after the log's head is locked, so they never deadlock.
import type { Time } from "../core/time.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { storable } from "./exception.ts";
import { keepUnmapped, type UnmappedReceipt } from "./unmapped.ts";

export interface Receipt {
  id: string;
  system: string;
  topic: string;
  nativeId: string;
  contentType: string;
  body: Uint8Array;
  outcome: "mapped" | "ignored" | "failed";
  mappingRevision: number;
  events: number;
  reason?: string;
  /** It failed for codes that no table knew: what holds it back. */
  unmapped?: readonly Omit<UnmappedReceipt, "receiptId">[];
}

export async function insertReceipts(tx: Transaction, receipts: readonly Receipt[]): Promise<void> {
  await tx.query({
    name: "insert-receipts",
    text: `insert into receipt (id, day, system, topic, native_id, received_at, content_type, body, outcome, mapping_revision, events, reason)
           select r.id, (n.at at time zone 'UTC')::date, r.system, r.topic, r.native_id, n.at, r.content_type, r.body, r.outcome,
                  r.mapping_revision, r.events, r.reason
             from (select clock_timestamp() as at) n,
                  unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::integer[], $9::integer[], $10::text[])
                  as r(id, system, topic, native_id, content_type, body, outcome, mapping_revision, events, reason)`,
    values: [
      plainArray(receipts.map((r) => r.id)),
      textArray(receipts.map((r) => r.system)),
      textArray(receipts.map((r) => storable(r.topic))),
      textArray(receipts.map((r) => storable(r.nativeId))),
      textArray(receipts.map((r) => storable(r.contentType))),
      textArray(
        receipts.map(
          (r) => `\\x${Buffer.from(r.body.buffer, r.body.byteOffset, r.body.byteLength).toString("hex")}`,
        ),
      ),
      textArray(receipts.map((r) => r.outcome)),
      plainArray(receipts.map((r) => r.mappingRevision)),
      plainArray(receipts.map((r) => r.events)),
      textArray(receipts.map((r) => (r.reason === undefined ? undefined : storable(r.reason)))),
    ],
  });
  await keepUnmapped(tx, unmappedRows(receipts));
}

export const unmappedRows = (receipts: readonly Receipt[]): UnmappedReceipt[] =>
  receipts.flatMap(({ id, unmapped = [] }) => unmapped.map((held) => ({ ...held, receiptId: id })));

export interface RefusedEvent {
  id: string;
  system: string;
  outcome: "conflict" | "rejected";
  /** JSON text. */
  reason: string;
  body: string;
}

export async function insertRefused(tx: Transaction, refused: readonly RefusedEvent[]): Promise<void> {
  await tx.query({
    name: "insert-refused",
    text: `insert into refused_event (id, system, outcome, reason, body)
           select r.id, r.system, r.outcome, r.reason::jsonb, r.body
             from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) as r(id, system, outcome, reason, body)`,
    values: [
      plainArray(refused.map((r) => r.id)),
      textArray(refused.map((r) => r.system)),
      textArray(refused.map((r) => r.outcome)),
      textArray(refused.map((r) => storableJson(r.reason))),
      textArray(refused.map((r) => storable(r.body))),
    ],
  });
}

/** What a refusal quotes may hold escapes that jsonb does not take. */
const storableJson = (json: string): string =>
  JSON.stringify(JSON.parse(json), (_key, value) => (typeof value === "string" ? storable(value) : value));

/** received = recorded + duplicate + conflict + rejected; native = mapped + ignored + failed + duplicate. */
export interface IntakeCount {
  recorded: number;
  duplicate: number;
  conflict: number;
  rejected: number;
  nativeMapped: number;
  nativeIgnored: number;
  nativeFailed: number;
  nativeDuplicate: number;
}

export const noIntake = (): IntakeCount => ({
  recorded: 0,
  duplicate: 0,
  conflict: 0,
  rejected: 0,
  nativeMapped: 0,
  nativeIgnored: 0,
  nativeFailed: 0,
  nativeDuplicate: 0,
});

export async function addIntake(tx: Transaction, counts: ReadonlyMap<string, IntakeCount>): Promise<void> {
  const systems = [...counts.keys()].sort();
  const column = (name: keyof IntakeCount) => plainArray(systems.map((system) => counts.get(system)![name]));
  await tx.query({
    name: "add-intake",
    text: `insert into intake as i (system, day, received, recorded, duplicate, conflict, rejected,
                                    native_mapped, native_ignored, native_failed, native_duplicate, last_at)
           select c.system, (clock_timestamp() at time zone 'UTC')::date,
                  c.recorded + c.duplicate + c.conflict + c.rejected, c.recorded, c.duplicate, c.conflict, c.rejected,
                  c.native_mapped, c.native_ignored, c.native_failed, c.native_duplicate, clock_timestamp()
             from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
                  as c(system, recorded, duplicate, conflict, rejected, native_mapped, native_ignored, native_failed, native_duplicate)
            order by c.system
           on conflict (system, day) do update set
             received = i.received + excluded.received, recorded = i.recorded + excluded.recorded,
             duplicate = i.duplicate + excluded.duplicate, conflict = i.conflict + excluded.conflict,
             rejected = i.rejected + excluded.rejected, native_mapped = i.native_mapped + excluded.native_mapped,
             native_ignored = i.native_ignored + excluded.native_ignored, native_failed = i.native_failed + excluded.native_failed,
             native_duplicate = i.native_duplicate + excluded.native_duplicate, last_at = excluded.last_at`,
    values: [
      textArray(systems),
      column("recorded"),
      column("duplicate"),
      column("conflict"),
      column("rejected"),
      column("nativeMapped"),
      column("nativeIgnored"),
      column("nativeFailed"),
      column("nativeDuplicate"),
    ],
  });
}

export async function readCursor(db: Database, system: string, poll: string): Promise<string | null> {
  const { rows } = await db.query<{ cursor: string | null }>(
    "select cursor from poll_cursor where system = $1 and poll = $2",
    [system, poll],
  );
  return rows[0]?.cursor ?? null;
}

export async function saveCursor(
  tx: Transaction,
  system: string,
  poll: string,
  cursor: string,
): Promise<void> {
  await tx.query({
    name: "save-cursor",
    text: `insert into poll_cursor (system, poll, cursor) values ($1, $2, $3)
           on conflict (system, poll) do update set cursor = excluded.cursor, updated_at = clock_timestamp()`,
    values: [system, poll, cursor],
  });
}

export interface IntakeRow extends IntakeCount {
  system: string;
  received: number;
  lastAt: Time | null;
}

/** The counts of some days, per system. */
export async function readIntake(db: Database, from: string, to: string): Promise<IntakeRow[]> {
  const { rows } = await db.query<Record<string, string>>(
    `select system, sum(received) as received, sum(recorded) as recorded, sum(duplicate) as duplicate, sum(conflict) as conflict,
            sum(rejected) as rejected, sum(native_mapped) as "nativeMapped", sum(native_ignored) as "nativeIgnored",
            sum(native_failed) as "nativeFailed", sum(native_duplicate) as "nativeDuplicate", max(last_at) as "lastAt"
       from intake where day between $1::date and $2::date group by system order by system`,
    [from, to],
  );
  return rows.map(({ system, lastAt, ...counts }) => ({
    system: system!,
    lastAt: lastAt ?? null,
    ...(Object.fromEntries(
      Object.entries(counts).map(([name, value]) => [name, Number(value)]),
    ) as unknown as IntakeCount & { received: number }),
  }));
}

/** When each system was last heard of, and the database's time now. */
export async function lastHeard(db: Database): Promise<{ now: Time; heard: Map<string, Time> }> {
  const { rows } = await db.query<{ now: Time; system: string | null; last_at: Time | null }>({
    name: "last-heard",
    text: `select n.now, i.system, i.last_at from (select clock_timestamp() as now) n
             left join (select system, max(last_at) as last_at from intake group by system) i on true`,
    values: [],
  });
  const heard = new Map<string, Time>();
  for (const row of rows) if (row.system !== null && row.last_at !== null) heard.set(row.system, row.last_at);
  return { now: rows[0]!.now, heard };
}

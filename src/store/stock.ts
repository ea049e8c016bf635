// The inventory domain's state as sets: SKUs are locked in key order, loaded and saved many at a time.
import { type Decimal, formatDecimal, parseDecimal } from "../core/decimal.ts";
import type { Time } from "../core/time.ts";
import type { Ratio } from "../core/unit.ts";
import type { MovementRow, ReservationKey } from "../domains/inventory/change.ts";
import type {
  Commitment,
  Inbound,
  Movement,
  Reservation,
  StockItem,
  StockLevel,
} from "../domains/inventory/state.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface StoredItem {
  item: StockItem;
  appliedSeq: number;
  heldSeq: number | null;
}

interface ItemRow {
  company: string;
  sku: string;
  unit: string;
  ratios: string;
  applied_seq: string;
  held_seq: string | null;
  levels: string;
  inbound: string;
  commitments: string;
}

const ITEM_COLUMNS =
  "i.company, i.sku, i.unit, i.ratios, i.applied_seq, i.held_seq, i.levels, i.inbound, i.commitments";

/** Locks in key order: two transactions that touch the same SKUs wait for each other, never crosswise. */
export async function lockItems(tx: Transaction, companies: string[], skus: string[]): Promise<StoredItem[]> {
  const { rows } = await tx.query<ItemRow>({
    name: "lock-items",
    // One look-up a key, in their order, whatever the planner knew of the table when it made the plan.
    text: `select i.* from (select * from unnest($1::text[], $2::text[]) as k(company, sku) order by company, sku) k
            cross join lateral (select ${ITEM_COLUMNS} from stock_item i where i.company = k.company and i.sku = k.sku for update) i`,
    values: [textArray(companies), textArray(skus)],
  });
  return rows.map(toStored);
}

export async function readItems(
  db: Database,
  company: string,
  skus: readonly string[],
): Promise<StoredItem[]> {
  const { rows } = await db.query<ItemRow>({
    name: "read-items",
    text: `select ${ITEM_COLUMNS} from stock_item i where i.company = $1 and i.sku = any($2::text[]) order by i.sku`,
    values: [company, textArray(skus)],
  });
  return rows.map(toStored);
}

/** A page of SKUs after one, in key order. */
export async function pageItems(
  db: Database,
  company: string,
  after: string,
  limit: number,
): Promise<StoredItem[]> {
  const { rows } = await db.query<ItemRow>({
    name: "page-items",
    text: `select ${ITEM_COLUMNS} from stock_item i where i.company = $1 and i.sku > $2 order by i.company, i.sku limit $3`,
    values: [company, after, limit],
  });
  return rows.map(toStored);
}

function toStored(row: ItemRow): StoredItem {
  return {
    item: {
      company: row.company,
      sku: row.sku,
      unit: row.unit,
      ratios: row.ratios === "{}" ? {} : readRatios(row.ratios),
      levels: (JSON.parse(row.levels) as StoredLevel[]).map(readLevel),
      inbound: row.inbound === "[]" ? [] : (JSON.parse(row.inbound) as Stored<Inbound>[]).map(readInbound),
      commitments:
        row.commitments === "[]"
          ? []
          : (JSON.parse(row.commitments) as Stored<Commitment>[]).map(readCommitment),
    },
    appliedSeq: Number(row.applied_seq),
    heldSeq: row.held_seq === null ? null : Number(row.held_seq),
  };
}

type Stored<T> = { [K in keyof T]: T[K] extends Decimal ? string : T[K] };
type StoredLevel = Stored<StockLevel>;

const readLevel = (l: StoredLevel): StockLevel => ({
  ...l,
  onHand: parseDecimal(l.onHand),
  base: parseDecimal(l.base),
});
const readInbound = (b: Stored<Inbound>): Inbound => ({
  ...b,
  quantity: parseDecimal(b.quantity),
  received: parseDecimal(b.received),
});
const readCommitment = (c: Stored<Commitment>): Commitment => ({ ...c, quantity: parseDecimal(c.quantity) });

function readRatios(text: string): Record<string, Ratio> {
  const stored = JSON.parse(text) as Record<string, { numerator: string; denominator: string }>;
  return Object.fromEntries(
    Object.entries(stored).map(([unit, r]) => [
      unit,
      { numerator: BigInt(r.numerator), denominator: BigInt(r.denominator) },
    ]),
  );
}

/** Decimals as exact text; ratios too. */
export const documentText = (value: unknown): string => JSON.stringify(value, writeValue);

function writeValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return key === "numerator" || key === "denominator" ? value.toString() : formatDecimal(value);
}

/** Writes SKUs whole. A new one that another transaction made meanwhile violates `stock_item_pkey`. */
export async function saveItems(
  tx: Transaction,
  stored: readonly StoredItem[],
  fresh: readonly StoredItem[],
): Promise<void> {
  await Promise.all([
    stored.length > 0 && tx.query({ name: "save-items", text: SAVE_ITEMS, values: itemColumns(stored) }),
    fresh.length > 0 && tx.query({ name: "insert-items", text: ITEM_INSERT, values: itemColumns(fresh) }),
  ]);
}

const ITEM_SET = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    as n(company, sku, unit, ratios, applied_seq, held_seq, levels, inbound, commitments)`;
// Sorted, so that two transactions that both meet new SKUs wait for each other in one order.
const ITEM_INSERT = `insert into stock_item (company, sku, unit, ratios, applied_seq, held_seq, levels, inbound, commitments)
  select n.company, n.sku, n.unit, n.ratios::jsonb, n.applied_seq, n.held_seq, n.levels::jsonb, n.inbound::jsonb, n.commitments::jsonb
    from ${ITEM_SET} order by n.company, n.sku`;
// They are there, and locked: by way of a conflict each is found by its key, which a join leaves to the planner.
const SAVE_ITEMS = `${ITEM_INSERT} on conflict (company, sku) do update set unit = excluded.unit, ratios = excluded.ratios,
    applied_seq = excluded.applied_seq, held_seq = excluded.held_seq, levels = excluded.levels, inbound = excluded.inbound,
    commitments = excluded.commitments, updated_at = clock_timestamp()`;
function itemColumns(items: readonly StoredItem[]): unknown[] {
  return [
    textArray(items.map((s) => s.item.company)),
    textArray(items.map((s) => s.item.sku)),
    textArray(items.map((s) => s.item.unit)),
    textArray(items.map((s) => documentText(s.item.ratios))),
    plainArray(items.map((s) => s.appliedSeq)),
    plainArray(items.map((s) => s.heldSeq)),
    textArray(items.map((s) => documentText(s.item.levels))),
    textArray(items.map((s) => (s.item.inbound.length === 0 ? "[]" : documentText(s.item.inbound)))),
    textArray(items.map((s) => (s.item.commitments.length === 0 ? "[]" : documentText(s.item.commitments)))),
  ];
}

interface ReservationRow {
  company: string;
  sku: string;
  order_id: string;
  line_id: string;
  location: string;
  quantity: string;
  kind: Reservation["kind"];
  made_at: Time;
  expires_at: Time | null;
  due_at: Time | null;
  allocated_at: Time | null;
  priority: number;
  channel: string | null;
}

const RESERVATION_COLUMNS =
  "r.company, r.sku, r.order_id, r.line_id, r.location, r.quantity, r.kind, r.made_at, r.expires_at, r.due_at, r.allocated_at, r.priority, r.channel";

export interface StoredReservation {
  company: string;
  reservation: Reservation;
}

const toReservation = (row: ReservationRow): StoredReservation => ({
  company: row.company,
  reservation: {
    sku: row.sku,
    orderId: row.order_id,
    lineId: row.line_id,
    location: row.location,
    quantity: parseDecimal(row.quantity),
    kind: row.kind,
    madeAt: row.made_at,
    priority: row.priority,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.due_at === null ? {} : { dueAt: row.due_at }),
    ...(row.allocated_at === null ? {} : { allocatedAt: row.allocated_at }),
    ...(row.channel === null ? {} : { channel: row.channel }),
  },
});

/** Of orders; the rows are covered by the locks on their SKUs. */
export async function readOrderReservations(
  tx: Transaction | Database,
  companies: string[],
  orderIds: string[],
): Promise<StoredReservation[]> {
  const { rows } = await tx.query<ReservationRow>({
    name: "read-order-reservations",
    text: `select r.* from unnest($1::text[], $2::text[]) as k(company, order_id)
            cross join lateral (select ${RESERVATION_COLUMNS} from reservation r
                                 where r.company = k.company and r.order_id = k.order_id offset 0) r
            order by r.order_id, r.line_id, r.location`,
    values: [textArray(companies), textArray(orderIds)],
  });
  return rows.map(toReservation);
}

/** Of whole SKUs: for figures that net allocations, and for shortfalls. */
export async function readSkuReservations(
  tx: Transaction | Database,
  companies: string[],
  skus: string[],
): Promise<StoredReservation[]> {
  const { rows } = await tx.query<ReservationRow>({
    name: "read-sku-reservations",
    text: `select r.* from unnest($1::text[], $2::text[]) as k(company, sku)
            cross join lateral (select ${RESERVATION_COLUMNS} from reservation r
                                 where r.company = k.company and r.sku = k.sku offset 0) r
            order by r.made_at desc`,
    values: [textArray(companies), textArray(skus)],
  });
  return rows.map(toReservation);
}

/** Orders that wait for a SKU, by priority and then age. */
export async function readBackorders(
  db: Database | Transaction,
  company: string,
  sku: string,
  limit: number,
): Promise<StoredReservation[]> {
  const { rows } = await db.query<ReservationRow>({
    name: "read-backorders",
    text: `select ${RESERVATION_COLUMNS} from reservation r where r.company = $1 and r.sku = $2 and r.location = '' and r.kind = 'backorder'
            order by r.priority desc, r.made_at, r.order_id limit $3`,
    values: [company, sku, limit],
  });
  return rows.map(toReservation);
}

export async function saveReservations(tx: Transaction, stored: readonly StoredReservation[]): Promise<void> {
  await tx.query({
    name: "save-reservations",
    text: `insert into reservation as r (company, order_id, line_id, sku, location, quantity, kind, made_at, expires_at, due_at, allocated_at, priority, channel)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::timestamptz[],
                                $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::smallint[], $13::text[])
           on conflict (company, order_id, line_id, sku, location) do update set quantity = excluded.quantity, kind = excluded.kind,
             made_at = excluded.made_at, expires_at = excluded.expires_at, due_at = excluded.due_at,
             allocated_at = excluded.allocated_at, priority = excluded.priority, channel = excluded.channel`,
    values: [
      textArray(stored.map((s) => s.company)),
      textArray(stored.map((s) => s.reservation.orderId)),
      textArray(stored.map((s) => s.reservation.lineId)),
      textArray(stored.map((s) => s.reservation.sku)),
      textArray(stored.map((s) => s.reservation.location)),
      plainArray(stored.map((s) => formatDecimal(s.reservation.quantity))),
      textArray(stored.map((s) => s.reservation.kind)),
      plainArray(stored.map((s) => s.reservation.madeAt)),
      plainArray(stored.map((s) => s.reservation.expiresAt)),
      plainArray(stored.map((s) => s.reservation.dueAt)),
      plainArray(stored.map((s) => s.reservation.allocatedAt)),
      plainArray(stored.map((s) => s.reservation.priority)),
      textArray(stored.map((s) => s.reservation.channel)),
    ],
  });
}

export async function removeReservations(
  tx: Transaction,
  keys: readonly (ReservationKey & { company: string })[],
): Promise<void> {
  await tx.query({
    name: "remove-reservations",
    text: `delete from reservation r using unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
             as k(company, order_id, line_id, sku, location)
            where r.company = k.company and r.order_id = k.order_id and r.line_id = k.line_id and r.sku = k.sku and r.location = k.location`,
    values: [
      textArray(keys.map((k) => k.company)),
      textArray(keys.map((k) => k.orderId)),
      textArray(keys.map((k) => k.lineId)),
      textArray(keys.map((k) => k.sku)),
      textArray(keys.map((k) => k.location)),
    ],
  });
}

export interface StoredMovement {
  /** The event's id. */
  id: string;
  seq: number;
  company: string;
  source: string;
  movement: MovementRow;
}

export async function insertMovements(tx: Transaction, movements: readonly StoredMovement[]): Promise<void> {
  await tx.query({
    name: "insert-movements",
    text: `insert into stock_movement (id, day, seq, company, sku, location, status, owner, lot, quantity, reason, occurred_at, sequence,
                                       document, allocated_at, source)
           select m.id, (clock_timestamp() at time zone 'UTC')::date, m.seq, m.company, m.sku, m.location, m.status, m.owner, m.lot, m.quantity,
                  m.reason, m.occurred_at, m.sequence, m.document, m.allocated_at, m.source
             from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[],
                         $10::text[], $11::timestamptz[], $12::numeric[], $13::text[], $14::timestamptz[], $15::text[])
                  as m(id, seq, company, sku, location, status, owner, lot, quantity, reason, occurred_at, sequence, document, allocated_at, source)`,
    values: [
      plainArray(movements.map((m) => m.id)),
      plainArray(movements.map((m) => m.seq)),
      textArray(movements.map((m) => m.company)),
      textArray(movements.map((m) => m.movement.sku)),
      textArray(movements.map((m) => m.movement.location)),
      textArray(movements.map((m) => m.movement.status)),
      textArray(movements.map((m) => m.movement.owner)),
      textArray(movements.map((m) => m.movement.lot)),
      plainArray(movements.map((m) => formatDecimal(m.movement.quantity))),
      textArray(movements.map((m) => m.movement.reason)),
      plainArray(movements.map((m) => m.movement.occurredAt)),
      plainArray(movements.map((m) => (m.movement.sequence === "" ? null : m.movement.sequence))),
      textArray(movements.map((m) => m.movement.document)),
      plainArray(movements.map((m) => m.movement.allocatedAt)),
      textArray(movements.map((m) => m.source)),
    ],
  });
}

/** Movements of SKUs since a time each, or after a sequence: what an observation is combined with. */
export async function readMovements(
  tx: Transaction,
  wanted: readonly { company: string; sku: string; since: Time; sequence: string | null }[],
): Promise<{ company: string; sku: string; movement: Movement }[]> {
  const { rows } = await tx.query<{
    company: string;
    sku: string;
    location: string;
    status: Movement["status"];
    owner: string;
    lot: string;
    quantity: string;
    occurred_at: Time;
    sequence: string | null;
    allocated_at: Time | null;
  }>({
    name: "read-movements",
    // The second part is for a source whose clock went back; its sequence still says what came after.
    text: `with k as (select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::numeric[]) as k(company, sku, since, sequence))
           select m.company, m.sku, m.location, m.status, m.owner, m.lot, m.quantity, m.occurred_at, m.sequence, m.allocated_at
             from (select m.* from k join stock_movement m
                       on m.company = k.company and m.sku = k.sku and m.occurred_at >= k.since
                    union all
                   select m.* from k join stock_movement m
                       on m.company = k.company and m.sku = k.sku and m.occurred_at < k.since
                    where k.sequence is not null and m.sequence > k.sequence and m.day >= current_date - 1) m
            order by m.seq`,
    values: [
      textArray(wanted.map((w) => w.company)),
      textArray(wanted.map((w) => w.sku)),
      plainArray(wanted.map((w) => w.since)),
      plainArray(wanted.map((w) => w.sequence)),
    ],
  });
  return rows.map((row) => ({
    company: row.company,
    sku: row.sku,
    movement: {
      location: row.location,
      status: row.status,
      owner: row.owner,
      lot: row.lot,
      quantity: parseDecimal(row.quantity),
      occurredAt: row.occurred_at,
      sequence: row.sequence ?? "",
      ...(row.allocated_at === null ? {} : { allocatedAt: row.allocated_at }),
    },
  }));
}

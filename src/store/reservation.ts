// Promises of stock as rows, and what a place's figures net of them. A given back one is deleted; its history is in the log.
import { formatDecimal, parseDecimal } from "../core/decimal.ts";
import type { Time } from "../core/time.ts";
import type { ReservationKey } from "../domains/inventory/change.ts";
import type { Reservation } from "../domains/inventory/state.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { nettedText, readNetted } from "./netted.ts";

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
  netted: string | null;
  priority: number;
  channel: string | null;
}

const RESERVATION_COLUMNS =
  "r.company, r.sku, r.order_id, r.line_id, r.location, r.quantity, r.kind, r.made_at, r.expires_at, r.due_at, r.netted, r.priority, r.channel";

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
    netted: readNetted(row.netted),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.due_at === null ? {} : { dueAt: row.due_at }),
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
    text: `insert into reservation as r (company, order_id, line_id, sku, location, quantity, kind, made_at, expires_at, due_at, netted, priority, channel)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::timestamptz[],
                                $9::timestamptz[], $10::timestamptz[], $11::jsonb[], $12::smallint[], $13::text[])
           on conflict (company, order_id, line_id, sku, location) do update set quantity = excluded.quantity, kind = excluded.kind,
             made_at = excluded.made_at, expires_at = excluded.expires_at, due_at = excluded.due_at,
             netted = excluded.netted, priority = excluded.priority, channel = excluded.channel`,
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
      textArray(stored.map((s) => nettedText(s.reservation.netted))),
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

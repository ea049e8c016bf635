// The order domain's state as sets, and the positions of keys that have no state row.
import { parseDecimal } from "../core/decimal.ts";
import type { Order } from "../domains/order/state.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { documentText } from "./stock.ts";

export interface StoredOrder {
  order: Order;
  appliedSeq: number;
  heldSeq: number | null;
}

interface OrderRow {
  applied_seq: string;
  held_seq: string | null;
  state: string;
}

/** The fields of the state's document that are decimals; every other string stays a string. */
const DECIMALS = new Set([
  "ordered",
  "quantity",
  "price",
  "cancelled",
  "backordered",
  "shipped",
  "invoiced",
  "returned",
  "credited",
  "allocated",
  "released",
  "amount",
  "total",
  "requested",
  "received",
  "overShipped",
]);

function readValue(key: string, value: unknown): unknown {
  return typeof value === "string" && DECIMALS.has(key) ? parseDecimal(value) : value;
}

const toStored = (row: OrderRow): StoredOrder => ({
  order: JSON.parse(row.state, readValue) as Order,
  appliedSeq: Number(row.applied_seq),
  heldSeq: row.held_seq === null ? null : Number(row.held_seq),
});

/** Locks in key order; orders are always locked before SKUs. */
export async function lockOrders(
  tx: Transaction,
  companies: string[],
  orderIds: string[],
): Promise<StoredOrder[]> {
  const { rows } = await tx.query<OrderRow>({
    name: "lock-orders",
    text: `select o.* from (select * from unnest($1::text[], $2::text[]) as k(company, order_id) order by company, order_id) k
            cross join lateral (select o.applied_seq, o.held_seq, o.state from sales_order o
                                 where o.company = k.company and o.order_id = k.order_id for update) o`,
    values: [textArray(companies), textArray(orderIds)],
  });
  return rows.map(toStored);
}

export async function readOrder(db: Database, company: string, orderId: string): Promise<StoredOrder | null> {
  const { rows } = await db.query<OrderRow>({
    name: "read-order",
    text: "select applied_seq, held_seq, state from sales_order where company = $1 and order_id = $2",
    values: [company, orderId],
  });
  return rows[0] === undefined ? null : toStored(rows[0]);
}

export interface OrderFilter {
  company: string;
  status?: string;
  customerId?: string;
  after?: string;
  limit: number;
}

/** What nobody has submitted is no order. */
export async function pageOrders(db: Database, filter: OrderFilter): Promise<StoredOrder[]> {
  const { rows } = await db.query<OrderRow>({
    name: "page-orders",
    text: `select applied_seq, held_seq, state from sales_order
            where company = $1 and status not in ('reserved', 'lapsed') and ($2::text is null or status = $2) and ($3::text is null or customer_id = $3)
              and ($4::text is null or order_id > $4) order by company, order_id limit $5`,
    values: [
      filter.company,
      filter.status ?? null,
      filter.customerId ?? null,
      filter.after ?? null,
      filter.limit,
    ],
  });
  return rows.map(toStored);
}

const ORDER_SET = `unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::text[])
    as n(company, order_id, applied_seq, held_seq, status, channel, customer_id, purchase_order, currency, placed_at, state)`;

function orderColumns(orders: readonly StoredOrder[]): unknown[] {
  return [
    textArray(orders.map((s) => s.order.company)),
    textArray(orders.map((s) => s.order.orderId)),
    plainArray(orders.map((s) => s.appliedSeq)),
    plainArray(orders.map((s) => s.heldSeq)),
    textArray(orders.map((s) => s.order.status)),
    textArray(orders.map((s) => s.order.channel)),
    textArray(orders.map((s) => s.order.customer?.id ?? "")),
    textArray(orders.map((s) => (s.order.purchaseOrder === "" ? null : s.order.purchaseOrder))),
    textArray(orders.map((s) => s.order.currency)),
    plainArray(orders.map((s) => s.order.placedAt)),
    textArray(orders.map((s) => documentText(s.order))),
  ];
}

// Sorted, so that two transactions with new orders wait for each other in one order.
const ORDER_INSERT = `insert into sales_order (company, order_id, applied_seq, held_seq, status, channel, customer_id, purchase_order,
    currency, placed_at, state)
  select n.company, n.order_id, n.applied_seq, n.held_seq, n.status, n.channel, n.customer_id, n.purchase_order, n.currency,
         n.placed_at, n.state::jsonb
    from ${ORDER_SET} order by n.company, n.order_id`;
const SAVE_ORDERS = `${ORDER_INSERT} on conflict (company, order_id) do update set applied_seq = excluded.applied_seq,
    held_seq = excluded.held_seq, status = excluded.status, customer_id = excluded.customer_id,
    purchase_order = excluded.purchase_order, currency = excluded.currency, placed_at = excluded.placed_at,
    state = excluded.state, updated_at = clock_timestamp()`;

/** A new one that another transaction made meanwhile violates `sales_order_pkey`. */
export async function saveOrders(
  tx: Transaction,
  stored: readonly StoredOrder[],
  fresh: readonly StoredOrder[],
): Promise<void> {
  await Promise.all([
    stored.length > 0 && tx.query({ name: "save-orders", text: SAVE_ORDERS, values: orderColumns(stored) }),
    fresh.length > 0 && tx.query({ name: "insert-orders", text: ORDER_INSERT, values: orderColumns(fresh) }),
  ]);
}

export interface PurchaseMatch {
  company: string;
  customerId: string;
  purchaseOrder: string;
  orderId: string;
  channel: string;
}

/** Orders of the same customer with the same purchase order number: suspected duplicates. */
export async function findPurchases(
  tx: Transaction,
  wanted: readonly { company: string; customerId: string; purchaseOrder: string }[],
): Promise<PurchaseMatch[]> {
  const { rows } = await tx.query<{
    company: string;
    customer_id: string;
    purchase_order: string;
    order_id: string;
    channel: string;
  }>({
    name: "find-purchases",
    text: `select o.company, o.customer_id, o.purchase_order, o.order_id, o.channel
             from unnest($1::text[], $2::text[], $3::text[]) as k(company, customer_id, purchase_order)
             join sales_order o on o.company = k.company and o.customer_id = k.customer_id and o.purchase_order = k.purchase_order
            order by o.placed_at, o.order_id`,
    values: [
      textArray(wanted.map((w) => w.company)),
      textArray(wanted.map((w) => w.customerId)),
      textArray(wanted.map((w) => w.purchaseOrder)),
    ],
  });
  return rows.map((row) => ({
    company: row.company,
    customerId: row.customer_id,
    purchaseOrder: row.purchase_order,
    orderId: row.order_id,
    channel: row.channel,
  }));
}

export interface KeyPosition {
  key: string;
  appliedSeq: number;
  heldSeq: number | null;
}

/** Until the transaction ends, for keys that may have no row yet; in one order, so that nobody waits crosswise. */
export async function lockKeys(tx: Transaction, keys: readonly string[]): Promise<void> {
  await tx.query({
    name: "lock-keys",
    text: `select pg_advisory_xact_lock(k.hash)
             from (select distinct hashtextextended(u, 7102) as hash from unnest($1::text[]) u order by 1) k`,
    values: [textArray(keys)],
  });
}

export async function readKeyPositions(tx: Transaction, keys: readonly string[]): Promise<KeyPosition[]> {
  const { rows } = await tx.query<{ key: string; applied_seq: string; held_seq: string | null }>({
    name: "read-key-positions",
    text: "select key, applied_seq, held_seq from key_position where key = any($1::text[]) order by key for update",
    values: [textArray(keys)],
  });
  return rows.map((row) => ({
    key: row.key,
    appliedSeq: Number(row.applied_seq),
    heldSeq: row.held_seq === null ? null : Number(row.held_seq),
  }));
}

export async function saveKeyPositions(tx: Transaction, positions: readonly KeyPosition[]): Promise<void> {
  await tx.query({
    name: "save-key-positions",
    text: `insert into key_position as p (key, applied_seq, held_seq)
           select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as n(key, applied_seq, held_seq) order by n.key
           on conflict (key) do update set applied_seq = greatest(p.applied_seq, excluded.applied_seq), held_seq = excluded.held_seq`,
    values: [
      textArray(positions.map((p) => p.key)),
      plainArray(positions.map((p) => p.appliedSeq)),
      plainArray(positions.map((p) => p.heldSeq)),
    ],
  });
}

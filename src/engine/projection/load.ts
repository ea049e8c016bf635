// Locks and loads what a batch of events touches: orders first, then SKUs, each in key order, so that no two
// transactions wait for each other crosswise.
import { addMs, type Time } from "../../core/time.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import type { LevelObserved } from "../../domains/inventory/contract.ts";
import { compareSequences } from "../../domains/inventory/statement-order.ts";
import { orderKey, parseKey, stockKey } from "../../domains/key.ts";
import type { OrderEvent, OrderSubmitted } from "../../domains/order/contract.ts";
import { opensOrder } from "../../domains/order/evolve.ts";
import { neededSkus } from "../../domains/order/needs.ts";
import { isSubmitted } from "../../domains/order/status.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Transaction } from "../../postgres/pool.ts";
import { readMovements } from "../../store/movement.ts";
import { findPurchases, lockKeys, lockOrders, readKeyPositions } from "../../store/order.ts";
import { readOrderReservations, readSkuReservations } from "../../store/reservation.ts";
import { lockItems } from "../../store/stock.ts";
import type { WorkingSet } from "./working-set.ts";

/** `opened`: events may be creating all of them, so that a first look would most likely be in vain. */
export async function loadOrders(
  tx: Transaction,
  set: WorkingSet,
  keys: readonly string[],
  opened = false,
): Promise<void> {
  const wanted = keys.filter((key) => !set.orders.has(key));
  const missing = opened ? wanted : await findOrders(tx, set, wanted);
  if (missing.length === 0) return;
  // A key without a row is locked as such: who has it may be creating the order, or saying what a fact without
  // one becomes.
  const [, unknown, read] = await Promise.all([
    lockKeys(tx, missing),
    findOrders(tx, set, missing),
    readKeyPositions(tx, missing),
  ]);
  const positions = new Map(read.map((position) => [position.key, position]));
  for (const key of unknown) {
    const slot = set.addOrder(key, null);
    const position = positions.get(key);
    if (position === undefined) continue;
    slot.appliedSeq = position.appliedSeq;
    slot.heldSeq = position.heldSeq;
  }
}

async function findOrders(tx: Transaction, set: WorkingSet, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const wanted = keys.map(parseKey);
  const rows = await lockOrders(
    tx,
    wanted.map((k) => k.company),
    wanted.map((k) => k.id),
  );
  for (const row of rows) set.addOrder(orderKey(row.order.company, row.order.orderId), row);
  return keys.filter((key) => !set.orders.has(key));
}

export async function loadPositions(
  tx: Transaction,
  set: WorkingSet,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const [, read] = await Promise.all([lockKeys(tx, keys), readKeyPositions(tx, keys)]);
  const positions = new Map(read.map((position) => [position.key, position]));
  for (const key of keys) set.addPosition(key, positions.get(key) ?? null);
}

export async function loadItems(tx: Transaction, set: WorkingSet, keys: readonly string[]): Promise<void> {
  const wanted = keys.filter((key) => !set.items.has(key)).map(parseKey);
  if (wanted.length === 0) return;
  const rows = await lockItems(
    tx,
    wanted.map((k) => k.company),
    wanted.map((k) => k.id),
  );
  for (const row of rows) set.addItem(stockKey(row.item.company, row.item.sku), row);
  for (const { company, id } of wanted) {
    const key = stockKey(company, id);
    if (!set.items.has(key)) set.addItem(key, null);
  }
}

/** The SKUs that submissions and requests to hold name: known before anything is loaded. */
export function askedItemKeys(events: readonly RecordedEvent[]): string[] {
  const keys: string[] = [];
  for (const event of events) {
    if (!opensOrder(event.type)) continue;
    for (const { sku } of (event.data as OrderSubmitted).lines) keys.push(stockKey(event.company, sku));
  }
  return keys;
}

/** The SKUs that some order events may decide about, as keys. */
export function neededItemKeys(set: WorkingSet, events: readonly RecordedEvent[]): string[] {
  const keys = new Set<string>();
  for (const event of events) {
    const slot = set.orders.get(event.key);
    if (slot === undefined) continue;
    for (const sku of neededSkus(slot.order, event as unknown as OrderEvent))
      keys.add(stockKey(slot.company, sku));
  }
  return [...keys];
}

/** Rows beside the items: reservations that the events name, and movements that a snapshot is combined with. */
export async function loadRows(
  tx: Transaction,
  set: WorkingSet,
  events: readonly RecordedEvent[],
  integration: Integration,
): Promise<void> {
  const orders = new Set<string>(set.orders.keys());
  const whole = new Set<string>();
  const since = new Map<string, Since>();
  for (const event of events) {
    const data = event.data as { order?: { orderId: string }; orderId?: string };
    const orderId = data.order?.orderId ?? data.orderId;
    if (orderId !== undefined) orders.add(orderKey(event.company, orderId));
    if (event.type !== "inventory.level.observed") continue;
    const slot = set.items.get(event.key);
    if (slot === undefined) continue;
    const source = integration.systems[event.source];
    const net = source?.figures.quantity === "net";
    if (net) whole.add(event.key);
    if (net || slot.item.levels.some((level) => level.movementsAfter > 0)) {
      widen(since, event.key, event.data as LevelObserved, source?.clock.resolutionMs ?? 0);
    }
  }
  if (orders.size > 0 && set.items.size > 0) await loadOrderReservations(tx, set, [...orders]);
  if (whole.size > 0) await loadSkuReservations(tx, set, [...whole]);
  if (since.size > 0) await loadMovements(tx, set, since);
}

/** Movements of a SKU that its observations may have to be combined with. */
interface Since {
  time: Time;
  /** Also those after it in the source's own order, whatever its clock said. */
  sequence: string | null;
}

function widen(since: Map<string, Since>, key: string, level: LevelObserved, resolutionMs: number): void {
  // A movement in the same step of the clock may have come after the observation.
  const time = addMs(level.observedAt, -Math.ceil(resolutionMs));
  const sequence = level.sequence ?? null;
  const held = since.get(key);
  if (held === undefined) since.set(key, { time, sequence });
  else {
    if (time < held.time) held.time = time;
    if (sequence !== null && (held.sequence === null || compareSequences(sequence, held.sequence) < 0))
      held.sequence = sequence;
  }
}

async function loadOrderReservations(tx: Transaction, set: WorkingSet, keys: string[]): Promise<void> {
  const wanted = keys.map(parseKey);
  const rows = await readOrderReservations(
    tx,
    wanted.map((k) => k.company),
    wanted.map((k) => k.id),
  );
  for (const { company, reservation } of rows) {
    set.items.get(stockKey(company, reservation.sku))?.rows.reservations.push(reservation);
  }
}

/** Every reservation of some SKUs; replaces what was loaded of them by order. */
async function loadSkuReservations(tx: Transaction, set: WorkingSet, keys: string[]): Promise<void> {
  const wanted = keys.map(parseKey);
  const slots = new Map(keys.map((key) => [key, set.items.get(key)!]));
  for (const slot of slots.values()) slot.rows = { ...slot.rows, reservations: [] };
  const rows = await readSkuReservations(
    tx,
    wanted.map((k) => k.company),
    wanted.map((k) => k.id),
  );
  for (const { company, reservation } of rows)
    slots.get(stockKey(company, reservation.sku))!.rows.reservations.push(reservation);
}

async function loadMovements(tx: Transaction, set: WorkingSet, since: Map<string, Since>): Promise<void> {
  const wanted = [...since].map(([key, from]) => ({ ...parseKey(key), ...from }));
  const rows = await readMovements(
    tx,
    wanted.map(({ company, id, time, sequence }) => ({ company, sku: id, since: time, sequence })),
  );
  for (const { company, sku, movement } of rows)
    set.items.get(stockKey(company, sku))!.rows.movements.push(movement);
}

export type Duplicates = Map<string, { orderId: string; channel: string }>;

interface Purchase {
  key: string;
  company: string;
  customerId: string;
  purchaseOrder: string;
  orderId: string;
  channel: string;
}

/** Other orders of the same customer with the same purchase order number, by order key; the batch's own too. */
export async function loadDuplicates(
  tx: Transaction,
  set: WorkingSet,
  events: readonly RecordedEvent[],
): Promise<Duplicates> {
  const duplicates: Duplicates = new Map();
  const wanted = events.flatMap((event) => purchaseOf(set, event));
  if (wanted.length === 0) return duplicates;
  const stored = await findPurchases(tx, wanted);
  for (const [index, one] of wanted.entries()) {
    const same = (m: Omit<Purchase, "key">) =>
      m.orderId !== one.orderId &&
      m.company === one.company &&
      m.customerId === one.customerId &&
      m.purchaseOrder === one.purchaseOrder;
    // Within a batch only the earlier one is the original.
    const other = stored.find(same) ?? wanted.slice(0, index).find(same);
    if (other !== undefined) duplicates.set(one.key, { orderId: other.orderId, channel: other.channel });
  }
  return duplicates;
}

/** The purchase that a submission, or a hold released with its customer, says an order is. */
function purchaseOf(set: WorkingSet, event: RecordedEvent): Purchase[] {
  if (event.type !== "order.submitted" && event.type !== "order.hold.released") return [];
  const order = set.orders.get(event.key)?.order ?? null;
  const data = event.data as Pick<OrderSubmitted, "customer" | "purchaseOrder" | "orderId">;
  const purchaseOrder = event.type === "order.submitted" ? data.purchaseOrder : order?.purchaseOrder;
  if (data.customer === undefined || !purchaseOrder) return [];
  const { key, company, source } = event;
  return [
    {
      key,
      company,
      customerId: data.customer.id,
      purchaseOrder,
      orderId: data.orderId,
      channel: order !== null && isSubmitted(order) ? order.channel : source,
    },
  ];
}

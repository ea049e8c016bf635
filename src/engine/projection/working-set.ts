// The state that one transaction touches: locked, loaded as sets, evolved in memory, saved as sets. Slots keep
// what was loaded beside what it has become.
import type { Time } from "../../core/time.ts";
import type { ReservationKey, StockChange } from "../../domains/inventory/change.ts";
import { emptyItem } from "../../domains/inventory/evolve.ts";
import type { StockPolicy } from "../../domains/inventory/policy.ts";
import type { Reservation, StockItem, StockRows } from "../../domains/inventory/state.ts";
import { parseKey } from "../../domains/key.ts";
import type { Order } from "../../domains/order/state.ts";

interface Slot {
  kind: "order" | "item" | "position";
  key: string;
  company: string;
  id: string;
  appliedSeq: number;
  heldSeq: number | null;
  /** Has no row yet. */
  fresh: boolean;
  touched: boolean;
}

export interface OrderSlot extends Slot {
  kind: "order";
  order: Order | null;
}

export interface ItemSlot extends Slot {
  kind: "item";
  original: StockItem | null;
  item: StockItem;
  rows: StockRows;
  /** Changed reservations by key; null is a removed one. */
  changed: Map<string, { key: ReservationKey; reservation: Reservation | null }>;
}

/** A key without a state row: a location's sets. */
export interface PositionSlot extends Slot {
  kind: "position";
}

const reservationKey = (r: ReservationKey): string => `${r.orderId}\u0000${r.lineId}\u0000${r.location}`;

export class WorkingSet {
  readonly orders = new Map<string, OrderSlot>();
  readonly items = new Map<string, ItemSlot>();
  readonly positions = new Map<string, PositionSlot>();
  /** The database's time of the transaction. */
  now: Time = "0001-01-01T00:00:00.000000Z";
  private readonly policy: Pick<StockPolicy, "baseUnit" | "units">;

  constructor(policy: Pick<StockPolicy, "baseUnit" | "units">) {
    this.policy = policy;
  }

  private newItem(company: string, sku: string): StockItem {
    const units = Object.hasOwn(this.policy.units, sku) ? this.policy.units[sku] : undefined;
    return emptyItem(company, sku, units?.base ?? this.policy.baseUnit, units?.ratios);
  }

  addOrder(
    key: string,
    loaded: { order: Order; appliedSeq: number; heldSeq: number | null } | null,
  ): OrderSlot {
    const { company, id } = parseKey(key);
    const slot: OrderSlot = {
      kind: "order",
      key,
      company,
      id,
      order: loaded?.order ?? null,
      appliedSeq: loaded?.appliedSeq ?? 0,
      heldSeq: loaded?.heldSeq ?? null,
      fresh: loaded === null,
      touched: false,
    };
    this.orders.set(key, slot);
    return slot;
  }

  addItem(
    key: string,
    loaded: { item: StockItem; appliedSeq: number; heldSeq: number | null } | null,
  ): ItemSlot {
    const { company, id } = parseKey(key);
    const slot: ItemSlot = {
      kind: "item",
      key,
      company,
      id,
      original: loaded?.item ?? null,
      item: loaded?.item ?? this.newItem(company, id),
      rows: { reservations: [], movements: [] },
      changed: new Map(),
      appliedSeq: loaded?.appliedSeq ?? 0,
      heldSeq: loaded?.heldSeq ?? null,
      fresh: loaded === null,
      touched: false,
    };
    this.items.set(key, slot);
    return slot;
  }

  addPosition(key: string, loaded: { appliedSeq: number; heldSeq: number | null } | null): PositionSlot {
    const { company, id } = parseKey(key);
    const slot: PositionSlot = {
      kind: "position",
      key,
      company,
      id,
      appliedSeq: loaded?.appliedSeq ?? 0,
      heldSeq: loaded?.heldSeq ?? null,
      fresh: loaded === null,
      touched: false,
    };
    this.positions.set(key, slot);
    return slot;
  }
}

/** Takes what an event did to a SKU, so that the next event sees it. */
export function takeChange(slot: ItemSlot, change: StockChange): void {
  slot.item = change.item;
  slot.touched = true;
  if (change.movement !== undefined)
    slot.rows = { ...slot.rows, movements: [...slot.rows.movements, change.movement] };
  if (change.reservations.length === 0 && change.removed.length === 0) return;
  const gone = new Set(change.removed.map(reservationKey));
  for (const reservation of change.reservations) gone.add(reservationKey(reservation));
  const kept = slot.rows.reservations.filter((reservation) => !gone.has(reservationKey(reservation)));
  slot.rows = { ...slot.rows, reservations: [...kept, ...change.reservations] };
  for (const key of change.removed) slot.changed.set(reservationKey(key), { key, reservation: null });
  for (const reservation of change.reservations)
    slot.changed.set(reservationKey(reservation), { key: reservation, reservation });
}

/** The SKU's live reservations: those that were stored, with what this transaction changed laid over. */
export function currentReservations(
  slot: ItemSlot,
  stored: readonly { company: string; reservation: Reservation }[],
): Reservation[] {
  const current = new Map<string, Reservation>();
  for (const { company, reservation } of stored) {
    if (company === slot.company && reservation.sku === slot.id)
      current.set(reservationKey(reservation), reservation);
  }
  for (const [key, { reservation }] of slot.changed) {
    if (reservation === null) current.delete(key);
    else current.set(key, reservation);
  }
  return [...current.values()];
}

// What an order may be promised of each SKU, by its standing in the queue: a new order comes after everybody who
// waits; one that waits comes before those without a date and those with a later one; one whose firm promise was
// broken comes before all who wait.
import { type Decimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { availableToPromise } from "../inventory/available.ts";
import type { Commitment, StockItem } from "../inventory/state.ts";
import type { Supply } from "./allocate.ts";
import type { OrderContext } from "./context.ts";
import type { Promised } from "./decision.ts";
import { findLine } from "./lines.ts";
import type { Order } from "./state.ts";

/** `promisedAt`: of its backorder, empty where that has no date. */
export type Standing = "new" | "broken" | { promisedAt: Time | "" };

export interface Queue {
  standingOf(sku: string): Standing;
  /** Own promises that their place's figure no longer covers, and that are given up in the same decision. */
  lost?: readonly Promised[];
}

/** A SKU as this order sees it, with the figures that were worked out already. */
interface Seen {
  item: StockItem;
  at: Map<string, Decimal>;
  total: Decimal | undefined;
}

export class QueuedSupply implements Supply {
  private readonly context: OrderContext;
  private readonly shipAt: Time;
  private readonly order: Order;
  private readonly queue: Queue;
  private readonly seen = new Map<string, Seen>();

  constructor(context: OrderContext, order: Order, queue: Queue) {
    this.context = context;
    this.order = order;
    this.shipAt = shipTime(order, context.now);
    this.queue = queue;
  }

  at(sku: string, location: string): Decimal {
    const seen = this.see(sku);
    let figure = seen.at.get(location);
    if (figure === undefined) {
      const { now, stockPolicy } = this.context;
      figure = availableToPromise(seen.item, { now, at: this.shipAt, location }, stockPolicy);
      seen.at.set(location, figure);
    }
    return figure;
  }

  total(sku: string): Decimal {
    const seen = this.see(sku);
    const { now, stockPolicy } = this.context;
    seen.total ??= availableToPromise(seen.item, { now, at: this.shipAt }, stockPolicy);
    return seen.total;
  }

  private see(sku: string): Seen {
    let seen = this.seen.get(sku);
    if (seen === undefined) {
      const { standingOf, lost = [] } = this.queue;
      const item = lost.reduce(
        (held, own) => (own.sku === sku ? withoutOwn(held, this.order, own) : held),
        queuedItem(this.context.stock(sku), standingOf(sku)),
      );
      seen = { item, at: new Map(), total: undefined };
      this.seen.set(sku, seen);
    }
    return seen;
  }
}

/** When an order's goods are due: on its day, or now. */
export const shipTime = (order: Order, now: Time): Time =>
  order.requestedShipAt > now ? order.requestedShipAt : now;

/** The SKU without those whom this order comes before. Whoever is put off keeps its place and is looked at next. */
function queuedItem(item: StockItem, standing: Standing): StockItem {
  if (standing === "new") return item;
  const isAhead = ({ location, dueAt }: Commitment): boolean => {
    if (location !== "") return true;
    if (standing === "broken" || dueAt === "") return false;
    return standing.promisedAt === "" || dueAt < standing.promisedAt;
  };
  return item.commitments.every(isAhead) ? item : { ...item, commitments: item.commitments.filter(isAhead) };
}

/** The SKU without some units of this order's own: first those due at their time, then any at that place. */
export function withoutOwn(item: StockItem, order: Order, own: Promised): StockItem {
  const { location } = own;
  const dueAt = location === "" ? findLine(order, own.lineId)!.promisedAt : order.requestedShipAt;
  let left = own.quantity;
  const take = (held: Commitment): Commitment => {
    const taken = minDecimal(left, held.quantity);
    left -= taken;
    return taken === ZERO ? held : { ...held, quantity: held.quantity - taken };
  };
  const isExact = (held: Commitment) => held.location === location && held.dueAt === dueAt;
  const exact = item.commitments.map((held) => (isExact(held) ? take(held) : held));
  const commitments = exact.map((held) => (held.location === location ? take(held) : held));
  return { ...item, commitments };
}

/**
 * When dated supply covers `quantity` on top of `taken` and of everybody else's promises; empty where none does.
 * Only the places that orders are served from count. `isThere`: stock that is there already will do.
 */
export function promiseDate(
  item: StockItem,
  wanted: { quantity: Decimal; taken: Decimal; from: Time; isThere: boolean },
  context: OrderContext,
): Time | "" {
  const { now, stockPolicy, allocation } = context;
  const { from } = wanted;
  const places = [...new Set([...allocation.prefer, ...allocation.overflow])];
  const dates = new Set<Time>(wanted.isThere ? [from] : []);
  for (const { quantity, dueAt, location } of item.inbound) {
    if (quantity > ZERO && dueAt >= now && places.includes(location)) dates.add(dueAt > from ? dueAt : from);
  }
  for (const at of [...dates].sort()) {
    let there = ZERO;
    for (const location of places) there += availableToPromise(item, { now, at, location }, stockPolicy);
    const free = minDecimal(there, availableToPromise(item, { now, at }, stockPolicy));
    if (free - wanted.taken >= wanted.quantity) return at;
  }
  return "";
}

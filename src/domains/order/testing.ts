// A small house for tests: orders and stock, each event applied as the engine does it. Every order is frozen, so that
// a mutation fails; every SKU that a decision touches must have been named by neededSkus before.
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { addMs, parseTime, type Time } from "../../core/time.ts";
import { validateEvent } from "../catalogue.ts";
import type { NewEvent } from "../event.ts";
import { availableToPromise } from "../inventory/available.ts";
import type { StockSource } from "../inventory/change.ts";
import type { Reserved } from "../inventory/contract.ts";
import { emptyItem, evolveStock } from "../inventory/evolve.ts";
import type { StockPolicy } from "../inventory/policy.ts";
import type { Movement, Reservation, StockItem } from "../inventory/state.ts";
import { orderKey, parseKey, stockKey } from "../key.ts";
import type { Outbound } from "../outbound.ts";
import type { Problem, Reaction } from "../reaction.ts";
import type { OrderContext } from "./context.ts";
import type { OrderEventData, OrderEventType, OrderSubmitted } from "./contract.ts";
import { decideOrder } from "./decide.ts";
import { evolveOrder, type OrderOccurrence, opensOrder } from "./evolve.ts";
import { neededSkus } from "./needs.ts";
import type { AllocationPolicy, OrderPolicy } from "./policy.ts";
import type { Order } from "./state.ts";

export const START: Time = "2026-11-24T07:00:00.000000Z";
/** A day of November 2026, at noon. */
export const day = (number: number): Time =>
  parseTime(`2026-11-${String(number).padStart(2, "0")}T12:00:00Z`);

const owners: Record<string, string> = { EAST: "east", WEST: "west", "3PL": "partner" };

export interface HouseOptions {
  ledger?: string | null;
  allocation?: Partial<AllocationPolicy>;
  orders?: Partial<OrderPolicy>;
  units?: StockPolicy["units"];
  netting?: string[];
}

export class House {
  now: Time = START;
  readonly orders = new Map<string, Order>();
  readonly items = new Map<string, StockItem>();
  readonly reservations = new Map<string, Reservation[]>();
  readonly movements: (Movement & { sku: string })[] = [];
  readonly outbound: Outbound[] = [];
  readonly problems: Problem[] = [];
  readonly solved: string[] = [];
  readonly log: (NewEvent | OrderOccurrence)[] = [];
  /** Facts for SKUs that have not been applied yet. */
  readonly waiting: NewEvent[] = [];
  duplicateOf: OrderContext["duplicateOf"];
  holdFollowUps = false;
  private readonly options: HouseOptions;
  private readonly stockPolicy: StockPolicy;

  constructor(options: HouseOptions = {}) {
    this.options = options;
    this.stockPolicy = {
      safety: [],
      buffers: [],
      netting: options.netting ?? [],
      ageing: [],
      units: options.units ?? {},
      baseUnit: "EA",
    };
  }

  /** What stands at a place, by observation. */
  stock(sku: string, location: string, quantity: number): this {
    this.tick();
    const data = { sku, location, quantity: String(quantity), observedAt: this.now };
    this.applyStock(this.stockEvent("inventory.level.observed", owners[location]!, sku, data));
    return this;
  }

  inbound(sku: string, quantity: number, dueAt: Time, location = "EAST", document = "PO-1"): this {
    this.tick();
    const data = { sku, location, document, line: "1", quantity: String(quantity), dueAt };
    this.applyStock(this.stockEvent("inventory.inbound.expected", "erp", sku, data));
    return this;
  }

  define(
    sku: string,
    unit: string,
    ratios: Record<string, { numerator: number; denominator: number }>,
  ): this {
    this.tick();
    this.applyStock(this.stockEvent("inventory.item.defined", "erp", sku, { sku, unit, ratios }));
    return this;
  }

  submit(data: Partial<OrderSubmitted> & Pick<OrderSubmitted, "lines">, source = "portal"): Order {
    const submitted: OrderSubmitted = {
      orderId: "O-1",
      customer: { id: "C-1", name: "Customer" },
      currency: "GBP",
      placedAt: this.now,
      ...data,
    };
    this.say("order.submitted", source, submitted);
    return this.order(submitted.orderId);
  }

  order(orderId = "O-1"): Order {
    return this.orders.get(orderId)!;
  }

  /** Says a fact, with what follows from it. */
  say<T extends OrderEventType>(type: T, source: string, data: Said<T>): Reaction {
    this.tick();
    const full = { orderId: "O-1", ...data };
    const event = { type, source, company: "main", time: this.now, data: full } as unknown as OrderOccurrence;
    return this.apply(event);
  }

  apply(event: OrderOccurrence): Reaction {
    const { orderId } = event.data;
    const before = this.orders.get(orderId) ?? null;
    const locked = new Set(neededSkus(before, event));
    // Whoever decides about a SKU first applies what the log holds of it.
    this.applyWaiting((sku) => locked.has(sku));
    this.log.push(event);
    refuseUnpublished(event);
    const after = before === null && !opensOrder(event.type) ? null : freeze(evolveOrder(before, event));
    const reaction = decideOrder(before, after, event, this.context(locked));
    if (after !== null) this.orders.set(orderId, after);
    for (const decided of reaction.decided) this.applyDecided(orderId, decided, locked);
    for (const followUp of reaction.followUps) {
      this.log.push(followUp);
      refuseUnpublished(followUp);
      if (this.holdFollowUps) this.waiting.push(followUp);
      else this.applyStock(followUp);
    }
    this.outbound.push(...reaction.outbound);
    this.problems.push(...reaction.problems);
    this.solved.push(...reaction.solved);
    return reaction;
  }

  applyWaiting(isDue: (sku: string) => boolean = () => true): void {
    const due = this.waiting.filter((event) => isDue(parseKey(event.key).id));
    const left = this.waiting.filter((event) => !due.includes(event));
    this.waiting.splice(0, this.waiting.length, ...left);
    for (const event of due) this.applyStock(event);
  }

  private applyDecided(orderId: string, decided: NewEvent, locked: ReadonlySet<string>): void {
    this.log.push(decided);
    refuseUnpublished(decided);
    const { domain, id } = parseKey(decided.key);
    if (domain === "stock") {
      if (!locked.has(id)) throw new Error(`${decided.type} of ${id}, which neededSkus did not name`);
      if (decided.type === "inventory.reserved") this.refuseOverselling(id, decided.data as Reserved);
      this.applyStock(decided);
      return;
    }
    if (decided.key !== orderKey("main", orderId)) throw new Error(`decided about ${decided.key}`);
    this.orders.set(orderId, freeze(evolveOrder(this.order(orderId), decided as unknown as OrderOccurrence)));
  }

  /** No promise, firm or held, is of more than its place has for it, at that moment. */
  private refuseOverselling(sku: string, reserved: Reserved): void {
    if (reserved.kind === "backorder") return;
    const item = this.item(sku);
    const firm = { ...item, commitments: item.commitments.filter((held) => held.location !== "") };
    const query = { now: this.now, at: reserved.dueAt ?? this.now, location: reserved.location };
    const available = availableToPromise(firm, query, this.stockPolicy);
    if (available < parseDecimal(reserved.quantity)) {
      throw new Error(`oversold: ${reserved.quantity} of ${sku} at ${reserved.location}`);
    }
  }

  context(locked?: ReadonlySet<string>): OrderContext {
    const { ledger = "erp", allocation, orders } = this.options;
    return {
      now: this.now,
      allocation: { prefer: ["EAST", "WEST"], overflow: ["3PL"], split: "minimise", ...allocation },
      orders: {
        releaseBeforeBooking: false,
        shortage: "backorder",
        reservationExpiryMs: 900_000,
        reservationExpiryMaxMs: 86_400_000,
        ...orders,
      },
      stockPolicy: this.stockPolicy,
      owners,
      ...(ledger === null ? undefined : { ledger }),
      stock: (sku) => {
        if (locked !== undefined && !locked.has(sku)) throw new Error(`neededSkus did not name ${sku}`);
        return this.item(sku);
      },
      ...(this.duplicateOf === undefined ? undefined : { duplicateOf: this.duplicateOf }),
    };
  }

  item(sku: string): StockItem {
    return this.items.get(sku) ?? emptyItem("main", sku, "EA");
  }

  private stockEvent(type: string, source: string, sku: string, data: unknown): NewEvent {
    return { type, source, company: "main", key: stockKey("main", sku), time: this.now, data };
  }

  private applyStock(event: NewEvent): void {
    const sku = parseKey(event.key).id;
    const rows = {
      reservations: this.reservations.get(sku) ?? [],
      movements: this.movements.filter((movement) => movement.sku === sku),
    };
    const stored = { ...event, recordedAt: this.now, id: `event-${this.log.length}` };
    const change = evolveStock(this.item(sku), rows, stored, sourceOf(event.source));
    this.items.set(sku, change.item);
    const nameOf = (one: { orderId: string; lineId: string; location: string }) =>
      [one.orderId, one.lineId, one.location].join(" ");
    const gone = new Set([...change.removed, ...change.reservations].map(nameOf));
    const kept = rows.reservations.filter((one) => !gone.has(nameOf(one)));
    this.reservations.set(sku, [...kept, ...change.reservations]);
    if (change.movement !== undefined) this.movements.push(change.movement);
    this.problems.push(...change.problems);
  }

  tick(ms = 1000): void {
    this.now = addMs(this.now, ms);
  }

  /** Live reservations as `line@place` → units; a backorder is at no place. */
  reserved(orderId = "O-1"): Record<string, string> {
    const sums = new Map<string, Decimal>();
    for (const reservations of this.reservations.values()) {
      for (const { orderId: whose, lineId, location, quantity } of reservations) {
        if (whose !== orderId) continue;
        const name = `${lineId}@${location}`;
        sums.set(name, (sums.get(name) ?? ZERO) + quantity);
      }
    }
    return Object.fromEntries([...sums].map(([name, sum]) => [name, formatDecimal(sum)]).sort());
  }

  onHand(sku: string, location: string, status = "available"): string {
    const level = this.item(sku).levels.find((one) => one.location === location && one.status === status);
    return level === undefined ? "none" : formatDecimal(level.onHand);
  }

  /** Messages as `type → addressee`. */
  sent(type?: string): string[] {
    return this.outbound
      .filter((message) => type === undefined || message.type === type)
      .map((message) => `${message.type} → ${message.addressee}`);
  }

  codes(): string[] {
    return this.problems.map((problem) => problem.code);
  }
}

/** Whatever is said or decided fits its contract. */
function refuseUnpublished(event: { type: string; data: unknown }): void {
  const [fault] = validateEvent(event.type, event.data);
  if (fault !== undefined) throw new Error(`${event.type}: ${fault.path} ${fault.message}`);
}

type Said<T extends OrderEventType> = Omit<OrderEventData<T>, "orderId"> & { orderId?: string };

function sourceOf(system: string): StockSource {
  return {
    system,
    figure: { quantity: "physical", zeroShareMax: 0.2 },
    clock: { resolutionMs: 0, skewMaxMs: 60_000 },
    owners,
    resolutions: {},
  };
}

export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}

/** A line at a price of 2.50. */
export const line = (lineId: string, sku: string, quantity: number, more: Record<string, unknown> = {}) => ({
  lineId,
  sku,
  quantity: String(quantity),
  price: "2.5",
  ...more,
});

export const units = (count: number): Decimal => BigInt(count) * 1_000_000n;

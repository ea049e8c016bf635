// The floor of a simulated warehouse: what lies there and who works on it. Orders are picked and
// shipped after a delay, in full or, where stock is short, what there is; then they are reported short.
// Quantities are whole pieces. Each system words what happens here in its own way, through the hooks.

import type { Agenda } from "./agenda.ts";
import type { FloorSettings } from "./floor-settings.ts";
import type { Random } from "./random.ts";

export type Condition = "available" | "held";

export interface FloorStock {
  sku: string;
  description: string;
  /** Physically there and fit for sale, picked goods included. */
  available: number;
  held: number;
  /** Part of `available` that lies picked, waiting to be shipped. */
  picked: number;
  /** Part of `available` that is promised to orders taken in, picked goods included. */
  allocated: number;
  /** The system's own number of the last thing that changed its figure. */
  sequence: number;
  changedAt: number;
}

export interface FloorLine {
  line: string;
  sku: string;
  ordered: number;
  allocated: number;
  picked: number;
  shipped: number;
  short: number;
}

export interface Shipment {
  number: string;
  shippedAt: number;
  deliveredAt?: number;
  lines: Array<{ line: string; sku: string; quantity: number }>;
}

export type FloorState = "open" | "picked" | "shipping" | "shipped" | "short" | "cancelled";

export interface FloorOrder {
  key: string;
  /** False: ships nothing unless everything is there. */
  partial: boolean;
  state: FloorState;
  createdAt: number;
  changedAt: number;
  lines: FloorLine[];
  shipments: Shipment[];
}

interface Missing {
  sku: string;
  quantity: number;
}

export interface FloorHooks {
  shipmentNumber: () => string;
  picked: (order: FloorOrder) => void;
  shipped: (order: FloorOrder, shipment: Shipment) => void;
  delivered: (order: FloorOrder, shipment: Shipment) => void;
  short: (order: FloorOrder) => void;
  /** A picker found less than the books say. */
  adjusted: (sku: string, change: number, condition: Condition, reason: string) => void;
}

export class Floor {
  readonly stock = new Map<string, FloorStock>();
  readonly orders = new Map<string, FloorOrder>();
  private readonly hooks: FloorHooks;
  private readonly agenda: Agenda;
  private readonly settings: FloorSettings;
  private readonly random: Random;

  constructor(hooks: FloorHooks, agenda: Agenda, settings: FloorSettings, random: Random) {
    this.hooks = hooks;
    this.agenda = agenda;
    this.settings = settings;
    this.random = random;
  }

  clear(): void {
    this.stock.clear();
    this.orders.clear();
  }

  open(sku: string, description: string, available: number, held: number): FloorStock {
    const record: FloorStock = {
      sku,
      description,
      available,
      held,
      picked: 0,
      allocated: 0,
      sequence: 0,
      changedAt: Date.now(),
    };
    this.stock.set(sku, record);
    return record;
  }

  /** Orders that somebody is still picking or shipping. */
  inWork(): number {
    let working = 0;
    for (const { state } of this.orders.values()) {
      if (state === "open" || state === "picked" || state === "shipping") working += 1;
    }
    return working;
  }

  /** Marks that the figures of these SKUs changed with the system's event or movement number. */
  touch(skus: Iterable<string>, sequence: number, at: number): void {
    for (const sku of skus) {
      const record = this.stock.get(sku);
      if (!record) continue;
      record.sequence = sequence;
      record.changedAt = at;
    }
  }

  /** Takes an order in; every SKU must be known to the floor. */
  submit(
    key: string,
    lines: Array<{ line: string; sku: string; quantity: number }>,
    partial: boolean,
  ): FloorOrder {
    const now = Date.now();
    const order: FloorOrder = {
      key,
      partial,
      state: "open",
      createdAt: now,
      changedAt: now,
      shipments: [],
      lines: lines.map((line) => ({
        line: line.line,
        sku: line.sku,
        ordered: line.quantity,
        allocated: 0,
        picked: 0,
        shipped: 0,
        short: 0,
      })),
    };
    for (const line of order.lines) this.allocate(line);
    this.orders.set(key, order);
    this.agenda.after(this.settings.pickDelayMs, () => this.pick(order));
    return order;
  }

  /** False once the goods are picked: then it is too late. */
  cancel(order: FloorOrder): boolean {
    if (order.state !== "open") return false;
    for (const line of order.lines) this.release(line);
    this.change(order, "cancelled");
    return true;
  }

  /** False where the change would take goods that are not there or already picked. */
  adjust(sku: string, change: number, condition: Condition): boolean {
    const record = this.stock.get(sku) ?? this.open(sku, sku, 0, 0);
    const floor = condition === "available" ? record.picked : 0;
    if (change < 0 && record[condition] + change < floor) return false;
    record[condition] += change;
    return true;
  }

  private allocate(line: FloorLine): void {
    const record = this.stock.get(line.sku) as FloorStock;
    const free = Math.max(0, record.available - record.allocated);
    const taken = Math.min(line.ordered - line.allocated, free);
    line.allocated += taken;
    record.allocated += taken;
  }

  private release(line: FloorLine): void {
    const record = this.stock.get(line.sku) as FloorStock;
    record.allocated -= line.allocated - line.shipped;
    record.picked -= line.picked - line.shipped;
    line.allocated = line.shipped;
    line.picked = line.shipped;
  }

  private pick(order: FloorOrder): void {
    if (order.state !== "open") return;
    const missing: Missing[] = [];
    for (const line of order.lines) this.pickLine(line, missing);
    const everything = order.lines.every((line) => line.short === 0);
    const anything = order.lines.some((line) => line.picked > 0);
    if (!anything || (!everything && !order.partial)) {
      for (const line of order.lines) {
        this.release(line);
        line.short = line.ordered;
      }
      this.change(order, "short");
      this.report(missing);
      this.hooks.short(order);
      return;
    }
    // What could not be picked is given up here; its allocation must not outlive the order.
    for (const line of order.lines) this.trimAllocation(line);
    this.change(order, "picked");
    this.report(missing);
    this.hooks.picked(order);
    this.agenda.after(this.settings.shipDelayMs, () => this.ship(order, 0));
  }

  private report(missing: Missing[]): void {
    for (const { sku, quantity } of missing) this.hooks.adjusted(sku, -quantity, "available", "PICK_SHORT");
  }

  private pickLine(line: FloorLine, missing: Missing[]): void {
    this.allocate(line);
    const record = this.stock.get(line.sku) as FloorStock;
    let taken = Math.max(0, Math.min(line.allocated, record.available - record.picked));
    if (taken > 0 && this.settings.shortPickRate > 0 && this.random() < this.settings.shortPickRate) {
      const quantity = 1 + Math.floor(this.random() * taken);
      record.available -= quantity;
      taken -= quantity;
      missing.push({ sku: line.sku, quantity });
    }
    line.picked = taken;
    line.short = line.ordered - taken;
    record.picked += taken;
  }

  private trimAllocation(line: FloorLine): void {
    const record = this.stock.get(line.sku) as FloorStock;
    record.allocated -= line.allocated - line.picked;
    line.allocated = line.picked;
  }

  private ship(order: FloorOrder, wave: number): void {
    const size = Math.max(1, this.settings.waveLinesMax);
    const picked = order.lines.filter((line) => line.picked > 0);
    const lines = picked.slice(wave * size, (wave + 1) * size);
    const shipment: Shipment = { number: this.hooks.shipmentNumber(), shippedAt: Date.now(), lines: [] };
    for (const line of lines) {
      const record = this.stock.get(line.sku) as FloorStock;
      record.available -= line.picked;
      record.picked -= line.picked;
      record.allocated -= line.picked;
      line.shipped = line.picked;
      shipment.lines.push({ line: line.line, sku: line.sku, quantity: line.shipped });
    }
    order.shipments.push(shipment);
    const isLast = (wave + 1) * size >= picked.length;
    this.change(order, isLast ? "shipped" : "shipping");
    this.hooks.shipped(order, shipment);
    this.agenda.after(this.settings.deliverDelayMs, () => this.deliver(order, shipment));
    if (!isLast) this.agenda.after(this.settings.shipDelayMs, () => this.ship(order, wave + 1));
    else if (order.lines.some((line) => line.short > 0)) this.hooks.short(order);
  }

  private deliver(order: FloorOrder, shipment: Shipment): void {
    shipment.deliveredAt = Date.now();
    order.changedAt = shipment.deliveredAt;
    this.hooks.delivered(order, shipment);
  }

  private change(order: FloorOrder, state: FloorState): void {
    order.state = state;
    order.changedAt = Date.now();
  }
}

// The state of warehouse EAST: the floor, the dock, and one numbered list of everything that happened.
// An event's number is also the `seq` of the stock records that it changed.

import { Agenda } from "../simulation/agenda.ts";
import { Dock } from "../simulation/dock.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import { type Condition, Floor, type FloorOrder, type Shipment } from "../simulation/floor.ts";
import { defaultFloorSettings, type FloorSettings } from "../simulation/floor-settings.ts";
import { seededRandom } from "../simulation/random.ts";
import {
  cartonOf,
  type EastEvent,
  type EastEventType,
  returnCondition,
  serialShippingCode,
} from "./shapes.ts";

export interface Outbound {
  outboundId: string;
  externalOrderNo: string;
  priority: number;
  shipTo: { name: string; country: string | null };
  dueAt: string | null;
  floor: FloorOrder;
}

export interface EastSettings extends FloorSettings {
  /** How long a request id is remembered. */
  idempotencyWindowMs: number;
  webhookTimeoutMs: number;
}

function defaultEastSettings(): EastSettings {
  return { ...defaultFloorSettings(), idempotencyWindowMs: 24 * 60 * 60 * 1000, webhookTimeoutMs: 5000 };
}

export class Warehouse {
  readonly settings = defaultEastSettings();
  readonly agenda: Agenda;
  readonly floor: Floor;
  readonly dock: Dock;
  readonly outbounds = new Map<string, Outbound>();
  readonly outboundsByOrder = new Map<string, Outbound[]>();
  /** Event n stands at index n − 1. */
  readonly events: EastEvent[] = [];
  onEvent: (event: EastEvent) => void = () => {};
  private cartons = 0;
  private receipts = 0;

  constructor(faults: FaultSwitch, seed: number) {
    this.agenda = new Agenda(() => faults.active("down") !== undefined);
    this.floor = new Floor(
      {
        shipmentNumber: () => serialShippingCode(++this.cartons),
        picked: (order) => this.picked(order),
        shipped: (order, shipment) => this.shipped(order, shipment),
        delivered: (order, shipment) => this.delivered(order, shipment),
        short: (order) => this.short(order),
        adjusted: (sku, change, condition, reason) => this.adjusted(sku, change, condition, reason),
      },
      this.agenda,
      this.settings,
      seededRandom(seed),
    );
    this.dock = new Dock(this.floor, {
      receiptNumber: (kind) =>
        `${kind === "inbound" ? "GRN" : "RTN"}-${String(++this.receipts).padStart(7, "0")}`,
      received: (receipt) => this.received(receipt),
    });
  }

  clear(): void {
    this.agenda.clear();
    this.floor.clear();
    this.dock.clear();
    this.outbounds.clear();
    this.outboundsByOrder.clear();
    this.events.length = 0;
    this.cartons = 0;
    this.receipts = 0;
    Object.assign(this.settings, defaultEastSettings());
  }

  /** Numbers and keeps an event, and marks the stock records that it changed. */
  record(type: EastEventType, data: Record<string, unknown>, changedSkus: Iterable<string> = []): EastEvent {
    const now = Date.now();
    const seq = this.events.length + 1;
    const event: EastEvent = {
      id: `evt_${seq.toString(36).padStart(10, "0")}`,
      seq,
      type,
      occurredAt: new Date(now).toISOString(),
      data,
    };
    this.events.push(event);
    this.floor.touch(changedSkus, seq, now);
    this.onEvent(event);
    return event;
  }

  adjusted(sku: string, change: number, condition: Condition, reason: string): void {
    const stock = this.floor.stock.get(sku);
    const status = condition === "available" ? "AVAILABLE" : "HELD";
    this.record(
      "stock.adjusted",
      { sku, delta: change, status, reason, onHandAfter: stock?.available ?? 0, heldAfter: stock?.held ?? 0 },
      [sku],
    );
  }

  cancelled(order: FloorOrder): void {
    this.record("outbound.cancelled", this.head(order));
  }

  private head(order: FloorOrder): { outboundId: string; externalOrderNo: string } {
    const outbound = this.outbounds.get(order.key) as Outbound;
    return { outboundId: outbound.outboundId, externalOrderNo: outbound.externalOrderNo };
  }

  private picked(order: FloorOrder): void {
    const lines = order.lines.map((line) => ({
      lineNo: Number(line.line),
      sku: line.sku,
      orderedQty: line.ordered,
      pickedQty: line.picked,
      shortQty: line.short,
    }));
    this.record("outbound.picked", { ...this.head(order), lines });
  }

  /** Each message repeats every carton of the order that has left so far. */
  private shipped(order: FloorOrder, shipment: Shipment): void {
    const cartons = order.shipments.map(cartonOf);
    this.record(
      "outbound.shipped",
      { ...this.head(order), complete: order.state === "shipped", cartons },
      shipment.lines.map((line) => line.sku),
    );
  }

  private delivered(order: FloorOrder, shipment: Shipment): void {
    const deliveredAt = new Date(shipment.deliveredAt as number).toISOString();
    this.record("outbound.delivered", { ...this.head(order), cartonNo: shipment.number, deliveredAt });
  }

  private short(order: FloorOrder): void {
    const lines = order.lines
      .filter((line) => line.short > 0)
      .map((line) => ({
        lineNo: Number(line.line),
        sku: line.sku,
        orderedQty: line.ordered,
        shippedQty: line.shipped,
        shortQty: line.short,
      }));
    this.record("outbound.short", { ...this.head(order), lines });
  }

  private received(receipt: Dock["receipts"][number]): void {
    const skus = receipt.lines.map((line) => line.sku);
    const lines = receipt.lines.map((line) => ({
      ...(line.line === undefined ? {} : { lineNo: Number(line.line) }),
      sku: line.sku,
      qty: line.quantity,
      ...(receipt.kind === "inbound"
        ? { status: line.condition === "available" ? "AVAILABLE" : "HELD" }
        : { disposition: returnCondition(line.condition) }),
    }));
    const head = {
      receivedAt: new Date(receipt.receivedAt).toISOString(),
      announced: receipt.announced,
      lines,
    };
    if (receipt.kind === "inbound") {
      this.record(
        "inbound.received",
        { receiptNo: receipt.number, reference: receipt.reference, ...head },
        skus,
      );
    } else {
      const order = receipt.order ?? null;
      this.record(
        "return.received",
        { returnNo: receipt.number, rma: receipt.reference, externalOrderNo: order, ...head },
        skus,
      );
    }
  }
}

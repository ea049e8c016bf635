// The state of Parcelworks: the floor, the dock, and the feed of events that clients poll. An event's
// number is also the `eventNo` of the stock figures that it changed.

import { Agenda } from "../simulation/agenda.ts";
import { Dock, type Receipt } from "../simulation/dock.ts";
import type { FaultSwitch } from "../simulation/faults.ts";
import {
  type Condition,
  Floor,
  type FloorOrder,
  type FloorState,
  type Shipment,
} from "../simulation/floor.ts";
import { defaultFloorSettings, type FloorSettings } from "../simulation/floor-settings.ts";
import { seededRandom } from "../simulation/random.ts";

/** Received, in work, dispatched (in part or in full), proof of delivery, cancelled, short. */
export type StatusWord = "RCVD" | "WIP" | "DSP" | "POD" | "CXL" | "SHRT";
export type EventKind = StatusWord | "INV_ADJ" | "INB_RCVD" | "RTN_RCVD";

export interface PartnerEvent {
  eventNo: number;
  kind: EventKind;
  at: string;
  [field: string]: unknown;
}

export interface Fulfilment {
  fulfilmentId: number;
  clientRef: string;
  recipient: Record<string, unknown>;
  serviceLevel: string;
  /** The content as it was sent, to tell a repeat from a different order. */
  fingerprint: string;
  floor: FloorOrder;
}

export interface PartnerSettings extends FloorSettings {
  ratePerSecond: number;
  burst: number;
}

function defaultPartnerSettings(): PartnerSettings {
  return { ...defaultFloorSettings(), ratePerSecond: 50, burst: 50 };
}

export class FulfilmentCentre {
  readonly settings = defaultPartnerSettings();
  readonly faults: FaultSwitch;
  readonly agenda: Agenda;
  readonly floor: Floor;
  readonly dock: Dock;
  readonly fulfilments = new Map<string, Fulfilment>();
  /** Event n stands at index n − 1. */
  readonly events: PartnerEvent[] = [];
  private fulfilmentCount = 0;
  private dispatches = 0;
  private receipts = 0;

  constructor(faults: FaultSwitch, seed: number) {
    this.faults = faults;
    this.agenda = new Agenda(() => faults.active("down") !== undefined);
    this.floor = new Floor(
      {
        shipmentNumber: () => String(66_000_000 + ++this.dispatches),
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
      receiptNumber: () => String(44_000_000 + ++this.receipts),
      received: (receipt) => this.received(receipt),
    });
  }

  clear(): void {
    this.agenda.clear();
    this.floor.clear();
    this.dock.clear();
    this.fulfilments.clear();
    this.events.length = 0;
    this.fulfilmentCount = 0;
    this.dispatches = 0;
    this.receipts = 0;
    Object.assign(this.settings, defaultPartnerSettings());
  }

  accept(
    head: Omit<Fulfilment, "fulfilmentId" | "floor">,
    lines: Array<{ line: string; sku: string; quantity: number }>,
    partial: boolean,
  ): Fulfilment {
    const order = this.floor.submit(head.clientRef, lines, partial);
    this.fulfilmentCount += 1;
    const fulfilment: Fulfilment = { ...head, fulfilmentId: 8_812_000 + this.fulfilmentCount, floor: order };
    this.fulfilments.set(head.clientRef, fulfilment);
    const items = order.lines.map((line) => ({
      clientLine: line.line,
      sku: line.sku,
      qty: line.ordered,
      allocatedQty: line.allocated,
    }));
    this.record("RCVD", { ...this.head(order), items }, skusOf(order));
    return fulfilment;
  }

  cancelled(order: FloorOrder): void {
    this.record("CXL", this.head(order), skusOf(order));
  }

  adjusted(sku: string, change: number, condition: Condition, reason: string): void {
    const bucket = condition === "available" ? "good" : "quarantine";
    this.record("INV_ADJ", { sku, qtyChange: change, bucket, reason }, [sku]);
  }

  private record(kind: EventKind, fields: Record<string, unknown>, changedSkus: Iterable<string>): void {
    const now = Date.now();
    const eventNo = this.events.length + 1;
    this.events.push({ eventNo, kind, at: new Date(now).toISOString(), ...fields });
    this.floor.touch(changedSkus, eventNo, now);
  }

  private head(order: FloorOrder): { clientRef: string; fulfilmentId: number } {
    const { clientRef, fulfilmentId } = this.fulfilments.get(order.key) as Fulfilment;
    return { clientRef, fulfilmentId };
  }

  private picked(order: FloorOrder): void {
    const items = order.lines.map((line) => ({
      clientLine: line.line,
      sku: line.sku,
      pickedQty: line.picked,
    }));
    this.record("WIP", { ...this.head(order), items }, skusOf(order));
  }

  /** Quantities are those of this dispatch alone. */
  private shipped(order: FloorOrder, shipment: Shipment): void {
    const items = shipment.lines.map((line) => ({
      clientLine: line.line,
      sku: line.sku,
      qty: line.quantity,
    }));
    const complete = order.state === "shipped";
    this.record(
      "DSP",
      { ...this.head(order), dispatchId: Number(shipment.number), complete, items },
      shipment.lines.map((line) => line.sku),
    );
  }

  private delivered(order: FloorOrder, shipment: Shipment): void {
    this.record(
      "POD",
      { ...this.head(order), dispatchId: Number(shipment.number), signedBy: "RECEPTION" },
      [],
    );
  }

  private short(order: FloorOrder): void {
    const items = order.lines
      .filter((line) => line.short > 0)
      .map((line) => ({ clientLine: line.line, sku: line.sku, shortQty: line.short }));
    this.record("SHRT", { ...this.head(order), items }, skusOf(order));
  }

  private received(receipt: Receipt): void {
    const items = receipt.lines.map((line) => ({
      ...(line.line === undefined ? {} : { clientLine: line.line }),
      sku: line.sku,
      qty: line.quantity,
      bucket: line.condition === "available" ? "good" : "quarantine",
    }));
    const skus = receipt.lines.map((line) => line.sku);
    const head = {
      receiptId: Number(receipt.number),
      reference: receipt.reference,
      announced: receipt.announced,
    };
    if (receipt.kind === "inbound") this.record("INB_RCVD", { ...head, items }, skus);
    else this.record("RTN_RCVD", { ...head, clientRef: receipt.order ?? null, items }, skus);
  }
}

function skusOf(order: FloorOrder): Set<string> {
  return new Set(order.lines.map((line) => line.sku));
}

const words: Record<FloorState, StatusWord> = {
  open: "RCVD",
  picked: "WIP",
  shipping: "DSP",
  shipped: "DSP",
  short: "SHRT",
  cancelled: "CXL",
};

export function statusOf(order: FloorOrder): StatusWord {
  const isDelivered =
    order.state === "shipped" && order.shipments.every((shipment) => shipment.deliveredAt !== undefined);
  return isDelivered ? "POD" : words[order.state];
}

// What EAST's native messages and records look like.

import type { Condition, FloorOrder, FloorStock, Shipment } from "../simulation/floor.ts";
import type { Outbound } from "./warehouse.ts";

export type EastEventType =
  | "outbound.picked"
  | "outbound.shipped"
  | "outbound.delivered"
  | "outbound.short"
  | "outbound.cancelled"
  | "stock.adjusted"
  | "inbound.received"
  | "return.received";

export interface EastEvent {
  id: string;
  seq: number;
  type: EastEventType;
  occurredAt: string;
  data: Record<string, unknown>;
}

/** A serial shipping container code of 18 digits with its check digit. */
export function serialShippingCode(serial: number): string {
  const body = `35012345${String(serial).padStart(9, "0")}`;
  let weighted = 0;
  for (let at = 0; at < body.length; at += 1) weighted += Number(body[at]) * (at % 2 === 0 ? 3 : 1);
  return `${body}${(10 - (weighted % 10)) % 10}`;
}

export function returnCondition(condition: Condition): "RESTOCK" | "HOLD" {
  return condition === "available" ? "RESTOCK" : "HOLD";
}

export function cartonOf(shipment: Shipment) {
  return {
    cartonNo: shipment.number,
    shippedAt: new Date(shipment.shippedAt).toISOString(),
    lines: shipment.lines.map((line) => ({ lineNo: Number(line.line), sku: line.sku, qty: line.quantity })),
  };
}

const states: Record<FloorOrder["state"], string> = {
  open: "accepted",
  picked: "picked",
  shipping: "partially_shipped",
  shipped: "shipped",
  short: "short",
  cancelled: "cancelled",
};

export function outboundBody(outbound: Outbound) {
  const { floor } = outbound;
  return {
    outboundId: outbound.outboundId,
    externalOrderNo: outbound.externalOrderNo,
    status: states[floor.state],
    priority: outbound.priority,
    allowPartial: floor.partial,
    shipTo: outbound.shipTo,
    dueAt: outbound.dueAt,
    createdAt: new Date(floor.createdAt).toISOString(),
    updatedAt: new Date(floor.changedAt).toISOString(),
    lines: floor.lines.map((line) => ({
      lineNo: Number(line.line),
      sku: line.sku,
      qty: line.ordered,
      pickedQty: line.picked,
      shippedQty: line.shipped,
      shortQty: line.short,
    })),
    cartons: floor.shipments.map((shipment) => ({
      ...cartonOf(shipment),
      deliveredAt: shipment.deliveredAt === undefined ? null : new Date(shipment.deliveredAt).toISOString(),
    })),
  };
}

export function stockBody(stock: FloorStock) {
  return {
    sku: stock.sku,
    description: stock.description,
    onHand: stock.available,
    held: stock.held,
    uom: "each",
    seq: stock.sequence,
    updatedAt: new Date(stock.changedAt).toISOString(),
  };
}

// The state of one order. Quantities of lines are in the SKU's base unit; what was ordered is kept beside.
import type { Decimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { Party } from "./contract.ts";

/** The furthest milestone that the whole order has reached; per-line figures say the rest. */
export type OrderStatus =
  | "submitted"
  | "held"
  | "rejected"
  | "accepted"
  | "booked"
  | "released"
  | "partially-shipped"
  | "shipped"
  | "delivered"
  | "invoiced"
  | "closed"
  | "cancelled";

export interface OrderLine {
  lineId: string;
  sku: string;
  description: string;
  ordered: Decimal;
  orderedUnit: string;
  /** In base units; what the books count. */
  quantity: Decimal;
  price: Decimal;
  priceUnit: 1 | 100 | 1000;
  cancelled: Decimal;
  backordered: Decimal;
  shipped: Decimal;
  invoiced: Decimal;
  returned: Decimal;
  credited: Decimal;
  /** By place: promised there, of it released, of it shipped. */
  places: LinePlace[];
}

export interface LinePlace {
  location: string;
  allocated: Decimal;
  released: Decimal;
  shipped: Decimal;
}

export interface OrderCharge {
  chargeId: string;
  kind: "freight" | "fee" | "discount";
  description: string;
  amount: Decimal;
  invoiced: boolean;
}

export interface OrderShipment {
  shipmentId: string;
  location: string;
  lines: { lineId: string; sku: string; quantity: Decimal }[];
  shippedAt: Time;
  deliveredAt: Time | "";
  carrier: string;
  tracking: string;
}

export interface Order {
  company: string;
  orderId: string;
  status: OrderStatus;
  /** The system that submitted it. */
  channel: string;
  reference: string;
  customer: Party | null;
  purchaseOrder: string;
  currency: string;
  placedAt: Time;
  requestedShipAt: Time | "";
  shipComplete: boolean;
  priority: number;
  lines: OrderLine[];
  charges: OrderCharge[];
  hold: { code: string; reason: string } | null;
  rejection: { code: string; reason: string } | null;
  booking: { system: string; document: string } | null;
  /** Keyed in the ERP by its own users: read, reserved, never booked back. */
  bookedAtSource: boolean;
  /** By place, what was released there and whether it was confirmed. */
  releases: { location: string; state: "asked" | "confirmed" | "refused"; document: string }[];
  cancellation: { requested: boolean; reason: string } | null;
  /** By place, what a cancellation asked back and has no answer to yet. */
  cancelling: { location: string; lines: { lineId: string; sku: string; quantity: Decimal }[] }[];
  shipments: OrderShipment[];
  invoices: { invoice: string; kind: "invoice" | "credit"; total: Decimal; postedAt: Time }[];
  returns: {
    returnId: string;
    lines: { lineId: string; sku: string; requested: Decimal; received: Decimal }[];
  }[];
  explanation: string[];
}

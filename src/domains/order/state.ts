// The state of one order. Quantities of lines are in the SKU's base unit; what was ordered is kept beside.
import type { Decimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { Party } from "./contract.ts";

/** The furthest milestone that the whole order has reached; per-line figures say the rest. */
export type OrderStatus =
  | "reserved"
  | "lapsed"
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
  /** In base units, as every figure below; what the books count. Until the order is accepted: as ordered. */
  quantity: Decimal;
  /** The SKU's base unit when the order was accepted; empty before. */
  unit: string;
  price: Decimal;
  priceUnit: 1 | 100 | 1000;
  cancelled: Decimal;
  backordered: Decimal;
  /** When dated inbound covers the backorder; empty where nothing does. */
  promisedAt: Time | "";
  /** More than `quantity` less `cancelled`, where a place shipped more. */
  shipped: Decimal;
  invoiced: Decimal;
  returned: Decimal;
  credited: Decimal;
  /** By place: promised there, of it released, of it shipped. */
  places: LinePlace[];
}

/** allocated ≥ released ≥ shipped; what was allocated and is not shipped is reserved there. */
export interface LinePlace {
  location: string;
  allocated: Decimal;
  released: Decimal;
  shipped: Decimal;
  /** What it was said to hold when it could not pick: until that figure changes, it is not asked again. Or empty. */
  doubted: string;
}

/** Some units of a line at a place. */
export interface LineUnits {
  lineId: string;
  sku: string;
  quantity: Decimal;
}

export interface OrderRelease {
  location: string;
  /** Counts the releases to this place: the message's key. */
  number: number;
  state: "asked" | "confirmed" | "refused";
  document: string;
  /** As released. */
  lines: LineUnits[];
}

export interface OrderCharge {
  chargeId: string;
  kind: "freight" | "fee" | "discount";
  description: string;
  amount: Decimal;
  invoiced: boolean;
}

/** Identity: the shipment's number and its place. */
export interface OrderShipment {
  shipmentId: string;
  /** Empty while only its delivery has been heard of. */
  location: string;
  /** The system that reported it. */
  system: string;
  lines: LineUnits[];
  /** What it was said to hold beside: lines, SKUs or units that the order does not have, as they were stated. */
  strange: (LineUnits & { unit: string })[];
  shippedAt: Time | "";
  deliveredAt: Time | "";
  carrier: string;
  tracking: string;
}

/** Some units of a line-to-be at a place, in base units. */
export type HeldUnits = LineUnits & { location: string; unit: string };

/** Stock that is held for the order, or was. */
export interface OrderReservation {
  /** `ordered`: it became the order's own. */
  state: "held" | "ordered" | "expired" | "withdrawn";
  expiresAt: Time;
  /** What is held, or was at last. */
  lines: HeldUnits[];
}

export interface Order {
  company: string;
  orderId: string;
  status: OrderStatus;
  /** The system that submitted it, or holds stock for it. */
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
  /** Of the order; before it is submitted: of the latest request to hold stock for it. */
  rejection: { code: string; reason: string } | null;
  reservation: OrderReservation | null;
  booking: { system: string; document: string } | null;
  /** Keyed in the ERP by its own users: read, reserved, never booked back. */
  bookedAtSource: boolean;
  /** By place, what was released there and whether it was confirmed. */
  releases: OrderRelease[];
  /** The latest one that was asked for, and by which system. `requested`: the whole order. */
  cancellation: { requested: boolean; reason: string; by: string } | null;
  /** By place, what was asked back and has no answer to yet. */
  cancelling: { location: string; lines: LineUnits[] }[];
  /** Cancellations that were sent out so far: the last one's number. */
  cancellationCount: number;
  shipments: OrderShipment[];
  invoices: { invoice: string; kind: "invoice" | "credit"; total: Decimal; postedAt: Time }[];
  returns: {
    returnId: string;
    lines: { lineId: string; sku: string; requested: Decimal; received: Decimal }[];
  }[];
  /** Facts without a business number that were counted once: short picks, confirmed cancellations, receipts. */
  reports: string[];
  /** Of the latest allocation; the log has them all. */
  explanation: string[];
}

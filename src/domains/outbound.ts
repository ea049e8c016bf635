// The canonical messages that go out to systems, and how each kind behaves in a lane.
import type { Time } from "../core/time.ts";

export interface OutboundKind {
  /** `newest`: a later one of the same key replaces an earlier one that is not yet claimed. */
  merge: "newest" | "never";
  /** 0 most urgent … 3. Weighted, with an age bound, so that nothing starves. */
  class: 0 | 1 | 2 | 3;
}

export const outboundKinds = {
  /** Release to the place that ships. */
  "order.release": { merge: "never", class: 0 },
  /** Asks a place, or the ERP, to give lines back. */
  "order.cancellation": { merge: "never", class: 0 },
  /** Books the order in the ERP. */
  "order.booking": { merge: "never", class: 1 },
  /** Tells a place, and the ERP, that goods will come back. */
  "return.advice": { merge: "never", class: 1 },
  /** A goods movement for the valuation ledger: each once, never merged. */
  "inventory.movement": { merge: "never", class: 1 },
  /** What one channel may sell of one SKU: rendered per target. */
  "inventory.availability": { merge: "newest", class: 2 },
  /** What stands at one place. */
  "inventory.level": { merge: "newest", class: 2 },
  /** One status, for the channel the order came from. */
  "order.status": { merge: "newest", class: 3 },
  /** Master data that another message needs first: rendered from the document that names it. */
  "customer.reference": { merge: "never", class: 1 },
} as const satisfies Record<string, OutboundKind>;

export type OutboundType = keyof typeof outboundKinds;

/** A change that systems may want to hear of; flows decide which do. */
export interface Outbound<Payload = unknown> {
  type: OutboundType;
  /** The root document's key: the lane, per target. */
  lane: string;
  /** The business key of this message: looked up after an unknown outcome, idempotency key where there is one. */
  key: string;
  /** The one system it is meant for; absent: whoever a flow names. */
  addressee?: string;
  /** The system that reported the fact: it is not told again. Absent for derived figures. */
  reportedBy?: string;
  /** What the target must hold first. */
  requires?: Reference[];
  payload: Payload;
}

export interface Reference {
  domain: "customer" | "product" | "order";
  key: string;
}

export interface ReleasePayload {
  company: string;
  orderId: string;
  location: string;
  releasedAt: Time;
  customer: { id: string; name?: string; country?: string } | null;
  lines: { lineId: string; sku: string; description: string; quantity: string; unit: string }[];
}
export interface CancellationPayload {
  company: string;
  orderId: string;
  location: string;
  /** The document number in the addressee, where it is known. */
  document: string;
  reason: string;
  /** `cancelled`: for the ledger, the line's total with these units in it, so that it can be set as often as asked. */
  lines: { lineId: string; sku: string; quantity: string; cancelled?: string }[];
}
export interface BookingPayload {
  company: string;
  orderId: string;
  channel: string;
  customer: { id: string; name?: string; country?: string; class?: string };
  purchaseOrder: string;
  currency: string;
  placedAt: Time;
  lines: {
    lineId: string;
    sku: string;
    description: string;
    quantity: string;
    unit: string;
    price: string;
    priceUnit: string;
  }[];
  charges: { chargeId: string; kind: string; description: string; amount: string }[];
}
export interface ReturnAdvicePayload {
  company: string;
  orderId: string;
  returnId: string;
  location: string;
  /** The order's document in the ERP, where it is known. */
  document: string;
  reason: string;
  lines: { lineId: string; sku: string; quantity: string }[];
}
export interface MovementPayload {
  company: string;
  movementId: string;
  sku: string;
  location: string;
  status: string;
  quantity: string;
  unit: string;
  reason: string;
  note: string;
  occurredAt: Time;
  document: string;
  order?: { orderId: string; lineId: string; shipmentId?: string };
  inbound?: { document: string; line: string };
}
export interface AvailabilityPayload {
  company: string;
  sku: string;
  unit: string;
  quantity: string;
  /** The oldest observation that the figure rests on. */
  asOf: Time | "";
}
export interface LevelPayload {
  company: string;
  sku: string;
  location: string;
  status: string;
  owner: string;
  lot: string;
  unit: string;
  quantity: string;
  observedAt: Time | "";
}
export interface OrderStatusPayload {
  company: string;
  orderId: string;
  reference: string;
  status: string;
  lines: {
    lineId: string;
    sku: string;
    quantity: string;
    backordered: string;
    shipped: string;
    invoiced: string;
    cancelled: string;
    returned: string;
  }[];
  shipments: {
    shipmentId: string;
    carrier: string;
    tracking: string;
    shippedAt: Time;
    deliveredAt: Time | "";
  }[];
}
export interface CustomerReferencePayload {
  company: string;
  id: string;
  name?: string;
  country?: string;
  class?: string;
}

// One example of every payload that goes out, with all its fields, so that a path into a payload leads somewhere before
// anything is sent. The compiler holds each to its type.
import type {
  AvailabilityPayload,
  BookingPayload,
  CancellationPayload,
  CustomerReferencePayload,
  LevelPayload,
  MovementPayload,
  OrderStatusPayload,
  OutboundType,
  ReleasePayload,
  ReturnAdvicePayload,
} from "../../domains/outbound.ts";

interface Payloads {
  "order.release": ReleasePayload;
  "order.cancellation": CancellationPayload;
  "order.booking": BookingPayload;
  "return.advice": ReturnAdvicePayload;
  "inventory.movement": MovementPayload;
  "inventory.availability": AvailabilityPayload;
  "inventory.level": LevelPayload;
  "order.status": OrderStatusPayload;
  "customer.reference": CustomerReferencePayload;
}

type Shape<T> = T extends string
  ? "…"
  : T extends readonly (infer Item)[]
    ? [Shape<Item>]
    : { [Name in keyof T]-?: Shape<NonNullable<T[Name]>> };

const customer = { id: "…", name: "…", country: "…" } as const;
const line = { lineId: "…", sku: "…", quantity: "…" } as const;
const described = { ...line, description: "…", unit: "…" } as const;
const order = { company: "…", orderId: "…" } as const;

export const payloadShapes: { [Type in OutboundType]: Shape<Payloads[Type]> } = {
  "order.release": { ...order, location: "…", releasedAt: "…", customer, lines: [described] },
  "order.cancellation": {
    ...order,
    location: "…",
    document: "…",
    reason: "…",
    lines: [{ ...line, cancelled: "…" }],
  },
  "order.booking": {
    ...order,
    channel: "…",
    customer: { ...customer, class: "…" },
    purchaseOrder: "…",
    currency: "…",
    placedAt: "…",
    lines: [{ ...described, price: "…", priceUnit: "…" }],
    charges: [{ chargeId: "…", kind: "…", description: "…", amount: "…" }],
  },
  "return.advice": { ...order, returnId: "…", location: "…", document: "…", reason: "…", lines: [line] },
  "inventory.movement": {
    company: "…",
    movementId: "…",
    sku: "…",
    location: "…",
    status: "…",
    quantity: "…",
    unit: "…",
    reason: "…",
    note: "…",
    occurredAt: "…",
    document: "…",
    order: { orderId: "…", lineId: "…", shipmentId: "…" },
    inbound: { document: "…", line: "…" },
  },
  "inventory.availability": { company: "…", sku: "…", unit: "…", quantity: "…", asOf: "…" },
  "inventory.level": {
    company: "…",
    sku: "…",
    location: "…",
    status: "…",
    owner: "…",
    lot: "…",
    unit: "…",
    quantity: "…",
    observedAt: "…",
  },
  "order.status": {
    ...order,
    reference: "…",
    status: "…",
    lines: [{ ...line, backordered: "…", shipped: "…", invoiced: "…", cancelled: "…", returned: "…" }],
    shipments: [{ shipmentId: "…", carrier: "…", tracking: "…", shippedAt: "…", deliveredAt: "…" }],
  },
  "customer.reference": { company: "…", id: "…", name: "…", country: "…", class: "…" },
};

/** What `@` is in what goes out, outside a list. */
export const messageShape = { deliveryId: "…", key: "…", type: "…" } as const;

/** Paths of what a message itself holds, `customer` and `customer.id`, beside what is in its lists. */
export function payloadFields(type: OutboundType): string[] {
  return pathsIn(payloadShapes[type]);
}

/** The lists of a message, and the paths in an element of each. */
export function payloadLists(type: OutboundType): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(payloadShapes[type])
      .filter((entry): entry is [string, [object]] => Array.isArray(entry[1]))
      .map(([name, [element]]) => [name, pathsIn(element)]),
  );
}

function pathsIn(shape: object, before = ""): string[] {
  return Object.entries(shape).flatMap(([name, inner]: [string, unknown]) => {
    const path = `${before}${name}`;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return [path];
    return [path, ...pathsIn(inner, `${path}.`)];
  });
}

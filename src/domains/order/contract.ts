// The order domain's events, version 1: what channels, ERP, warehouses and partners say of an order, and
// what is decided about it. Shipments, invoices and returns of an order are ordered by the order's key.
import { type Static, Type } from "typebox";
import {
  Code,
  Company,
  Country,
  Currency,
  DecimalText,
  Identifier,
  NonNegativeDecimalText,
  object,
  oneOf,
  PositiveDecimalText,
  Text,
  TimeText,
  UnitCode,
} from "../schema.ts";

export const Party = object({
  id: Identifier,
  name: Type.Optional(Text),
  class: Type.Optional(Code),
  country: Type.Optional(Country),
});

export const SubmittedLine = object({
  lineId: Identifier,
  sku: Identifier,
  description: Type.Optional(Text),
  quantity: PositiveDecimalText,
  unit: Type.Optional(UnitCode),
  /** Per `priceUnit` units of the ordered unit. */
  price: NonNegativeDecimalText,
  priceUnit: Type.Optional(oneOf("1", "100", "1000")),
});

/** Freight and the like: a line of its own, invoiced as it stands. */
export const Charge = object({
  chargeId: Identifier,
  kind: oneOf("freight", "fee", "discount"),
  description: Type.Optional(Text),
  amount: DecimalText,
});

const order = { company: Type.Optional(Company), orderId: Identifier };
/** The SKU's base unit where it is absent; else that one, or the unit that the line was ordered in. */
const unit = Type.Optional(UnitCode);
const lines = Type.Array(
  object({ lineId: Identifier, sku: Identifier, quantity: PositiveDecimalText, unit }),
  { minItems: 1, maxItems: 5000 },
);

/** A buyer ordered. `orderId` is the order's business number, unique in the company. */
export const OrderSubmitted = object({
  ...order,
  /** Absent: the order is held until somebody says whose it is. */
  customer: Type.Optional(Party),
  purchaseOrder: Type.Optional(Identifier),
  currency: Currency,
  placedAt: TimeText,
  requestedShipAt: Type.Optional(TimeText),
  shipComplete: Type.Optional(Type.Boolean()),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
  lines: Type.Array(SubmittedLine, { minItems: 1, maxItems: 5000 }),
  charges: Type.Optional(Type.Array(Charge, { maxItems: 100 })),
  /** The document that the channel itself keeps of it. */
  reference: Type.Optional(Identifier),
  /** Keyed in the ERP: it is there already and is never booked back. */
  booked: Type.Optional(object({ system: Code, document: Identifier })),
});

/**
 * A channel wants stock held for an order that it has not submitted: all of it, or none. Until a time, or for so long
 * from now on; where neither is said, as the policy has it.
 */
export const ReservationRequested = object({
  ...order,
  customer: Type.Optional(Party),
  lines,
  expiresAt: Type.Optional(TimeText),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_592_000 })),
});
/** The channel gives back what is held. */
export const ReservationWithdrawn = object({ ...order, reason: Type.Optional(Text) });

export const OrderBooked = object({ ...order, system: Code, document: Identifier, bookedAt: TimeText });
export const BookingRefused = object({ ...order, system: Code, code: Code, reason: Text });
/** The warehouse or partner took the released lines. */
export const ReleaseConfirmed = object({
  ...order,
  location: Code,
  document: Type.Optional(Identifier),
  confirmedAt: TimeText,
  /** Of a place whose stock figure is net of its allocations: what it allocated of them. Absent: all. */
  allocated: Type.Optional(
    Type.Array(object({ lineId: Identifier, sku: Identifier, quantity: PositiveDecimalText, unit }), {
      maxItems: 5000,
    }),
  ),
});
export const ReleaseRefused = object({ ...order, location: Code, code: Code, reason: Text });
/** The place will not ship these units (short pick): they are re-sourced or backordered. */
export const PickShort = object({ ...order, location: Code, lines, reportedAt: TimeText });

/** Identity: the partner's shipment or carton number. `cumulative`: quantities are totals per shipment. */
export const ShipmentShipped = object({
  ...order,
  shipmentId: Identifier,
  location: Code,
  lines,
  cumulative: Type.Optional(Type.Boolean()),
  shippedAt: TimeText,
  carrier: Type.Optional(Code),
  tracking: Type.Optional(Identifier),
});
export const ShipmentDelivered = object({ ...order, shipmentId: Identifier, deliveredAt: TimeText });

/** The ERP's invoice as it was read back; credit memos have negative quantities and amounts. */
export const InvoicePosted = object({
  ...order,
  invoice: Identifier,
  kind: oneOf("invoice", "credit"),
  currency: Currency,
  postedAt: TimeText,
  lines: Type.Array(
    object({
      lineId: Type.Optional(Identifier),
      chargeId: Type.Optional(Identifier),
      sku: Type.Optional(Identifier),
      quantity: Type.Optional(DecimalText),
      unit,
      amount: DecimalText,
    }),
    { maxItems: 5000 },
  ),
  total: DecimalText,
});

/** Whole order, or quantities of lines. `cumulative`: totals per line, with what is cancelled already in them. */
export const CancellationRequested = object({
  ...order,
  lines: Type.Optional(lines),
  cumulative: Type.Optional(Type.Boolean()),
  reason: Type.Optional(Text),
  requestedAt: TimeText,
});
/** The ERP or the place cancelled what it had, as asked; or it refuses since the goods are gone. */
export const CancellationConfirmed = object({ ...order, location: Code, lines, confirmedAt: TimeText });
export const CancellationRefused = object({ ...order, location: Code, lines, reason: Text });

/** Goods come back against an order; without one that fits it is an exception. */
export const ReturnRequested = object({
  ...order,
  returnId: Identifier,
  lines,
  reason: Type.Optional(Text),
  requestedAt: TimeText,
});
export const ReturnReceived = object({
  ...order,
  returnId: Identifier,
  location: Code,
  lines,
  receivedAt: TimeText,
  /** Where the place put the goods; held until somebody has looked at them, where it does not say. */
  status: Type.Optional(oneOf("held", "available")),
});

/** A person or a rule answers a hold. `customer` mends an order without one. */
export const HoldReleased = object({
  ...order,
  by: Code,
  reason: Type.Optional(Text),
  customer: Type.Optional(Party),
});

/** A row that its source could not make part of any order: kept and looked at by a person. */
export const RowRejected = object({
  ...order,
  rows: Type.Array(Identifier, { minItems: 1, maxItems: 5000 }),
  category: oneOf("customer", "code", "quantity", "price", "cancellation"),
  reason: Text,
});

/** A due look at the lines that wait for stock (decided by the schedule or by a movement). */
export const ReallocationDue = object({ ...order });

/** The time of a hold has come (said by the schedule). */
export const ReservationDue = object({ ...order, expiresAt: TimeText });

// Decided.
export const OrderAccepted = object({
  ...order,
  acceptedAt: TimeText,
  /** The base unit of every line that `lines` does not name. */
  unit: UnitCode,
  /** Lines with another base unit, or whose ordered quantity is another one in base units. */
  lines: Type.Array(object({ lineId: Identifier, quantity: PositiveDecimalText, unit: UnitCode })),
});
export const OrderHeld = object({ ...order, code: Code, reason: Text });
export const OrderRejected = object({ ...order, code: Code, reason: Text });
export const Allocation = object({
  lineId: Identifier,
  sku: Identifier,
  location: Code,
  quantity: PositiveDecimalText,
});
/** All that is held for an order that nobody has submitted, and until when. Totals: an earlier hold is in it. */
export const OrderReserved = object({
  ...order,
  expiresAt: TimeText,
  allocations: Type.Array(
    object({
      lineId: Identifier,
      sku: Identifier,
      location: Code,
      quantity: PositiveDecimalText,
      unit: UnitCode,
    }),
    { minItems: 1 },
  ),
  explanation: Type.Array(Text),
});
/** What was held before stands. */
export const ReservationRefused = object({ ...order, code: Code, reason: Text });
export const ReservationEnded = object({ ...order, outcome: oneOf("expired", "withdrawn") });
/** Where promised units are: a place, or empty for a backorder. */
const Whereabouts = Type.String({ maxLength: 64 });

/** What is promised anew, and what is taken back from an earlier promise: differences, not totals. */
export const OrderAllocated = object({
  ...order,
  allocations: Type.Array(Allocation),
  backordered: Type.Array(
    object({
      lineId: Identifier,
      sku: Identifier,
      quantity: PositiveDecimalText,
      promisedAt: Type.Optional(TimeText),
    }),
  ),
  withdrawn: Type.Optional(
    Type.Array(
      object({
        lineId: Identifier,
        sku: Identifier,
        location: Whereabouts,
        quantity: PositiveDecimalText,
        /** What the place was said to hold when it could not pick these units: no longer believed. */
        doubted: Type.Optional(DecimalText),
      }),
    ),
  ),
  /** Why, in words and figures: "EAST had 4 of 10; WEST the rest". */
  explanation: Type.Array(Text),
});
export const OrderReleased = object({ ...order, location: Code, lines, releasedAt: TimeText });
export const LinesCancelled = object({
  ...order,
  lines: Type.Array(
    object({
      lineId: Identifier,
      sku: Identifier,
      quantity: PositiveDecimalText,
      /** Whose promise ends with it; absent where nothing had been promised. */
      location: Type.Optional(Whereabouts),
    }),
    { minItems: 1 },
  ),
  reason: Type.Optional(Text),
});
/** A place is asked to give released units back; nothing is free before it answers. */
export const CancellationAsked = object({ ...order, location: Code, lines, reason: Type.Optional(Text) });
export const OrderCancelled = object({ ...order, reason: Type.Optional(Text) });
export const OrderClosed = object({ ...order, closedAt: TimeText });

/** Wire type → contract of what systems may say. */
export const orderFacts = {
  "order.reservation.requested": ReservationRequested,
  "order.reservation.withdrawn": ReservationWithdrawn,
  "order.submitted": OrderSubmitted,
  "order.booked": OrderBooked,
  "order.booking.refused": BookingRefused,
  "order.release.confirmed": ReleaseConfirmed,
  "order.release.refused": ReleaseRefused,
  "order.pick.short": PickShort,
  "order.cancellation.requested": CancellationRequested,
  "order.cancellation.confirmed": CancellationConfirmed,
  "order.cancellation.refused": CancellationRefused,
  "order.hold.released": HoldReleased,
  "order.row.rejected": RowRejected,
  "shipment.shipped": ShipmentShipped,
  "shipment.delivered": ShipmentDelivered,
  "invoice.posted": InvoicePosted,
  "return.requested": ReturnRequested,
  "return.received": ReturnReceived,
} as const;

/** Wire type → contract of what only Crossdock says. */
export const orderDecisions = {
  "order.reservation.due": ReservationDue,
  "order.reserved": OrderReserved,
  "order.reservation.refused": ReservationRefused,
  "order.reservation.ended": ReservationEnded,
  "order.reallocation.due": ReallocationDue,
  "order.accepted": OrderAccepted,
  "order.held": OrderHeld,
  "order.rejected": OrderRejected,
  "order.allocated": OrderAllocated,
  "order.released": OrderReleased,
  "order.lines.cancelled": LinesCancelled,
  "order.cancellation.asked": CancellationAsked,
  "order.cancelled": OrderCancelled,
  "order.closed": OrderClosed,
} as const;

type Contracts = typeof orderFacts & typeof orderDecisions;
export type OrderEventType = keyof Contracts;
export type OrderEventData<T extends OrderEventType> = Static<Contracts[T]>;
/** One order event, discriminated by type. */
export type OrderEvent = { [T in OrderEventType]: { type: T; data: OrderEventData<T> } }[OrderEventType];
export type Party = Static<typeof Party>;
export type OrderSubmitted = Static<typeof OrderSubmitted>;
export type ShipmentShipped = Static<typeof ShipmentShipped>;
export type InvoicePosted = Static<typeof InvoicePosted>;
export type OrderAllocated = Static<typeof OrderAllocated>;
export type Allocation = Static<typeof Allocation>;

// The inventory domain's events (facts and decisions) as JSON Schemas, version 1.
import { type Static, Type } from "typebox";
import {
  Code,
  Company,
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

export const StockStatus = oneOf("available", "held", "damaged", "in-transit");

/** The stock key without company and SKU; empty owner and lot where stock is not tracked by them. */
const place = {
  company: Type.Optional(Company),
  sku: Identifier,
  location: Code,
  status: Type.Optional(StockStatus),
  owner: Type.Optional(Type.String({ maxLength: 64 })),
  lot: Type.Optional(Type.String({ maxLength: 64 })),
};
/** A source's own order of its statements, where it has one: digits, compared as a number. */
const Sequence = Type.String({ pattern: "^[0-9]{1,30}$" });

/** A source says how much it holds. What the figure means is declared per system (policy: figures). */
export const LevelObserved = object({
  ...place,
  quantity: DecimalText,
  unit: Type.Optional(UnitCode),
  observedAt: TimeText,
  sequence: Type.Optional(Sequence),
  /** The full set that this figure was part of. */
  setId: Type.Optional(Identifier),
});

/** A full set ended. Absence means zero only where `count` equals the levels recorded with `setId`. */
export const SetObserved = object({
  company: Type.Optional(Company),
  location: Code,
  setId: Identifier,
  observedAt: TimeText,
  count: Type.Integer({ minimum: 0 }),
});

export const MovementReason = oneOf(
  "issue",
  "receipt",
  "adjustment",
  "transfer-out",
  "transfer-in",
  "return",
  "damage",
  "status-change",
);

/** Goods moved: signed quantity at a place. An issue for an order consumes the order's reservation there. */
export const MovementRecorded = object({
  ...place,
  movementId: Identifier,
  quantity: DecimalText,
  unit: Type.Optional(UnitCode),
  reason: MovementReason,
  /** The source's own reason code or note, for the ledger. */
  note: Type.Optional(Text),
  occurredAt: TimeText,
  sequence: Type.Optional(Sequence),
  /** What caused it: an order, a purchase order, a count sheet. */
  document: Type.Optional(Identifier),
  order: Type.Optional(
    object({ orderId: Identifier, lineId: Identifier, shipmentId: Type.Optional(Identifier) }),
  ),
  /** The purchase order line that a receipt closes (in part). */
  inbound: Type.Optional(object({ document: Identifier, line: Identifier })),
});

/** The base unit of a SKU and the exact ratios of its other units: one CS of 12 is 12/1. */
export const ItemDefined = object({
  company: Type.Optional(Company),
  sku: Identifier,
  unit: UnitCode,
  ratios: Type.Record(
    UnitCode,
    object({ numerator: Type.Integer({ minimum: 1 }), denominator: Type.Integer({ minimum: 1 }) }),
    { additionalProperties: false },
  ),
});

/** Dated supply, absolute per purchase order line: quantity 0 cancels it, another dueAt re-dates it. */
export const InboundExpected = object({
  company: Type.Optional(Company),
  sku: Identifier,
  location: Code,
  document: Identifier,
  line: Identifier,
  /** Still open, not yet received. */
  quantity: NonNegativeDecimalText,
  unit: Type.Optional(UnitCode),
  dueAt: TimeText,
  revision: Type.Optional(Sequence),
});

/** A place that nets its own allocations confirmed that it holds units for the order, beside those confirmed before. */
export const AllocationConfirmed = object({
  company: Type.Optional(Company),
  sku: Identifier,
  location: Code,
  orderId: Identifier,
  lineId: Identifier,
  /** In base units. Absent: all that is reserved there. */
  quantity: Type.Optional(PositiveDecimalText),
  confirmedAt: TimeText,
});

/** Decided: units of one SKU promised to one order line. */
export const Reserved = object({
  sku: Identifier,
  orderId: Identifier,
  lineId: Identifier,
  /** Empty for a backorder. */
  location: Type.String({ maxLength: 64 }),
  quantity: PositiveDecimalText,
  kind: oneOf("firm", "expiring", "backorder"),
  expiresAt: Type.Optional(TimeText),
  dueAt: Type.Optional(TimeText),
  priority: Type.Optional(Type.Integer()),
  /** The channel that the order came from, where that nets its own open orders. */
  channel: Type.Optional(Code),
});

/** Decided: the same units, promised otherwise: a hold turned firm, or kept until another time. Nobody else can take them. */
export const ReservationChanged = object({
  sku: Identifier,
  orderId: Identifier,
  lineId: Identifier,
  location: Code,
  kind: oneOf("firm", "expiring"),
  expiresAt: Type.Optional(TimeText),
  dueAt: Type.Optional(TimeText),
  priority: Type.Optional(Type.Integer()),
});

/** Decided: a promise given back: cancelled, expired, or re-sourced. Quantity absent: all of it. */
export const Released = object({
  sku: Identifier,
  orderId: Identifier,
  lineId: Identifier,
  location: Type.String({ maxLength: 64 }),
  quantity: Type.Optional(PositiveDecimalText),
  reason: oneOf("cancelled", "expired", "re-sourced", "rejected"),
  /** Where the place itself gave them up: when, by its clock. Its net figures since then have them. */
  freedAt: Type.Optional(TimeText),
});

/** Wire type → contract. `decided` ones are accepted from nobody. */
export const inventoryContracts = {
  "inventory.item.defined": ItemDefined,
  "inventory.level.observed": LevelObserved,
  "inventory.set.observed": SetObserved,
  "inventory.movement.recorded": MovementRecorded,
  "inventory.inbound.expected": InboundExpected,
  "inventory.allocation.confirmed": AllocationConfirmed,
  "inventory.reserved": Reserved,
  "inventory.reservation.changed": ReservationChanged,
  "inventory.released": Released,
} as const;

export type ItemDefined = Static<typeof ItemDefined>;
export type LevelObserved = Static<typeof LevelObserved>;
export type SetObserved = Static<typeof SetObserved>;
export type MovementRecorded = Static<typeof MovementRecorded>;
export type InboundExpected = Static<typeof InboundExpected>;
export type AllocationConfirmed = Static<typeof AllocationConfirmed>;
export type Reserved = Static<typeof Reserved>;
export type ReservationChanged = Static<typeof ReservationChanged>;
export type Released = Static<typeof Released>;

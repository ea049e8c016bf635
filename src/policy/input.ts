// What may be written in crossdock.config.ts: one schema is its type, its check and its documentation. Systems
// and flows are made by functions of their own and are looked at apart.
import { type Static, Type } from "typebox";
import type { MilestoneName } from "../domains/order/milestones.ts";
import {
  Code,
  Company,
  Identifier,
  NonNegativeDecimalText,
  object,
  oneOf,
  UnitCode,
} from "../domains/schema.ts";
import type { FlowBuilder } from "./flow.ts";
import type { SystemDeclaration } from "./integration.ts";

const Duration = Type.String({ description: "A duration such as 5s, 1m or 24h" });
const Percent = Type.Number({ minimum: 0, maximum: 100 });
const AnySku = Type.Optional(Identifier);

const OwnershipInput = object({
  /** The system where orders are booked and goods are valued. */
  ledger: Type.Optional(Code),
  inventory: Type.Optional(object({ owner: object({ byLocation: Type.Record(Code, Code) }) })),
});

const AllocationInput = object({
  prefer: Type.Optional(Type.Array(Code)),
  overflow: Type.Optional(Type.Array(Code)),
  split: Type.Optional(oneOf("minimise", "allow", "never")),
});

export const StockInput = object({
  safety: Type.Optional(
    Type.Array(object({ sku: AnySku, location: Type.Optional(Code), quantity: NonNegativeDecimalText })),
  ),
  buffers: Type.Optional(
    Type.Array(
      object({
        channel: Code,
        sku: AnySku,
        quantity: Type.Optional(NonNegativeDecimalText),
        percent: Type.Optional(Percent),
      }),
    ),
  ),
  channels: Type.Optional(Type.Record(Code, object({ netsOwnOrders: Type.Boolean() }))),
  ageing: Type.Optional(Type.Array(object({ after: Duration, percent: Percent }))),
  baseUnit: Type.Optional(UnitCode),
  units: Type.Optional(
    Type.Record(
      Identifier,
      object({
        base: UnitCode,
        ratios: Type.Optional(Type.Record(UnitCode, Type.String(), { additionalProperties: false })),
      }),
    ),
  ),
});

export const OrdersInput = object({
  releaseBeforeBooking: Type.Optional(Type.Boolean()),
  shortage: Type.Optional(oneOf("backorder", "reject")),
  reservationExpiry: Type.Optional(Duration),
  reservationExpiryMax: Type.Optional(Duration),
});

const Milestone = object({
  within: Duration,
  /** Absent: the last quarter of the time. */
  warnBefore: Type.Optional(Duration),
});

const SlaInput = object({
  "order.booked": Type.Optional(Milestone),
  "order.shipped": Type.Optional(Milestone),
  "order.delivered": Type.Optional(Milestone),
  "order.invoiced": Type.Optional(Milestone),
} satisfies Record<MilestoneName, unknown>);

export const IntegrationInput = object({
  company: Type.Optional(Company),
  systems: Type.Record(Code, Type.Unsafe<SystemDeclaration>({})),
  ownership: Type.Optional(OwnershipInput),
  flows: Type.Optional(Type.Array(Type.Unsafe<FlowBuilder>({}))),
  allocation: Type.Optional(AllocationInput),
  stock: Type.Optional(StockInput),
  orders: Type.Optional(OrdersInput),
  sla: Type.Optional(SlaInput),
});

export type IntegrationInput = Static<typeof IntegrationInput>;
export type StockInput = Static<typeof StockInput>;
export type OrdersInput = Static<typeof OrdersInput>;
export type SlaInput = Static<typeof SlaInput>;

// The state of one SKU, as the pure functions see it. Quantities are in the SKU's base unit.
import type { Decimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { Ratio } from "../../core/unit.ts";

export type StockStatusCode = "available" | "held" | "damaged" | "in-transit";

export interface StockLevel {
  location: string;
  status: StockStatusCode;
  owner: string;
  lot: string;
  /** What stands there now: the last accepted observation and the movements after it. */
  onHand: Decimal;
  /** The last accepted observation, as physical units. */
  base: Decimal;
  /** Of the observation; empty before the first one. */
  observedAt: Time | "";
  sequence: string;
  /** Movements recorded that a later-arriving observation has to be combined with. */
  movementsAfter: number;
}

export interface Inbound {
  document: string;
  line: string;
  location: string;
  quantity: Decimal;
  dueAt: Time;
  revision: string;
  /** Received so far, so that a receipt ahead of a late re-statement is not supplied twice. */
  received: Decimal;
}

/** The sum of live reservations by place, due time and channel; the reservations themselves are rows. */
export interface Commitment {
  /** Empty: a backorder, on dated inbound or on nothing yet. */
  location: string;
  /** Empty: now. */
  dueAt: Time | "";
  quantity: Decimal;
  /** The channel of the orders; only of one that nets its own open orders. */
  channel?: string;
}

export interface StockItem {
  company: string;
  sku: string;
  /** The base unit. */
  unit: string;
  /** How many base units one of another unit is, exactly. */
  ratios: Record<string, Ratio>;
  levels: StockLevel[];
  inbound: Inbound[];
  commitments: Commitment[];
}

/** Units that a place's own figure has taken off for a promise, since it said that it allocated them. */
export interface Netted {
  quantity: Decimal;
  since: Time;
}

export interface Reservation {
  sku: string;
  orderId: string;
  lineId: string;
  location: string;
  quantity: Decimal;
  kind: "firm" | "expiring" | "backorder";
  madeAt: Time;
  expiresAt?: Time;
  dueAt?: Time;
  /** Of `quantity`, in order of time; never more than it. */
  netted: Netted[];
  priority: number;
  /** As in a commitment. */
  channel?: string;
}

export interface Movement {
  location: string;
  status: StockStatusCode;
  owner: string;
  lot: string;
  quantity: Decimal;
  occurredAt: Time;
  sequence: string;
  /** Of what left, what its place's figures had netted until then. */
  netted: Netted[];
}

/** What an event of one SKU needs beside the item: rows that are loaded only for it. */
export interface StockRows {
  /** Live reservations of the SKU that the event may touch. */
  reservations: Reservation[];
  /** Movements at or after the oldest time that an observation in the batch names. */
  movements: Movement[];
}

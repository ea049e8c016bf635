// What one event does to one SKU, and what a whole transaction's change of it means to others.
import type { Time } from "../../core/time.ts";
import type { Outbound } from "../outbound.ts";
import type { Problem } from "../reaction.ts";
import type { FigureMeaning, SourceClock, StockPolicy } from "./policy.ts";
import type { Movement, Reservation, StockItem } from "./state.ts";

export type StockOutcome =
  | "applied"
  /** The figure says what we already hold. */
  | "confirmed"
  /** Older than what we hold: recorded, of no effect. */
  | "stale"
  /** Not believed: a time in the future, a system that does not own the place, an unknown unit. */
  | "quarantined";

export interface ReservationKey {
  sku: string;
  orderId: string;
  lineId: string;
  location: string;
}

/** A movement as the ledger keeps it. */
export interface MovementRow extends Movement {
  sku: string;
  reason: string;
  document: string;
}

export interface StockChange {
  item: StockItem;
  outcome: StockOutcome;
  /** New, or with another quantity. */
  reservations: Reservation[];
  removed: ReservationKey[];
  movement?: MovementRow;
  /** Of this event alone: a movement for the ledger. */
  outbound: Outbound[];
  problems: Problem[];
  solved: string[];
}

/** What the pure functions are told about the source of an event. */
export interface StockSource {
  system: string;
  figure: FigureMeaning;
  clock: SourceClock;
  /** location → system that owns its stock. */
  owners: Record<string, string>;
  /** location → resolution of its owner's clock, in ms. */
  resolutions: Record<string, number>;
}

/** A channel that is told what it may sell. */
export interface SettleContext {
  policy: StockPolicy;
  channels: string[];
  /** The database's time of the transaction. */
  now: Time;
  /** true where some flow carries levels. */
  levels: boolean;
}

// What a configuration may say, after it was read: the integration as data. See define.ts for how it is written.
import type { FigureMeaning, SourceClock, StockPolicy } from "../domains/inventory/policy.ts";
import type { SlaPolicy } from "../domains/order/milestones.ts";
import type { AllocationPolicy, OrderPolicy } from "../domains/order/policy.ts";
import type { OutboundType } from "../domains/outbound.ts";
import type { CodeSeeds } from "./codes.ts";

export interface Integration {
  company: string;
  systems: Record<string, SystemDeclaration>;
  ownership: Ownership;
  flows: Flow[];
  allocation: AllocationPolicy;
  stock: StockPolicy;
  orders: OrderPolicy;
  /** Milestones that orders should reach, and by when. */
  sla?: SlaPolicy;
}

/** What a product's connector declares about it, and how this installation uses it. */
export interface SystemDeclaration {
  /** The connector's name. */
  product: string;
  mode: "live" | "observe";
  /** The message types that it can be sent. */
  writes: Partial<Record<OutboundType, WriteDeclaration>>;
  figures: FigureMeaning;
  clock: SourceClock;
  limits: Limits;
  /** How often what it holds is compared with what we hold; of a system that can be read. */
  witness: WitnessPace;
  /** A stream that says nothing for so long is silent: an exception. Absent: it may. */
  speaksWithinMs?: number;
  /** What its code tables begin with. */
  codes?: CodeSeeds;
  /** The connector and its settings; opaque to policy, opened by the engine. */
  connector: unknown;
  settings: unknown;
}

export type WriteKind = "absolute" | "keyed" | "lookup" | "none";

export interface WriteDeclaration {
  kind: WriteKind;
  /** Records one call may carry; 1: no bulk. */
  bulkMax: number;
}

export interface Limits {
  concurrency: number;
  /** Calls a second over all nodes; 0: unlimited. */
  ratePerSecond: number;
  requestTimeoutMs: number;
  /** Retries back off from the first to the last, with jitter. */
  backoffFirstMs: number;
  backoffLastMs: number;
  /** Distinct lanes that must fail in a row before the breaker opens. */
  breakerLanes: number;
  probeEveryMs: number;
}

export interface WitnessPace {
  everyMs: number;
  /** What is younger is not asked for: it may still be under way, or committed late under an earlier time. */
  settledMs: number;
  /** What was equal before is looked at again, so far back. */
  overlapMs: number;
}

export interface Ownership {
  inventory: {
    /** location → system: who keeps the stock, is believed about it, and ships from it. */
    byLocation: Record<string, string>;
  };
  /** The system where orders are booked and goods are valued; absent: none is. */
  ledger?: string;
}

export interface Flow {
  id: string;
  title: string;
  domain: "inventory" | "order" | "customer";
  /** Origins it carries; empty: all. */
  from: string[];
  to: string[];
  /** Message types it carries; empty: all of the domain that the target can be sent. */
  messages: OutboundType[];
  pattern: "event";
  withinMs: number;
  impact: string;
  owner: string;
}

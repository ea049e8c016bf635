// What a pure domain function asks of the engine: all of it is committed with the state, or none.
import type { Decimal } from "../core/decimal.ts";
import type { Time } from "../core/time.ts";
import type { NewEvent } from "./event.ts";
import type { Outbound } from "./outbound.ts";

/** A business problem for the worklist; recorded with the state, never thrown. */
export interface Problem {
  /** `domain.reason`, documented in docs/runbooks. */
  code: ProblemCode;
  /** One problem, however many messages share it. */
  fingerprint: string;
  title: string;
  detail: Record<string, unknown>;
  system?: string;
  /** The key it belongs to. */
  key: string;
  moneyAtRisk?: Decimal;
  currency?: string;
}

/** Category by root cause, and who acts by default. */
export const problemCodes = {
  "order.no-customer": { category: "source-data", owner: "service" },
  "order.bad-row": { category: "source-data", owner: "service" },
  "order.duplicate-suspected": { category: "business-rule", owner: "service" },
  "order.unknown": { category: "source-data", owner: "operations" },
  "order.booking-refused": { category: "business-rule", owner: "finance" },
  "order.release-refused": { category: "partner-delay", owner: "operations" },
  "order.cancellation-refused": { category: "business-rule", owner: "service" },
  "order.unit-unknown": { category: "source-data", owner: "master-data" },
  "shipment.order-unknown": { category: "source-data", owner: "operations" },
  "shipment.after-cancel": { category: "business-rule", owner: "operations" },
  "shipment.over-shipped": { category: "business-rule", owner: "operations" },
  "invoice.differs": { category: "business-rule", owner: "finance" },
  "return.unmatched": { category: "source-data", owner: "service" },
  "return.over-quantity": { category: "business-rule", owner: "service" },
  "inventory.shortfall": { category: "business-rule", owner: "operations" },
  "inventory.negative": { category: "source-data", owner: "operations" },
  "inventory.future-observation": { category: "source-data", owner: "operations" },
  "inventory.set-incomplete": { category: "source-data", owner: "operations" },
  "inventory.set-held": { category: "business-rule", owner: "operations" },
  "inventory.not-owner": { category: "business-rule", owner: "operations" },
  "inventory.unit-unknown": { category: "source-data", owner: "master-data" },
  "inventory.unit-mismatch": { category: "source-data", owner: "master-data" },
  "inventory.unknown-location": { category: "configuration", owner: "integration" },
  "inventory.over-released": { category: "business-rule", owner: "operations" },
  "event.not-applied": { category: "platform", owner: "integration" },
  "event.conflict": { category: "source-data", owner: "integration" },
  "receipt.not-mapped": { category: "mapping", owner: "integration" },
  "code.unmapped": { category: "mapping", owner: "master-data" },
  "delivery.refused": { category: "business-rule", owner: "operations" },
  "delivery.outcome-unknown": { category: "platform", owner: "integration" },
  "delivery.reference-missing": { category: "source-data", owner: "master-data" },
  "system.unavailable": { category: "platform", owner: "integration" },
  "system.access-refused": { category: "access", owner: "integration" },
  "stream.silent": { category: "partner-delay", owner: "operations" },
  "stream.incomplete": { category: "source-data", owner: "operations" },
  "census.missing": { category: "source-data", owner: "integration" },
  "census.surplus": { category: "source-data", owner: "operations" },
  "system.restored": { category: "platform", owner: "integration" },
  "milestone.missed": { category: "partner-delay", owner: "operations" },
} as const satisfies Record<string, { category: ProblemCategory; owner: string }>;

export type ProblemCategory =
  | "source-data"
  | "mapping"
  | "business-rule"
  | "partner-delay"
  | "platform"
  | "access"
  | "configuration";
export type ProblemCode = keyof typeof problemCodes;

/** A command of ours that is due later; the same kind and key replaces the earlier one. */
export interface TaskRequest {
  kind: "reallocate" | "expire-reservation" | "milestone";
  key: string;
  /** Absent: taken back. */
  dueAt?: Time;
  payload?: Record<string, unknown>;
}

export interface Reaction {
  /** Applied in this transaction, in this order; may be of any key that is locked. */
  decided: NewEvent[];
  /** Recorded in this transaction, applied after it in the order of the log: facts for other keys. */
  followUps: NewEvent[];
  outbound: Outbound[];
  problems: Problem[];
  /** Fingerprints of problems that this solved. */
  solved: string[];
  tasks: TaskRequest[];
}

export const noReaction = (): Reaction => ({
  decided: [],
  followUps: [],
  outbound: [],
  problems: [],
  solved: [],
  tasks: [],
});

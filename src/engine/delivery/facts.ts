// What the delivery engine asks of its neighbours inside the transactions that settle deliveries.
import type { MappedEvent } from "../../connector/contract.ts";
import type { OutboundType } from "../../domains/outbound.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Transaction } from "../../postgres/pool.ts";

/** A fact that a target answered, with the delivery that it answers. */
export interface DeliveryFact {
  deliveryId: number;
  type: OutboundType;
  lane: string;
  key: string;
  causeSeq: number;
  correlationId: string | undefined;
  event: MappedEvent;
}

export interface FactSink {
  /**
   * Appends the facts as events whose source is the target. Called last in the transaction, for it takes the lock
   * on the log's head. What it returns is called after the commit. Throws a CrossdockError that never succeeds
   * only for what is wrong with these facts.
   */
  record(tx: Transaction, target: string, facts: readonly DeliveryFact[]): Promise<() => void>;
}

export interface ProblemSink {
  raise(tx: Transaction, problems: readonly Problem[]): Promise<void>;
  solve(tx: Transaction, fingerprints: readonly string[]): Promise<unknown>;
}

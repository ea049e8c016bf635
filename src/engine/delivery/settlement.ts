// What is to be written about deliveries, and who hears when it is committed.
import type { CodeMiss } from "../../connector/codes.ts";
import type { MappedEvent } from "../../connector/contract.ts";
import type { OutboundType, Reference } from "../../domains/outbound.ts";
import type { Problem, ProblemCode } from "../../domains/reaction.ts";
import type { PendingDelivery } from "../../store/delivery.ts";
import type { Claim, Entry } from "./lane.ts";

/** The worker of one target. */
export interface SettlementClient {
  readonly system: string;
  /** How many of its settlements are not committed; kept by the settler. */
  settling: number;
  takes(type: OutboundType): boolean;
  /** Lanes that a reference or a repair has freed: their front is to be read. */
  freed(lanes: string[]): void;
  inserted(pending: PendingDelivery[]): void;
}

interface Common {
  client: SettlementClient;
  committed(): void;
}

/** A failed attempt, for the delivery's history. */
export interface Failure {
  attempt: number;
  answer: string;
  reason: string;
  startedAt: number;
  durationMs: number;
}

export interface DoneSettlement extends Common {
  kind: "done";
  entry: Entry;
  lane: string;
  outcome: "delivered" | "skipped";
  durationMs: number | null;
  reference: string | null;
  reason: string | null;
  facts: readonly MappedEvent[];
  /** Older messages of its key may be parked; they are pointless now. */
  supersedes: boolean;
}

export interface ParkSettlement extends Common {
  kind: "park";
  entry: Entry;
  lane: string;
  code: Extract<ProblemCode, "delivery.refused" | "delivery.outcome-unknown"> | "code.unmapped";
  /** The code that no table knows, of `code.unmapped`. */
  miss: CodeMiss | null;
  reason: string;
  failure: Failure | null;
  facts: readonly MappedEvent[];
}

export interface ReferSettlement extends Common {
  kind: "refer";
  entry: Entry;
  lane: string;
  references: readonly Reference[];
  failure: Failure;
  dueInMs: number;
  /** Set by the transaction: the reference came to be known meanwhile, so it is sent again at once. */
  again: boolean;
}

/** Noted without anybody waiting for it. */
export interface FailSettlement extends Common {
  kind: "fail";
  entryId: number;
  failure: Failure;
  dueAt: number;
  /** The claim that was answered: it had no effect. */
  answered: Claim | null;
  /** How many of the claim's ids that answers for. */
  answeredIds: number;
}

/** Claimed, and never sent. */
export interface UnclaimSettlement extends Common {
  kind: "unclaim";
  ids: readonly number[];
  claim: Claim;
}

export interface LaneSettlement extends Common {
  kind: "hold" | "free";
  lane: string;
}

export interface NoticeSettlement extends Common {
  kind: "notice";
  raise: readonly Problem[];
  solve: readonly string[];
}

export type Settlement =
  | DoneSettlement
  | ParkSettlement
  | ReferSettlement
  | FailSettlement
  | UnclaimSettlement
  | LaneSettlement
  | NoticeSettlement;

/** Whether one statement settles it. */
export function isPlain(settlement: Settlement): settlement is DoneSettlement {
  return (
    settlement.kind === "done" &&
    settlement.facts.length === 0 &&
    settlement.entry.problem === null &&
    !settlement.supersedes &&
    settlement.entry.type !== "customer.reference"
  );
}

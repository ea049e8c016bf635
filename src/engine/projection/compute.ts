// Evolves a working set with events in order and collects what follows. Synchronous and free of I/O: an event
// that cannot be applied holds back its own key and nothing else.
import { CrossdockError } from "../../core/errors.ts";
import type { NewEvent, RecordedEvent } from "../../domains/event.ts";
import { evolveStock } from "../../domains/inventory/evolve.ts";
import { settleStock } from "../../domains/inventory/settle.ts";
import { parseKey, stockKey } from "../../domains/key.ts";
import type { OrderContext } from "../../domains/order/context.ts";
import type { OrderEvent } from "../../domains/order/contract.ts";
import { decideOrder } from "../../domains/order/decide.ts";
import { evolveOrder, opensOrder } from "../../domains/order/evolve.ts";
import { expectMilestones } from "../../domains/order/milestones.ts";
import type { Order } from "../../domains/order/state.ts";
import type { Outbound } from "../../domains/outbound.ts";
import type { Problem, Reaction, TaskRequest } from "../../domains/reaction.ts";
import type { StoredMovement } from "../../store/movement.ts";
import { type Draft, draftEvent } from "./draft.ts";
import type { Duplicates } from "./load.ts";
import type { Rules } from "./rules.ts";
import {
  type ItemSlot,
  type OrderSlot,
  type PositionSlot,
  takeChange,
  type WorkingSet,
} from "./working-set.ts";

/** A SKU that a decision needs but nobody locked: the transaction starts over with it. */
export class UnlockedKeys extends Error {
  readonly keys: string[];
  constructor(keys: string[]) {
    super(`decided about keys that were not locked: ${keys.join(", ")}`);
    this.keys = keys;
  }
}

/** An order's fact that failed after it had changed some of the set: the transaction starts over without it. */
export class EventFailed extends Error {
  readonly seq: number;
  constructor(seq: number, cause: unknown) {
    super(`event ${seq} cannot be applied`, { cause });
    this.seq = seq;
  }
}

export interface CausedOutbound {
  outbound: Outbound;
  cause: RecordedEvent;
}

export interface Outcome {
  /** Decisions and follow-up facts, to be appended. */
  drafts: Draft[];
  /** Of each command, the last fact of its key that is applied before it. */
  after: Map<RecordedEvent, number>;
  outbound: CausedOutbound[];
  problems: Problem[];
  solved: string[];
  tasks: TaskRequest[];
  movements: StoredMovement[];
  /** How many events changed something; the rest were applied before, or wait behind a held one. */
  applied: number;
}

/** What a set of a location becomes; read from the log beforehand. */
export type SetDecisions = Map<string, { followUps: NewEvent[]; problems: Problem[]; solved: string[] }>;

export interface ComputeInput {
  set: WorkingSet;
  events: readonly RecordedEvent[];
  rules: Rules;
  duplicates: Duplicates;
  sets: SetDecisions;
  /** Facts that were found not to fit, by seq: they hold their keys. */
  failed: ReadonlyMap<number, unknown>;
}

export function compute(input: ComputeInput): Outcome {
  const outcome: Outcome = {
    drafts: [],
    after: new Map(),
    outbound: [],
    problems: [],
    solved: [],
    tasks: [],
    movements: [],
    applied: 0,
  };
  const run = new Run(input, outcome);
  for (const event of input.events) run.apply(event);
  run.settle();
  return outcome;
}

class Run {
  private readonly input: ComputeInput;
  private readonly outcome: Outcome;
  private readonly lastCause = new Map<string, RecordedEvent>();

  constructor(input: ComputeInput, outcome: Outcome) {
    this.input = input;
    this.outcome = outcome;
  }

  apply(event: RecordedEvent): void {
    const { set } = this.input;
    const slot = set.items.get(event.key) ?? set.orders.get(event.key) ?? set.positions.get(event.key);
    if (slot === undefined) throw new UnlockedKeys([event.key]);
    // A command has no seq yet (0); a fact that its row has applied already, or that waits behind a held one, is passed over.
    if (event.seq > 0 && (event.seq <= slot.appliedSeq || slot.heldSeq !== null)) return;
    if (event.seq === 0 && slot.heldSeq !== null) throw heldBack(slot.key);
    if (event.seq === 0) this.outcome.after.set(event, slot.appliedSeq);
    if (event.seq > 0 && this.input.failed.has(event.seq)) {
      this.hold(slot, event, this.input.failed.get(event.seq));
      return;
    }
    try {
      if (slot.kind === "item") this.applyStock(slot, event);
      else if (slot.kind === "order") this.applyOrder(slot, event);
      else this.applySet(event);
    } catch (error) {
      if (error instanceof UnlockedKeys || event.seq === 0) throw error;
      if (slot.kind === "order") throw new EventFailed(event.seq, error);
      this.hold(slot, event, error);
      return;
    }
    slot.touched = true;
    this.outcome.applied += 1;
    if (event.seq > 0) slot.appliedSeq = event.seq;
  }

  private hold(slot: ItemSlot | OrderSlot | PositionSlot, event: RecordedEvent, error: unknown): void {
    slot.heldSeq = event.seq;
    slot.touched = true;
    this.outcome.problems.push(heldProblem(event, error));
  }

  private applyStock(slot: ItemSlot, event: RecordedEvent): void {
    this.evolveItem(slot, event, event);
  }

  private evolveItem(slot: ItemSlot, event: RecordedEvent, cause: RecordedEvent): void {
    const change = evolveStock(slot.item, slot.rows, event, this.input.rules.sourceOf(event.source));
    takeChange(slot, change);
    this.lastCause.set(slot.key, cause);
    if (change.movement !== undefined) {
      this.outcome.movements.push({
        id: event.id,
        seq: event.seq > 0 ? event.seq : cause.seq,
        company: slot.company,
        source: event.source,
        movement: change.movement,
      });
    }
    for (const outbound of change.outbound) this.outcome.outbound.push({ outbound, cause });
    this.outcome.problems.push(...change.problems);
    this.outcome.solved.push(...change.solved);
  }

  private applyOrder(slot: OrderSlot, event: RecordedEvent): void {
    const before = slot.order;
    const fact = event as unknown as OrderEvent & RecordedEvent;
    const exists = before !== null || opensOrder(event.type);
    const after = exists ? evolveOrder(before, fact) : before;
    const reaction = decideOrder(before, after, fact, this.orderContext(slot));
    slot.order = after;
    this.takeReaction(slot, event, reaction);
    this.expect(slot, before);
  }

  private expect(slot: OrderSlot, before: Order | null): void {
    const { sla } = this.input.rules.integration;
    if (sla === undefined) return;
    const { tasks, solved } = expectMilestones(slot.key, before, slot.order, sla, this.input.set.now);
    this.outcome.tasks.push(...tasks);
    this.outcome.solved.push(...solved);
  }

  private orderContext(slot: OrderSlot): OrderContext {
    const { rules, set, duplicates } = this.input;
    const duplicateOf = duplicates.get(slot.key);
    return {
      ...rules.order,
      now: set.now,
      stock: (sku) => this.itemSlot(stockKey(slot.company, sku)).item,
      ...(duplicateOf === undefined ? {} : { duplicateOf }),
    };
  }

  private itemSlot(key: string): ItemSlot {
    const slot = this.input.set.items.get(key);
    if (slot === undefined) throw new UnlockedKeys([key]);
    return slot;
  }

  private takeReaction(slot: OrderSlot, cause: RecordedEvent, reaction: Reaction): void {
    const { outcome } = this;
    for (const decided of reaction.decided) {
      const draft = draftEvent(decided, cause, true, this.input.set.now);
      outcome.drafts.push(draft);
      this.evolveDecided(slot, draft, cause);
    }
    for (const followUp of reaction.followUps) this.follow(followUp, cause);
    for (const outbound of reaction.outbound) outcome.outbound.push({ outbound, cause });
    outcome.problems.push(...reaction.problems);
    outcome.solved.push(...reaction.solved);
    outcome.tasks.push(...reaction.tasks);
  }

  /**
   * A fact for another key waits its turn in the log, unless that key is locked here: then it is applied at once, so
   * that a later decision of this transaction is not taken without it. One that cannot be applied holds back its own
   * key, not this one: it waits too.
   */
  private follow(followUp: NewEvent, cause: RecordedEvent): void {
    const slot = this.input.set.items.get(followUp.key);
    const draft = draftEvent(
      followUp,
      cause,
      slot !== undefined && slot.heldSeq === null,
      this.input.set.now,
    );
    this.outcome.drafts.push(draft);
    if (slot === undefined || !draft.event.decided) return;
    draft.afterSeq = slot.appliedSeq;
    try {
      this.evolveItem(slot, draft.event, cause);
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      draft.event.decided = false;
      delete draft.afterSeq;
    }
  }

  private evolveDecided(slot: OrderSlot, draft: Draft, cause: RecordedEvent): void {
    if (draft.event.key === slot.key) {
      draft.afterSeq = Math.max(slot.appliedSeq, cause.seq);
      slot.order = evolveOrder(slot.order, draft.event as unknown as OrderEvent & RecordedEvent);
    } else if (parseKey(draft.event.key).domain === "stock") {
      const item = this.itemSlot(draft.event.key);
      draft.afterSeq = item.appliedSeq;
      this.evolveItem(item, draft.event, cause);
    } else {
      throw new CrossdockError(
        "engine.foreign-decision",
        `${draft.event.type} was decided for ${draft.event.key} while ${slot.key} is locked.`,
      );
    }
  }

  private applySet(event: RecordedEvent): void {
    const decision = this.input.sets.get(event.id);
    if (decision === undefined) return;
    for (const followUp of decision.followUps) {
      this.outcome.drafts.push(draftEvent(followUp, event, false, this.input.set.now));
    }
    this.outcome.problems.push(...decision.problems);
    this.outcome.solved.push(...decision.solved);
  }

  /** Once per SKU: what the whole transaction's change of it means to channels, to promises and to backorders. */
  settle(): void {
    const { set, rules } = this.input;
    for (const slot of set.items.values()) {
      if (!slot.touched || slot.item === slot.original) continue;
      const reaction = settleStock(
        slot.original,
        slot.item,
        { ...rules.settle, now: set.now },
        rules.ownerOf,
      );
      const cause = this.lastCause.get(slot.key);
      if (cause === undefined) continue;
      for (const outbound of reaction.outbound) this.outcome.outbound.push({ outbound, cause });
      this.outcome.problems.push(...reaction.problems);
      this.outcome.solved.push(...reaction.solved);
      this.outcome.tasks.push(...reaction.tasks);
    }
  }
}

function heldBack(key: string): CrossdockError {
  return new CrossdockError(
    "engine.key-held",
    `${key} waits behind an event that could not be applied; see its exception.`,
    { retry: "later" },
  );
}

function heldProblem(event: RecordedEvent, error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof CrossdockError ? error.code : "engine.fault";
  return {
    code: "event.not-applied",
    fingerprint: `event.not-applied/${event.key}`,
    title: `${event.type} cannot be applied to ${event.key}; later events of this key wait: ${message}`,
    detail: {
      seq: event.seq,
      eventId: event.id,
      code,
      message,
      ...(error instanceof CrossdockError
        ? error.details
        : { stack: error instanceof Error ? error.stack : undefined }),
    },
    system: event.source,
    key: event.key,
  };
}

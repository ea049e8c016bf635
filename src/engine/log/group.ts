// What a group of received items becomes, given what is known of them: pure book-keeping between the callers and
// the log. Events are asked of the log itself; everything else is settled here.
import type { Problem } from "../../domains/reaction.ts";
import type { Identity } from "../../store/identity.ts";
import { type IntakeCount, noIntake, type Receipt, type RefusedEvent } from "../../store/intake.ts";
import type { Received, ReceivedEvent } from "../../store/record.ts";
import { uuidv7 } from "./event-id.ts";
import type { Known } from "./identities.ts";
import type { Incoming, Outcome } from "./incoming.ts";

type Identified = Exclude<Incoming, { kind: "rejected" }>;
type IncomingEvent = Extract<Incoming, { kind: "event" }>;
type Native = Extract<Incoming, { kind: "native" }>;

interface Asked extends ReceivedEvent {
  /** Index of the outcome that it decides, or that takes its seq. */
  outcome: number;
  item: Identified;
}

export interface Plan {
  outcomes: Outcome[];
  asked: Asked[];
  receipts: Receipt[];
  refused: RefusedEvent[];
  problems: Problem[];
  counts: Map<string, IntakeCount>;
}

/** Identities of messages that hold events of their own; whether they are new is asked before anything is made of them. */
export function nativeIdentities(items: readonly Incoming[]): Identity[] {
  const identities = new Map<string, Identity>();
  for (const item of items)
    if (item.kind === "native" && !identities.has(item.hash))
      identities.set(item.hash, { hash: item.hash, content: item.content });
  return [...identities.values()];
}

/** Identities of single events, of messages of their own and of statements in others. */
export function eventIdentities(items: readonly Incoming[]): Identity[] {
  return items.flatMap((item) => {
    if (item.kind === "event") return [{ hash: item.hash, content: item.content }];
    return item.kind === "native" ? item.events.flatMap(({ identity }) => identity ?? []) : [];
  });
}

/** Nothing but events: they can be recorded by one statement, without a transaction around it. */
export const isPlain = (items: readonly Incoming[]): boolean => items.every((item) => item.kind === "event");

/** `known` holds every native message, and of events those that a sealed epoch holds. */
export function planGroup(items: readonly Incoming[], known: ReadonlyMap<string, Known>): Plan {
  const plan: Plan = { outcomes: [], asked: [], receipts: [], refused: [], problems: [], counts: new Map() };
  // The first of equal ones in a group is the new one.
  const first = new Map<string, string>();
  for (const item of items) {
    if (item.kind === "rejected") planRejected(plan, item);
    else if (first.has(item.hash)) planKnown(plan, item, first.get(item.hash) === item.content);
    else {
      first.set(item.hash, item.content);
      const state = known.get(item.hash);
      if (state?.new === false) planKnown(plan, item, state.sameContent);
      else if (item.kind === "event") planEvent(plan, item);
      else planNative(plan, item, known, first);
    }
  }
  return plan;
}

/** What the log said of the events that it was asked to record. */
export function settleAsked(plan: Plan, received: Received): void {
  let at = 0;
  for (const [index, { item, outcome }] of plan.asked.entries()) {
    const reception = received.receptions[index]!;
    if (reception === "recorded") {
      const { seq } = received.recorded[at++]!;
      const told = plan.outcomes[outcome] as { seq: number };
      if (told.seq === 0) told.seq = seq;
    } else if (item.kind === "event") {
      plan.outcomes[outcome] = reception === "duplicate" ? { status: "duplicate" } : conflict(plan, item);
    } else if (reception === "conflict") {
      // A statement in another message: the first one stands, whatever this one says.
      countOf(plan, item.system).duplicate += 1;
    }
  }
}

/** Whether anything is left to be written beside what the log has written. */
export const hasLeftovers = (plan: Plan): boolean =>
  plan.refused.length + plan.problems.length + plan.counts.size > 0;

function countOf(plan: Plan, system: string): IntakeCount {
  const count = plan.counts.get(system) ?? noIntake();
  plan.counts.set(system, count);
  return count;
}

function planRejected(plan: Plan, item: Extract<Incoming, { kind: "rejected" }>): void {
  countOf(plan, item.system).rejected += 1;
  plan.refused.push({
    id: uuidv7(),
    system: item.system,
    outcome: "rejected",
    reason: JSON.stringify(item.reason),
    body: item.body,
  });
  plan.outcomes.push({ status: "rejected", reason: item.reason });
}

function planEvent(plan: Plan, item: IncomingEvent): void {
  const { event, hash, content } = item;
  plan.asked.push({ event, identity: { hash, content }, outcome: plan.outcomes.length, item });
  plan.outcomes.push({ status: "recorded", seq: 0 });
}

function planNative(
  plan: Plan,
  item: Native,
  known: ReadonlyMap<string, Known>,
  first: Map<string, string>,
): void {
  plan.receipts.push(item.receipt);
  plan.problems.push(...item.problems);
  const count = countOf(plan, item.system);
  if (item.receipt.outcome === "mapped") count.nativeMapped += 1;
  else if (item.receipt.outcome === "ignored") count.nativeIgnored += 1;
  else count.nativeFailed += 1;
  for (const event of item.events) {
    const { identity } = event;
    if (identity !== undefined && (known.get(identity.hash)?.new === false || first.has(identity.hash))) {
      count.duplicate += 1;
      continue;
    }
    if (identity !== undefined) first.set(identity.hash, identity.content);
    plan.asked.push({
      event,
      ...(identity === undefined ? {} : { identity }),
      outcome: plan.outcomes.length,
      item,
    });
  }
  plan.outcomes.push({ status: "recorded", seq: 0 });
}

function planKnown(plan: Plan, item: Identified, sameContent: boolean): void {
  if (!sameContent) {
    plan.outcomes.push(conflict(plan, item));
    return;
  }
  const count = countOf(plan, item.system);
  if (item.kind === "native") count.nativeDuplicate += 1;
  else count.duplicate += 1;
  plan.outcomes.push({ status: "duplicate" });
}

/** The first one stands; this one is kept, and somebody looks at it. */
function conflict(plan: Plan, item: Identified): Outcome {
  const native = item.kind === "native";
  const what = native ? `${item.receipt.topic} ${item.receipt.nativeId}` : `event of type ${item.event.type}`;
  const reason = {
    code: "event.conflict",
    errors: [{ path: "$.id", message: "The same id was received before with other content." }],
  };
  const body = native ? Buffer.from(item.receipt.body).toString("utf8") : item.event.text;
  const count = countOf(plan, item.system);
  if (native) count.nativeDuplicate += 1;
  else count.conflict += 1;
  plan.refused.push({
    id: uuidv7(),
    system: item.system,
    outcome: "conflict",
    reason: JSON.stringify(reason),
    body: body.replaceAll("\u0000", "\ufffd"),
  });
  plan.problems.push({
    code: "event.conflict",
    fingerprint: `event.conflict/${item.system}/${item.hash}`,
    title: `${item.system} sent ${what} again with other content; the first one stands`,
    detail: { body },
    system: item.system,
    key: native ? `system:${item.system}` : item.event.key,
  });
  return { status: "conflict", reason };
}

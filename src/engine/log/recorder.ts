// Records what was received, in group commits: many callers share one transaction and each is answered after
// the commit. A batch that holds what cannot be stored is halved until that fails alone; a database that fails is
// no reason to refuse what was said, so then nobody is answered.
import { CrossdockError } from "../../core/errors.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import type { Problem } from "../../domains/reaction.ts";
import { sqlState } from "../../postgres/failure.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { type AppendEvent, appendEvents, asRecorded, ensureDays, isDayMissing } from "../../store/event.ts";
import { raiseProblems } from "../../store/exception.ts";
import type { Identity } from "../../store/identity.ts";
import {
  addIntake,
  type IntakeCount,
  insertReceipts,
  insertRefused,
  noIntake,
  type Receipt,
  type RefusedEvent,
  saveCursor,
} from "../../store/intake.ts";
import { uuidv7 } from "./event-id.ts";
import type { Identities, Known } from "./identities.ts";
import { type Incoming, notMapped, type Outcome } from "./incoming.ts";

export interface CursorMove {
  system: string;
  poll: string;
  cursor: string;
}

interface Entry {
  items: readonly Incoming[];
  cursor: CursorMove | undefined;
  resolve(outcomes: Outcome[]): void;
  reject(error: unknown): void;
}

interface Group {
  outcomes: Outcome[];
  recorded: RecordedEvent[];
}

export interface RecorderOptions {
  db: Database;
  identities: Identities;
  /** Called after the commit, with events in the order of the log. */
  recorded(events: RecordedEvent[]): void;
}

/** Two transactions at a time: one prepares while the other commits. */
const IN_FLIGHT_MAX = 2;
const GROUP_ITEMS_MAX = 2_000;
const QUEUE_ITEMS_MAX = 100_000;
const ATTEMPTS_MAX = 4;

export class Recorder {
  private readonly options: RecorderOptions;
  private queue: Entry[] = [];
  private queuedItems = 0;
  private inFlight = 0;
  private idle: (() => void)[] = [];

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  /** Resolves after the commit, with one outcome per item. `cursor` moves in the same transaction. */
  record(items: readonly Incoming[], cursor?: CursorMove): Promise<Outcome[]> {
    if (items.length === 0 && cursor === undefined) return Promise.resolve([]);
    if (this.queuedItems + items.length > QUEUE_ITEMS_MAX && this.queuedItems > 0) {
      throw new CrossdockError(
        "log.overloaded",
        "More is waiting to be recorded than memory should hold; send again later.",
        { retry: "later" },
      );
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ items, cursor, resolve, reject });
      this.queuedItems += items.length;
      this.pump();
    });
  }

  /** Resolves when nothing is queued or in flight. */
  drained(): Promise<void> {
    if (this.inFlight === 0 && this.queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private pump(): void {
    while (this.inFlight < IN_FLIGHT_MAX && this.queue.length > 0) {
      const entries = this.takeGroup();
      this.inFlight += 1;
      void this.settle(entries).finally(() => {
        this.inFlight -= 1;
        this.pump();
        if (this.inFlight === 0 && this.queue.length === 0) for (const done of this.idle.splice(0)) done();
      });
      // A second transaction beside a running one is worth its round trips only when much waits.
      if (this.queuedItems < 64) break;
    }
  }

  private takeGroup(): Entry[] {
    let count = 0;
    let taken = 0;
    while (
      taken < this.queue.length &&
      (taken === 0 || count + this.queue[taken]!.items.length <= GROUP_ITEMS_MAX)
    ) {
      count += this.queue[taken]!.items.length;
      taken += 1;
    }
    this.queuedItems -= count;
    return this.queue.splice(0, taken);
  }

  private async settle(entries: Entry[]): Promise<void> {
    try {
      const group = await this.commit(entries);
      if (group.recorded.length > 0) this.options.recorded(group.recorded);
      let at = 0;
      for (const entry of entries) {
        entry.resolve(group.outcomes.slice(at, at + entry.items.length));
        at += entry.items.length;
      }
    } catch (error) {
      if (!isFaultOfItem(error)) for (const entry of entries) entry.reject(error);
      else await this.settleApart(entries);
    }
  }

  /** Half by half, down to the entry that holds what cannot be stored; its cursor moves with its last item. */
  private async settleApart(entries: Entry[]): Promise<void> {
    if (entries.length > 1) {
      const middle = entries.length >> 1;
      await this.settle(entries.slice(0, middle));
      await this.settle(entries.slice(middle));
      return;
    }
    const entry = entries[0]!;
    try {
      const outcomes = await this.commitApart(entry.items);
      if (entry.cursor !== undefined) await this.commit([{ ...entry, items: [] }]);
      entry.resolve(outcomes);
    } catch (error) {
      entry.reject(error);
    }
  }

  private async commitApart(items: readonly Incoming[]): Promise<Outcome[]> {
    try {
      const group = await this.commit([
        { items, cursor: undefined, resolve: () => undefined, reject: () => undefined },
      ]);
      if (group.recorded.length > 0) this.options.recorded(group.recorded);
      return group.outcomes;
    } catch (error) {
      if (!isFaultOfItem(error)) throw error;
      if (items.length === 1) return this.commitApart([unstorable(items[0]!, error)]);
      const middle = items.length >> 1;
      const first = await this.commitApart(items.slice(0, middle));
      return [...first, ...(await this.commitApart(items.slice(middle)))];
    }
  }

  private async commit(entries: Entry[]): Promise<Group> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.commitOnce(entries);
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX) throw error;
        if (hasCode(error, "identity.epoch-moved")) await this.options.identities.refresh();
        else if (isDayMissing(error)) await ensureDays(this.options.db);
        else if (!hasCode(error, "postgres.serialization")) throw error;
      }
    }
  }

  private commitOnce(entries: Entry[]): Promise<Group> {
    const items = entries.flatMap((entry) => entry.items);
    const identities = collectIdentities(items);
    return this.options.db.transaction(async (tx) => {
      const known =
        identities.length === 0
          ? new Map<string, Known>()
          : await this.options.identities.claim(tx, identities);
      const plan = planGroup(items, known);
      if (plan.receipts.length > 0) await insertReceipts(tx, plan.receipts);
      if (plan.refused.length > 0) await insertRefused(tx, plan.refused);
      if (plan.problems.length > 0) await raiseProblems(tx, plan.problems);
      for (const { cursor } of entries)
        if (cursor !== undefined) await saveCursor(tx, cursor.system, cursor.poll, cursor.cursor);
      return finish(tx, plan);
    });
  }
}

async function finish(tx: Transaction, plan: Plan): Promise<Group> {
  let recorded: RecordedEvent[] = [];
  if (plan.events.length > 0) {
    // The counts leave together with the append, behind it: they are taken under the head's lock.
    const appending = appendEvents(tx, plan.events);
    const [appended] = await Promise.all([appending, addIntake(tx, plan.counts)]);
    recorded = asRecorded(plan.events, appended);
    for (const [outcomeIndex, eventIndex] of plan.seqOf) {
      (plan.outcomes[outcomeIndex] as { seq: number }).seq = recorded[eventIndex]!.seq;
    }
  }
  if (plan.events.length === 0 && plan.counts.size > 0) await addIntake(tx, plan.counts);
  return { outcomes: plan.outcomes, recorded };
}

function collectIdentities(items: readonly Incoming[]): Identity[] {
  const identities = new Map<string, Identity>();
  for (const item of items) {
    if (item.kind === "rejected") continue;
    const own = item.kind === "native" ? item.events.flatMap(({ identity }) => identity ?? []) : [];
    for (const { hash, content } of [item, ...own]) {
      if (!identities.has(hash)) identities.set(hash, { hash, content });
    }
  }
  return [...identities.values()];
}

interface Plan {
  outcomes: Outcome[];
  events: AppendEvent[];
  /** Outcome index → event index, to fill in seq after the append. */
  seqOf: [number, number][];
  receipts: Receipt[];
  refused: RefusedEvent[];
  problems: Problem[];
  counts: Map<string, IntakeCount>;
}

/** What each item becomes, given which identities are new. The first of equal ones in a batch is the new one. */
function planGroup(items: readonly Incoming[], known: Map<string, Known>): Plan {
  const plan: Plan = {
    outcomes: [],
    events: [],
    seqOf: [],
    receipts: [],
    refused: [],
    problems: [],
    counts: new Map(),
  };
  const first = new Map<string, string>();
  for (const item of items) {
    const count = plan.counts.get(item.system) ?? noIntake();
    plan.counts.set(item.system, count);
    if (item.kind === "rejected") {
      count.rejected += 1;
      plan.refused.push({
        id: uuidv7(),
        system: item.system,
        outcome: "rejected",
        reason: JSON.stringify(item.reason),
        body: item.body,
      });
      plan.outcomes.push({ status: "rejected", reason: item.reason });
      continue;
    }
    const earlier = first.get(item.hash);
    const state = known.get(item.hash)!;
    const isNew = state.new && earlier === undefined;
    const same = earlier === undefined ? !state.new && state.sameContent : earlier === item.content;
    first.set(item.hash, earlier ?? item.content);
    if (isNew) planNew(plan, item, count, known, first);
    else if (same) planDuplicate(plan, item, count);
    else planConflict(plan, item, count);
  }
  return plan;
}

type Identified = Exclude<Incoming, { kind: "rejected" }>;

/** Of a new message, the statements that no other message has made. */
function newStatements(
  events: readonly AppendEvent[],
  known: Map<string, Known>,
  first: Map<string, string>,
  count: IntakeCount,
): AppendEvent[] {
  return events.filter(({ identity }) => {
    if (identity === undefined) return true;
    const isNew = known.get(identity.hash)!.new && !first.has(identity.hash);
    first.set(identity.hash, identity.content);
    if (!isNew) count.duplicate += 1;
    return isNew;
  });
}

function planNew(
  plan: Plan,
  item: Identified,
  count: IntakeCount,
  known: Map<string, Known>,
  first: Map<string, string>,
): void {
  if (item.kind === "native") {
    plan.receipts.push(item.receipt);
    plan.problems.push(...item.problems);
    if (item.receipt.outcome === "mapped") count.nativeMapped += 1;
    else if (item.receipt.outcome === "ignored") count.nativeIgnored += 1;
    else count.nativeFailed += 1;
  }
  const events = item.kind === "event" ? [item.event] : newStatements(item.events, known, first, count);
  count.recorded += events.length;
  if (events.length > 0) plan.seqOf.push([plan.outcomes.length, plan.events.length]);
  plan.events.push(...events);
  plan.outcomes.push({ status: "recorded", seq: 0 });
}

function planDuplicate(plan: Plan, item: Identified, count: IntakeCount): void {
  if (item.kind === "native") count.nativeDuplicate += 1;
  else count.duplicate += 1;
  plan.outcomes.push({ status: "duplicate" });
}

function planConflict(plan: Plan, item: Identified, count: IntakeCount): void {
  const what =
    item.kind === "native"
      ? `${item.receipt.topic} ${item.receipt.nativeId}`
      : `event of type ${item.event.type}`;
  const reason = {
    code: "event.conflict",
    errors: [{ path: "$.id", message: "The same id was received before with other content." }],
  };
  const body = item.kind === "native" ? Buffer.from(item.receipt.body).toString("utf8") : item.event.text;
  if (item.kind === "native") count.nativeDuplicate += 1;
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
    key: item.kind === "native" ? `system:${item.system}` : item.event.key,
  });
  plan.outcomes.push({ status: "conflict", reason });
}

const hasCode = (error: unknown, code: string) => error instanceof CrossdockError && error.code === code;

/** A value that the database or the driver cannot take. Anything else is no reason to refuse what somebody said. */
function isFaultOfItem(error: unknown): boolean {
  // What may go well later is no fault of what was said.
  if (error instanceof CrossdockError && error.retry === "later") return false;
  const state = sqlState(error);
  if (state === undefined) return !(error instanceof CrossdockError);
  return /^(22|23|54)/.test(state) && !isDayMissing(error);
}

/** What stands for an item that cannot be stored: a refused event, or a receipt that failed. Throws for these. */
function unstorable(item: Incoming, error: unknown): Incoming {
  const message = error instanceof Error ? error.message : String(error);
  if (item.kind === "event")
    return {
      kind: "rejected",
      system: item.system,
      reason: { code: "event.not-storable", errors: [{ path: "$", message }] },
      body: item.event.text,
    };
  if (item.kind === "rejected" || item.events.length === 0) throw error;
  const receipt = { ...item.receipt, outcome: "failed" as const, events: 0, reason: message };
  return { ...item, receipt, events: [], problems: [notMapped(receipt, message)] };
}

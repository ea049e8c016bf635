// Records what was received, in group commits: many callers share one transaction and each is answered after
// the commit. A batch that holds what cannot be stored is halved until that fails alone; a database that fails is
// no reason to refuse what was said, so then nobody is answered.
import { CrossdockError } from "../../core/errors.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import { sqlState } from "../../postgres/failure.ts";
import type { Database, Queryable, Transaction } from "../../postgres/pool.ts";
import { ensureDays, isDayMissing } from "../../store/event.ts";
import { raiseProblems } from "../../store/exception.ts";
import { addIntake, insertReceipts, insertRefused, saveCursor } from "../../store/intake.ts";
import { recordEvents } from "../../store/record.ts";
import {
  eventIdentities,
  hasLeftovers,
  isPlain,
  nativeIdentities,
  type Plan,
  planGroup,
  settleAsked,
} from "./group.ts";
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
/** Measured: with single posts one larger transaction is cheaper than two; with batches two record a fifth more. */
const SECOND_ITEMS_MIN = 256;
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
      if (this.queuedItems < SECOND_ITEMS_MIN) break;
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

  private commit(entries: Entry[]): Promise<Group> {
    return this.retried(() => this.commitOnce(entries));
  }

  private async retried<Result>(run: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX) throw error;
        if (hasCode(error, "identity.epoch-moved")) await this.options.identities.refresh();
        else if (isDayMissing(error)) await ensureDays(this.options.db);
        else if (!hasCode(error, "postgres.serialization")) throw error;
      }
    }
  }

  private async commitOnce(entries: Entry[]): Promise<Group> {
    const items = entries.flatMap((entry) => entry.items);
    const { db, identities } = this.options;
    const { known, lastSealed } = await identities.sealedAmong(db, eventIdentities(items));
    const group = { items, known, lastSealed, cursors: entries.flatMap(({ cursor }) => cursor ?? []) };
    if (group.cursors.length > 0 || !isPlain(items)) return this.commitTogether(group);
    // One statement is a transaction of its own.
    const plan = planGroup(items, known);
    const recorded = await this.append(db, plan, lastSealed);
    if (hasLeftovers(plan)) await this.retried(() => db.transaction((tx) => saveLeftovers(tx, plan)));
    return { outcomes: plan.outcomes, recorded };
  }

  private commitTogether({ items, known, lastSealed, cursors }: Taken): Promise<Group> {
    const { db, identities } = this.options;
    return db.transaction(async (tx) => {
      const natives = nativeIdentities(items);
      const claimed = natives.length === 0 ? [] : await identities.claim(tx, natives);
      const plan = planGroup(items, new Map([...known, ...claimed]));
      if (plan.receipts.length > 0) await insertReceipts(tx, plan.receipts);
      if (plan.problems.length > 0) await raiseProblems(tx, plan.problems.splice(0));
      for (const { system, poll, cursor } of cursors) await saveCursor(tx, system, poll, cursor);
      const recorded = await this.append(tx, plan, lastSealed);
      // Counts are taken under the head's lock, by everybody.
      await saveLeftovers(tx, plan);
      return { outcomes: plan.outcomes, recorded };
    });
  }

  private async append(db: Queryable, plan: Plan, lastSealed: number): Promise<RecordedEvent[]> {
    if (plan.asked.length === 0) return [];
    const received = await recordEvents(db, plan.asked, lastSealed);
    settleAsked(plan, received);
    this.options.identities.count(received.recorded.length);
    return received.recorded;
  }
}

interface Taken {
  items: readonly Incoming[];
  known: ReadonlyMap<string, Known>;
  lastSealed: number;
  cursors: readonly CursorMove[];
}

/** Counts first, as who records takes them: two transactions that meet at one then meet at the other in one order. */
async function saveLeftovers(tx: Transaction, plan: Plan): Promise<void> {
  if (plan.counts.size > 0) await addIntake(tx, plan.counts);
  if (plan.problems.length > 0) await raiseProblems(tx, plan.problems);
  if (plan.refused.length > 0) await insertRefused(tx, plan.refused);
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

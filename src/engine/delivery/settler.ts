// Settles in groups: one transaction is on its way, the next takes all that gathered meanwhile. A transaction that
// fails is repeated until it is committed, without sending anything again; one that can never be is halved down to the
// settlement that spoils it, which is then tried alone, ever more rarely, while its lane waits.
import { CrossdockError } from "../../core/errors.ts";
import type { Database } from "../../postgres/pool.ts";
import { settleDone } from "../../store/delivery-settle.ts";
import { ensureDays } from "../../store/event.ts";
import type { Clock, Log } from "../cluster/context.ts";
import type { FactSink, ProblemSink } from "./facts.ts";
import type { Claim, Entry } from "./lane.ts";
import { type AfterCommit, doneRows, settleTogether } from "./settle-transaction.ts";
import { isPlain, type Settlement } from "./settlement.ts";

export interface SettlerOptions {
  db: Database;
  facts: FactSink;
  problems: ProblemSink;
  clock: Clock;
  log: Log;
}

const PLAIN_MAX = 2_000;
const FULL_MAX = 500;
// A statement costs as much as some forty rows: while a group was large, the next one starts no sooner than this
// after it, or when enough has gathered. Nothing but the rest of its own lane waits for it.
const MANY = 8;
const ENOUGH = 200;
const GATHER_MS = 10;
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2_000;
const SPOILT_FIRST_MS = 5_000;
const SPOILT_LAST_MS = 60_000;

export class Settler {
  private readonly options: SettlerOptions;
  // Apart: what needs the log's head must not hold up what needs nothing but its own rows.
  private readonly plain: Gathering;
  private readonly full: Gathering;
  private readonly spoilt = new Set<NodeJS.Timeout>();
  private closed = false;
  /** Claims that hold nothing unanswered any more. */
  private claims: number[] = [];
  private waiting = 0;

  constructor(options: SettlerOptions) {
    this.options = options;
    this.plain = new Gathering(PLAIN_MAX, options.clock, (items) => this.untilCommitted(items, true));
    this.full = new Gathering(FULL_MAX, options.clock, (items) => this.untilCommitted(items, false));
  }

  add(item: Settlement): void {
    this.waiting += 1;
    item.client.settling += 1;
    (isPlain(item) ? this.plain : this.full).add(item);
  }

  /** Settlements that are not committed. */
  size(): number {
    return this.waiting;
  }

  /** Gives up what is not committed: the next owner finds it unsettled. */
  close(): void {
    this.closed = true;
    for (const timer of this.spoilt) clearTimeout(timer);
  }

  private async untilCommitted(items: Settlement[], plain: boolean): Promise<void> {
    for (let attempt = 0; !this.closed; attempt++) {
      const claims = this.claims.splice(0);
      let after: AfterCommit;
      try {
        after = await this.write(items, claims, plain);
      } catch (error) {
        this.claims.push(...claims);
        if (this.closed) return;
        if (isPermanent(error) && attempt > 0) return this.apart(items, plain, error);
        this.options.log.warn({ err: error, settlements: items.length }, "settling failed and is repeated");
        if (isPermanent(error)) await this.makeDays();
        else await sleep(Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10)));
        continue;
      }
      this.committed(items, after);
      return;
    }
  }

  /** A day's partitions are made ahead; where that did not happen, settling is what notices. */
  private async makeDays(): Promise<void> {
    try {
      await ensureDays(this.options.db);
    } catch (error) {
      this.options.log.warn({ err: error }, "the partitions of the day could not be made");
    }
  }

  private async apart(items: Settlement[], plain: boolean, error: unknown): Promise<void> {
    if (items.length > 1) {
      const half = items.length >> 1;
      await this.untilCommitted(items.slice(0, half), plain);
      await this.untilCommitted(items.slice(half), plain);
      return;
    }
    this.tryAlone(items[0]!, plain, error, SPOILT_FIRST_MS);
  }

  private tryAlone(item: Settlement, plain: boolean, error: unknown, delayMs: number): void {
    this.options.log.error(
      { err: error, system: item.client.system, settlement: item.kind },
      "cannot be settled",
    );
    const timer = setTimeout(async () => {
      this.spoilt.delete(timer);
      let after: AfterCommit;
      try {
        after = await this.write([item], [], plain);
      } catch (again) {
        if (!this.closed) this.tryAlone(item, plain, again, Math.min(SPOILT_LAST_MS, delayMs * 2));
        return;
      }
      this.committed([item], after);
    }, delayMs);
    this.spoilt.add(timer);
  }

  private async write(items: Settlement[], claims: number[], plain: boolean): Promise<AfterCommit> {
    const { db, facts, problems, clock } = this.options;
    if (plain) {
      const rows = items.flatMap((item) => (item.kind === "done" ? doneRows(item) : []));
      const repeatable = claims.length === 0 && items.every(isRepeatable);
      await settleDone(db, rows, claims, { report: false, repeatable });
      return { freed: [], inserted: [], callbacks: [] };
    }
    return db.transaction((tx) => settleTogether(tx, items, claims, { facts, problems, nowMs: clock.ms() }));
  }

  private committed(items: Settlement[], after: AfterCommit): void {
    this.waiting -= items.length;
    for (const item of items) {
      item.client.settling -= 1;
      this.release(item);
      item.committed();
    }
    for (const { client, lanes } of after.freed) client.freed(lanes);
    for (const { client, pending } of after.inserted) client.inserted(pending);
    for (const callback of after.callbacks) this.call(callback);
  }

  /** What others do after the commit must not make it look undone. */
  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.options.log.error({ err: error }, "a listener to settled deliveries failed");
    }
  }

  /** Only now: were the claim gone before its deliveries, a crash would leave them unclaimed, and sent. */
  private release(item: Settlement): void {
    if (item.kind === "fail") this.answer(item.answered, item.answeredIds);
    else if (item.kind === "unclaim") this.answer(item.claim, item.ids.length);
    else if ("entry" in item) this.releaseEntry(item.entry);
  }

  private releaseEntry(entry: Entry): void {
    this.answer(entry.claim, entry.claimed);
    entry.claim = null;
    entry.claimed = 0;
  }

  /** So many of a claim's ids are settled or answered. */
  answer(claim: Claim | null, ids: number): void {
    if (claim === null) return;
    claim.open -= ids;
    if (claim.open <= 0) this.claims.push(claim.id);
  }
}

/** Items that gather while a group of them is being worked on, and a little longer while many come. */
class Gathering {
  private readonly groupMax: number;
  private readonly clock: Clock;
  private readonly work: (items: Settlement[]) => Promise<void>;
  private items: Settlement[] = [];
  private running = false;

  constructor(groupMax: number, clock: Clock, work: (items: Settlement[]) => Promise<void>) {
    this.groupMax = groupMax;
    this.clock = clock;
    this.work = work;
  }

  add(item: Settlement): void {
    this.items.push(item);
    if (this.running) return;
    this.running = true;
    // What is answered in the same turn goes along.
    queueMicrotask(() => void this.run());
  }

  private async run(): Promise<void> {
    while (this.items.length > 0) {
      const items = this.items.splice(0, this.groupMax);
      const startedAt = this.clock.ms();
      await this.work(items);
      const early = startedAt + GATHER_MS - this.clock.ms();
      if (items.length >= MANY && this.items.length < ENOUGH && early > 0) await sleep(early);
    }
    this.running = false;
  }
}

const isRepeatable = (item: Settlement) => "entry" in item && item.entry.merge && item.entry.claim === null;

const isPermanent = (error: unknown) => !(error instanceof CrossdockError) || error.retry === "never";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

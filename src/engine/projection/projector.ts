// Reads the log in order and applies it in batches. Events are handed over in memory after their commit; the
// hand-over is a bounded cache, and gaps, overflow, restarts and other nodes' events are read from the log.

import { partitionOf } from "../../core/crc32c.ts";
import { addMs } from "../../core/time.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import type { Database } from "../../postgres/pool.ts";
import { headSeq, readFacts } from "../../store/event.ts";
import { readPositions, savePositions } from "../../store/position.ts";
import type { Rules } from "./rules.ts";
import { type Applied, applyEvents } from "./transaction.ts";

export interface ProjectorOptions {
  db: Database;
  rules: Rules;
  /** Partitions that this one applies. */
  partitions: readonly number[];
  applied(result: Applied): void;
  failed(error: unknown): void;
}

/** Measured: a thousand events a transaction cost 30% less each than two hundred; five thousand no less. */
const BATCH_MAX = 1_000;
const HANDED_MAX = 50_000;
const POLL_MS = 250;
const SAVE_MS = 1_000;
const RETRY_MS = 200;
const DAY_MS = 86_400_000;

export class Projector {
  private readonly options: ProjectorOptions;
  private readonly mine: Set<number>;
  /** Every event up to here is applied, or belongs to others. */
  private position = 0;
  private day = "2000-01-01";
  private savedPosition = 0;
  private savedAt = 0;
  /** Contiguous stretches of the log that were handed over, by first seq. */
  private handed: RecordedEvent[] = [];
  private early: RecordedEvent[][] = [];
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(options: ProjectorOptions) {
    this.options = options;
    this.mine = new Set(options.partitions);
  }

  async start(): Promise<void> {
    const positions = (await readPositions(this.options.db)).filter((p) => this.mine.has(p.partition));
    this.position = Math.min(...positions.map((p) => p.seq));
    this.day = positions.reduce((day, p) => (p.day < day ? p.day : day), "9999-12-31");
    this.savedPosition = this.position;
    this.running = this.loop();
  }

  /** Everything is applied up to this seq. */
  get appliedSeq(): number {
    return this.position;
  }

  /** The oldest day that may hold events that are not applied. */
  get sinceDay(): string {
    return this.day;
  }

  /** Events that were just committed, one transaction's at a time, contiguous, in order. */
  offer(events: RecordedEvent[]): void {
    const next = this.handed.length > 0 ? this.handed[this.handed.length - 1]!.seq + 1 : this.position + 1;
    const first = events[0]!.seq;
    if (first === next && this.handed.length + events.length <= HANDED_MAX) this.take(events);
    else if (first > next && this.early.length < 64) this.early.push(events);
    this.wake?.();
  }

  private take(events: RecordedEvent[]): void {
    for (const event of events) this.handed.push(event);
    // Answers of two commits can overtake each other on their way here.
    for (let found = true; found && this.early.length > 0; ) {
      const next = this.handed[this.handed.length - 1]!.seq + 1;
      const index = this.early.findIndex((stretch) => stretch[0]!.seq === next);
      found = index >= 0;
      if (found) for (const event of this.early.splice(index, 1)[0]!) this.handed.push(event);
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.running;
    await this.savePosition(true);
  }

  /** Resolves when everything that is committed now has been applied. */
  async settled(): Promise<void> {
    const head = await headSeq(this.options.db);
    while (this.position < head && !this.stopping) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  private async loop(): Promise<void> {
    let mustRead = true;
    while (!this.stopping) {
      try {
        if (this.handedFits()) await this.applyHanded();
        else if (mustRead || this.handed.length > 0 || this.early.length > 0) mustRead = await this.readLog();
        else {
          await this.savePosition(false);
          // Nothing may be awaited between this look and the sleep, or an offer in between would wake nobody.
          if (!this.handedFits()) mustRead = await this.sleep(POLL_MS);
        }
      } catch (error) {
        this.options.failed(error);
        await this.sleep(RETRY_MS);
        mustRead = true;
      }
    }
  }

  private handedFits(): boolean {
    return this.handed.length > 0 && this.handed[0]!.seq === this.position + 1;
  }

  private async applyHanded(): Promise<void> {
    const batch = this.handed.slice(0, BATCH_MAX);
    await this.applyBatch(batch.filter((event) => this.isMine(event)));
    const last = batch[batch.length - 1]!;
    this.advance(last.seq, last.recordedAt);
  }

  private isMine(event: RecordedEvent): boolean {
    return !event.decided && this.mine.has(partitionOf(event.key));
  }

  /** Nothing handed over fits: the log itself says what is next. Returns whether there is more to read. */
  private async readLog(): Promise<boolean> {
    const head = await headSeq(this.options.db);
    if (head <= this.position) {
      this.handed = [];
      this.early = [];
      return false;
    }
    const facts = await readFacts(this.options.db, {
      after: this.position,
      to: head,
      partitions: [...this.mine],
      day: this.day,
      limit: BATCH_MAX,
    });
    await this.applyBatch(facts);
    const last = facts.at(-1);
    if (facts.length < BATCH_MAX || last === undefined) {
      this.advance(head, last?.recordedAt);
      return false;
    }
    this.advance(last.seq, last.recordedAt);
    return true;
  }

  private advance(seq: number, recordedAt: string | undefined): void {
    this.position = seq;
    // A day less: a database whose clock was put back over midnight writes into the day before.
    if (recordedAt !== undefined) this.day = addMs(recordedAt, -DAY_MS).slice(0, 10);
    const keep = this.handed.findIndex((event) => event.seq > seq);
    this.handed.splice(0, keep < 0 ? this.handed.length : keep);
    this.early = this.early.filter((stretch) => stretch[0]!.seq > seq);
    if (this.handed.length === 0) {
      const index = this.early.findIndex((stretch) => stretch[0]!.seq === seq + 1);
      if (index >= 0) this.take(this.early.splice(index, 1)[0]!);
    }
    if (Date.now() - this.savedAt >= SAVE_MS) void this.savePosition(false).catch(this.options.failed);
  }

  private async applyBatch(events: RecordedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const result = await applyEvents({
      db: this.options.db,
      rules: this.options.rules,
      events,
      catchUp: false,
      sinceDay: this.day,
    });
    this.options.applied(result);
  }

  private async savePosition(now: boolean): Promise<void> {
    if (this.position === this.savedPosition || (!now && Date.now() - this.savedAt < SAVE_MS)) return;
    this.savedAt = Date.now();
    const position = this.position;
    await savePositions(this.options.db, [...this.mine], position, this.day);
    this.savedPosition = position;
  }

  /** Resolves true when the time has passed, false when it was woken. */
  private sleep(ms: number): Promise<boolean> {
    if (this.stopping) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(true), ms);
      const finish = (timedOut: boolean) => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(timedOut);
      };
      this.wake = () => finish(false);
    });
  }
}

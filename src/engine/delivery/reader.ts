// Reads the table for one target, one query at a time: fronts of lanes that were asked for, what was not handed
// over, and, while memory has room, what it had no room for. A read that fails is repeated later.
import type { Database } from "../../postgres/pool.ts";
import { loadLanes, scanWaiting, type WaitingRange } from "../../store/delivery-load.ts";
import type { Clock, Log } from "../cluster/context.ts";
import type { Lane } from "./lane.ts";
import type { Tuning } from "./target.ts";
import { CLASSES, type Window } from "./window.ts";

/** Lanes and messages of each that one query reads; a lane that was longer is read deeper the next time. */
const LANES_MAX = 400;
const PER_LANE = 16;
const LONG_LANES_MAX = 16;
const PER_LONG_LANE = 400;
const SCAN_MAX = 2_000;
/** Reading starts again when so much of the room for a class is free. */
const ROOM_MIN = 0.05;
const RETRY_MS = 500;
/** A transaction that is slower than this with its commit is found by the slow look at everything. */
const SWEEP_BACK_MS = 10_000;
/** Told of something new, it looks at once, but no more often than this. */
const SWEEP_EVERY_MS = 20;

export interface ReaderClient {
  /** Something new may be sent in these lanes. */
  arrived(lanes: Lane[]): void;
  /** Something waits behind a message that holds its lane, or is marked to and does not. */
  misplaced(lane: string, kind: "unmarked" | "stranded"): void;
}

export interface ReaderOptions {
  db: Database;
  system: string;
  window: Window;
  client: ReaderClient;
  tuning: Tuning;
  /** Whether every message of the last seconds was handed over, as no other node can have written one. */
  alone(): boolean;
  clock: Clock;
  log: Log;
}

export class Reader {
  private readonly options: ReaderOptions;
  private readonly longLanes = new Set<string>();
  private readonly crawl: number[] = Array.from({ length: CLASSES }, () => 0);
  /** The newest id at some moments of the past, the oldest first. */
  private readonly marks: { at: number; id: number }[] = [];
  private sweepTimer: NodeJS.Timeout | undefined;
  private sweptAt = Number.NEGATIVE_INFINITY;
  private crawledAt: number;
  private reading: Promise<void> | undefined;
  private retryAt = 0;
  private lanesTurn = false;
  private closed = false;

  constructor(options: ReaderOptions) {
    this.options = options;
    this.crawledAt = options.clock.ms();
  }

  /** Reads what there is to read; returns at once. */
  kick(): void {
    if (this.reading !== undefined || this.closed || this.options.clock.ms() < this.retryAt) return;
    const step = this.nextStep();
    if (step === undefined) return;
    this.reading = step()
      .catch((error) => {
        this.retryAt = this.options.clock.ms() + RETRY_MS;
        this.options.log.warn({ err: error, system: this.options.system }, "deliveries could not be read");
      })
      .finally(() => {
        this.reading = undefined;
        this.kick();
      });
  }

  /** Another node wrote something. */
  sweepSoon(): void {
    if (this.sweepTimer !== undefined) return;
    const wait = this.sweptAt + SWEEP_EVERY_MS - this.options.clock.ms();
    const sweep = () => {
      this.sweepTimer = undefined;
      this.sweptAt = Number.NEGATIVE_INFINITY;
      this.kick();
    };
    if (wait <= 0) sweep();
    else this.sweepTimer = setTimeout(sweep, wait);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.sweepTimer);
    await this.reading;
  }

  private nextStep(): (() => Promise<void>) | undefined {
    const { window, tuning, clock } = this.options;
    const now = clock.ms();
    // Lanes and the rest take turns, so that neither waits for the end of the other.
    this.lanesTurn = !this.lanesTurn;
    if (window.toLoad.size > 0 && this.lanesTurn) return () => this.load();
    if (now - this.sweptAt >= tuning.sweepMs) return () => this.sweep(now);
    if (now - this.crawledAt >= tuning.sweepAllMs) return () => this.crawlOn(now);
    const ranges = this.overflowRanges();
    if (ranges.length > 0) return () => this.refill(ranges);
    return window.toLoad.size > 0 ? () => this.load() : undefined;
  }

  private async load(): Promise<void> {
    const { window } = this.options;
    if (!this.everyClass(0).some(({ class: urgency }) => window.room(urgency) > 0)) {
      // Freed lanes may be many: they are found again when there is room.
      window.toLoad.clear();
      for (let urgency = 0; urgency < CLASSES; urgency++) window.leaveToTable(urgency, 1);
      return;
    }
    const long: Lane[] = [];
    const short: Lane[] = [];
    for (const name of window.toLoad) {
      if (long.length >= LONG_LANES_MAX || short.length >= LANES_MAX) break;
      window.toLoad.delete(name);
      const lane = window.beginLoad(name);
      if (lane !== null) (this.longLanes.delete(name) ? long : short).push(lane);
    }
    await this.loadSome(short, PER_LANE);
    await this.loadSome(long, PER_LONG_LANE);
  }

  private async loadSome(lanes: Lane[], perLane: number): Promise<void> {
    if (lanes.length === 0) return;
    const { db, system, window, client } = this.options;
    let loaded: Awaited<ReturnType<typeof loadLanes>>;
    try {
      loaded = await loadLanes(
        db,
        system,
        lanes.map((lane) => lane.name),
        perLane,
      );
    } catch (error) {
      for (const lane of lanes) window.abandonLoad(lane);
      throw error;
    }
    const arrived: Lane[] = [];
    for (const lane of lanes) {
      const rows = loaded.get(lane.name)!;
      const whole = rows.length < perLane;
      if (!whole) this.longLanes.add(lane.name);
      const result = window.endLoad(lane, rows, whole);
      if (result.kind === "lane") arrived.push(lane);
      else if (result.kind === "stranded") client.misplaced(lane.name, "stranded");
      else if (result.kind === "held" && result.unmarked) client.misplaced(lane.name, "unmarked");
    }
    if (arrived.length > 0) client.arrived(arrived);
  }

  /** What was written since a while ago and not handed over: by other nodes, or before a crash. */
  private async sweep(now: number): Promise<void> {
    const { window } = this.options;
    this.sweptAt = now;
    window.recent.turn(now);
    const last = await this.scan(this.everyClass(this.mark(now)));
    if (this.options.alone()) return;
    for (const [urgency, end] of last.entries()) if (end !== null) window.leaveToTable(urgency, end + 1);
  }

  /** The newest id of a while ago: what was committed since has a greater one, unless it took very long. */
  private mark(now: number): number {
    const { marks } = this;
    while (marks.length > 1 && marks[1]!.at <= now - SWEEP_BACK_MS) marks.shift();
    if (marks.length === 0 || now - marks.at(-1)!.at >= 1_000)
      marks.push({ at: now, id: this.options.window.newestId });
    return marks[0]!.at <= now - SWEEP_BACK_MS ? marks[0]!.id : 0;
  }

  /** Everything, a page of it each time: the guarantee, whatever went wrong with everything else. */
  private async crawlOn(now: number): Promise<void> {
    this.crawledAt = now;
    const ranges = this.crawl.map((after, urgency) => ({ class: urgency, after, limit: SCAN_MAX }));
    const last = await this.scan(ranges);
    for (const [urgency, end] of last.entries()) this.crawl[urgency] = end ?? 0;
  }

  private async refill(ranges: WaitingRange[]): Promise<void> {
    const { window } = this.options;
    for (const range of ranges) window.overflow[range.class]!.open = false;
    try {
      const last = await this.scan(ranges);
      for (const range of ranges) {
        const end = last[range.class];
        if (end != null) this.reopen(range.class, end);
      }
    } catch (error) {
      for (const range of ranges) this.reopen(range.class, range.after);
      throw error;
    }
  }

  /** Goes on after an id, or before it where something was left to the table meanwhile. */
  private reopen(urgency: number, after: number): void {
    const overflow = this.options.window.overflow[urgency]!;
    overflow.after = overflow.open ? Math.min(overflow.after, after) : after;
    overflow.open = true;
  }

  /** Returns per class the last id of a full page; null: that was all. */
  private async scan(ranges: WaitingRange[]): Promise<(number | null)[]> {
    const { db, system, window } = this.options;
    const rows = await scanWaiting(db, system, ranges);
    const counts = Array.from({ length: CLASSES }, () => 0);
    const last: (number | null)[] = Array.from({ length: CLASSES }, () => null);
    for (const row of rows) {
      counts[row.class]! += 1;
      last[row.class] = row.id;
      if (window.room(row.class) - window.toLoad.size > 0 || window.lanes.has(row.lane))
        window.noticed(row.lane, row.id);
      else window.leaveToTable(row.class, row.id);
    }
    for (const range of ranges) if (counts[range.class]! < range.limit) last[range.class] = null;
    return last;
  }

  private everyClass(after: number): WaitingRange[] {
    return Array.from({ length: CLASSES }, (_, urgency) => ({ class: urgency, after, limit: SCAN_MAX }));
  }

  private overflowRanges(): WaitingRange[] {
    const { window, tuning } = this.options;
    const ranges: WaitingRange[] = [];
    for (const [urgency, overflow] of window.overflow.entries()) {
      const room = window.room(urgency);
      if (overflow.open && room >= tuning.windowMax * ROOM_MIN)
        ranges.push({ class: urgency, after: overflow.after, limit: Math.min(room, SCAN_MAX) });
    }
    return ranges;
  }
}

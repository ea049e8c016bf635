// One target's worker: owns it while the lease says so. A new owner reads what the old one may have left under way
// before it sends anything.
import type { OutboundType } from "../../domains/outbound.ts";
import type { Database } from "../../postgres/pool.ts";
import type { PendingDelivery } from "../../store/delivery.ts";
import { readDoubts } from "../../store/delivery-claim.ts";
import { countStuckNewest } from "../../store/delivery-load.ts";
import { anyReferring, resumeOverdue } from "../../store/delivery-reference.ts";
import { freeAllBehind } from "../../store/delivery-settle.ts";
import type { Clock, Log } from "../cluster/context.ts";
import type { Lease, LeaseHolder } from "../cluster/lease.ts";
import { Run } from "./run.ts";
import type { Settler } from "./settler.ts";
import type { Route, Target, Tuning } from "./target.ts";
import { Window } from "./window.ts";

export interface WorkerContext {
  db: Database;
  nodeId: string;
  target: Target;
  routes: Map<OutboundType, Route>;
  settler: Settler;
  tuning: Tuning;
  clock: Clock;
  log: Log;
  random: () => number;
  alone: () => boolean;
}

export interface TargetStatus {
  system: string;
  owned: boolean;
  mode: "live" | "observe";
  breaker: "closed" | "open" | "half-open";
  cause: "ill" | "denied" | null;
  reason: string;
  pausedMs: number;
  inFlight: number;
  inMemory: number;
  overflowing: boolean;
}

const OPEN_RETRY_MS = 500;
const OVERDUE_MAX = 1_000;

export class TargetWorker implements LeaseHolder {
  readonly system: string;
  private readonly context: WorkerContext;
  private lease: Lease | undefined;
  private run: Run | undefined;
  private drainMs = 3_000;
  private housekeeping: NodeJS.Timeout | undefined;

  constructor(context: WorkerContext) {
    this.context = context;
    this.system = context.target.system;
  }

  owned(): boolean {
    return this.run !== undefined;
  }

  /** False: this node does not own the target. */
  handOver(rows: readonly PendingDelivery[]): boolean {
    if (this.run === undefined) return false;
    for (const row of rows) this.run.admit(row);
    this.run.pump();
    return true;
  }

  /** Lanes that a person has freed, none for new rows of other nodes, null for anything. */
  wake(lanes: readonly string[] | null): void {
    if (this.run === undefined) return;
    if (lanes === null) this.run.rereadAll();
    else if (lanes.length > 0) this.run.freed([...lanes]);
    else this.run.reader.sweepSoon();
  }

  acquired(lease: Lease): void {
    this.lease = lease;
    void this.open(lease);
  }

  lost(lease: Lease): void {
    if (this.lease !== lease) return;
    void this.end()?.close();
  }

  async yield(lease: Lease): Promise<boolean> {
    if (this.lease !== lease) return true;
    return (await this.end()?.drain(this.drainMs)) ?? true;
  }

  drainWithin(drainMs: number): void {
    this.drainMs = drainMs;
  }

  status(): TargetStatus {
    const { target } = this.context;
    const { system, mode } = target;
    if (this.run === undefined) {
      return {
        system,
        mode,
        owned: false,
        breaker: "closed",
        cause: null,
        reason: "",
        pausedMs: 0,
        inFlight: 0,
        inMemory: 0,
        overflowing: false,
      };
    }
    return { system, mode, owned: true, ...this.run.status() };
  }

  private end(): Run | undefined {
    const { run } = this;
    this.lease = undefined;
    this.run = undefined;
    clearInterval(this.housekeeping);
    return run;
  }

  private async open(lease: Lease): Promise<void> {
    const { db, target, clock, log, tuning } = this.context;
    while (this.lease === lease) {
      try {
        await freeAllBehind(db, this.system);
        const doubts = await readDoubts(db, this.system, lease.epoch);
        const stuckNewest = await countStuckNewest(db, this.system);
        if (this.lease !== lease) return;
        const { requestTimeoutMs } = target.limits;
        const window = new Window({
          windowMax: tuning.windowMax,
          clock,
          requestTimeoutMs,
          graceUntil:
            lease.takenOver === null ? 0 : clock.ms() + requestTimeoutMs - lease.takenOver.expiredMs,
          doubts,
        });
        this.run = new Run(this.context, { lease, window, stuckNewest });
        this.housekeeping = setInterval(() => void this.keepHouse(), tuning.housekeepingMs);
        return;
      } catch (error) {
        log.warn({ err: error, system: this.system }, "deliveries of a target could not be taken over yet");
        await new Promise((resolve) => setTimeout(resolve, OPEN_RETRY_MS));
      }
    }
  }

  /** References that nobody brought, and parked messages that are no longer there. */
  private async keepHouse(): Promise<void> {
    const { db, log } = this.context;
    const { run } = this;
    if (run === undefined) return;
    try {
      if (await anyReferring(db, this.system)) {
        const lanes = await db.transaction((tx) => resumeOverdue(tx, this.system, OVERDUE_MAX));
        if (lanes.length > 0) run.freed(lanes.map((lane) => lane.lane));
      }
      await run.answers.recountStuck(() => countStuckNewest(db, this.system));
    } catch (error) {
      log.warn({ err: error, system: this.system }, "waiting references could not be looked after");
    }
  }
}

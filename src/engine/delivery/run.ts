// One period in which this node owns a target: what is waiting, what is under way, when to go on. Starts a send
// only inside the lease. Everything waits here for as long as the system needs; nothing is given up.
import type { OutboundType } from "../../domains/outbound.ts";
import type { PendingDelivery } from "../../store/delivery.ts";
import type { Lease } from "../cluster/lease.ts";
import { type AnswerContext, Answers } from "./answers.ts";
import { Breaker } from "./breaker.ts";
import type { Call } from "./call.ts";
import { Claimer } from "./claimer.ts";
import { Fifo } from "./fifo.ts";
import type { Lane } from "./lane.ts";
import { Prober } from "./prober.ts";
import { Queues } from "./queues.ts";
import { Rate } from "./rate.ts";
import { Reader } from "./reader.ts";
import { Requests } from "./requests.ts";
import type { Window } from "./window.ts";
import type { WorkerContext } from "./worker.ts";

const WATCH_MS = 250;
/** What is claimed and cannot be sent for so long is given back. */
const UNCLAIM_AFTER_MS = 1_000;

export interface RunStart {
  lease: Lease;
  window: Window;
  stuckNewest: number;
}

export class Run implements AnswerContext {
  readonly system: string;
  readonly window: Window;
  readonly breaker: Breaker;
  readonly answers: Answers;
  readonly reader: Reader;
  settling = 0;
  private pausedUntil = 0;
  private readonly context: WorkerContext;
  private readonly lease: Lease;
  private readonly queues: Queues;
  private readonly claimed = new Fifo<Call>();
  private readonly claimer: Claimer;
  private readonly prober: Prober;
  private readonly rate: Rate;
  private readonly requests: Requests;
  private readonly watch: NodeJS.Timeout;
  private state: "open" | "draining" | "closed" = "open";
  private pumping = false;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(context: WorkerContext, start: RunStart) {
    const { target, clock, db, tuning, log } = context;
    this.context = context;
    this.system = target.system;
    this.lease = start.lease;
    this.window = start.window;
    this.breaker = new Breaker({
      lanes: target.limits.breakerLanes,
      probeEveryMs: target.limits.probeEveryMs,
    });
    this.answers = new Answers(this, start.stuckNewest);
    this.queues = new Queues({
      routes: context.routes,
      breaker: this.breaker,
      clock,
      ageBoundMs: tuning.ageBoundMs,
      observe: target.mode === "observe",
    });
    this.rate = new Rate(target.limits.ratePerSecond, clock.ms());
    this.claimer = new Claimer({
      db,
      system: this.system,
      owner: context.nodeId,
      lease: start.lease,
      claimed: (calls) => this.onClaimed(calls),
      failed: (calls, reason, lost) => this.onUnclaimed(calls, reason, lost),
    });
    this.requests = new Requests({
      clock,
      timeoutMs: target.limits.requestTimeoutMs,
      ended: (call) => {
        this.queues.ended(call);
        this.pumpSoon();
      },
      answered: (call, answers) => this.answers.answered(call, answers),
      found: (call, found) => this.answers.found(call, found),
      stayed: (call) => this.unclaim(call),
    });
    this.prober = new Prober(this, () => this.recall());
    this.reader = new Reader({
      db,
      system: this.system,
      window: this.window,
      tuning,
      clock,
      log,
      alone: context.alone,
      client: {
        arrived: (lanes) => this.arrived(lanes),
        misplaced: (lane, kind) => this.misplaced(lane, kind),
      },
    });
    this.watch = setInterval(() => this.look(), WATCH_MS);
    this.reader.kick();
  }

  takes(type: OutboundType): boolean {
    return this.context.routes.has(type);
  }

  get target() {
    return this.context.target;
  }
  get tuning() {
    return this.context.tuning;
  }
  get settler() {
    return this.context.settler;
  }
  get clock() {
    return this.context.clock;
  }
  get random() {
    return this.context.random;
  }

  // ── What comes in ────────────────────────────────────────────────────────────────────────────────

  /** Just committed. */
  admit(row: PendingDelivery): void {
    const lane = this.window.admit(row);
    if (lane === null) return;
    if (lane.phase === "idle") this.place(lane);
    else if (lane.phase === "ready") this.queues.promote(lane);
  }

  inserted(pending: PendingDelivery[]): void {
    for (const row of pending) this.admit(row);
    this.pumpSoon();
  }

  freed(lanes: string[]): void {
    for (const lane of lanes) this.window.toLoad.add(lane);
    this.reader.kick();
  }

  rereadAll(): void {
    for (const [urgency] of this.window.overflow.entries()) this.window.leaveToTable(urgency, 1);
    this.reader.kick();
  }

  place(lane: Lane): void {
    if (lane.entries.length === 0) return;
    if (lane.dueAt > this.clock.ms()) {
      this.queues.delay(lane);
      this.arm();
      return;
    }
    const route = this.queues.routeOf(lane);
    if (route === undefined)
      this.answers.refuseUnsent(lane, `${this.system} does not take ${lane.head().type}`);
    else if (this.target.mode === "observe" && !route.findable)
      this.answers.settle(lane, "skipped", "observed: not comparable", null);
    else if (lane.doubt && route.kind === "none") this.answers.parkDoubtful(lane);
    else this.queues.enqueue(lane, route);
    this.pumpSoon();
  }

  placeGroup(lanes: Lane[]): void {
    this.queues.enqueueGroup(lanes);
    this.arm();
    this.pumpSoon();
  }

  passed(lane: Lane, settled: boolean): void {
    if (this.window.passed(lane, settled)) this.place(lane);
    this.afterChange();
  }

  dropped(lane: Lane): void {
    this.window.drop(lane);
    this.afterChange();
  }

  pauseUntil(at: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, at);
    if (at - this.clock.ms() > UNCLAIM_AFTER_MS) this.unclaimWaiting();
  }

  opened(): void {
    this.prober.opened();
    this.unclaimWaiting();
    this.arm();
  }

  closedAgain(): void {
    this.prober.closed();
    for (const lane of this.queues.takeSuspects()) {
      lane.suspect = false;
      this.place(lane);
    }
    this.recall();
  }

  // ── What goes out ────────────────────────────────────────────────────────────────────────────────

  /** Once for all that happens in one turn of the loop. */
  pumpSoon(): void {
    if (this.pumping) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      this.pump();
    });
  }

  pump(): void {
    if (this.state !== "open") return;
    const { concurrency } = this.target.limits;
    // A lease can end in the middle: what is put back then would be picked again for ever.
    while (this.lease.valid()) {
      const now = this.clock.ms();
      if (now < this.pausedUntil || this.breaker.state === "open") break;
      const slot = this.requests.size() < concurrency && this.rate.waitMs(now) === 0;
      // One at a time until one has succeeded.
      const trial = this.breaker.state === "half-open";
      if (trial && (!slot || this.requests.size() + this.claimer.size() > 0)) break;
      if (slot && this.claimed.size > 0) {
        this.start(this.claimed.shift()!);
        continue;
      }
      const ahead = this.claimer.size() + this.claimed.size < concurrency;
      const call = this.queues.pick(slot, ahead);
      if (call === undefined) break;
      if (call.act === "send" && call.route.claimed) this.claimer.add(call);
      else this.start(call);
    }
    if (this.lease.valid()) this.arm();
  }

  private underWay(): number {
    return this.requests.size() + this.claimer.size() + this.claimed.size;
  }

  private onClaimed(calls: Call[]): void {
    for (const call of calls) this.claimed.push(call);
    if (this.state !== "open" || this.breaker.state === "open") this.unclaimWaiting();
    this.pumpSoon();
  }

  private onUnclaimed(calls: Call[], reason: unknown, lost: boolean): void {
    this.context.log.warn(
      { err: reason, system: this.system, calls: calls.length },
      "deliveries could not be claimed",
    );
    for (const call of calls) {
      this.queues.ended(call);
      for (const lane of call.lanes) {
        lane.dueAt = this.clock.ms() + 100 + this.random() * 400;
        this.place(lane);
      }
    }
    if (lost) this.lease.end();
  }

  /** Claimed and not to be sent for a while: given back, so that a crash meanwhile leaves no doubt about them. */
  private unclaimWaiting(): void {
    for (const call of this.claimed.takeAll()) this.unclaim(call);
  }

  private unclaim(call: Call): void {
    this.queues.ended(call);
    for (const lane of call.lanes) {
      const head = lane.head();
      if (head.claim !== null) {
        const ids = [head.id, ...head.merged];
        this.settler.add({ kind: "unclaim", client: this, ids, claim: head.claim, committed: () => {} });
        head.claim = null;
        head.claimed = 0;
      }
      if (call.suspect) lane.suspect = true;
      this.place(lane);
    }
  }

  private start(call: Call): void {
    if (this.clock.ms() >= call.deadline || !this.lease.valid()) {
      this.unclaim(call);
      return;
    }
    this.rate.take(this.clock.ms());
    this.requests.start(call);
  }

  // ── Time ─────────────────────────────────────────────────────────────────────────────────────────

  /** What failed with the system is tried again as soon as it may be well, but for requests that may still run. */
  private recall(): void {
    for (const lane of this.queues.takeOutage()) {
      lane.outage = false;
      lane.dueAt = lane.notBefore;
      this.placeDue(lane);
    }
    this.pumpSoon();
  }

  private placeDue(lane: Lane): void {
    if (lane.group !== null) this.placeGroup(lane.group);
    else this.place(lane);
  }

  private arm(): void {
    if (this.state !== "open") return;
    const now = this.clock.ms();
    let at = Math.min(this.queues.nextDueAt(), this.breaker.nextProbeAt());
    if (this.pausedUntil > now) at = Math.min(at, this.pausedUntil);
    const wait = this.rate.waitMs(now);
    if (wait > 0) at = Math.min(at, now + wait);
    if (at === Number.POSITIVE_INFINITY || (this.timer !== undefined && this.timerAt <= at)) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => this.tick(), Math.max(0, Math.ceil(at - now)));
  }

  private tick(): void {
    this.timer = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
    if (this.state !== "open") return;
    const now = this.clock.ms();
    for (let lane = this.queues.takeDue(now); lane !== undefined; lane = this.queues.takeDue(now))
      this.placeDue(lane);
    this.prober.tick(now);
    this.pump();
  }

  /** Slow and regular: calls that do not end, the table, and a pump in case everything else was missed. */
  private look(): void {
    const now = this.clock.ms();
    this.requests.endOverdue();
    if (this.state !== "open") return;
    this.prober.tick(now);
    this.reader.kick();
    this.tick();
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────

  /** Starts nothing more and waits for what is under way. True: nothing is left that could still take effect. */
  async drain(drainMs: number): Promise<boolean> {
    this.state = "draining";
    this.unclaimWaiting();
    this.requests.endWaits();
    const until = this.clock.ms() + drainMs;
    while (this.underWay() + this.settling > 0 && this.clock.ms() < until) await sleep(5);
    const ended = this.underWay() + this.settling === 0 && this.clock.ms() >= this.requests.until();
    this.requests.abort();
    await this.close();
    return ended;
  }

  /** Another node owns the target: answers that still come are settled, nothing else is done. */
  async close(): Promise<void> {
    this.state = "closed";
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.prober.close();
    await this.reader.close();
  }

  status() {
    return {
      breaker: this.breaker.state,
      cause: this.breaker.cause,
      reason: this.breaker.reason,
      pausedMs: Math.max(0, Math.round(this.pausedUntil - this.clock.ms())),
      inFlight: this.requests.size(),
      inMemory: this.window.size(),
      overflowing: this.window.overflow.some((overflow) => overflow.open),
    };
  }

  private arrived(lanes: Lane[]): void {
    for (const lane of lanes) if (lane.phase === "idle") this.place(lane);
  }

  private misplaced(lane: string, kind: "unmarked" | "stranded"): void {
    const what = kind === "unmarked" ? "hold" : "free";
    this.settler.add({ kind: what, client: this, lane, committed: () => {} });
  }

  private afterChange(): void {
    if (this.window.toLoad.size > 0) this.reader.kick();
    this.pumpSoon();
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

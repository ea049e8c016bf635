// One period in which this node owns a target: what is waiting, what is under way, when to go on. Starts a send
// only inside the lease. Everything waits here for as long as the system needs; nothing is given up.
import { CallFailed } from "../../connector/call-failed.ts";
import type { Answer, Found, OutboundMessage } from "../../connector/contract.ts";
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
import type { Window } from "./window.ts";
import type { WorkerContext } from "./worker.ts";

/** A call that its connector does not end is ended this long after its time-out. */
const OVERDUE_MS = 1_000;
const WATCH_MS = 250;

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
  pausedUntil = 0;
  inFlight = 0;
  private readonly context: WorkerContext;
  private readonly lease: Lease;
  private readonly queues: Queues;
  private readonly claimed = new Fifo<Call>();
  private readonly claimer: Claimer;
  private readonly prober: Prober;
  private readonly rate: Rate;
  private readonly calls = new Set<Call>();
  private readonly watch: NodeJS.Timeout;
  private state: "open" | "draining" | "closed" = "open";
  private pumping = false;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  /** Until when a request whose outcome is unknown may still be running. */
  private requestsUntil = 0;

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
    if (this.state !== "open" || !this.lease.valid()) return;
    const { concurrency } = this.target.limits;
    for (;;) {
      const now = this.clock.ms();
      if (now < this.pausedUntil || this.breaker.state === "open") break;
      const slot = this.inFlight < concurrency && this.rate.waitMs(now) === 0;
      // One at a time until one has succeeded.
      const trial = this.breaker.state === "half-open";
      if (trial && (!slot || this.inFlight + this.claimer.size() > 0)) break;
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
    this.arm();
  }

  private underWay(): number {
    return this.inFlight + this.claimer.size() + this.claimed.size;
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
    const now = this.clock.ms();
    if (now >= call.deadline || !this.lease.valid()) {
      this.unclaim(call);
      return;
    }
    this.rate.take(now);
    this.inFlight += 1;
    this.calls.add(call);
    call.startedAt = now;
    call.controller = new AbortController();
    const how = { timeoutMs: this.target.limits.requestTimeoutMs, signal: call.controller.signal };
    const messages = call.lanes.map((lane) => this.messageOf(lane, call.act));
    try {
      if (call.act === "find") this.find(call, messages[0]!, how);
      else
        call.route.writer.send(messages, how).then(
          (answers) => this.answered(call, answers),
          (error) => this.threw(call, error),
        );
    } catch (error) {
      this.threw(call, error);
    }
  }

  private find(call: Call, message: OutboundMessage, how: { timeoutMs: number; signal: AbortSignal }): void {
    call.route.writer.find!(message, how).then(
      (found) => this.found(call, found),
      (error) => this.threw(call, error),
    );
  }

  private messageOf(lane: Lane, act: Call["act"]): OutboundMessage {
    const head = lane.head();
    if (act === "send") head.attempts += 1;
    return {
      deliveryId: String(head.id),
      type: head.type,
      key: head.key,
      payload: JSON.parse(head.payload),
      attempt: head.attempts,
    };
  }

  // ── What comes back ──────────────────────────────────────────────────────────────────────────────

  private answered(call: Call, answers: readonly Answer[]): void {
    if (!this.end(call)) return;
    if (answers.some((answer) => answer.kind === "unknown")) this.noteRequest(call);
    this.answers.answered(call, answers);
    this.pumpSoon();
  }

  private found(call: Call, found: Found): void {
    if (!this.end(call)) return;
    this.answers.found(call, found);
    this.pumpSoon();
  }

  /** A connector must not throw for what a target says; what happened is then as unknown as it can be. */
  private threw(call: Call, error: unknown): void {
    if (!this.end(call)) return;
    const reason = error instanceof Error ? error.message : String(error);
    if (call.act === "find") this.answers.found(call, { kind: "unknown", reason });
    else {
      const unsent = error instanceof CallFailed && !error.sent;
      if (!unsent) this.noteRequest(call);
      this.answers.answered(
        call,
        call.lanes.map(() => ({ kind: unsent ? "ill" : "unknown", reason })),
      );
    }
    this.pumpSoon();
  }

  private noteRequest(call: Call): void {
    this.requestsUntil = Math.max(this.requestsUntil, call.startedAt + this.target.limits.requestTimeoutMs);
  }

  private end(call: Call): boolean {
    if (call.over) return false;
    call.over = true;
    this.calls.delete(call);
    this.inFlight -= 1;
    this.queues.ended(call);
    return true;
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
    for (const call of this.calls) {
      if (now - call.startedAt < this.target.limits.requestTimeoutMs + OVERDUE_MS) continue;
      call.controller?.abort();
      this.threw(call, new Error("the connector did not end its call in time"));
    }
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
    const until = this.clock.ms() + drainMs;
    while (this.underWay() > 0 && this.clock.ms() < until) await sleep(5);
    for (const call of this.calls) call.controller?.abort();
    const cleanly = this.underWay() === 0 && this.clock.ms() >= this.requestsUntil;
    await Promise.race([this.settler.drained(), sleep(Math.max(50, until - this.clock.ms()))]);
    await this.close();
    return cleanly && this.settler.size() === 0;
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
      inFlight: this.inFlight,
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

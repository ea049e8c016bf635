// Carries out what follows from answers: settles, parks, delays, doubts, refers. Evidence about the system (the
// breaker, the pause) is kept apart from what happens to the lane.
import type { CodeMiss } from "../../connector/codes.ts";
import type { Answer, Found, MappedEvent } from "../../connector/contract.ts";
import type { Clock } from "../cluster/context.ts";
import { backoffMs } from "./backoff.ts";
import type { Breaker } from "./breaker.ts";
import type { Call } from "./call.ts";
import type { Entry, Lane } from "./lane.ts";
import type { Failure, SettlementClient } from "./settlement.ts";
import type { Settler } from "./settler.ts";
import type { Target, Tuning } from "./target.ts";
import { failedAsWhole, judgeAnswer, judgeFound, reasonOf, type Verdict } from "./verdict.ts";
import type { Window } from "./window.ts";

/** What answers need of the run of a target that they belong to. */
export interface AnswerContext extends SettlementClient {
  readonly target: Target;
  readonly tuning: Tuning;
  readonly window: Window;
  readonly breaker: Breaker;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly random: () => number;
  /** Into the queue where the lane belongs now. */
  place(lane: Lane): void;
  /** Lanes that are sent together and apart from others, when the first of them is due. */
  placeGroup(lanes: Lane[]): void;
  passed(lane: Lane, settled: boolean): void;
  dropped(lane: Lane): void;
  pauseUntil(at: number): void;
  opened(): void;
  closedAgain(): void;
}

export class Answers {
  /** How many newest-wins messages cannot go on: while there are any, settling looks for what it supersedes. */
  stuckNewest: number;
  private stuckEver = 0;
  /** Not committed yet. */
  private sticking = 0;
  private readonly context: AnswerContext;
  private readonly successes = new Map<string, number>();
  private readonly busyLanes = new Set<string>();
  /** Since when it has been busy, and nothing else. */
  private busySince = 0;

  constructor(context: AnswerContext, stuckNewest: number) {
    this.context = context;
    this.stuckNewest = stuckNewest;
  }

  /** They are released, superseded and skipped elsewhere as well. */
  async recountStuck(count: () => Promise<number>): Promise<void> {
    if (this.stuckNewest === 0 || this.sticking > 0) return;
    const before = this.stuckEver;
    const counted = await count();
    if (this.stuckEver === before) this.stuckNewest = counted;
  }

  answered(call: Call, answers: readonly Answer[]): void {
    if (failedAsWhole(answers) && answers.length === call.lanes.length) {
      this.halve(call, answers[0]!);
      return;
    }
    // Successes first: they speak against what failed beside them.
    for (const [index, lane] of call.lanes.entries()) {
      if (answers[index]?.kind !== "done") continue;
      const { type } = lane.head();
      this.successes.set(type, (this.successes.get(type) ?? 0) + 1);
    }
    for (const [index, lane] of call.lanes.entries()) {
      this.judge(call, lane, answers[index] ?? { kind: "unknown", reason: "no answer for this record" });
    }
  }

  found(call: Call, found: Found): void {
    const lane = call.lanes[0]!;
    const entry = lane.head();
    const durationMs = this.context.clock.ms() - call.startedAt;
    if (this.context.target.mode === "observe") {
      this.settle(lane, "skipped", `observed: ${found.kind}`, durationMs);
      return;
    }
    const verdict = judgeFound(found);
    if (verdict.act === "settle") {
      this.healthy();
      const outcome = entry.verify ? "skipped" : "delivered";
      this.settle(lane, outcome, "found by look-up", durationMs, verdict.reference, verdict.facts);
    } else if (verdict.act === "send") {
      lane.doubt = false;
      entry.verify = false;
      this.context.settler.answer(entry.claim, entry.claimed);
      entry.claim = null;
      entry.claimed = 0;
      if (lane.condemned) this.condemn(lane, null);
      else this.context.place(lane);
    } else if (verdict.act === "park") {
      this.healthy();
      this.park(lane, "delivery.outcome-unknown", verdict.reason, null);
    } else {
      this.failedIn(lane.name, verdict.reason);
      lane.failures += 1;
      this.delay(lane, 0);
    }
  }

  /** A message that the system cannot be sent at all. */
  refuseUnsent(lane: Lane, reason: string): void {
    this.park(lane, "delivery.refused", reason, null);
  }

  /** Sent by a node that died, to a system that cannot be asked. */
  parkDoubtful(lane: Lane): void {
    this.park(lane, "delivery.outcome-unknown", "its node ended while it was being sent", null);
  }

  settle(
    lane: Lane,
    outcome: "delivered" | "skipped",
    reason: string | null,
    durationMs: number | null,
    reference: string | null = null,
    facts: readonly MappedEvent[] = [],
  ): void {
    const entry = lane.head();
    lane.phase = "settling";
    this.context.settler.add({
      kind: "done",
      client: this.context,
      entry,
      lane: lane.name,
      outcome,
      durationMs,
      reference,
      reason,
      facts,
      supersedes: entry.merge && this.stuckNewest > 0,
      committed: () => this.context.passed(lane, true),
    });
  }

  private judge(call: Call, lane: Lane, answer: Answer): void {
    const verdict = judgeAnswer(call.route.kind, answer);
    const failure = this.failureOf(call, lane, answer);
    switch (verdict.act) {
      case "settle":
        this.healthy();
        this.settle(lane, "delivered", null, failure.durationMs, verdict.reference, verdict.facts);
        return;
      case "park":
        if (answer.kind === "refused") this.healthy();
        else this.failedIn(lane.name, verdict.reason);
        this.park(lane, verdict.code, verdict.reason, failure, verdict.facts);
        return;
      case "wait-for-code":
        this.park(lane, "code.unmapped", verdict.reason, failure, [], verdict.miss);
        return;
      case "retry":
        if (verdict.evidence === "busy") this.busy(lane, failure, verdict.pauseMs);
        else this.ill(lane, failure, verdict.afterRequest);
        return;
      case "look-up":
        this.failedIn(lane.name, verdict.reason);
        this.doubt(lane, failure, verdict.afterRequest);
        return;
      case "refer":
        this.healthy();
        this.refer(lane, failure, verdict);
        return;
      case "deny":
        this.fail(lane, failure, true);
        if (this.context.breaker.denied(verdict.reason, this.context.clock.ms(), this.context.random()))
          this.context.opened();
        this.context.place(lane);
        return;
    }
  }

  private busy(lane: Lane, failure: Failure, pauseMs: number | null): void {
    const { target, tuning, clock, random } = this.context;
    const { limits } = target;
    lane.failures += 1;
    if (this.busySince === 0) this.busySince = clock.ms();
    else if (clock.ms() - this.busySince >= tuning.busyIllAfterMs) this.failedIn(lane.name, failure.reason);
    if (pauseMs === null) {
      this.busyLanes.add(lane.name);
      const over = this.busyLanes.size - limits.breakerLanes;
      // Busy for many is busy for all, said or not.
      if (over >= 0) {
        const pause = backoffMs(over + 1, limits.backoffFirstMs, limits.backoffLastMs, random());
        this.context.pauseUntil(clock.ms() + pause);
      }
      this.delay(lane, 0, false);
    } else {
      const pause = Math.min(pauseMs, tuning.retryAfterMaxMs);
      this.context.pauseUntil(clock.ms() + pause);
      lane.dueAt = clock.ms() + pause + random() * limits.backoffFirstMs;
      this.context.place(lane);
    }
    this.fail(lane, failure, true);
  }

  private ill(lane: Lane, failure: Failure, afterRequest: boolean): void {
    this.failedIn(lane.name, failure.reason);
    this.count(lane);
    if (lane.condemned) {
      this.condemn(lane, failure);
      return;
    }
    this.delay(lane, afterRequest ? failure.startedAt : 0);
    this.fail(lane, failure, !afterRequest);
  }

  private doubt(lane: Lane, failure: Failure, afterRequest: boolean): void {
    lane.doubt = true;
    this.count(lane);
    this.delay(lane, afterRequest ? failure.startedAt : 0);
    this.fail(lane, failure, false);
  }

  private refer(lane: Lane, failure: Failure, verdict: Extract<Verdict, { act: "refer" }>): void {
    const entry = lane.head();
    lane.phase = "settling";
    const stuck = this.stick(lane);
    const settlement = {
      kind: "refer" as const,
      client: this.context,
      entry,
      lane: lane.name,
      references: verdict.references,
      failure,
      dueInMs: this.context.tuning.referenceRetryMs,
      again: false,
      committed: () => {
        entry.merged = [];
        if (!settlement.again) {
          stuck();
          return;
        }
        if (entry.merge) this.sticking -= 1;
        lane.phase = "idle";
        lane.failures += 1;
        this.delay(lane, 0, false);
      },
    };
    this.context.settler.add(settlement);
  }

  private park(
    lane: Lane,
    code: "delivery.refused" | "delivery.outcome-unknown" | "code.unmapped",
    reason: string,
    failure: Failure | null,
    facts: readonly MappedEvent[] = [],
    miss: CodeMiss | null = null,
  ): void {
    const entry = lane.head();
    lane.phase = "settling";
    const stuck = this.stick(lane);
    this.context.settler.add({
      kind: "park",
      client: this.context,
      entry,
      lane: lane.name,
      code,
      miss,
      reason,
      failure,
      facts,
      committed: stuck,
    });
  }

  /**
   * The first message cannot go on. Only ordered kinds hold what is behind them; a newest-wins message is counted,
   * and before the commit, for a newer one may be settled right after it. Returns what to do after the commit.
   */
  private stick(lane: Lane): () => void {
    if (!lane.head().merge) return () => this.context.dropped(lane);
    this.stuckEver += 1;
    this.sticking += 1;
    this.stuckNewest += 1;
    return () => {
      this.sticking -= 1;
      this.context.passed(lane, false);
    };
  }

  private condemn(lane: Lane, failure: Failure | null): void {
    const reason = `failed ${lane.failures} times while others succeeded${failure === null ? "" : `: ${failure.reason}`}`;
    this.park(lane, "delivery.refused", reason, failure);
  }

  /** A call of many that failed as a whole: one of its records may be the culprit, or the system is ill. */
  private halve(call: Call, answer: Answer): void {
    const verdict = judgeAnswer(call.route.kind, answer);
    if (answer.kind === "refused") this.healthy();
    else this.failedIn(call.lanes[0]!.name, reasonOf(answer));
    const afterRequest = "afterRequest" in verdict && verdict.afterRequest;
    const suspects: Lane[] = [];
    for (const lane of call.lanes) {
      const failure = this.failureOf(call, lane, answer);
      lane.suspect = true;
      if (verdict.act === "look-up") {
        this.doubt(lane, failure, afterRequest);
      } else if (answer.kind !== "refused" && verdict.act === "park") {
        this.park(lane, verdict.code, verdict.reason, failure);
      } else {
        if (answer.kind !== "refused") lane.failures += 1;
        this.fail(lane, failure, !afterRequest);
        suspects.push(lane);
      }
    }
    const half = suspects.length >> 1;
    for (const group of [suspects.slice(0, half), suspects.slice(half)]) {
      if (group.length === 0) continue;
      if (answer.kind !== "refused") this.setDue(group[0]!, afterRequest ? call.startedAt : 0, true);
      this.context.placeGroup(group);
    }
  }

  private healthy(): void {
    this.busyLanes.clear();
    this.busySince = 0;
    if (this.context.breaker.succeeded()) this.context.closedAgain();
  }

  private failedIn(lane: string, reason: string): void {
    const { breaker, clock, random } = this.context;
    if (breaker.failedIn(lane, reason, clock.ms(), random())) this.context.opened();
  }

  /** An outage is nobody's fault: only failures between which others of the type succeeded count against a message. */
  private count(lane: Lane): void {
    const { tuning, clock } = this.context;
    const successes = this.successes.get(lane.head().type) ?? 0;
    if (lane.failedSince === 0) lane.failedSince = clock.ms();
    lane.failures += 1;
    if (lane.successesSeen >= 0 && successes > lane.successesSeen) lane.contradicted += 1;
    lane.successesSeen = successes;
    lane.condemned =
      lane.contradicted >= tuning.illAttemptsMax && clock.ms() - lane.failedSince >= tuning.illParkAfterMs;
  }

  /** `requestStartedAt`: a request may run until its time-out, 0 for none. */
  private delay(lane: Lane, requestStartedAt: number, outage = true): void {
    this.setDue(lane, requestStartedAt, outage);
    this.context.place(lane);
  }

  private setDue(lane: Lane, requestStartedAt: number, outage: boolean): void {
    const { clock, random } = this.context;
    const { limits } = this.context.target;
    const backoff = backoffMs(lane.failures, limits.backoffFirstMs, limits.backoffLastMs, random());
    lane.outage = outage;
    lane.notBefore = requestStartedAt === 0 ? 0 : requestStartedAt + limits.requestTimeoutMs;
    lane.dueAt = Math.max(clock.ms() + backoff, lane.notBefore);
  }

  /** Notes a failed attempt. `answered`: it is known not to have taken effect, so its claim is void. */
  private fail(lane: Lane, failure: Failure, answered: boolean): void {
    const entry = lane.head();
    this.context.settler.add({
      kind: "fail",
      client: this.context,
      entryId: entry.id,
      failure,
      dueAt: lane.dueAt,
      answered: answered ? entry.claim : null,
      answeredIds: entry.claimed,
      committed: () => {},
    });
    if (answered) releaseClaim(entry);
  }

  private failureOf(call: Call, lane: Lane, answer: Answer): Failure {
    return {
      attempt: lane.head().attempts,
      answer: answer.kind,
      reason: reasonOf(answer),
      startedAt: call.startedAt,
      durationMs: this.context.clock.ms() - call.startedAt,
    };
  }
}

function releaseClaim(entry: Entry): void {
  entry.claim = null;
  entry.claimed = 0;
}

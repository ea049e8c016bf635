// Asks a system for its health: while the breaker is open, and when few lanes fail with nothing succeeding beside
// them. Raises and solves the exceptions that say that a system is not there.
import type { Problem } from "../../domains/reaction.ts";
import type { AnswerContext } from "./answers.ts";
import { accessProblem, unavailableProblem } from "./problem.ts";

export class Prober {
  private readonly context: AnswerContext;
  private readonly recovered: () => void;
  private controller: AbortController | undefined;
  private suspectedAt = Number.NEGATIVE_INFINITY;
  /** Whether what an earlier owner said of the system has been looked into. */
  private inherited = true;

  constructor(context: AnswerContext, recovered: () => void) {
    this.context = context;
    this.recovered = recovered;
  }

  tick(now: number): void {
    if (this.controller !== undefined) return;
    const { breaker, target } = this.context;
    if (now >= breaker.nextProbeAt()) {
      void this.probe();
    } else if (
      (this.inherited || breaker.suspicious()) &&
      now - this.suspectedAt >= target.limits.probeEveryMs
    ) {
      this.suspectedAt = now;
      void this.probe();
    }
  }

  /** The breaker opened: said once, until it closes. */
  opened(): void {
    const { breaker, target } = this.context;
    const problem =
      breaker.cause === "denied"
        ? accessProblem(target.system, breaker.reason)
        : unavailableProblem(target.system, breaker.reason, target.limits.probeEveryMs);
    this.notice([problem], []);
  }

  closed(): void {
    const { system } = this.context.target;
    this.notice([], [unavailableProblem(system, "", 0).fingerprint, accessProblem(system, "").fingerprint]);
  }

  close(): void {
    this.controller?.abort();
  }

  private notice(raise: Problem[], solve: string[]): void {
    this.context.settler.add({ kind: "notice", client: this.context, raise, solve, committed: () => {} });
  }

  private async probe(): Promise<void> {
    const { breaker, target, clock } = this.context;
    const controller = new AbortController();
    this.controller = controller;
    let timer: NodeJS.Timeout | undefined;
    try {
      const overdue = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          controller.abort();
          reject(new Error("the health probe was not answered in time"));
        }, target.limits.requestTimeoutMs);
      });
      await Promise.race([target.session.health(controller.signal), overdue]);
      const wasOpen = breaker.state === "open";
      breaker.healthy();
      if (wasOpen) this.recovered();
      // An owner that died with its breaker open left an exception that nobody else would close.
      else if (this.inherited && breaker.state === "closed") this.closed();
      this.inherited = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (breaker.state === "closed") {
        if (breaker.unhealthy(reason, clock.ms(), this.context.random())) this.context.opened();
      } else breaker.ill(reason, clock.ms(), this.context.random());
    } finally {
      clearTimeout(timer);
      this.controller = undefined;
    }
  }
}

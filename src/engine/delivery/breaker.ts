// Whether a target may be sent to. It opens when distinct lanes fail in a row, is probed with the system's own
// health, then with one message of another lane, and closes. A refusal is an answer of a healthy system.

export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerLimits {
  lanes: number;
  probeEveryMs: number;
}

/** Refused access is probed ever more rarely: accounts get locked. */
const DENIED_PROBES_MAX = 16;

export class Breaker {
  state: BreakerState = "closed";
  /** Why it is not closed. */
  cause: "ill" | "denied" | null = null;
  reason = "";
  private readonly limits: BreakerLimits;
  private readonly failed = new Set<string>();
  private failures = 0;
  private denials = 0;
  private probeAt = 0;

  constructor(limits: BreakerLimits) {
    this.limits = limits;
  }

  /** A message was answered by a healthy system. True: it closes with that. */
  succeeded(): boolean {
    this.failures = 0;
    if (this.failed.size > 0 && this.state === "closed") this.failed.clear();
    if (this.state !== "half-open") return false;
    this.state = "closed";
    this.cause = null;
    this.reason = "";
    this.denials = 0;
    this.failed.clear();
    return true;
  }

  /** True: it opens with that. */
  failedIn(lane: string, reason: string, nowMs: number, random: number): boolean {
    this.failures += 1;
    if (this.failed.size < 1_000) this.failed.add(lane);
    if (this.state === "open") return false;
    if (this.state === "closed" && this.failed.size < this.limits.lanes) return false;
    return this.open("ill", reason, nowMs, random);
  }

  /** Few lanes fail, and nothing else succeeds: worth asking for the system's health. */
  suspicious(): boolean {
    return this.state === "closed" && this.failures >= this.limits.lanes;
  }

  /** Its health was asked without the breaker being open, and it is not well. True: it opens with that. */
  unhealthy(reason: string, nowMs: number, random: number): boolean {
    return this.state === "closed" && this.failures > 0 && this.open("ill", reason, nowMs, random);
  }

  /** True: it opens with that. */
  denied(reason: string, nowMs: number, random: number): boolean {
    const opens = this.state !== "open" || this.cause !== "denied";
    if (opens) this.denials = Math.min(this.denials * 2 || 1, DENIED_PROBES_MAX);
    this.open("denied", reason, nowMs, random);
    return opens;
  }

  /** When `health` is to be asked next; Infinity while it need not be. */
  nextProbeAt(): number {
    return this.state === "open" ? this.probeAt : Number.POSITIVE_INFINITY;
  }

  /** The health probe succeeded: one message may try. */
  healthy(): void {
    if (this.state === "open") this.state = "half-open";
  }

  /** The health probe failed. */
  ill(reason: string, nowMs: number, random: number): void {
    if (this.state !== "open") return;
    this.reason = reason;
    this.probeAt = nowMs + this.pauseMs(random);
  }

  hasFailed(lane: string): boolean {
    return this.failed.has(lane);
  }

  /** Returns whether it was closed before: that is news, a failed probe is not. */
  private open(cause: "ill" | "denied", reason: string, nowMs: number, random: number): boolean {
    const news = this.state === "closed" || this.cause !== cause;
    this.state = "open";
    this.cause = cause;
    this.reason = reason;
    this.probeAt = nowMs + this.pauseMs(random);
    return news;
  }

  private pauseMs(random: number): number {
    const times = this.cause === "denied" ? Math.max(1, this.denials) : 1;
    return this.limits.probeEveryMs * times * (0.9 + random * 0.2);
  }
}

// A token bucket: calls a second, with a tenth of a second's worth at once. It starts empty of savings, so that a
// target that changes its owner does not get the budget twice.

export class Rate {
  private readonly perMs: number;
  private readonly capacity: number;
  private tokens: number;
  private filledAt: number;

  /** `perSecond` 0: unlimited. */
  constructor(perSecond: number, nowMs: number) {
    this.perMs = perSecond / 1000;
    this.capacity = Math.max(1, perSecond / 10);
    this.tokens = 1;
    this.filledAt = nowMs;
  }

  take(nowMs: number): boolean {
    if (this.perMs === 0) return true;
    this.fill(nowMs);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Milliseconds until the next call may start. */
  waitMs(nowMs: number): number {
    if (this.perMs === 0) return 0;
    this.fill(nowMs);
    return this.tokens >= 1 ? 0 : (1 - this.tokens) / this.perMs;
  }

  private fill(nowMs: number): void {
    this.tokens = Math.min(this.capacity, this.tokens + (nowMs - this.filledAt) * this.perMs);
    this.filledAt = nowMs;
  }
}

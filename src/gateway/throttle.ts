// Token buckets, one a client: a client may send `perSecond` on average and `burst` at once. Buckets that are full
// again are forgotten.

export interface ThrottleLimits {
  perSecond: number;
  burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const CLIENTS_MAX = 10_000;

export class Throttle {
  private readonly limits: ThrottleLimits;
  private readonly now: () => number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(limits: ThrottleLimits, now: () => number = () => performance.now()) {
    this.limits = limits;
    this.now = now;
  }

  /** 0 where the client may go on, else the seconds after which it may. */
  take(client: string): number {
    const { perSecond, burst } = this.limits;
    const now = this.now();
    const bucket = this.buckets.get(client);
    if (bucket === undefined) {
      if (this.buckets.size >= CLIENTS_MAX) this.forgetFull(now);
      this.buckets.set(client, { tokens: burst - 1, at: now });
      return 0;
    }
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    bucket.tokens = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
  }

  private forgetFull(now: number): void {
    const { perSecond, burst } = this.limits;
    for (const [client, { tokens, at }] of this.buckets) {
      if (tokens + ((now - at) / 1000) * perSecond >= burst) this.buckets.delete(client);
    }
    // Ten thousand clients that are all busy: the oldest bucket is given up rather than the memory.
    const oldest = this.buckets.size >= CLIENTS_MAX ? this.buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.buckets.delete(oldest);
  }
}

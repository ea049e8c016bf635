// Parcelworks' rate limit: a token bucket per API key. Every request takes a token, refused ones too.

import { Refusal } from "../simulation/refusal.ts";
import type { PartnerSettings } from "./fulfilment-centre.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();
  private readonly settings: PartnerSettings;

  constructor(settings: PartnerSettings) {
    this.settings = settings;
  }

  take(key: string): void {
    const { ratePerSecond, burst } = this.settings;
    const now = performance.now();
    const bucket = this.buckets.get(key) ?? { tokens: burst, filledAt: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * ratePerSecond);
    bucket.filledAt = now;
    this.buckets.set(key, bucket);
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / ratePerSecond));
      throw new Refusal(429, "tooManyRequests", "Rate limit exceeded", { "retry-after": String(seconds) });
    }
    bucket.tokens -= 1;
  }

  clear(): void {
    this.buckets.clear();
  }
}

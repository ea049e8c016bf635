// What the gateway takes from one client and in one request. Generous by default: they guard memory, not a quota.
import type { ThrottleLimits } from "./throttle.ts";

export interface GatewayLimits {
  /** Of routes that do not say otherwise. */
  bodyMaxBytes: number;
  /** Of a batch of events, or one webhook. */
  intakeMaxBytes: number;
  /** Events in one batch. */
  batchMax: number;
  /** From the first byte of a request to its last. */
  requestTimeoutMs: number;
  /** Requests by key. */
  perCaller: ThrottleLimits;
  /** Requests without a key that holds, by address. */
  perStranger: ThrottleLimits;
}

export const defaultLimits: GatewayLimits = {
  bodyMaxBytes: 1024 * 1024,
  intakeMaxBytes: 8 * 1024 * 1024,
  batchMax: 5_000,
  requestTimeoutMs: 30_000,
  perCaller: { perSecond: 20_000, burst: 40_000 },
  perStranger: { perSecond: 20, burst: 100 },
};

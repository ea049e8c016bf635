// What holds where a configuration says nothing.
import type { FigureMeaning, SourceClock } from "../domains/inventory/policy.ts";
import type { OrderPolicy } from "../domains/order/policy.ts";
import type { Limits, WitnessPace } from "./integration.ts";

export const DEFAULT_COMPANY = "main";
/** UN/ECE Recommendation 20: each. */
export const DEFAULT_UNIT = "EA";

/** Gentle enough for a product that nobody asked; a fast target is given more. */
export const defaultLimits: Readonly<Limits> = {
  concurrency: 4,
  ratePerSecond: 0,
  requestTimeoutMs: 10_000,
  backoffFirstMs: 500,
  backoffLastMs: 300_000,
  breakerLanes: 5,
  probeEveryMs: 5_000,
};

/** A difference is known within ten minutes, and a slow system is asked for an hour of its documents at most. */
export const defaultWitness: Readonly<WitnessPace> = {
  everyMs: 300_000,
  settledMs: 120_000,
  overlapMs: 3_600_000,
};

export const defaultFigures: Readonly<FigureMeaning> = { quantity: "physical", zeroShareMax: 0.2 };

/** Skew: what NTP does not mend within minutes is a clock that is wrong. */
export const defaultClock: Readonly<SourceClock> = { resolutionMs: 1, skewMaxMs: 300_000 };

export const defaultOrders: Readonly<OrderPolicy> = {
  releaseBeforeBooking: false,
  shortage: "backorder",
  reservationExpiryMs: 900_000,
  reservationExpiryMaxMs: 86_400_000,
};

export const DEFAULT_WITHIN_MS = 60_000;

// The fault switches of one simulated system: set at once or for a window of time, each with a
// probability. Randomness comes from a seed, so a run can be repeated.

import { type Random, seededRandom } from "./random.ts";

export const faultKinds = [
  "down",
  "slow",
  "429",
  "500",
  "timeoutAfterEffect",
  "malformed",
  "duplicateWebhooks",
  "reorderWebhooks",
  "dropWebhooks",
  "rowErrors",
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  /** Share of the requests, messages or rows that it hits; 1 where absent. */
  probability?: number;
  /** Meaning by kind: delay (`slow`), how long an answer is withheld, how far messages scatter. */
  ms?: number;
  /** Start and end in milliseconds after the fault was set; at once and for ever where absent. */
  from?: number;
  to?: number;
}

interface Armed {
  fault: Fault;
  startsAt: number;
  endsAt: number;
}

export interface ListedFault extends Fault {
  state: "waiting" | "active" | "over";
}

export class FaultSwitch {
  private armed: Armed[] = [];
  private readonly random: Random;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  set(...faults: Fault[]): void {
    const now = Date.now();
    this.armed = this.armed.filter((entry) => entry.endsAt > now);
    for (const fault of faults) {
      this.armed.push({
        fault,
        startsAt: now + (fault.from ?? 0),
        endsAt: fault.to === undefined ? Number.POSITIVE_INFINITY : now + fault.to,
      });
    }
  }

  clear(kind?: FaultKind): void {
    this.armed = kind === undefined ? [] : this.armed.filter((entry) => entry.fault.kind !== kind);
  }

  list(): ListedFault[] {
    const now = Date.now();
    return this.armed.map((entry) => ({
      ...entry.fault,
      state: now < entry.startsAt ? "waiting" : now < entry.endsAt ? "active" : "over",
    }));
  }

  /** The fault of this kind that is active now, whatever its probability. */
  active(kind: FaultKind): Fault | undefined {
    if (this.armed.length === 0) return undefined;
    const now = Date.now();
    const entry = this.armed.find(
      (candidate) => candidate.fault.kind === kind && now >= candidate.startsAt && now < candidate.endsAt,
    );
    return entry?.fault;
  }

  /** The active fault of this kind, if chance says that it hits this time. */
  hit(kind: FaultKind): Fault | undefined {
    const fault = this.active(kind);
    if (fault === undefined) return undefined;
    const probability = fault.probability ?? 1;
    return probability >= 1 || this.random() < probability ? fault : undefined;
  }

  /** A number from 0 up to `range`, from the same seed. */
  scatter(range: number): number {
    return this.random() * range;
  }
}

// When the day is over: nothing waits in Crossdock, nobody works in the systems, and nothing has changed for a while.
import { setTimeout as sleep } from "node:timers/promises";
import { CrossdockError } from "../../src/core/errors.ts";
import { type SystemName, systemNames } from "../systems/start-all.ts";
import type { Distributor } from "./distributor.ts";
import type { Installation } from "./installation.ts";

interface Health {
  counts: Record<string, number>;
}
interface BooksAnswer {
  /** Until when is another time with every look at the systems. */
  witnesses: unknown;
  deliveries: { waiting: number }[];
}

/** What a system counts that ends at zero when nobody works any more. */
const WORK: Partial<Record<SystemName, string[]>> = {
  erp: ["billingDue"],
  east: ["outboundsInWork"],
  west: ["ordersInWork"],
  partner: ["fulfilmentsInWork"],
};
/** Longer than any poll of the demo's configuration takes to come round. */
const STILL_MS = 3_000;
const LOOK_MS = 1_000;

export interface Rest {
  waiting: number;
  working: number;
}

/** Gives up after `maxMs` without change of what is left. */
export async function untilRest(
  distributor: Distributor,
  installation: Installation,
  maxMs: number,
  look: (rest: Rest) => void,
  stopped: () => boolean,
): Promise<void> {
  const begun = performance.now();
  let last = { everything: "", changedAt: begun, left: -1, movedAt: begun };
  while (!stopped()) {
    const health = await Promise.all(systemNames.map((name) => distributor.control<Health>(name, "health")));
    const { witnesses: _, ...books } = await installation.ask<BooksAnswer>("GET", "/ops/v1/books");
    const waiting = books.deliveries.reduce((sum, target) => sum + target.waiting, 0);
    const working = systemNames.reduce(
      (sum, name, index) =>
        sum + (WORK[name] ?? []).reduce((inner, count) => inner + (health[index]!.counts[count] ?? 0), 0),
      0,
    );
    look({ waiting, working });
    const at = performance.now();
    const everything = JSON.stringify([health.map(({ counts }) => counts), books]);
    if (everything !== last.everything) last = { ...last, everything, changedAt: at };
    if (waiting + working !== last.left) last = { ...last, left: waiting + working, movedAt: at };
    if (waiting + working === 0 && at - last.changedAt >= STILL_MS) return;
    if (waiting + working > 0 && at - last.movedAt >= maxMs) {
      const seconds = Math.round((at - last.movedAt) / 1_000);
      throw new CrossdockError(
        "demo.no-rest",
        `Nothing has moved for ${seconds} s, and still ${waiting} deliveries wait and ${working} documents are in work.`,
      );
    }
    await sleep(LOOK_MS);
  }
}

// From the post to the targets: an event counts when its value, or a newer one, is at both targets.
import { setTimeout as sleep } from "node:timers/promises";
import { closedLoop } from "../http-load.ts";
import { type Installation, install } from "../installation.ts";
import { batchOf, type StockLoad, stockLoad } from "../stock-events.ts";
import type { Figure, Workload } from "../workload.ts";

const PATH = "/system/v1/source/events";
const SKUS = 50_000;

interface Settings {
  recordsPerCall: number;
  batch: number;
  connections: number;
  write: "absolute" | "lookup";
  concurrency: number;
}

async function deliver(
  settings: Settings,
  seconds: number,
): Promise<{ perSecond: number; mergedShare: number }> {
  const installation = await install({ ...settings, targets: [["inventory.level"], ["inventory.level"]] });
  try {
    await post(installation, stockLoad(SKUS), settings, 2_000);
    await installation.targets.ask({ ask: "reset", arrivals: false });
    const load = stockLoad(SKUS);
    const startedAt = performance.now();
    const posted = await post(installation, load, settings, seconds * 1_000);
    await arrived(installation, load);
    const elapsedMs = performance.now() - startedAt;
    const summaries = await installation.targets.ask<{ records: number }[]>({ ask: "summary" });
    const delivered = summaries.reduce((sum, target) => sum + target.records, 0);
    return {
      perSecond: posted / (elapsedMs / 1_000),
      mergedShare: Math.max(0, 1 - delivered / (2 * posted)),
    };
  } finally {
    await installation.stop();
  }
}

async function post(
  installation: Installation,
  load: StockLoad,
  settings: Settings,
  ms: number,
): Promise<number> {
  const until = performance.now() + ms;
  const result = await closedLoop({
    port: installation.port,
    path: PATH,
    headers: installation.headers,
    connections: settings.connections,
    next: () =>
      performance.now() < until
        ? settings.batch === 1
          ? load.event()
          : batchOf(load, settings.batch)
        : undefined,
  });
  if (result.failed > 0) throw new Error(`${result.failed} requests failed: ${result.firstFailure}`);
  return result.requests * settings.batch;
}

/** Waits until both targets hold the newest value of every key; gives up after two minutes. */
async function arrived(installation: Installation, load: StockLoad): Promise<void> {
  const expected = [...load.expected];
  const until = performance.now() + 120_000;
  for (;;) {
    const behind = await installation.targets.ask<number[]>({ ask: "behind", expected });
    if (behind.every((count) => count === 0)) return;
    if (performance.now() > until)
      throw new Error(`after two minutes ${behind.join(" and ")} keys are still behind`);
    await sleep(20);
  }
}

function workload(name: string, title: string, settings: Settings, reach: number): Workload {
  return {
    name,
    title,
    async run({ seconds }): Promise<Figure[]> {
      const { perSecond, mergedShare } = await deliver(settings, seconds);
      return [
        { name: "rate", unit: "events/s", value: perSecond, reach: { value: reach } },
        { name: "merged", unit: "%", value: mergedShare * 100 },
      ];
    },
  };
}

export const bulk = workload(
  "deliver-bulk",
  "batches of 500, to two targets that take 100 records a call, 50,000 SKUs × 2 locations",
  { recordsPerCall: 100, batch: 500, connections: 4, write: "absolute", concurrency: 8 },
  12_000,
);
export const single = workload(
  "deliver-single",
  "single posts, to two targets that take one record a call, absolute writes",
  { recordsPerCall: 1, batch: 1, connections: 64, write: "absolute", concurrency: 32 },
  5_000,
);
export const claimed = workload(
  "deliver-claimed",
  "single posts, to two targets that take one record a call, claimed before each send",
  { recordsPerCall: 1, batch: 1, connections: 64, write: "lookup", concurrency: 32 },
  3_000,
);

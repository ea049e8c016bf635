// Recording alone: single events and batches, durable before the answer, no flow configured.
import { closedLoop } from "../http-load.ts";
import { install } from "../installation.ts";
import { ascending, percentile } from "../statistics.ts";
import { batchOf, stockLoad } from "../stock-events.ts";
import type { Figure, Workload } from "../workload.ts";

const PATH = "/system/v1/source/events";

async function record(
  connections: number,
  batch: number,
  seconds: number,
): Promise<{ perSecond: number; latencies: number[] }> {
  const installation = await install({ targets: [], recordsPerCall: 1, write: "absolute" });
  try {
    const load = stockLoad(50_000);
    const run = async (ms: number) => {
      const until = performance.now() + ms;
      return closedLoop({
        port: installation.port,
        path: PATH,
        headers: installation.headers,
        connections,
        next: () =>
          performance.now() < until ? (batch === 1 ? load.event() : batchOf(load, batch)) : undefined,
      });
    };
    await run(2_000);
    const result = await run(seconds * 1_000);
    if (result.failed > 0) throw new Error(`${result.failed} requests failed: ${result.firstFailure}`);
    return {
      perSecond: (result.requests * batch) / (result.elapsedMs / 1_000),
      latencies: ascending(result.latencies),
    };
  } finally {
    await installation.stop();
  }
}

export const singles: Workload = {
  name: "record-single",
  title: "one stock event a request, 64 connections, durable before the answer, no flow",
  async run({ seconds }): Promise<Figure[]> {
    const { perSecond, latencies } = await record(64, 1, seconds);
    return [
      { name: "rate", unit: "events/s", value: perSecond, reach: { value: 8_000 } },
      { name: "p50", unit: "ms", value: percentile(latencies, 0.5) },
      { name: "p99", unit: "ms", value: percentile(latencies, 0.99), reach: { value: 40, below: true } },
    ];
  },
};

export const batches: Workload = {
  name: "record-batch",
  title: "batches of 500 events, 4 connections, no flow",
  async run({ seconds }): Promise<Figure[]> {
    const { perSecond } = await record(4, 500, seconds);
    return [{ name: "rate", unit: "events/s", value: perSecond, reach: { value: 30_000 } }];
  },
};

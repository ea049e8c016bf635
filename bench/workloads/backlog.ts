// A million deliveries wait behind a system that is down: memory, another system's rate, and the drain on return.
import { setTimeout as sleep } from "node:timers/promises";
import { closedLoop } from "../http-load.ts";
import { type Installation, install } from "../installation.ts";
import { batchOf, stockLoad } from "../stock-events.ts";
import type { Figure, Workload } from "../workload.ts";

const WAITING = 1_000_000;

async function healthyRate(installation: Installation, seconds: number): Promise<number> {
  const load = stockLoad(50_000);
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const result = await closedLoop({
    port: installation.port,
    path: "/system/v1/source/events",
    headers: installation.headers,
    connections: 4,
    next: () => (performance.now() < until ? batchOf(load, 500) : undefined),
  });
  const expected = [...load.expected];
  for (;;) {
    const behind = await installation.targets.ask<number[]>({ ask: "behind", expected });
    if (behind[0] === 0) break;
    await sleep(20);
  }
  return (result.requests * 500) / ((performance.now() - startedAt) / 1_000);
}

export const backlog: Workload = {
  name: "backlog",
  title: "1 million order deliveries waiting behind a system that is down",
  heavy: true,
  async run({ seconds }): Promise<Figure[]> {
    // The first target takes levels; the second, which is down, takes bookings, which never merge.
    const installation = await install({
      targets: [["inventory.level"], ["order.booking"]],
      recordsPerCall: 100,
      write: "absolute",
    });
    try {
      await installation.targets.ask({ ask: "down", target: 1, down: true });
      await healthyRate(installation, 3);
      const before = await healthyRate(installation, seconds);
      await installation.server.ask({ ask: "fill", target: "two", count: WAITING });
      const filled = await healthyRate(installation, seconds);
      const memory = await installation.server.ask<number>({ ask: "memory" });
      await installation.targets.ask({ ask: "reset", arrivals: false, countIds: true });
      const returnedAt = performance.now();
      await installation.targets.ask({ ask: "down", target: 1, down: false });
      let summary: { ids: number; doubled: number } | undefined;
      do {
        await sleep(200);
        summary = (await installation.targets.ask<{ ids: number; doubled: number }[]>({ ask: "summary" }))[1];
      } while (summary!.ids < WAITING && performance.now() - returnedAt < 600_000);
      const drainSeconds = (performance.now() - returnedAt) / 1_000;
      return [
        { name: "memory of the node", unit: "MB", value: memory / 1e6, reach: { value: 400, below: true } },
        { name: "other system before", unit: "events/s", value: before },
        {
          name: "other system with the backlog",
          unit: "events/s",
          value: filled,
          reach: { value: before * 0.9 },
        },
        { name: "drained", unit: "deliveries/s", value: summary!.ids / drainSeconds },
        { name: "delivered", unit: "deliveries", value: summary!.ids, reach: { value: WAITING } },
        { name: "doubled", unit: "deliveries", value: summary!.doubled },
      ];
    } finally {
      await installation.stop();
    }
  },
};

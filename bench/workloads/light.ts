// Light load, open loop: 200 events a second whatever comes back; from the moment an event was due to its arrival.
import { HttpConnection } from "../http-load.ts";
import { install } from "../installation.ts";
import { ascending, percentile } from "../statistics.ts";
import { stockLoad } from "../stock-events.ts";
import type { Figure, Workload } from "../workload.ts";

const PER_SECOND = 200;
const CONNECTIONS = 32;

export const light: Workload = {
  name: "light",
  title: "open loop, 200 events/s: post to delivered at both single-record targets",
  async run({ seconds }): Promise<Figure[]> {
    const installation = await install({
      targets: [["inventory.level"], ["inventory.level"]],
      recordsPerCall: 1,
      write: "absolute",
      concurrency: 32,
    });
    try {
      const load = stockLoad(50_000);
      const connections = await Promise.all(
        Array.from({ length: CONNECTIONS }, () =>
          HttpConnection.open(installation.port, "/system/v1/source/events", installation.headers),
        ),
      );
      await openLoop(connections, load.event, 400);
      await installation.targets.ask({ ask: "reset", arrivals: true });
      const due = await openLoop(connections, load.event, PER_SECOND * seconds);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const arrivals = await installation.targets.ask<[number, number][][]>({ ask: "arrivals" });
      const latencies = ascending(latest(arrivals, due));
      for (const connection of connections) connection.close();
      return [
        { name: "p50", unit: "ms", value: percentile(latencies, 0.5), reach: { value: 3, below: true } },
        { name: "p99", unit: "ms", value: percentile(latencies, 0.99), reach: { value: 9, below: true } },
        {
          name: "missing",
          unit: "events",
          value: due.size - latencies.length,
          reach: { value: 1, below: true },
        },
      ];
    } finally {
      await installation.stop();
    }
  },
};

const monotonicMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Sends on free connections at fixed times; returns event number → the time it was due. */
async function openLoop(
  connections: HttpConnection[],
  event: () => string,
  count: number,
): Promise<Map<number, number>> {
  const due = new Map<number, number>();
  const free = [...connections];
  const startedAt = monotonicMs();
  const answers: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const at = startedAt + (index * 1_000) / PER_SECOND;
    // By timer: a loop that spins until the moment would take a core from what is measured.
    const early = at - monotonicMs();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    while (free.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const connection = free.pop()!;
    const body = event();
    // A timer may be a millisecond late; what waited for a connection counts from when it was due.
    const late = monotonicMs() - at;
    due.set(Number(/"quantity":"(\d+)"/.exec(body)![1]), late < 2 ? at + late : at);
    answers.push(connection.post(body).then(() => void free.push(connection)));
  }
  await Promise.all(answers);
  return due;
}

/** Of each event, the later of its arrivals at the targets; an event that is missing anywhere has none. */
function latest(arrivals: [number, number][][], due: Map<number, number>): number[] {
  const maps = arrivals.map((pairs) => new Map(pairs));
  const latencies: number[] = [];
  for (const [value, at] of due) {
    const times = maps.map((map) => map.get(value));
    if (times.every((time) => time !== undefined)) latencies.push(Math.max(...(times as number[])) - at);
  }
  return latencies;
}

// Does a long log slow anything? Rates with 1 and 10 million events behind (50 million by name), over ten
// interleaved windows; and deduplication with up to 100 million identities.
import { statfs } from "node:fs/promises";
import { closedLoop } from "../http-load.ts";
import { type Installation, install } from "../installation.ts";
import { ratioInterval } from "../statistics.ts";
import { batchOf, stockLoad } from "../stock-events.ts";
import type { Figure, Workload } from "../workload.ts";

const WINDOWS = 10;
const MILLION = 1_000_000;

async function window(installation: Installation, seconds: number): Promise<number> {
  const load = stockLoad(50_000);
  const until = performance.now() + seconds * 1_000;
  const result = await closedLoop({
    port: installation.port,
    path: "/system/v1/source/events",
    headers: installation.headers,
    connections: 4,
    next: () => (performance.now() < until ? batchOf(load, 500) : undefined),
  });
  if (result.failed > 0) throw new Error(`${result.failed} requests failed: ${result.firstFailure}`);
  await installation.server.ask({ ask: "settled" });
  return (result.requests * 500) / (result.elapsedMs / 1_000);
}

async function needDisk(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(".");
  if (bavail * bsize < bytes)
    throw new Error(
      `this needs ${(bytes / 1e9).toFixed(0)} GB of free disk; there are ${((bavail * bsize) / 1e9).toFixed(0)}`,
    );
}

/** Two installations side by side; the windows alternate, so that what the machine does hits both. */
async function compare(small: object, large: object, seconds: number, name: string): Promise<Figure[]> {
  const options = { targets: [], recordsPerCall: 1, write: "absolute" as const };
  const first = await install(options);
  const second = await install(options);
  try {
    await first.server.ask(small);
    await second.server.ask(large);
    await window(first, 2);
    await window(second, 2);
    const ratios: number[] = [];
    let smallRate = 0;
    let largeRate = 0;
    for (let index = 0; index < WINDOWS; index++) {
      // Which goes first alternates too.
      const order = index % 2 === 0 ? [first, second] : [second, first];
      const rates = new Map<Installation, number>();
      for (const one of order) rates.set(one, await window(one, seconds));
      smallRate += rates.get(first)! / WINDOWS;
      largeRate += rates.get(second)! / WINDOWS;
      ratios.push(rates.get(second)! / rates.get(first)!);
    }
    const interval = ratioInterval(ratios);
    return [
      { name: `${name}: small`, unit: "events/s", value: smallRate },
      { name: `${name}: large`, unit: "events/s", value: largeRate },
      { name: "ratio", unit: "", value: interval.mean },
      { name: "ratio, 95% from", unit: "", value: interval.low },
      { name: "ratio, 95% to", unit: "", value: interval.high, reach: { value: 0.9 } },
    ];
  } finally {
    await first.stop();
    await second.stop();
  }
}

function growth(name: string, events: number, gigabytes: number): Workload {
  return {
    name,
    title: `log of ${events / MILLION} million events beside one of 1 million, ${WINDOWS} interleaved windows`,
    heavy: true,
    async run({ seconds }): Promise<Figure[]> {
      await needDisk(gigabytes * 1e9);
      return compare(
        { ask: "grow-log", events: MILLION },
        { ask: "grow-log", events },
        Math.max(1, seconds / 3),
        "log",
      );
    },
  };
}

export const tenMillion = growth("growth-10m", 10 * MILLION, 12);
export const fiftyMillion = growth("growth-50m", 50 * MILLION, 45);

export const identities: Workload = {
  name: "identities-100m",
  title: `100 million identities beside 1 million, ${WINDOWS} interleaved windows`,
  heavy: true,
  async run({ seconds }): Promise<Figure[]> {
    await needDisk(25e9);
    return compare(
      { ask: "grow-identities", identities: MILLION },
      { ask: "grow-identities", identities: 100 * MILLION },
      Math.max(1, seconds / 3),
      "identities",
    );
  },
};

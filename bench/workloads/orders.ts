// Orders of three lines, decided and reserved: SKUs by Zipf over 1,000, 32 connections; stock plenty, stock scarce.
import { closedLoop } from "../http-load.ts";
import { type Installation, install } from "../installation.ts";
import { ascending, percentile } from "../statistics.ts";
import type { Figure, Workload } from "../workload.ts";

const SKUS = 1_000;
const LOCATIONS = ["EAST", "WEST"];

/** Zipf with exponent 1: the first SKU is in about every seventh line. */
function zipf(): () => number {
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= SKUS; rank++) {
    sum += 1 / rank;
    cumulative.push(sum);
  }
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const wanted = (state / 0x1_0000_0000) * sum;
    let low = 0;
    for (let high = SKUS - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

const skuOf = (rank: number) => `SKU-${rank.toString().padStart(6, "0")}`;

async function openStock(installation: Installation, quantity: number): Promise<void> {
  const at = new Date().toISOString();
  const bodies: string[] = [];
  for (const location of LOCATIONS) {
    const events = Array.from({ length: SKUS }, (_, rank) => ({
      specversion: "1.0",
      id: `open-${location}-${rank}`,
      source: "/load",
      type: "inventory.level.observed",
      data: { sku: skuOf(rank), location, quantity: String(quantity), observedAt: at },
    }));
    bodies.push(JSON.stringify(events));
  }
  const result = await closedLoop({
    port: installation.port,
    path: "/system/v1/source/events",
    headers: installation.headers,
    connections: 1,
    next: () => bodies.pop(),
  });
  if (result.failed > 0) throw new Error(`opening stock failed: ${result.firstFailure}`);
  await installation.server.ask({ ask: "settled" });
}

function orderBody(id: string, rank: () => number): string {
  const lines = [1, 2, 3].map((line) => ({
    lineId: String(line),
    sku: skuOf(rank()),
    quantity: "1",
    price: "9.99",
  }));
  return JSON.stringify({
    orderId: id,
    customer: { id: "C-1" },
    currency: "GBP",
    placedAt: new Date().toISOString(),
    lines,
  });
}

function workload(name: string, title: string, quantity: number): Workload {
  return {
    name,
    title,
    async run({ seconds }): Promise<Figure[]> {
      const installation = await install({ targets: [], recordsPerCall: 1, write: "absolute" });
      try {
        await openStock(installation, quantity);
        const rank = zipf();
        let number = 0;
        const run = (ms: number) => {
          const until = performance.now() + ms;
          return closedLoop({
            port: installation.port,
            path: "/process/v1/orders",
            headers: installation.headers,
            connections: 32,
            next: () => (performance.now() < until ? orderBody(`O-${++number}`, rank) : undefined),
          });
        };
        await run(2_000);
        const result = await run(seconds * 1_000);
        if (result.failed > 0) throw new Error(`${result.failed} orders failed: ${result.firstFailure}`);
        const { oversold, reserved, backordered } = await installation.server.ask<{
          oversold: number;
          reserved: number;
          backordered: number;
        }>({ ask: "oversold" });
        const latencies = ascending(result.latencies);
        return [
          {
            name: "rate",
            unit: "orders/s",
            value: result.requests / (result.elapsedMs / 1_000),
            reach: { value: 3_000 },
          },
          { name: "p50", unit: "ms", value: percentile(latencies, 0.5) },
          { name: "p99", unit: "ms", value: percentile(latencies, 0.99), reach: { value: 40, below: true } },
          { name: "reserved", unit: "units", value: reserved },
          { name: "backordered", unit: "units", value: backordered },
          { name: "oversold", unit: "SKUs", value: oversold, reach: { value: 1, below: true } },
        ];
      } finally {
        await installation.stop();
      }
    },
  };
}

export const plenty = workload(
  "orders-plenty",
  "orders of 3 lines, Zipf over 1,000 SKUs, 32 connections, stock plenty",
  10_000_000,
);
export const scarce = workload("orders-scarce", "the same with stock for a few seconds", 20);

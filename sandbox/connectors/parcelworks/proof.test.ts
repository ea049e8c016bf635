// Parcelworks' connector, proved against the simulated 3PL.
import { afterAll, beforeAll, describe, test } from "vitest";
import type { ReleasePayload } from "../../../src/connector/index.ts";
import { proveConnector, type ReadSubject, type WriteSubject } from "../../../src/proof/index.ts";
import { credentials } from "../../systems/credentials.ts";
import { startPartner } from "../../systems/partner/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller } from "../../systems/simulation/testing.ts";
import { outbound } from "../testing.ts";
import { parcelworks } from "./index.ts";

const SKUS = Array.from({ length: 60 }, (_, index) => `P${index}`);
let system: RunningSystem;
let call: Call;
let number = 0;

beforeAll(async () => {
  system = await startPartner();
  call = caller(system.url, { "x-api-key": credentials.partner.apiKey });
  await call("POST", "/control/settings", { pickDelayMs: 60_000, ratePerSecond: 10_000, burst: 10_000 });
  await call("POST", "/control/seed", { items: SKUS.map((sku) => ({ sku, quantity: 100_000 })) });
});
afterAll(() => system.stop());

const pick = (): string => SKUS[number++ % SKUS.length]!;
const adjust = async (sku: string, change: number) =>
  call("POST", "/control/adjust", { sku, change, reason: "COUNT" });

/** Somebody counts, and finds a different number of pieces each time. */
const events: ReadSubject = {
  async change(count) {
    const found = Array.from({ length: count }, () => ({ sku: pick(), change: number }));
    await Promise.all(found.map(({ sku, change }) => adjust(sku, change)));
    return found.map(({ sku, change }) => ({
      type: "inventory.movement.recorded",
      data: { sku, quantity: String(change), location: "3PL" },
    }));
  },
};

const stock: ReadSubject = {
  async change(count) {
    const skus = Array.from({ length: count }, pick);
    for (const sku of skus) await adjust(sku, 1);
    return skus.map((sku) => ({ type: "inventory.level.observed", data: { sku, location: "3PL" } }));
  },
};

const release: WriteSubject = {
  message() {
    number += 1;
    const orderId = `PROOF-${number}`;
    return outbound("order.release", `main/${orderId}@3PL#1`, {
      company: "main",
      orderId,
      location: "3PL",
      releasedAt: "2026-11-24T10:00:00.000000Z",
      customer: { id: "17850", country: "GB" },
      lines: [{ lineId: "1", sku: "P1", description: "", quantity: "2", unit: "EA" }],
    } satisfies ReleasePayload);
  },
  async effects({ payload }) {
    const { orderId } = payload as ReleasePayload;
    let found = 0;
    for (let page = 1; ; page++) {
      const { body } = await call("GET", `/v2/fulfilments?pageSize=500&page=${page}`);
      found += body.fulfilments.filter((one: { clientRef: string }) =>
        one.clientRef.startsWith(`${orderId}-`),
      ).length;
      if (body.fulfilments.length === 0 || page * 500 >= body.total) return found;
    }
  },
};

describe("Parcelworks", () => {
  proveConnector(
    {
      get upstream() {
        return system.url;
      },
      system: (url) => parcelworks({ url, apiKey: credentials.partner.apiKey, warehouse: "3PL" }),
      reads: { events, stock },
      writes: { "order.release": release },
      skip: {
        "writes order.cancellation": "takes back what was released: parcelworks.test.ts, which counts it",
        "writes return.advice": "announces goods that come back: parcelworks.test.ts",
      },
      timeoutMs: 700,
    },
    { test, skip: test.skip },
  );
});

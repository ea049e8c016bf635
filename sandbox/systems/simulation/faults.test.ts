import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import { startErp } from "../erp/start.ts";
import type { RunningSystem } from "./running-system.ts";
import { type Call, caller, waitFor } from "./testing.ts";

let erp: RunningSystem;
let call: Call;
const order = {
  CustomerNumber: "17850",
  CustomerReference: "R-1",
  Lines: [{ ItemNumber: "A", Quantity: 1, NetPrice: 1 }],
};

beforeAll(async () => {
  erp = await startErp();
  call = caller(erp.url, { APIKey: credentials.erp.apiKey });
});
afterAll(() => erp.stop());
beforeEach(async () => {
  await erp.reset();
  const seed = { customers: [{ CustomerNumber: "17850", Name: "C" }], items: [{ ItemNumber: "A" }] };
  await call("POST", "/control/seed", seed);
});

async function orderCount(): Promise<number> {
  const { body } = await call("GET", "/control/health");
  return body.counts.salesOrders;
}

describe("fault switches of a system", () => {
  it("down cuts every native request and leaves the control routes", async () => {
    await call("POST", "/control/faults", { kind: "down" });
    await expect(call("POST", "/odata/v4/SalesOrders", order)).rejects.toThrow();
    await expect(call("GET", "/odata/v4/SalesOrders")).rejects.toThrow();
    expect(await orderCount()).toBe(0);
    await call("DELETE", "/control/faults?kind=down");
    expect((await call("POST", "/odata/v4/SalesOrders", order)).status).toBe(201);
  });

  it("a window starts and ends by itself", async () => {
    erp.faults.set({ kind: "down", from: 400, to: 900 });
    expect((await call("GET", "/odata/v4/SalesOrders")).status).toBe(200);
    await delay(500);
    await expect(call("GET", "/odata/v4/SalesOrders")).rejects.toThrow();
    await delay(500);
    expect((await call("GET", "/odata/v4/SalesOrders")).status).toBe(200);
    expect(erp.faults.list()).toEqual([{ kind: "down", from: 400, to: 900, state: "over" }]);
  });

  it("two windows of one kind do not replace each other", async () => {
    erp.faults.set({ kind: "500", to: 100 }, { kind: "500", from: 500 });
    expect(erp.faults.active("500")).toBeDefined();
    await delay(200);
    expect(erp.faults.active("500")).toBeUndefined();
    await delay(400);
    expect(erp.faults.active("500")).toBeDefined();
  });

  it("429 says when to come back and 500 says nothing, both before any effect", async () => {
    erp.faults.set({ kind: "429", ms: 2500 });
    const limited = await call("POST", "/odata/v4/SalesOrders", order);
    expect(limited.status).toBe(429);
    expect(limited.headers.get("retry-after")).toBe("3");
    erp.faults.clear();
    erp.faults.set({ kind: "500" });
    const failed = await call("POST", "/odata/v4/SalesOrders", order);
    expect([failed.status, failed.body.error.code]).toEqual([500, "INTERNAL"]);
    expect(await orderCount()).toBe(0);
  });

  it("timeoutAfterEffect keeps the answer back although the order is made, and a second try makes another", async () => {
    erp.faults.set({ kind: "timeoutAfterEffect", ms: 150 });
    const started = Date.now();
    await expect(call("POST", "/odata/v4/SalesOrders", order)).rejects.toThrow();
    expect(Date.now() - started).toBeGreaterThanOrEqual(140);
    expect(await orderCount()).toBe(1);
    const looked = await call("GET", "/odata/v4/SalesOrders?$filter=CustomerReference eq 'R-1'");
    expect(looked.body.value).toHaveLength(1);
    erp.faults.clear();
    await call("POST", "/odata/v4/SalesOrders", order);
    expect(await orderCount()).toBe(2);
  });

  it("malformed cuts the content of a whole answer", async () => {
    erp.faults.set({ kind: "malformed" });
    const answer = await call("POST", "/odata/v4/SalesOrders", order);
    expect(answer.status).toBe(201);
    expect(answer.text.length).toBeGreaterThan(10);
    expect(answer.body).toBeUndefined();
    expect(await orderCount()).toBe(1);
  });

  it("slow delays, and a share of the requests is hit by probability, the same for the same seed", async () => {
    erp.faults.set({ kind: "slow", ms: 120 });
    const started = Date.now();
    await call("GET", "/odata/v4/SalesOrders");
    expect(Date.now() - started).toBeGreaterThanOrEqual(110);
    erp.faults.clear();
    const runs = [];
    for (let run = 0; run < 2; run += 1) {
      const system = await startErp({ seed: 42 });
      system.faults.set({ kind: "500", probability: 0.3 });
      const hits = Array.from({ length: 200 }, () => system.faults.hit("500") !== undefined);
      await system.stop();
      runs.push(hits);
    }
    expect(runs[0]).toEqual(runs[1]);
    const share = runs[0]?.filter(Boolean).length ?? 0;
    expect(share).toBeGreaterThan(30);
    expect(share).toBeLessThan(90);
  });

  it("refuses a fault it does not know and a probability above 1", async () => {
    expect((await call("POST", "/control/faults", { kind: "earthquake" })).status).toBe(400);
    expect((await call("POST", "/control/faults", { kind: "500", probability: 2 })).status).toBe(400);
    expect((await call("POST", "/control/settings", { billingDelay: 1 })).status).toBe(400);
    expect(erp.faults.list()).toEqual([]);
  });

  it("reset forgets data, faults and settings", async () => {
    await call("POST", "/odata/v4/SalesOrders", order);
    await call("POST", "/control/settings", { billingDelayMs: 5 });
    erp.faults.set({ kind: "slow", ms: 10 });
    await call("POST", "/control/reset");
    expect(await orderCount()).toBe(0);
    expect((await call("GET", "/control/settings")).body).toEqual({ billingDelayMs: 200 });
    expect(erp.faults.list()).toEqual([]);
  });

  it("counts what was asked of it", async () => {
    const before = (await call("GET", "/control/requests")).body["POST /odata/v4/SalesOrders 201"] ?? 0;
    await call("POST", "/odata/v4/SalesOrders", order);
    const after = await waitFor("the counter", async () => (await call("GET", "/control/requests")).body);
    expect(after["POST /odata/v4/SalesOrders 201"]).toBe(before + 1);
  });
});

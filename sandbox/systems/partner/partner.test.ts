import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller, waitFor } from "../simulation/testing.ts";
import type { PartnerEvent } from "./fulfilment-centre.ts";
import { startPartner } from "./start.ts";

let partner: RunningSystem;
let call: Call;

beforeAll(async () => {
  partner = await startPartner();
  call = caller(partner.url, { "x-api-key": credentials.partner.apiKey });
});
afterAll(() => partner.stop());
beforeEach(async () => {
  await partner.reset();
  await call("POST", "/control/settings", {
    ratePerSecond: 100_000,
    burst: 100_000,
    pickDelayMs: 20,
    shipDelayMs: 20,
    deliverDelayMs: 20,
    waveLinesMax: 1,
  });
  await call("POST", "/control/seed", { items: ["A", "B"].map((sku) => ({ sku, quantity: 10, held: 1 })) });
});

function body(...quantities: Array<[string, number]>) {
  const items = quantities.map(([sku, qty], index) => ({ clientLine: String(index + 1), sku, qty }));
  return { recipient: { name: "A shop", country: "GB" }, serviceLevel: "STANDARD", items };
}

const put = (clientRef: string, content: unknown) => call("PUT", `/v2/fulfilments/${clientRef}`, content);

async function events(since = ""): Promise<PartnerEvent[]> {
  return (await call("GET", `/v2/events?since=${since}`)).body.events;
}

function until(kind: string, count = 1): Promise<PartnerEvent[]> {
  return waitFor(`${count} ${kind}`, async () => {
    const found = (await events()).filter((event) => event.kind === kind);
    return found.length >= count ? found : undefined;
  });
}

async function stock(sku: string) {
  const net = (await call("GET", "/v2/stock")).body.items.find((item: { sku: string }) => item.sku === sku);
  const report = (await call("GET", "/v2/reports/inventory")).body.items.find(
    (item: { sku: string }) => item.sku === sku,
  );
  return { ...report, ...net };
}

describe("the 3PL's rate limit", () => {
  it("lets a burst through, then answers 429 with Retry-After, and fills again", async () => {
    await call("POST", "/control/settings", { ratePerSecond: 10, burst: 50 });
    // A bucket that was larger is cut to the new size with the next request.
    const answers = await Promise.all(Array.from({ length: 90 }, () => call("GET", "/v2/events")));
    const limited = answers.filter((answer) => answer.status === 429);
    expect(limited.length).toBeGreaterThan(20);
    expect(limited.length).toBeLessThanOrEqual(40);
    expect(limited[0]?.headers.get("retry-after")).toBe("1");
    expect(limited[0]?.body.code).toBe("rateLimited");
    await delay(1050);
    const later = await Promise.all(Array.from({ length: 9 }, () => call("GET", "/v2/events")));
    expect(later.every((answer) => answer.status === 200)).toBe(true);
  });

  it("refuses a wrong key", async () => {
    const answer = await caller(partner.url, { "x-api-key": "guess" })("GET", "/v2/events");
    expect([answer.status, answer.body.code]).toEqual([401, "apiKeyInvalid"]);
  });
});

describe("fulfilments of the 3PL", () => {
  it("makes one of the same PUT twice and refuses another content under the reference", async () => {
    const first = await put("O-1", body(["A", 2]));
    const again = await put("O-1", body(["A", 2]));
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.fulfilmentId).toBe(first.body.fulfilmentId);
    const other = await put("O-1", body(["A", 3]));
    expect([other.status, other.body.code]).toEqual([409, "contentMismatch"]);
    expect((await put("O-2", body(["Z", 1]))).body.code).toBe("skuUnknown");
    expect((await call("GET", "/v2/fulfilments/O-2")).status).toBe(404);
    expect((await call("GET", "/v2/fulfilments")).body).toMatchObject({ total: 1, page: 1 });
  });

  it("takes a reference with a slash in it", async () => {
    expect((await put("O%2F1", body(["A", 1]))).body.clientRef).toBe("O/1");
    expect((await call("GET", "/v2/fulfilments/O%2F1")).status).toBe(200);
  });

  it("tells each dispatch alone, in its own words, and ends delivered", async () => {
    await put("O-1", body(["A", 2], ["B", 12]));
    await until("POD", 2);
    const kinds = (await events()).map((event) => event.kind);
    expect(kinds.filter((kind) => kind !== "POD")).toEqual(["RCVD", "WIP", "DSP", "DSP", "SHRT"]);
    const dispatches = await until("DSP", 2);
    expect(dispatches.map((event) => event.items)).toEqual([
      [{ clientLine: "1", sku: "A", qty: 2 }],
      [{ clientLine: "2", sku: "B", qty: 10 }],
    ]);
    expect(new Set(dispatches.map((event) => event.dispatchId)).size).toBe(2);
    expect(dispatches.map((event) => event.complete)).toEqual([false, true]);
    const [short] = await until("SHRT");
    expect(short?.items).toEqual([{ clientLine: "2", sku: "B", shortQty: 2 }]);
    expect((await call("GET", "/v2/fulfilments/O-1")).body.status).toBe("POD");
  });

  it("cancels as often as asked while received, not once in work", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 2000 });
    await put("O-1", body(["A", 2]));
    expect((await call("DELETE", "/v2/fulfilments/O-1")).body.status).toBe("CXL");
    expect((await call("DELETE", "/v2/fulfilments/O-1")).status).toBe(200);
    expect(await until("CXL")).toHaveLength(1);
    await call("POST", "/control/settings", { pickDelayMs: 20 });
    await put("O-2", body(["A", 2]));
    await until("WIP");
    const late = await call("DELETE", "/v2/fulfilments/O-2");
    expect([late.status, late.body.code]).toEqual([409, "inProgress"]);
  });
});

describe("events and stock of the 3PL", () => {
  it("reads the feed behind a cursor without a gap", async () => {
    for (let order = 1; order <= 4; order += 1) await put(`O-${order}`, body(["A", 1]));
    await until("POD", 4);
    const seen: number[] = [];
    let cursor = "";
    for (;;) {
      const { body: page } = await call("GET", `/v2/events?since=${cursor}&limit=3`);
      seen.push(...page.events.map((event: PartnerEvent) => event.eventNo));
      cursor = page.cursor;
      if (!page.more) break;
    }
    expect(seen).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
    expect(await events(cursor)).toEqual([]);
    expect((await call("GET", "/v2/events?since=17")).body.code).toBe("cursorInvalid");
    partner.faults.set({ kind: "duplicateWebhooks" }, { kind: "reorderWebhooks" });
    const disturbed = await call("GET", "/v2/events?limit=10");
    const numbers = disturbed.body.events.map((event: PartnerEvent) => event.eventNo);
    expect(numbers).toHaveLength(20);
    expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
    expect(disturbed.body.cursor).toBe("ev-10");
  });

  it("shows stock net of its own allocations from the moment an order is taken", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 700 });
    await put("O-1", body(["A", 7]));
    expect(await stock("A")).toMatchObject({
      qty: 3,
      physicalQty: 10,
      allocatedQty: 7,
      eventNo: 1,
      quarantineQty: 1,
    });
    await put("O-2", body(["A", 7]));
    const taken = (await events()).filter((event) => event.kind === "RCVD");
    expect(taken[1]?.items).toEqual([{ clientLine: "1", sku: "A", qty: 7, allocatedQty: 3 }]);
    expect(await stock("A")).toMatchObject({ qty: 0, physicalQty: 10, allocatedQty: 10 });
    await call("DELETE", "/v2/fulfilments/O-1");
    expect(await stock("A")).toMatchObject({ qty: 7, allocatedQty: 3 });
    const [dispatched] = await until("DSP");
    expect(dispatched?.items).toEqual([{ clientLine: "1", sku: "A", qty: 7 }]);
    expect(await stock("A")).toMatchObject({
      qty: 3,
      physicalQty: 3,
      allocatedQty: 0,
      eventNo: dispatched?.eventNo,
    });
  });

  it("says what was counted, received and returned", async () => {
    await call("POST", "/control/adjust", { sku: "A", change: -4, reason: "DAMAGE" });
    await call("PUT", "/v2/inbound-notices/PO-1", { items: [{ clientLine: "10", sku: "A", qty: 5 }] });
    await call("POST", "/control/receive", { reference: "PO-1" });
    const notice = { clientRef: "O-1", items: [{ clientLine: "1", sku: "B", qty: 2 }] };
    expect((await call("PUT", "/v2/return-notices/RMA-1", notice)).status).toBe(201);
    expect((await call("PUT", "/v2/return-notices/RMA-1", notice)).status).toBe(200);
    await call("POST", "/control/receive-return", { reference: "RMA-1", condition: "held" });
    expect((await call("PUT", "/v2/return-notices/RMA-1", notice)).body.status).toBe("received");
    const [adjusted, received, returned] = await events();
    expect(adjusted).toMatchObject({
      kind: "INV_ADJ",
      sku: "A",
      qtyChange: -4,
      bucket: "good",
      reason: "DAMAGE",
    });
    expect(received).toMatchObject({ kind: "INB_RCVD", reference: "PO-1", announced: true });
    expect(received?.items).toEqual([{ clientLine: "10", sku: "A", qty: 5, bucket: "good" }]);
    expect(returned).toMatchObject({ kind: "RTN_RCVD", reference: "RMA-1", clientRef: "O-1" });
    expect(returned?.items).toEqual([{ clientLine: "1", sku: "B", qty: 2, bucket: "quarantine" }]);
    expect(await stock("A")).toMatchObject({ physicalQty: 11 });
    expect(await stock("B")).toMatchObject({ physicalQty: 10, quarantineQty: 3 });
  });

  it("works on after an outage and answers late creates the same", async () => {
    await put("O-1", body(["A", 1]));
    partner.faults.set({ kind: "down" });
    await delay(100);
    await expect(put("O-1", body(["A", 1]))).rejects.toThrow();
    partner.faults.clear();
    await until("POD");
    partner.faults.set({ kind: "timeoutAfterEffect", ms: 50 });
    await expect(put("O-2", body(["A", 1]))).rejects.toThrow();
    partner.faults.clear();
    expect((await put("O-2", body(["A", 1]))).status).toBe(200);
  });
});

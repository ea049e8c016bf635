import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller, type Receiver, startReceiver, waitFor } from "../simulation/testing.ts";
import type { EastEvent } from "./shapes.ts";
import { startEast } from "./start.ts";

let east: RunningSystem;
let call: Call;
let receiver: Receiver;

beforeAll(async () => {
  east = await startEast();
  call = caller(east.url, { authorization: `Bearer ${credentials.east.token}` });
});
afterAll(() => east.stop());
beforeEach(async () => {
  await east.reset();
  receiver = await startReceiver();
  await call("PUT", "/api/subscription", { url: receiver.url });
  await call("POST", "/control/settings", {
    pickDelayMs: 20,
    shipDelayMs: 20,
    deliverDelayMs: 20,
    waveLinesMax: 2,
  });
  const items = ["A", "B", "C"].map((sku) => ({ sku, quantity: 10, held: 1 }));
  await call("POST", "/control/seed", { items });
});
afterEach(() => receiver.stop());

type Quantities = Array<[string, number]>;

function outbound(externalOrderNo: string, quantities: Quantities, more: Record<string, unknown> = {}) {
  const lines = quantities.map(([sku, qty], index) => ({ lineNo: index + 1, sku, qty }));
  return { externalOrderNo, shipTo: { name: "A shop", country: "GB" }, lines, ...more };
}

function send(body: unknown, requestId: string) {
  return call("POST", "/api/outbound", body, { "x-request-id": requestId });
}

async function events(after = 0): Promise<EastEvent[]> {
  return (await call("GET", `/api/events?after=${after}`)).body.items;
}

function until(type: string, count = 1): Promise<EastEvent[]> {
  return waitFor(`${count} ${type}`, async () => {
    const found = (await events()).filter((event) => event.type === type);
    return found.length >= count ? found : undefined;
  });
}

function pushed(count: number) {
  return waitFor(`${count} webhooks`, () =>
    receiver.received.length >= count ? receiver.received : undefined,
  );
}

describe("outbound orders of EAST", () => {
  it("answers the same request id with the same order, and another body under it with 409", async () => {
    const first = await send(outbound("O-1", [["A", 2]]), "r-1");
    const again = await send(outbound("O-1", [["A", 2]]), "r-1");
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("x-idempotent-replay")).toBe("true");
    const reused = await send(outbound("O-1", [["A", 3]]), "r-1");
    expect([reused.status, reused.body.error]).toEqual([409, "request_id_reused"]);
    expect((await call("GET", "/api/outbound?externalOrderNo=O-1")).body.items).toHaveLength(1);
  });

  it("does not know an order number again: another request id is another outbound order", async () => {
    await send(outbound("O-1", [["A", 2]]), "r-1");
    await send(outbound("O-1", [["A", 2]]), "r-2");
    expect((await call("GET", "/api/outbound?externalOrderNo=O-1")).body.items).toHaveLength(2);
  });

  it("forgets a request id after its time", async () => {
    await call("POST", "/control/settings", { idempotencyWindowMs: 40 });
    await send(outbound("O-1", [["A", 1]]), "r-1");
    await delay(60);
    await send(outbound("O-1", [["A", 1]]), "r-1");
    expect((await call("GET", "/api/outbound?externalOrderNo=O-1")).body.items).toHaveLength(2);
  });

  it("keeps the id of a refused request free for the mended one", async () => {
    const refused = await send(outbound("O-1", [["Z", 1]]), "r-1");
    expect([refused.status, refused.body.error]).toEqual([422, "unknown_sku"]);
    expect((await send(outbound("O-1", [["A", 1]]), "r-1")).status).toBe(201);
    expect((await call("POST", "/api/outbound", outbound("O-2", [["A", 1]]))).body.error).toBe(
      "request_id_missing",
    );
    expect((await send(outbound("O-2", [["A", 1.5]]), "r-2")).status).toBe(400);
  });

  it("ships in cartons, each message naming all cartons so far, and numbers its events without a gap", async () => {
    await send(
      outbound("O-1", [
        ["A", 1],
        ["B", 2],
        ["C", 3],
      ]),
      "r-1",
    );
    const shipped = await until("outbound.shipped", 2);
    await until("outbound.delivered", 2);
    const cartons = shipped.map(
      (event) => event.data.cartons as Array<{ cartonNo: string; lines: unknown[] }>,
    );
    expect(cartons.map((list) => list.length)).toEqual([1, 2]);
    expect(cartons[1]?.[0]).toEqual(cartons[0]?.[0]);
    expect(cartons[1]?.[1]?.lines).toMatchObject([{ lineNo: 3, sku: "C", qty: 3 }]);
    expect(cartons[0]?.[0]?.cartonNo).toMatch(/^\d{18}$/);
    expect(shipped.map((event) => event.data.complete)).toEqual([false, true]);
    const all = await events();
    expect(all.map((event) => event.seq)).toEqual(all.map((_, index) => index + 1));
    const body = (await call("GET", "/api/outbound?externalOrderNo=O-1")).body.items[0];
    expect(body).toMatchObject({
      status: "shipped",
      lines: [{ shippedQty: 1 }, { shippedQty: 2 }, { shippedQty: 3 }],
    });
  });

  it("ships what there is and reports the rest short", async () => {
    await send(
      outbound("O-1", [
        ["A", 15],
        ["B", 1],
      ]),
      "r-1",
    );
    const [short] = await until("outbound.short");
    expect(short?.data.lines).toEqual([{ lineNo: 1, sku: "A", orderedQty: 15, shippedQty: 10, shortQty: 5 }]);
    expect(await until("outbound.shipped")).toHaveLength(1);
  });

  it("cancels before the pick, with an event, and refuses after it", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 2000 });
    const { outboundId } = (await send(outbound("O-1", [["A", 1]]), "r-1")).body;
    expect((await call("POST", `/api/outbound/${outboundId}/cancel`)).body.status).toBe("cancelled");
    expect((await call("POST", `/api/outbound/${outboundId}/cancel`)).body.error).toBe("already_cancelled");
    expect(await until("outbound.cancelled")).toMatchObject([{ data: { externalOrderNo: "O-1" } }]);
    await call("POST", "/control/settings", { pickDelayMs: 20 });
    const late = (await send(outbound("O-2", [["A", 1]]), "r-2")).body;
    await until("outbound.picked");
    const refused = await call("POST", `/api/outbound/${late.outboundId}/cancel`);
    expect([refused.status, refused.body.error]).toEqual([409, "already_picked"]);
  });
});

describe("stock of EAST", () => {
  it("is physical: picked goods count until they are shipped, and names the event that changed it", async () => {
    await call("POST", "/control/settings", { shipDelayMs: 600 });
    await send(outbound("O-1", [["A", 4]]), "r-1");
    await until("outbound.picked");
    const figure = async () =>
      (await call("GET", "/api/stock")).body.items.find((item: { sku: string }) => item.sku === "A");
    expect(await figure()).toMatchObject({ onHand: 10, held: 1, seq: 0 });
    const [shipped] = await until("outbound.shipped");
    expect(await figure()).toMatchObject({ onHand: 6, seq: shipped?.seq });
  });

  it("reads a frozen set over its pages, with one control count, while things move on", async () => {
    const first = (await call("GET", "/api/stock?limit=2")).body;
    expect(first).toMatchObject({ controlCount: 3, asOfSeq: 0 });
    await call("POST", "/control/adjust", { sku: "C", change: -3, reason: "DAMAGE" });
    await call("POST", "/control/adjust", { sku: "D", change: 3, reason: "FOUND" });
    const second = (await call("GET", `/api/stock?limit=2&cursor=${first.nextCursor}`)).body;
    expect(second.snapshotId).toBe(first.snapshotId);
    expect(second.nextCursor).toBeNull();
    expect(second.items).toMatchObject([{ sku: "C", onHand: 10, seq: 0 }]);
    const fresh = (await call("GET", "/api/stock")).body;
    expect(fresh).toMatchObject({ controlCount: 4, asOfSeq: 2 });
    expect((await call("GET", "/api/stock?cursor=none.5")).status).toBe(410);
  });

  it("reports counts, receipts and returns as they came, announced or not", async () => {
    await call("POST", "/control/adjust", { sku: "A", change: -1, condition: "held", reason: "SCRAP" });
    const announce = { reference: "PO-1", lines: [{ lineNo: 10, sku: "A", qty: 5 }] };
    await call("POST", "/api/inbound", announce, { "x-request-id": "i-1" });
    await call("POST", "/control/receive", { reference: "PO-1" });
    const advice = { rma: "RMA-1", externalOrderNo: "O-1", lines: [{ lineNo: 1, sku: "B", qty: 2 }] };
    await call("POST", "/api/returns", advice, { "x-request-id": "i-2" });
    await call("POST", "/control/receive-return", { reference: "RMA-1", condition: "held" });
    await call("POST", "/control/receive-return", { reference: "BLIND", lines: [{ sku: "C", quantity: 1 }] });
    expect((await call("GET", "/api/inbound")).body.items).toMatchObject([
      { reference: "PO-1", status: "received" },
    ]);
    expect((await call("GET", "/api/returns")).body.items).toMatchObject([
      { rma: "RMA-1", externalOrderNo: "O-1" },
    ]);
    expect((await call("POST", "/control/receive", { reference: "PO-1" })).status).toBe(409);
    expect((await call("POST", "/control/receive", { reference: "PO-9" })).status).toBe(404);
    const all = await events();
    expect(all.map((event) => event.type)).toEqual([
      "stock.adjusted",
      "inbound.received",
      "return.received",
      "return.received",
    ]);
    expect(all[0]?.data).toMatchObject({
      sku: "A",
      delta: -1,
      status: "HELD",
      onHandAfter: 10,
      heldAfter: 0,
    });
    expect(all[1]?.data).toMatchObject({ reference: "PO-1", announced: true });
    expect(all[1]?.data.lines).toEqual([{ lineNo: 10, sku: "A", qty: 5, status: "AVAILABLE" }]);
    expect(all[2]?.data).toMatchObject({ rma: "RMA-1", externalOrderNo: "O-1" });
    expect(all[2]?.data.lines).toEqual([{ lineNo: 1, sku: "B", qty: 2, disposition: "HOLD" }]);
    expect(all[3]?.data).toMatchObject({ rma: "BLIND", externalOrderNo: null, announced: false });
    const items = (await call("GET", "/api/stock")).body.items;
    expect(items.map((item: { onHand: number; held: number }) => [item.onHand, item.held])).toEqual([
      [15, 0],
      [10, 3],
      [11, 1],
    ]);
  });
});

describe("webhooks of EAST", () => {
  it("are signed over the time and the very bytes sent", async () => {
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    const [message] = await pushed(1);
    const header = String(message?.headers["x-east-signature"]);
    const [, timestamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const expected = createHmac("sha256", credentials.east.webhookSecret)
      .update(`${timestamp}.${message?.text}`)
      .digest("hex");
    expect(signature).toBe(expected);
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(5);
    expect(JSON.parse(message?.text ?? "")).toMatchObject({ seq: 1, type: "stock.adjusted" });
  });

  it("are tried again when refused, and given up after the fourth time, but stay in the event list", async () => {
    receiver.answers.push(500, 503);
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    await pushed(3);
    expect(new Set(receiver.received.map((message) => message.text)).size).toBe(1);
    receiver.answers.push(500, 500, 500, 500);
    await call("POST", "/control/adjust", { sku: "B", change: 1 });
    await waitFor("giving up", async () => {
      const { counts } = (await call("GET", "/control/health")).body;
      return counts["webhooks.givenUp"] === 1 ? true : undefined;
    });
    expect(receiver.received).toHaveLength(7);
    expect(await events(1)).toMatchObject([{ seq: 2, type: "stock.adjusted" }]);
  });

  it("come twice, late or not at all when told so", async () => {
    east.faults.set({ kind: "duplicateWebhooks" });
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    await pushed(2);
    expect(receiver.received[0]?.text).toBe(receiver.received[1]?.text);
    east.faults.clear();
    east.faults.set({ kind: "reorderWebhooks", ms: 200 });
    for (let change = 0; change < 20; change += 1)
      await call("POST", "/control/adjust", { sku: "A", change: 1 });
    const numbers = (await pushed(22)).slice(2).map((message) => JSON.parse(message.text).seq);
    expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(20);
    east.faults.clear();
    east.faults.set({ kind: "dropWebhooks" });
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    await delay(50);
    expect(receiver.received).toHaveLength(22);
    expect(await events(21)).toHaveLength(1);
  });

  it("come cut when told so, and whole once the receiver refuses them", async () => {
    east.faults.set({ kind: "malformed", to: 100 });
    receiver.answers.push(400);
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    const messages = await pushed(2);
    expect(() => JSON.parse(messages[0]?.text ?? "")).toThrow();
    expect(JSON.parse(messages[1]?.text ?? "")).toMatchObject({ seq: 1 });
  });

  it("wait, with the work on the floor, while the system is down", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 300 });
    await send(outbound("O-1", [["A", 1]]), "r-1");
    east.faults.set({ kind: "down" });
    await delay(450);
    expect(receiver.received).toHaveLength(0);
    east.faults.clear();
    await pushed(3);
    const types = receiver.received.map((message) => JSON.parse(message.text).type);
    expect(types).toEqual(["outbound.picked", "outbound.shipped", "outbound.delivered"]);
  });

  it("wait for a receiver that is away for a moment", async () => {
    await receiver.stop();
    await call("POST", "/control/adjust", { sku: "A", change: 1 });
    await delay(50);
    expect((await call("GET", "/control/health")).body.counts["webhooks.failed"]).toBeGreaterThan(0);
    expect(await events()).toHaveLength(1);
    receiver = await startReceiver();
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller, type Receiver, startReceiver, waitFor } from "../simulation/testing.ts";
import { startPortal } from "./start.ts";

let portal: RunningSystem;
let call: Call;
let receiver: Receiver;

beforeAll(async () => {
  portal = await startPortal();
  call = caller(portal.url, { authorization: `Token ${credentials.portal.token}` });
});
afterAll(() => portal.stop());
beforeEach(async () => {
  await portal.reset();
  receiver = await startReceiver();
  await call("PUT", "/api/push-target", { url: receiver.url });
});
afterEach(() => receiver.stop());

const basket = {
  buyer: { code: "17850", name: "A shop", country: "United Kingdom" },
  poNumber: "PO-1",
  items: [{ articleNo: "85123A", qty: 6, unitPrice: "2.555" }],
  charges: [{ kind: "carriage", label: "POSTAGE", amount: "18.00" }],
};

async function checkout(change: Record<string, unknown> = {}): Promise<string> {
  const answer = await call("POST", "/api/checkout", { ...basket, ...change });
  expect(answer.status).toBe(201);
  return answer.body.orderNo;
}

const read = async (orderNo: string) => (await call("GET", `/api/orders/${orderNo}`)).body;

function pushed(count: number) {
  return waitFor(`${count} pushes`, () =>
    receiver.received.length >= count ? receiver.received : undefined,
  );
}

function acknowledged(orderNo: string) {
  return waitFor("the acknowledgement", async () => ((await read(orderNo)).acknowledged ? true : undefined));
}

describe("orders of the portal", () => {
  it("are pushed with the shared token and acknowledged by a 2xx", async () => {
    const orderNo = await checkout();
    const [message] = await pushed(1);
    expect(message?.headers["x-tradefront-token"]).toBe(credentials.portal.webhookToken);
    const body = JSON.parse(message?.text ?? "");
    expect(body).toMatchObject({
      event: "order.placed",
      order: { orderNo, poNumber: "PO-1", total: "33.330000" },
    });
    expect(body.order.acknowledged).toBeUndefined();
    await acknowledged(orderNo);
  });

  it("are pushed again until somebody takes them, and stay listed meanwhile", async () => {
    receiver.answers.push(500, 404, 302);
    const orderNo = await checkout();
    await pushed(1);
    expect((await call("GET", "/api/orders")).body.orders).toMatchObject([{ orderNo, acknowledged: false }]);
    await pushed(4);
    await acknowledged(orderNo);
    const ids = receiver.received.map((message) => JSON.parse(message.text).deliveryId);
    expect(new Set(ids).size).toBe(1);
  });

  it("are two when the button is pressed twice", async () => {
    expect(await checkout()).not.toBe(await checkout());
    expect((await call("GET", "/api/orders")).body.total).toBe(2);
  });

  it("come to a new subscriber when nobody has taken them before, and only then", async () => {
    await portal.reset();
    const waiting = await checkout();
    expect(receiver.received).toHaveLength(0);
    await call("PUT", "/api/push-target", { url: receiver.url });
    await pushed(1);
    await acknowledged(waiting);
    await call("PUT", "/api/push-target", { url: receiver.url });
    await delay(50);
    expect(receiver.received).toHaveLength(1);
  });

  it("are taken with whatever is wrong in them", async () => {
    const orderNo = await checkout({
      buyer: {},
      items: [
        { articleNo: "", qty: -3, unitPrice: "" },
        { articleNo: "nowhere", qty: 0, unitPrice: "-1.5" },
      ],
      charges: [],
    });
    const order = await read(orderNo);
    expect(order.buyer).toEqual({ code: null, name: null, country: null });
    expect(order.items.map((item: { pos: number }) => item.pos)).toEqual([1, 2]);
  });

  it("are listed by time, page by page", async () => {
    for (let made = 0; made < 5; made += 1) await checkout();
    await delay(3);
    const since = new Date().toISOString();
    const last = await checkout();
    expect((await call("GET", `/api/orders?since=${since}`)).body.orders).toMatchObject([{ orderNo: last }]);
    const page = (await call("GET", "/api/orders?perPage=4&page=2")).body;
    expect([page.orders.length, page.pages, page.total]).toEqual([2, 2, 6]);
    expect((await call("GET", "/api/orders?perPage=501")).status).toBe(400);
    expect((await caller(portal.url)("GET", "/api/orders")).status).toBe(401);
  });

  it("keep every status they are told, the last one as theirs", async () => {
    const orderNo = await checkout();
    for (const status of ["CONFIRMED", "SHIPPED", "SHIPPED"]) {
      await call("POST", `/api/orders/${orderNo}/status`, { status, note: "parcel 1" });
    }
    const order = await read(orderNo);
    expect(order.status).toBe("SHIPPED");
    expect(order.statusHistory.map((entry: { status: string }) => entry.status)).toEqual([
      "CONFIRMED",
      "SHIPPED",
      "SHIPPED",
    ]);
    expect((await call("POST", "/api/orders/TF-9/status", { status: "X" })).status).toBe(404);
  });

  it("bring cancel and return requests after them", async () => {
    const orderNo = await checkout();
    await call("POST", `/api/orders/${orderNo}/cancel-request`, { reason: "changed mind" });
    const wrong = await call("POST", `/api/orders/${orderNo}/return-request`, {
      items: [{ pos: 2, qty: 1 }],
    });
    expect([wrong.status, wrong.body.error.type]).toEqual([422, "unknownPosition"]);
    await call("POST", `/api/orders/${orderNo}/return-request`, { items: [{ pos: 1, qty: 2 }] });
    await pushed(3);
    const bodies = receiver.received.map((message) => JSON.parse(message.text));
    const requests = bodies.filter((body) => body.request).map((body) => [body.event, body.request.orderNo]);
    expect(requests.sort()).toEqual([
      ["order.cancelRequested", orderNo],
      ["return.requested", orderNo],
    ]);
    expect((await call("GET", "/api/return-requests")).body.requests[0].items).toEqual([
      { pos: 1, articleNo: "85123A", qty: 2 },
    ]);
    expect((await call("GET", "/api/cancel-requests")).body.total).toBe(1);
  });
});

describe("stock of the portal", () => {
  it("is set absolutely and answered row by row, and a bad row costs the others nothing", async () => {
    const rows = [
      { articleNo: "A", sellable: 5 },
      { articleNo: "", sellable: 5 },
      { articleNo: "B", sellable: -1 },
      { articleNo: "C", sellable: "7" },
      null,
      { articleNo: "D", sellable: 0, expectedOn: "2026-12-01" },
    ];
    const answer = await call("POST", "/api/stock/bulk", { rows });
    expect(answer.body.accepted).toBe(2);
    expect(
      answer.body.results.map((result: { ok: boolean; error?: string }) => result.error ?? result.ok),
    ).toEqual([true, "badRow", "badSellable", "badSellable", "badRow", true]);
    await call("POST", "/api/stock/bulk", { rows: [{ articleNo: "A", sellable: 3 }] });
    expect((await call("GET", "/api/stock/A")).body).toMatchObject({ sellable: 3, updates: 2 });
    expect((await call("GET", "/api/stock")).body).toMatchObject({
      total: 2,
      stock: [{ articleNo: "A" }, { articleNo: "D" }],
    });
  });

  it("takes 500 rows and refuses 501 as a whole; some rows fail when told so", async () => {
    const rows = Array.from({ length: 501 }, (_, index) => ({ articleNo: `A${index}`, sellable: index }));
    expect((await call("POST", "/api/stock/bulk", { rows })).status).toBe(413);
    expect((await call("GET", "/api/stock")).body.total).toBe(0);
    portal.faults.set({ kind: "rowErrors", probability: 0.2 });
    const { body } = await call("POST", "/api/stock/bulk", { rows: rows.slice(0, 500) });
    expect(body.accepted).toBeGreaterThan(300);
    expect(body.accepted).toBeLessThan(490);
    expect((await call("GET", "/api/stock")).body.total).toBe(body.accepted);
  });
});

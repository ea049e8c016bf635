import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noCodes } from "../../../src/connector/codes.ts";
import type { AvailabilityPayload, ConnectorSession, NativeMessage } from "../../../src/connector/index.ts";
import { addMs, timeFromEpochMs } from "../../../src/core/time.ts";
import { credentials } from "../../systems/credentials.ts";
import { startPortal } from "../../systems/portal/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import {
  type Call,
  caller,
  type Receiver,
  startReceiver,
  waitFor,
} from "../../systems/simulation/testing.ts";
import { drain, eventsOf, openDeclared, outbound, Receipts, send, testContext } from "../testing.ts";
import { tradefront } from "./index.ts";

let portal: RunningSystem;
let call: Call;
let receiver: Receiver;
let session: ConnectorSession;
const context = testContext("portal");

beforeAll(async () => {
  portal = await startPortal();
  call = caller(portal.url, { authorization: `Token ${credentials.portal.token}` });
});
afterAll(async () => {
  await portal.stop();
  await context.close();
});
beforeEach(async () => {
  await portal.reset();
  session = open();
  receiver = await startReceiver();
  await call("PUT", "/api/push-target", { url: receiver.url });
  return () => receiver.stop();
});

function open(more: { pageMax?: number; takeFrom?: string; token?: string } = {}): ConnectorSession {
  const { token, webhookToken } = credentials.portal;
  return openDeclared(tradefront({ url: portal.url, token, webhookToken, ...more }), context);
}

const basket = {
  buyer: { code: "17850", name: "A shop", country: "United Kingdom" },
  poNumber: "PO-1",
  items: [{ articleNo: "85123A", title: "HOLDER", qty: 6, unitPrice: "2.555" }],
  charges: [{ kind: "carriage", label: "POSTAGE", amount: "18.00" }],
};

async function checkout(change: Record<string, unknown> = {}): Promise<string> {
  const answer = await call("POST", "/api/checkout", { ...basket, ...change });
  expect(answer.status).toBe(201);
  return answer.body.orderNo;
}

const pushed = (count: number) =>
  waitFor(`${count} pushes`, () => (receiver.received.length >= count ? receiver.received : undefined));

/** As the gateway takes a request: verified, split. */
function take(text: string, headers: Record<string, string | string[] | undefined>): NativeMessage[] {
  const webhook = session.webhooks!.events!;
  const body = Buffer.from(text);
  webhook.verify(headers, body, context.now());
  return webhook.split(body, headers);
}

const poll = () => session.polls!.shop!;
const request = (orderNo: string, kind: "cancel" | "return", body: unknown = {}) =>
  call("POST", `/api/orders/${orderNo}/${kind}-request`, body);

describe("what buyers do", () => {
  it("is one identity however often it is pushed, and whether it is pushed or listed", async () => {
    portal.faults.set({ kind: "duplicateWebhooks" });
    receiver.answers.push(500, 500);
    const orderNo = await checkout();
    const received = await pushed(4);
    const receipts = new Receipts();
    const fresh = receipts.take(received.flatMap(({ text, headers }) => take(text, headers)));
    expect(fresh).toMatchObject([{ topic: "orders", id: orderNo }]);
    await call("POST", `/api/orders/${orderNo}/status`, { status: "CONFIRMED" });
    const { body } = await call("GET", "/api/orders");
    expect(body.orders[0].status).toBe("CONFIRMED");
    // As a list shows it that nobody has acknowledged.
    const listed = { ...body.orders[0], acknowledged: false };
    expect(
      receipts.take(take(JSON.stringify({ event: "order.placed", order: listed }), received[0]!.headers)),
    ).toEqual([]);
    expect([receipts.duplicates, receipts.conflicts]).toEqual([received.length, []]);
    expect(eventsOf(session, fresh[0]!)).toMatchObject([
      {
        type: "order.submitted",
        data: {
          orderId: orderNo,
          customer: { id: "17850", name: "A shop", country: "GB" },
          purchaseOrder: "PO-1",
          currency: "GBP",
          lines: [{ lineId: "1", sku: "85123A", quantity: "6", price: "2.555", description: "HOLDER" }],
          charges: [{ chargeId: "charge-1", kind: "freight", description: "POSTAGE", amount: "18" }],
        },
      },
    ]);
  });

  it("is read where its push was lost, and is the same as a push that comes late", async () => {
    receiver.answers.push(...Array.from({ length: 50 }, () => 500));
    const first = await checkout();
    portal.faults.set({ kind: "dropWebhooks" });
    const second = await checkout({ items: [{ ...basket.items[0], qty: 1.5e1 }] });
    portal.faults.clear();
    const { messages, cursor } = await drain(poll());
    expect(messages.map(({ id }) => id)).toEqual([first, second]);
    const [late] = await pushed(1);
    const receipts = new Receipts();
    receipts.take(messages);
    expect(receipts.take(take(late!.text, late!.headers))).toEqual([]);
    expect(receipts.conflicts).toEqual([]);
    expect((await drain(poll(), cursor)).messages).toEqual([]);
  });

  it("is not read again where it was acknowledged, nor what was there before us", async () => {
    const orderNo = await checkout();
    await waitFor("the acknowledgement", async () =>
      (await call("GET", `/api/orders/${orderNo}`)).body.acknowledged ? true : undefined,
    );
    expect((await drain(poll())).messages).toEqual([]);
    receiver.answers.push(...Array.from({ length: 50 }, () => 500));
    await checkout();
    const again = await poll().read(
      poll().since!("2000-01-01T00:00:00.000000Z"),
      new AbortController().signal,
    );
    expect(again.messages).toEqual((await poll().read(null, new AbortController().signal)).messages);
    const later = open({ takeFrom: addMs(timeFromEpochMs(Date.now()), 60_000) });
    expect((await drain(later.polls!.shop!)).messages).toEqual([]);
    expect((await drain(poll())).messages).toHaveLength(1);
  });

  it("is read to the last order over small pages, also of one millisecond", async () => {
    receiver.answers.push(...Array.from({ length: 500 }, () => 500));
    session = open({ pageMax: 3 });
    const numbers: string[] = [];
    const receipts = new Receipts();
    let cursor: string | null = null;
    for (let round = 0; round < 6; round += 1) {
      numbers.push(...(await Promise.all(Array.from({ length: 10 }, () => checkout()))));
      const read = await drain(poll(), cursor);
      receipts.take(read.messages);
      ({ cursor } = read);
    }
    expect([...receipts.messages.values()].map(({ id }) => id).sort()).toEqual(numbers.sort());
    expect(receipts.duplicates).toBe(0);
  });

  it("puts a request behind its order, though the shop pushed it first", async () => {
    portal.faults.set({ kind: "reorderWebhooks", ms: 400 });
    const orderNo = await checkout();
    await request(orderNo, "cancel", { reason: "changed mind", items: [{ pos: 1, qty: 2 }] });
    await request(orderNo, "cancel");
    await request(orderNo, "return", { items: [{ pos: 1, qty: 1 }] });
    const { messages, cursor } = await drain(poll());
    expect(messages[0]).toMatchObject({ topic: "orders", id: orderNo });
    const events = messages.slice(-3).map((message) => eventsOf(session, message)[0]!);
    expect(events).toMatchObject([
      {
        type: "order.cancellation.requested",
        data: {
          orderId: orderNo,
          reason: "changed mind",
          lines: [{ lineId: "1", sku: "85123A", quantity: "2" }],
        },
      },
      { type: "order.cancellation.requested", data: { orderId: orderNo } },
      {
        type: "return.requested",
        data: { orderId: orderNo, lines: [{ lineId: "1", sku: "85123A", quantity: "1" }] },
      },
    ]);
    expect(events[1]!.data).not.toHaveProperty("lines");
    expect((await drain(poll(), cursor)).messages).toEqual([]);
    const received = await pushed(4);
    const noted = received
      .flatMap(({ text, headers }) => take(text, headers))
      .filter(({ topic }) => topic === "notices");
    expect(noted.map((message) => session.map(message, noCodes))).toEqual(
      Array.from({ length: 3 }, () => ({ ignored: expect.stringContaining("behind") })),
    );
  });

  it("lets good lines go on beside bad rows, and holds an order without a buyer as it stands", async () => {
    receiver.answers.push(...Array.from({ length: 50 }, () => 500));
    const items = [
      { articleNo: "85123A", qty: 6, unitPrice: "2.55" },
      { articleNo: "M", title: "Manual", qty: 1, unitPrice: "5" },
      { articleNo: "22423", qty: -1, unitPrice: "12.75" },
      { articleNo: "22423", qty: 1, unitPrice: "0.00" },
      { articleNo: "22423", qty: 1, unitPrice: "free" },
      { articleNo: "gift_0001", qty: 0, unitPrice: "" },
      { articleNo: "22423", qty: 0.5, unitPrice: "1" },
      { articleNo: "POST", title: "POSTAGE", qty: 2, unitPrice: "18.125" },
      { articleNo: "23444", title: "Next Day Carriage", qty: 1, unitPrice: "15" },
    ];
    await checkout({ items, charges: [{ kind: "surcharge", amount: "x" }] });
    await checkout({ items, buyer: {}, charges: [] });
    await checkout({ items: items.slice(1, 3), charges: [{ kind: "carriage", amount: "5" }] });
    await checkout({ items: items.slice(7), buyer: {}, charges: [] });
    const { messages } = await drain(poll());
    const rejected = (index: number) =>
      eventsOf(session, messages[index]!)
        .filter(({ type }) => type === "order.row.rejected")
        .map(({ data }) => data as { rows: string[]; category: string })
        .map(({ rows, category }) => [...rows, category]);
    expect(eventsOf(session, messages[0]!)[0]!.data).toMatchObject({
      lines: [{ lineId: "1" }],
      charges: [
        { chargeId: "8", kind: "freight", amount: "36.25" },
        { chargeId: "9", kind: "freight", amount: "15" },
      ],
    });
    expect(rejected(0)).toEqual([
      ["2", "code"],
      ["3", "quantity"],
      ["4", "price"],
      ["5", "price"],
      ["6", "code"],
      ["7", "quantity"],
      ["charge-1", "price"],
    ]);
    const [held] = eventsOf(session, messages[1]!);
    expect(held!.data).not.toHaveProperty("customer");
    expect(held!.data).toMatchObject({
      lines: [{ lineId: "1" }, { lineId: "2", sku: "M" }, { lineId: "4", price: "0" }],
      charges: [{ chargeId: "8" }, { chargeId: "9" }],
    });
    expect(rejected(1).map(([row]) => row)).toEqual(["3", "5", "6", "7"]);
    // Nothing of it can be taken: there is no order, and each row is for a person all the same.
    expect(eventsOf(session, messages[2]!)).toHaveLength(3);
    expect(rejected(2)).toEqual([
      ["1", "code"],
      ["2", "quantity"],
      ["charge-1", "code"],
    ]);
    expect(eventsOf(session, messages[3]!)[0]!.data).toMatchObject({
      lines: [{ sku: "POST" }, { sku: "23444" }],
    });
  });

  it("is believed only with the shop's token, and taken only whole", async () => {
    const body = JSON.stringify({ event: "order.placed", deliveryId: "d", order: { orderNo: "TF-1" } });
    const token = credentials.portal.webhookToken;
    for (const given of [undefined, "", "wrong", `${token}x`, token.slice(0, -1), [token, token]]) {
      expect(() => take(body, { "x-tradefront-token": given })).toThrow(
        expect.objectContaining({ code: "webhook.unsigned" }),
      );
    }
    const malformed = expect.objectContaining({ code: "webhook.malformed" });
    for (const text of ["", "[]", body.slice(0, 30), "{}", '{"event":"order.placed"}']) {
      expect(() => take(text, { "x-tradefront-token": token })).toThrow(malformed);
    }
    const [message] = take('{"event":"something","deliveryId":"d"}', { "x-tradefront-token": token });
    expect(session.map(message!, noCodes)).toEqual({
      failed: "There is no event something.",
      path: "$.event",
    });
  });
});

describe("what the shop is told", () => {
  const level = (sku: string, quantity: string) =>
    outbound("inventory.availability", `main/${sku}`, {
      company: "main",
      sku,
      unit: "EA",
      quantity,
      asOf: "",
    } satisfies AvailabilityPayload);
  const stock = async () =>
    (await call("GET", "/api/stock?perPage=500")).body.stock as { articleNo: string; sellable: number }[];

  it("is what it may sell, in whole pieces, row by row", async () => {
    const answers = await send(session, [
      level("A", "5"),
      level("", "5"),
      level("B", "2.999"),
      level("C", "0"),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["done", "unknown", "done", "done"]);
    expect((await stock()).map(({ articleNo, sellable }) => [articleNo, sellable])).toEqual([
      ["A", 5],
      ["B", 2],
      ["C", 0],
    ]);
  });

  it("is told again only where a row failed, until all 500 stand", async () => {
    portal.faults.set({ kind: "rowErrors", probability: 0.1 });
    let waiting = Array.from({ length: 500 }, (_, index) => level(`A${index}`, String(index)));
    const left: number[] = [];
    while (waiting.length > 0) {
      const answers = await send(session, waiting);
      expect(answers.filter(({ kind }) => kind !== "done" && kind !== "busy")).toEqual([]);
      waiting = waiting.filter((_, index) => answers[index]!.kind !== "done");
      left.push(waiting.length);
    }
    expect(left[0]).toBeGreaterThan(20);
    expect(left[0]).toBeLessThan(90);
    const rows = (await call("GET", "/api/stock?perPage=500")).body.stock;
    expect(rows).toHaveLength(500);
    expect(rows.every((row: { updates: number }) => row.updates === 1)).toBe(true);
  });

  it("is not taken for told where the answer was lost, cut or refused", async () => {
    for (const [kind, answered] of [
      ["timeoutAfterEffect", "unknown"],
      ["malformed", "unknown"],
      ["500", "ill"],
      ["429", "busy"],
    ] as const) {
      portal.faults.set({ kind });
      expect((await send(session, [level("A", "1")]))[0]?.kind).toBe(answered);
      portal.faults.clear();
    }
    const stranger = open({ token: "wrong" });
    expect((await send(stranger, [level("A", "1")]))[0]?.kind).toBe("denied");
    await expect(stranger.health(new AbortController().signal)).rejects.toThrow(/notAuthorized/);
    await session.health(new AbortController().signal);
  });

  it("is how an order stands, the last word counting", async () => {
    const orderNo = await checkout();
    const status = (word: string, shipments: unknown[] = []) =>
      outbound("order.status", `main/${orderNo}`, {
        company: "main",
        orderId: orderNo,
        reference: orderNo,
        status: word,
        lines: [
          {
            lineId: "1",
            sku: "85123A",
            quantity: "6",
            backordered: "0",
            shipped: "6",
            invoiced: "0",
            cancelled: "0",
            returned: "0",
          },
        ],
        shipments,
      });
    expect((await send(session, [status("released")]))[0]?.kind).toBe("done");
    const parcel = {
      shipmentId: "LS1",
      carrier: "WESTHAUL",
      tracking: "",
      shippedAt: "2026-11-24T07:00:00.000000Z",
      deliveredAt: "",
    };
    expect((await send(session, [status("shipped", [parcel])]))[0]).toEqual({
      kind: "done",
      reference: orderNo,
    });
    const order = (await call("GET", `/api/orders/${orderNo}`)).body;
    expect([order.status, order.statusHistory.length]).toEqual(["SHIPPED", 2]);
    expect(order.statusHistory[1]).toMatchObject({
      note: "Parcels: LS1 (WESTHAUL)",
      lines: [{ pos: 1, qty: 6, shipped: 6 }],
    });
    const unknown = outbound("order.status", "main/X", {
      ...(status("held").payload as object),
      orderId: "TF-404",
    });
    expect((await send(session, [unknown]))[0]).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("TF-404"),
    });
  });

  it("counts its orders of a time", async () => {
    const from = timeFromEpochMs(Date.now() - 5);
    const numbers = [await checkout(), await checkout()];
    const to = timeFromEpochMs(Date.now() + 5);
    expect(await session.census!({ from, to })).toEqual([{ domain: "order", ids: numbers, poll: "shop" }]);
    expect(await session.census!({ from: addMs(from, -1000), to: from })).toEqual([
      { domain: "order", ids: [], poll: "shop" },
    ]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noCodes } from "../../../src/connector/codes.ts";
import type { ConnectorSession } from "../../../src/connector/index.ts";
import { addMs, timeFromEpochMs } from "../../../src/core/time.ts";
import { credentials } from "../../systems/credentials.ts";
import { startCrm } from "../../systems/crm/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller } from "../../systems/simulation/testing.ts";
import { drain, eventsOf, openDeclared, outbound, Receipts, send, testContext } from "../testing.ts";
import { relata } from "./index.ts";

let crm: RunningSystem;
let call: Call;
let session: ConnectorSession;
let account: string;
const context = testContext("crm");

beforeAll(async () => {
  crm = await startCrm();
});
afterAll(async () => {
  await crm.stop();
  await context.close();
});
beforeEach(async () => {
  await crm.reset();
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: credentials.crm.clientId,
    client_secret: credentials.crm.clientSecret,
  });
  const granted = await fetch(`${crm.url}/oauth/token`, { method: "POST", body: form });
  const { access_token } = (await granted.json()) as { access_token: string };
  call = caller(crm.url, { authorization: `Bearer ${access_token}` });
  const accounts = [{ name: "A shop", account_number: "17850", billing_country: "EIRE" }];
  account = (await call("POST", "/control/seed", { accounts })).body.accounts[0].id;
  session = open();
});

function open(more: { pageMax?: number; takeFrom?: string; clientSecret?: string } = {}): ConnectorSession {
  const { clientId, clientSecret } = credentials.crm;
  return openDeclared(relata({ url: crm.url, clientId, clientSecret, ...more }), context);
}

const line = { product_code: "85123A", description: "HOLDER", quantity: 6, unit_price: 2.555 };

async function order(more: Record<string, unknown> = {}): Promise<string> {
  const made = await call("POST", "/services/data/orders", { account_id: account, lines: [line], ...more });
  expect(made.status).toBe(201);
  return made.body.id;
}

const change = async (id: string, body: unknown) =>
  expect((await call("PATCH", `/services/data/orders/${id}`, body)).status).toBe(204);
const read = async (id: string) => (await call("GET", `/services/data/orders/${id}`)).body;
const poll = () => session.polls!.orders!;
const requests = async () => (await call("GET", "/control/requests")).body as Record<string, number>;

const status = (orderId: string, word: string) =>
  outbound("order.status", `main/${orderId}`, {
    company: "main",
    orderId,
    reference: "",
    status: word,
    lines: [
      {
        lineId: "1",
        sku: "85123A",
        quantity: "6",
        backordered: "2",
        shipped: "4",
        invoiced: "0",
        cancelled: "0",
        returned: "0",
      },
    ],
    shipments: [
      {
        shipmentId: "LS1",
        carrier: "WESTHAUL",
        tracking: "",
        shippedAt: "2026-11-24T07:00:00.000000Z",
        deliveredAt: "",
      },
    ],
  });

describe("orders of account managers", () => {
  it("are submitted once they are activated, whose they are included", async () => {
    const draft = await order({ stage: "draft" });
    const id = await order({ customer_po: "PO-1" });
    let { messages, cursor } = await drain(poll());
    expect(session.map(messages[0]!, noCodes)).toEqual({ ignored: "A draft is no order yet." });
    const lineId = (await read(id)).lines[0].id;
    expect(eventsOf(session, messages[1]!)).toMatchObject([
      {
        type: "order.submitted",
        data: {
          orderId: id,
          reference: "00000002",
          customer: { id: "17850", name: "A shop", country: "IE" },
          purchaseOrder: "PO-1",
          currency: "GBP",
          lines: [{ lineId, sku: "85123A", description: "HOLDER", quantity: "6", price: "2.555" }],
        },
      },
    ]);
    await change(draft, { stage: "activated" });
    ({ messages, cursor } = await drain(poll(), cursor));
    expect(eventsOf(session, messages[0]!)[0]!.data).toMatchObject({ orderId: draft });
    expect((await drain(poll(), cursor)).messages).toEqual([]);
  });

  it("do not come again as other documents when a status touches them, in this process or another", async () => {
    const id = await order();
    const receipts = new Receipts();
    const first = await drain(poll());
    expect(receipts.take(first.messages)).toHaveLength(1);
    for (const word of ["accepted", "partially-shipped"]) {
      expect(await send(session, [status(id, word)])).toEqual([{ kind: "done", reference: id }]);
    }
    expect(await read(id)).toMatchObject({
      fulfilment_status: "partially_shipped",
      fulfilment_detail: "4 of 6 shipped, 2 backordered; LS1 WESTHAUL",
    });
    receipts.take((await drain(poll(), first.cursor)).messages);
    receipts.take((await drain(open().polls!.orders!)).messages);
    expect([receipts.messages.size, receipts.duplicates, receipts.conflicts]).toEqual([1, 2, []]);
  });

  it("lose nothing of several changes in one second", async () => {
    const receipts = new Receipts();
    const ids: string[] = [];
    let cursor: string | null = null;
    const endsAt = Date.now() + 1_500;
    while (Date.now() < endsAt) {
      const id = await order();
      ids.push(id);
      if (ids.length % 3 === 0) await change(id, { cancel_requested: true, cancel_reason: `reason ${id}` });
      const batch = await drain(poll(), cursor);
      receipts.take(batch.messages);
      ({ cursor } = batch);
      if (ids.length % 3 === 1) await change(id, { cancel_requested: true, cancel_reason: `reason ${id}` });
    }
    receipts.take((await drain(poll(), cursor)).messages);
    const of = (topic: string) => [...receipts.messages.values()].filter((one) => one.topic === topic);
    expect(new Set(of("orders").map(({ id }) => id.split("+")[0]))).toEqual(new Set(ids));
    expect(of("cancel-requests")).toHaveLength(ids.filter((_, index) => (index + 1) % 3 !== 2).length);
    expect(receipts.conflicts).toEqual([]);
  });

  it("are taken whole, over pages, while records move to the end and tokens end", async () => {
    session = open({ pageMax: 5 });
    const ids = new Set<string>();
    for (let made = 0; made < 23; made += 1) ids.add(await order());
    const [moved] = ids;
    const receipts = new Receipts();
    let cursor: string | null = null;
    for (let reads = 0; ; reads += 1) {
      const page = await poll().read(cursor, new AbortController().signal);
      receipts.take(page.messages);
      ({ cursor } = page);
      if (reads === 1) await change(moved!, { cancel_requested: true });
      if (reads === 2) {
        // A page token that the CRM does not know any more.
        cursor = cursor.replace(/"token":"[^"]*"/, '"token":"gone"');
        await call("POST", "/control/expire-tokens");
      }
      if (!page.more) break;
    }
    const found = [...receipts.messages.values()];
    expect(
      new Set(found.filter(({ topic }) => topic === "orders").map(({ id }) => id.split("+")[0])),
    ).toEqual(ids);
    expect(found.filter(({ topic }) => topic === "cancel-requests")).toHaveLength(1);
    expect(receipts.conflicts).toEqual([]);
  });

  it("say once what is to be cancelled, until it is taken back and asked for again", async () => {
    const id = await order();
    const receipts = new Receipts();
    let { cursor } = await drain(poll());
    const next = async () => {
      const batch = await drain(poll(), cursor);
      ({ cursor } = batch);
      return receipts.take(batch.messages).filter(({ topic }) => topic === "cancel-requests");
    };
    await change(id, { cancel_requested: true, cancel_reason: "too late" });
    const [asked] = await next();
    expect(eventsOf(session, asked!)).toMatchObject([
      { type: "order.cancellation.requested", data: { orderId: id, reason: "too late" } },
    ]);
    await send(session, [status(id, "cancelled")]);
    expect(await next()).toEqual([]);
    await change(id, { cancel_requested: false });
    expect(await next()).toEqual([]);
    await change(id, { cancel_requested: true });
    expect(await next()).toHaveLength(1);
    expect(receipts.conflicts).toEqual([]);
  });

  it("bring each return once, by its number and our lines", async () => {
    const id = await order();
    const lineId = (await read(id)).lines[0].id;
    const asked = await call("POST", `/services/data/orders/${id}/returns`, {
      reason: "broken",
      lines: [{ line_id: lineId, quantity: 2 }],
    });
    const receipts = new Receipts();
    const { messages, cursor } = await drain(poll());
    receipts.take(messages);
    expect(messages.map(({ topic }) => topic)).toEqual(["orders", "return-requests"]);
    expect(eventsOf(session, messages[1]!)).toMatchObject([
      {
        type: "return.requested",
        data: {
          orderId: id,
          returnId: asked.body.id,
          reason: "broken",
          lines: [{ lineId, sku: "85123A", quantity: "2" }],
        },
      },
    ]);
    await change(id, { customer_po: "PO-1" });
    receipts.take((await drain(poll(), cursor)).messages);
    // The order was changed after it was activated: that is a conflict for a person to see, not another order.
    expect(receipts.conflicts).toHaveLength(1);
    expect(receipts.messages.size).toBe(2);
  });

  it("let good lines go on beside bad rows, freight be a charge, and nobody's order be held", async () => {
    const lines = [
      line,
      { product_code: "M", quantity: 1, unit_price: 5 },
      { product_code: "22423", quantity: 0, unit_price: 5 },
      { product_code: "22423", quantity: 1, unit_price: 0 },
      { product_code: "DOT", description: "DOTCOM POSTAGE", quantity: 1, unit_price: 569.77 },
    ];
    await order({ lines });
    const nobody = await call("POST", "/services/data/accounts", { name: "Nobody" });
    await order({ account_id: nobody.body.id });
    await order({ lines: lines.slice(1, 3) });
    const { messages } = await drain(poll());
    expect(eventsOf(session, messages[0]!)).toMatchObject([
      {
        type: "order.submitted",
        data: {
          lines: [{ sku: "85123A" }],
          charges: [{ kind: "freight", description: "DOTCOM POSTAGE", amount: "569.77" }],
        },
      },
      { type: "order.row.rejected", data: { category: "code" } },
      { type: "order.row.rejected", data: { category: "quantity" } },
      { type: "order.row.rejected", data: { category: "price" } },
    ]);
    expect(eventsOf(session, messages[1]!)[0]!.data).not.toHaveProperty("customer");
    expect(eventsOf(session, messages[2]!).map(({ type }) => type)).toEqual([
      "order.row.rejected",
      "order.row.rejected",
    ]);
    await call("PATCH", `/services/data/accounts/${nobody.body.id}`, { account_number: "99" });
    const again = await drain(open().polls!.orders!);
    expect(again.messages[1]!.id).not.toBe(messages[1]!.id);
    expect(eventsOf(session, again.messages[1]!)[0]!.data).toMatchObject({ customer: { id: "99" } });
  });

  it("are left alone where they were made before the take-over", async () => {
    const id = await order();
    await change(id, { cancel_requested: true });
    const { messages } = await drain(poll());
    const later = open({ takeFrom: addMs(timeFromEpochMs(Date.now()), 60_000) });
    expect((await drain(later.polls!.orders!)).messages).toEqual([]);
    for (const message of messages)
      expect(later.map(message, noCodes)).toEqual({ ignored: expect.stringContaining("before") });
  });

  it("are counted by a time", async () => {
    await order({ stage: "draft" });
    const ids = [await order(), await order()];
    const now = timeFromEpochMs(Date.now());
    const window = { from: addMs(now, -10_000), to: addMs(now, 10_000) };
    expect(await session.census!(window)).toEqual([{ domain: "order", ids }]);
    expect(await session.census!({ from: addMs(now, -60_000), to: addMs(now, -10_000) })).toEqual([
      { domain: "order", ids: [] },
    ]);
  });
});

describe("the token", () => {
  it("is asked for once, and again when it ends in the middle of a run", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => order()));
    await Promise.all(ids.map((id) => send(session, [status(id, "accepted")])));
    const before = (await requests())["POST /oauth/token 200"]!;
    await call("POST", "/control/expire-tokens");
    const answers = await Promise.all(ids.map((id) => send(session, [status(id, "shipped")])));
    expect(answers.flat().map(({ kind }) => kind)).toEqual(ids.map(() => "done"));
    expect((await drain(poll())).messages).toHaveLength(8);
    expect((await requests())["POST /oauth/token 200"]! - before).toBe(1);
  });

  it("is renewed before its time is over", async () => {
    await call("POST", "/control/settings", { tokenTtlMs: 1_000 });
    const refused = (await requests())["GET /services/data/accounts 401"];
    session = open();
    await session.health(new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve, 950));
    await session.health(new AbortController().signal);
    expect((await requests())["GET /services/data/accounts 401"]).toBe(refused);
  });

  it("says denied where the secret is wrong, and never takes a lost answer for a lost note", async () => {
    const id = await order();
    const stranger = open({ clientSecret: "wrong" });
    expect((await send(stranger, [status(id, "held")]))[0]?.kind).toBe("denied");
    await expect(stranger.health(new AbortController().signal)).rejects.toMatchObject({
      code: "http.denied",
    });
    crm.faults.set({ kind: "timeoutAfterEffect" });
    // The token's own answer is lost: no note has left.
    expect((await send(open(), [status(id, "held")]))[0]?.kind).toBe("ill");
    await session.health(new AbortController().signal).catch(() => undefined);
    crm.faults.clear();
    await session.health(new AbortController().signal);
    crm.faults.set({ kind: "timeoutAfterEffect" });
    expect((await send(session, [status(id, "held")]))[0]?.kind).toBe("unknown");
    crm.faults.clear();
    for (const [kind, answered] of [
      ["429", "busy"],
      ["500", "ill"],
      ["down", "unknown"],
    ] as const) {
      crm.faults.set({ kind });
      expect((await send(session, [status(id, "held")]))[0]?.kind).toBe(answered);
      crm.faults.clear();
    }
    const nowhere = {
      ...status(id, "held"),
      payload: { ...(status(id, "held").payload as object), orderId: "801X" },
    };
    expect((await send(session, [nowhere]))[0]).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("NOT_FOUND"),
    });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noCodes } from "../../../src/connector/codes.ts";
import type { ConnectorSession, NativeMessage } from "../../../src/connector/index.ts";
import { addMs, timeFromEpochMs } from "../../../src/core/time.ts";
import { credentials } from "../../systems/credentials.ts";
import { startErp } from "../../systems/erp/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller, waitFor } from "../../systems/simulation/testing.ts";
import { drain, eventsOf, openDeclared, outbound, Receipts, send, testContext } from "../testing.ts";
import { ledgerline } from "./index.ts";

let erp: RunningSystem;
let call: Call;
const context = testContext("erp");

beforeAll(async () => {
  erp = await startErp();
  call = caller(erp.url, { apikey: credentials.erp.apiKey });
});
afterAll(async () => {
  await erp.stop();
  await context.close();
});
beforeEach(async () => {
  await erp.reset();
  await call("POST", "/control/seed", {
    items: [{ ItemNumber: "85123A" }, { ItemNumber: "22423" }],
    customers: [{ CustomerNumber: "17850", Name: "A shop", CountryCode: "GB" }],
  });
});

function open(more: { pageMax?: number; items?: boolean; takeFrom?: string } = {}): ConnectorSession {
  const plants = { EAST: "P100", WEST: "P200", "3PL": "P300" };
  return openDeclared(ledgerline({ url: erp.url, apiKey: credentials.erp.apiKey, plants, ...more }), context);
}

const line = { ItemNumber: "85123A", Quantity: 6, NetPrice: 2.555 };

async function key(more: Record<string, unknown> = {}): Promise<{ ID: number; OrderNumber: string }> {
  const body = { CustomerNumber: "17850", SalesChannel: "COUNTER", Lines: [line], ...more };
  const answer = await call("POST", "/odata/v4/SalesOrders", body);
  expect(answer.status).toBe(201);
  return answer.body;
}

async function book(session: ConnectorSession, orderId: string): Promise<void> {
  const payload = {
    company: "main",
    orderId,
    channel: "portal",
    customer: { id: "17850" },
    purchaseOrder: "",
    currency: "GBP",
    placedAt: "2026-11-24T07:00:00.000000Z",
    lines: [
      {
        lineId: "1",
        sku: "85123A",
        description: "",
        quantity: "6",
        unit: "EA",
        price: "2.555",
        priceUnit: "1",
      },
    ],
    charges: [{ chargeId: "c1", kind: "freight", description: "POSTAGE", amount: "18" }],
  };
  const [answer] = await send(session, [outbound("order.booking", `main/${orderId}`, payload)]);
  expect(answer?.kind).toBe("done");
}

const issue = (order: string, more: Record<string, unknown> = {}) =>
  call("POST", "/odata/v4/GoodsMovements", {
    MovementType: "601",
    Plant: "P100",
    SalesOrder: order,
    DeliveryNote: "N1",
    Lines: [{ ItemNumber: "85123A", Quantity: 6, SalesOrderLine: 10 }],
    ...more,
  });

const resource = async (path: string) => (await call("GET", `/odata/v4/${path}`)).body.value;
const some = (path: string, count = 1) =>
  waitFor(path, async () => {
    const found = await resource(path);
    return found.length >= count ? found : undefined;
  });
const typesOf = (session: ConnectorSession, messages: NativeMessage[]) =>
  messages.flatMap((message) => eventsOf(session, message).map(({ type }) => type));

describe("sales documents", () => {
  it("are submitted once where they were keyed in the ERP, and confirm the booking where they are ours", async () => {
    const session = open();
    await book(session, "CD-1");
    const keyed = await key({
      Lines: [
        line,
        { LineType: "FREIGHT", ItemNumber: "POST", Description: "POSTAGE", Quantity: 1, NetPrice: 15.5 },
      ],
      CustomerPurchaseOrder: "PO-7",
    });
    const { messages, cursor } = await drain(session.polls!.sales!);
    const own = await drain(session.polls!["own-orders"]!);
    const [ours, theirs] = [...own.messages, ...messages].map((message) => eventsOf(session, message)[0]);
    expect(ours).toMatchObject({
      type: "order.booked",
      data: { orderId: "CD-1", system: "erp", document: "SO-100001" },
    });
    expect(theirs).toMatchObject({
      type: "order.submitted",
      data: {
        orderId: keyed.OrderNumber,
        customer: { id: "17850", name: "A shop", country: "GB" },
        purchaseOrder: "PO-7",
        currency: "GBP",
        lines: [{ lineId: "10", sku: "85123A", quantity: "6", unit: "EA", price: "2.555", priceUnit: "1" }],
        charges: [{ chargeId: "20", kind: "freight", description: "POSTAGE", amount: "15.5" }],
        booked: { system: "erp", document: keyed.OrderNumber },
      },
    });
    expect((await drain(session.polls!.sales!, cursor)).messages).toEqual([]);
  });

  it("do not come again as other documents when postings, billing or another process touch them", async () => {
    const session = open();
    const receipts = new Receipts();
    await book(session, "CD-1");
    const keyed = await key();
    const own = await drain(session.polls!["own-orders"]!);
    const first = await drain(session.polls!.sales!);
    expect(receipts.take([...own.messages, ...first.messages])).toHaveLength(2);
    await issue("SO-100001");
    await issue(keyed.OrderNumber);
    await some("Invoices", 2);
    expect(receipts.take((await drain(session.polls!["own-orders"]!, own.cursor)).messages)).toEqual([]);
    const fresh = receipts.take((await drain(session.polls!.sales!, first.cursor)).messages);
    expect(fresh.map(({ topic, id }) => `${topic} ${id}`)).toEqual([
      "invoices INV-900001",
      "invoices INV-900002",
    ]);
    for (const name of ["sales", "own-orders"]) receipts.take((await drain(open().polls![name]!)).messages);
    expect(receipts.conflicts).toEqual([]);
    expect([receipts.messages.size, receipts.duplicates]).toEqual([4, 6]);
  });

  it("keep the good lines of a keyed order and name the bad rows", async () => {
    await call("POST", "/control/seed", { items: [{ ItemNumber: "M" }] });
    const session = open();
    await key({
      Lines: [
        line,
        { ItemNumber: "M", Quantity: 1, NetPrice: 5 },
        { ItemNumber: "22423", Quantity: 2, NetPrice: 0 },
      ],
    });
    const { messages } = await drain(session.polls!.sales!);
    expect(eventsOf(session, messages[0]!)).toMatchObject([
      { type: "order.submitted", data: { lines: [{ lineId: "10" }] } },
      { type: "order.row.rejected", data: { rows: ["20"], category: "code" } },
      { type: "order.row.rejected", data: { rows: ["30"], category: "price" } },
    ]);
  });

  it("leave orders of freight alone and orders from before the take-over in the ERP", async () => {
    const freight = { LineType: "FREIGHT", ItemNumber: "POST", Quantity: 1, NetPrice: 15 };
    await key({ Lines: [freight] });
    await some("Invoices");
    const session = open();
    const { messages } = await drain(session.polls!.sales!);
    expect(messages.map((message) => session.map(message, noCodes))).toEqual([
      { ignored: expect.stringContaining("freight alone") },
      { ignored: expect.stringContaining("freight alone") },
    ]);
    await key();
    const later = open({ takeFrom: addMs(timeFromEpochMs(Date.now()), 60_000) });
    expect((await drain(later.polls!.sales!)).messages).toEqual([]);
    const [order] = (await drain(session.polls!.sales!)).messages.slice(1, 2);
    expect(later.map(order!, noCodes)).toEqual({ ignored: expect.stringContaining("before") });
  });

  it("bring invoices and credits back by our own lines and charges, after their orders", async () => {
    const session = open();
    await book(session, "CD-1");
    await issue("SO-100001");
    const [invoice] = await some("Invoices");
    await call("POST", "/odata/v4/GoodsMovements", {
      MovementType: "651",
      Plant: "P100",
      Lines: [{ ItemNumber: "85123A", Quantity: 1, Invoice: invoice.InvoiceNumber, InvoiceLine: 1 }],
    });
    await some("CreditMemos");
    const { messages } = await drain(open().polls!.sales!);
    expect(messages.map(({ topic }) => topic)).toEqual(["invoices", "credit-memos"]);
    const [posted, credited] = messages.map((message) => eventsOf(session, message)[0]!.data);
    expect(posted).toMatchObject({
      orderId: "CD-1",
      invoice: "INV-900001",
      kind: "invoice",
      currency: "GBP",
      lines: [
        { lineId: "1", sku: "85123A", quantity: "6", unit: "EA", amount: "15.33" },
        { chargeId: "c1", amount: "18" },
      ],
      total: "33.33",
    });
    expect(credited).toMatchObject({
      orderId: "CD-1",
      invoice: "CM-950001",
      kind: "credit",
      lines: [{ lineId: "1", quantity: "-1", amount: "-2.56" }],
      total: "-2.56",
    });
  });

  it("say what is cancelled as totals, once for each change", async () => {
    const session = open();
    const { ID, OrderNumber } = await key({ Lines: [line, { ...line, ItemNumber: "22423" }] });
    let { messages, cursor } = await drain(session.polls!.sales!);
    const patch = (number: number, quantity: number) =>
      call("PATCH", `/odata/v4/SalesOrders(${ID})`, {
        Lines: [{ LineNumber: number, CancelledQuantity: quantity }],
      });
    const next = async () => {
      ({ messages, cursor } = await drain(session.polls!.sales!, cursor));
      return messages
        .filter(({ topic }) => topic === "order-cancellations")
        .map((message) => eventsOf(session, message)[0]!.data);
    };
    await patch(10, 2);
    expect(await next()).toMatchObject([
      {
        orderId: OrderNumber,
        cumulative: true,
        lines: [{ lineId: "10", sku: "85123A", quantity: "2", unit: "EA" }],
      },
    ]);
    await patch(20, 1);
    await patch(10, 3);
    expect(await next()).toMatchObject([
      {
        lines: [
          { lineId: "10", quantity: "3" },
          { lineId: "20", quantity: "1" },
        ],
      },
    ]);
    await issue(OrderNumber, { Lines: [{ ItemNumber: "85123A", Quantity: 1, SalesOrderLine: 10 }] });
    expect(await next()).toEqual([]);
    await call("POST", `/odata/v4/SalesOrders(${ID})/Cancel`);
    expect(await next()).toMatchObject([
      {
        lines: [
          { lineId: "10", quantity: "5" },
          { lineId: "20", quantity: "6" },
        ],
      },
    ]);
  });

  it("are taken whole, over pages, while others change behind the reader", async () => {
    const session = open({ pageMax: 4 });
    const poll = session.polls!.sales!;
    const receipts = new Receipts();
    const numbers = new Set<string>();
    for (let made = 0; made < 30; made += 1) numbers.add((await key()).OrderNumber);
    const [{ ID }] = await resource("SalesOrders?$top=1");
    let cursor: string | null = null;
    for (let reads = 0; ; reads += 1) {
      const read = await poll.read(cursor, new AbortController().signal);
      receipts.take(read.messages);
      cursor = read.cursor;
      if (reads < 5) numbers.add((await key()).OrderNumber);
      if (reads === 3) {
        await call("PATCH", `/odata/v4/SalesOrders(${ID})`, {
          Lines: [{ LineNumber: 10, CancelledQuantity: 1 }],
        });
      }
      if (!read.more && reads > 5) break;
    }
    receipts.take((await drain(poll, cursor)).messages);
    const submitted = [...receipts.messages.values()].filter(({ topic }) => topic === "orders");
    expect(new Set(submitted.map(({ id }) => id.split("+")[0]))).toEqual(numbers);
    expect(
      [...receipts.messages.values()].filter(({ topic }) => topic === "order-cancellations"),
    ).toHaveLength(1);
    expect(receipts.conflicts).toEqual([]);
  });
});

describe("changes in one second", () => {
  it("are all told, also one that is taken back", async () => {
    const session = open();
    const poll = session.polls!["purchase-orders"]!;
    const made = await call("POST", "/odata/v4/PurchaseOrders", {
      SupplierNumber: "S1",
      Lines: [
        { ItemNumber: "85123A", Plant: "P100", Quantity: 20, DueDate: "2027-01-15" },
        { ItemNumber: "22423", Plant: "P300", Quantity: 5, DueDate: "2027-07-01" },
      ],
    });
    const redate = (date: string) =>
      call("PATCH", `/odata/v4/PurchaseOrders(${made.body.ID})`, {
        Lines: [{ LineNumber: 10, DueDate: date }],
      });
    const receipts = new Receipts();
    const dates: unknown[] = [];
    let cursor: string | null = null;
    for (const date of ["2027-01-15", "2027-02-20", "2027-01-15", "2027-01-15", "2027-03-01", "2027-01-15"]) {
      await redate(date);
      const read = await drain(poll, cursor);
      ({ cursor } = read);
      for (const message of receipts.take(read.messages)) dates.push(eventsOf(session, message)[0]!.data);
    }
    expect(receipts.conflicts).toEqual([]);
    expect((dates.at(-1) as { dueAt: string }).dueAt).toBe("2027-01-15T23:59:59.000000Z");
    expect(dates.map((data) => (data as { dueAt: string }).dueAt.slice(0, 10)).join(" ")).toMatch(
      /01-15 2027-02-20 2027-01-15 (2027-01-15 )?2027-03-01 2027-01-15/,
    );
    expect(dates[0]).toMatchObject({
      sku: "85123A",
      location: "EAST",
      document: "PO-700001",
      line: "10",
      quantity: "20",
      unit: "EA",
    });
    await call("POST", `/odata/v4/PurchaseOrders(${made.body.ID})/Cancel`);
    const [last] = (await drain(poll, cursor)).messages;
    const closed = eventsOf(session, last!).map(({ data }) => data as { quantity: string; dueAt: string });
    expect(closed.map(({ quantity }) => quantity)).toEqual(["0", "0"]);
    // Summer time in London.
    expect(closed[1]!.dueAt).toBe("2027-07-01T22:59:59.000000Z");
  });

  it("lose no order, however the polls fall", async () => {
    const session = open();
    const poll = session.polls!.sales!;
    const receipts = new Receipts();
    const numbers: string[] = [];
    let cursor: string | null = null;
    const endsAt = Date.now() + 2_200;
    const keying = (async () => {
      while (Date.now() < endsAt) numbers.push((await key()).OrderNumber);
    })();
    while (Date.now() < endsAt) {
      const read = await poll.read(cursor, new AbortController().signal);
      receipts.take(read.messages);
      ({ cursor } = read);
    }
    await keying;
    receipts.take((await drain(poll, cursor)).messages);
    expect([...receipts.messages.values()].map(({ id }) => id.split("+")[0])).toEqual(numbers);
    expect(receipts.duplicates).toBe(0);
    expect(receipts.conflicts).toEqual([]);
  });

  it("are read again from the same place after a poll that failed half-way", async () => {
    const session = open();
    const poll = session.polls!.sales!;
    await key();
    const { cursor } = await drain(poll);
    await key();
    for (const kind of ["500", "429", "malformed", "down"] as const) {
      erp.faults.set({ kind });
      await expect(poll.read(cursor, new AbortController().signal)).rejects.toThrow();
      erp.faults.clear();
    }
    expect((await drain(poll, cursor)).messages).toHaveLength(1);
  });
});

describe("other readings", () => {
  it("say what unit an item is counted in, where that is wanted", async () => {
    const session = open({ items: true });
    const { messages } = await drain(session.polls!.items!);
    expect(typesOf(session, messages)).toEqual(["inventory.item.defined", "inventory.item.defined"]);
    expect(eventsOf(session, messages[0]!)[0]!.data).toEqual({ sku: "85123A", unit: "EA", ratios: {} });
    expect(open().polls!.items).toBeUndefined();
  });

  it("count the orders of a time, by our numbers", async () => {
    const session = open();
    await book(session, "CD-1");
    const keyed = await key();
    const now = timeFromEpochMs(Date.now());
    const window = { from: addMs(now, -10_000), to: addMs(now, 10_000) };
    expect(await session.census!(window)).toEqual([
      { domain: "order", ids: ["CD-1", keyed.OrderNumber], poll: "sales" },
    ]);
    expect(await session.census!({ from: addMs(now, 5_000), to: addMs(now, 10_000) })).toEqual([
      { domain: "order", ids: [], poll: "sales" },
    ]);
  });
});

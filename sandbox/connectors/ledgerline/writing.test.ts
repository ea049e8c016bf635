import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BookingPayload, ConnectorSession, MovementPayload } from "../../../src/connector/index.ts";
import { credentials } from "../../systems/credentials.ts";
import { startErp } from "../../systems/erp/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller, waitFor } from "../../systems/simulation/testing.ts";
import { checkEvent, deliver, find, openDeclared, outbound, send, testContext } from "../testing.ts";
import { ledgerline } from "./index.ts";

let erp: RunningSystem;
let call: Call;
let session: ConnectorSession;
const context = testContext("erp");

beforeAll(async () => {
  erp = await startErp({ seed: 7 });
  call = caller(erp.url, { apikey: credentials.erp.apiKey });
});
afterAll(async () => {
  await erp.stop();
  await context.close();
});
beforeEach(async () => {
  await erp.reset();
  await call("POST", "/control/seed", {
    items: [{ ItemNumber: "85123A" }, { ItemNumber: "22423" }, { ItemNumber: "71053" }],
    customers: [{ CustomerNumber: "17850", Name: "A shop" }],
    stock: [{ ItemNumber: "85123A", Plant: "P100", Quantity: 100 }],
    purchaseOrders: [
      {
        SupplierNumber: "S1",
        Lines: [{ ItemNumber: "22423", Plant: "P200", Quantity: 20, DueDate: "2027-01-15" }],
      },
    ],
  });
  session = open();
});

function open(apiKey = credentials.erp.apiKey): ConnectorSession {
  const plants = { EAST: "P100", WEST: "P200", "3PL": "P300" };
  return openDeclared(ledgerline({ url: erp.url, apiKey, plants }), context);
}

const booking = (orderId: string, more: Partial<BookingPayload> = {}) =>
  outbound("order.booking", `main/${orderId}`, {
    company: "main",
    orderId,
    channel: "portal",
    customer: { id: "17850", name: "A shop", country: "GB" },
    purchaseOrder: "PO-1",
    currency: "GBP",
    placedAt: "2026-11-24T23:30:00.000000Z",
    lines: [
      {
        lineId: "a",
        sku: "85123A",
        description: "HOLDER",
        quantity: "6",
        unit: "EA",
        price: "2.555",
        priceUnit: "1",
      },
      {
        lineId: "b",
        sku: "22423",
        description: "",
        quantity: "2",
        unit: "EA",
        price: "12.75",
        priceUnit: "1",
      },
    ],
    charges: [{ chargeId: "post", kind: "freight", description: "POSTAGE", amount: "18" }],
    ...more,
  } satisfies BookingPayload);

const movement = (movementId: string, more: Partial<MovementPayload> = {}) =>
  outbound("inventory.movement", movementId, {
    company: "main",
    movementId,
    sku: "85123A",
    location: "EAST",
    status: "available",
    quantity: "-6",
    unit: "EA",
    reason: "issue",
    note: "",
    occurredAt: "2026-11-24T10:00:00.000000Z",
    document: "CD-1",
    order: { orderId: "CD-1", lineId: "a", shipmentId: "N1" },
    ...more,
  } satisfies MovementPayload);

const value = async (path: string) => (await call("GET", `/odata/v4/${path}`)).body.value;
const orders = () => value("SalesOrders");
const movements = () => value("GoodsMovements");
const invoices = (count: number) =>
  waitFor("invoices", async () => {
    const found = await value("Invoices");
    return found.length >= count ? found : undefined;
  });

describe("booking an order", () => {
  it("keeps lines and charges recoverable and answers with the ERP's number", async () => {
    const [answer] = await send(session, [booking("CD-1")]);
    expect(answer).toMatchObject({ kind: "done", reference: "SO-100001" });
    const [order] = await orders();
    expect(order).toMatchObject({
      SalesChannel: "EDI",
      CreatedBy: "CROSSDOCK",
      CustomerReference: "CD-1",
      CustomerPurchaseOrder: "PO-1",
      OrderDate: "2026-11-24",
      Lines: [
        {
          LineNumber: 10,
          ExternalLine: "a",
          Quantity: 6,
          NetPrice: 2.555,
          Unit: "PCE",
          Description: "HOLDER",
        },
        { LineNumber: 20, ExternalLine: "b" },
        { LineNumber: 30, ExternalLine: "post", LineType: "FREIGHT", ItemNumber: "FREIGHT", NetAmount: 18 },
      ],
    });
    const [fact] = (answer as { facts: { type: string; data: unknown }[] }).facts;
    checkEvent(fact!.type, fact!.data);
    expect(fact).toMatchObject({
      type: "order.booked",
      data: { orderId: "CD-1", system: "erp", document: "SO-100001" },
    });
  });

  it("leaves one order where the time ran out after it took effect", async () => {
    erp.faults.set({ kind: "timeoutAfterEffect" });
    const message = booking("CD-1");
    const [answer] = await send(session, [message]);
    expect(answer?.kind).toBe("unknown");
    erp.faults.clear();
    // Another process: nothing is remembered.
    const found = await find(open(), message);
    expect(found).toMatchObject({ kind: "found", reference: "SO-100001", facts: [{ type: "order.booked" }] });
    expect(await orders()).toHaveLength(1);
  });

  it("books each of forty orders once while half of the answers are lost, cut or refused", async () => {
    erp.faults.set(
      { kind: "timeoutAfterEffect", probability: 0.2, ms: 30 },
      { kind: "malformed", probability: 0.15 },
      { kind: "429", probability: 0.1 },
      { kind: "500", probability: 0.1 },
    );
    await Promise.all(Array.from({ length: 40 }, (_, index) => deliver(session, [booking(`CD-${index}`)])));
    erp.faults.clear();
    const references = (await orders()).map(
      (order: { CustomerReference: string }) => order.CustomerReference,
    );
    expect(references).toHaveLength(40);
    expect(new Set(references).size).toBe(40);
  });

  it("does not take another's order with our number for ours", async () => {
    await call("POST", "/odata/v4/SalesOrders", {
      CustomerNumber: "17850",
      CustomerReference: "CD-1",
      SalesChannel: "TELEPHONE",
      Lines: [{ ItemNumber: "85123A", Quantity: 1, NetPrice: 1 }],
    });
    expect(await find(session, booking("CD-1"))).toEqual({ kind: "absent" });
    await send(session, [movement("M1")]).then(([answer]) => expect(answer?.kind).toBe("missing"));
  });

  it("asks for a customer that is missing, and one that exists is as good as made", async () => {
    const stranger = { customer: { id: "99", name: "New", country: "FR" } };
    const [missing] = await send(session, [booking("CD-1", stranger)]);
    expect(missing).toEqual({ kind: "missing", references: [{ domain: "customer", key: "main/99" }] });
    const reference = outbound("customer.reference", "main/99", { company: "main", ...stranger.customer });
    for (const _ of [1, 2])
      expect(await send(session, [reference])).toEqual([{ kind: "done", reference: "99" }]);
    expect(await value("Customers?$filter=CustomerNumber eq '99'")).toMatchObject([
      { Name: "New", CountryCode: "FR" },
    ]);
    expect((await send(session, [booking("CD-1", stranger)]))[0]?.kind).toBe("done");
  });

  it("says why the ERP refuses, as a fact", async () => {
    const line = {
      lineId: "a",
      sku: "99999",
      description: "",
      quantity: "1",
      unit: "EA",
      price: "1",
      priceUnit: "1",
    };
    const [answer] = await send(session, [booking("CD-1", { lines: [line] })]);
    expect(answer).toMatchObject({ kind: "refused", code: "ITEM_NOT_FOUND" });
    const { facts } = answer as { facts: { type: string; data: unknown }[] };
    checkEvent(facts[0]!.type, facts[0]!.data);
    expect(facts[0]).toMatchObject({ type: "order.booking.refused", data: { code: "ITEM_NOT_FOUND" } });
    const cases = [{ ...line, sku: "85123A", unit: "CS" }];
    expect((await send(session, [booking("CD-2", { lines: cases })]))[0]).toMatchObject({
      code: "UNIT_UNKNOWN",
    });
    expect(await orders()).toHaveLength(0);
  });

  it("knows a key that no longer holds, and a busy ERP", async () => {
    erp.faults.set({ kind: "429", ms: 2000 });
    expect((await send(session, [booking("CD-1")]))[0]).toMatchObject({ kind: "busy", retryAfterMs: 2000 });
    erp.faults.clear();
    erp.faults.set({ kind: "down" });
    expect((await send(session, [booking("CD-1")]))[0]?.kind).toBe("unknown");
    erp.faults.clear();
    const other = open("wrong");
    expect((await send(other, [booking("CD-1")]))[0]?.kind).toBe("denied");
    await expect(other.health(new AbortController().signal)).rejects.toThrow(/UNAUTHORIZED/);
    await session.health(new AbortController().signal);
  });
});

describe("posting goods movements", () => {
  it("posts each of a batch by itself, of orders that are ours and keyed, and is billed", async () => {
    await send(session, [booking("CD-1")]);
    const keyed = await call("POST", "/odata/v4/SalesOrders", {
      CustomerNumber: "17850",
      SalesChannel: "COUNTER",
      Lines: [{ ItemNumber: "71053", Quantity: 3, NetPrice: 4 }],
    });
    const answers = await send(open(), [
      movement("M1"),
      movement("M2", {
        sku: "71053",
        quantity: "-3",
        order: { orderId: keyed.body.OrderNumber, lineId: "10", shipmentId: "N2" },
      }),
      movement("M3", { sku: "99999", order: { orderId: "CD-1", lineId: "b", shipmentId: "N1" } }),
      movement("M4", {
        reason: "receipt",
        sku: "22423",
        quantity: "5",
        location: "WEST",
        inbound: { document: "PO-700001", line: "10" },
      }),
      movement("M5", { reason: "adjustment", quantity: "-2", note: "COUNT" }),
      movement("M6", { location: "MOON" }),
      movement("M7", { order: { orderId: "CD-404", lineId: "a" } }),
    ]);
    expect(answers.map((answer) => answer.kind)).toEqual([
      "done",
      "done",
      "refused",
      "done",
      "done",
      "refused",
      "missing",
    ]);
    expect(answers[2]).toMatchObject({ code: "ITEM_NOT_FOUND" });
    expect(answers[6]).toEqual({ kind: "missing", references: [{ domain: "order", key: "main/CD-404" }] });
    expect(await movements()).toMatchObject([
      {
        MovementType: "601",
        ExternalReference: "M1",
        SalesOrder: "SO-100001",
        DeliveryNote: "N1",
        Plant: "P100",
        PostingDate: "2026-11-24",
        Lines: [{ SalesOrderLine: 10 }],
      },
      { MovementType: "601", SalesOrder: "SO-100002", Lines: [{ SalesOrderLine: 10 }] },
      { MovementType: "101", PurchaseOrder: "PO-700001", Lines: [{ PurchaseOrderLine: 10 }] },
      { MovementType: "551", ReasonCode: "COUNT" },
    ]);
    expect(await invoices(2)).toHaveLength(2);
  });

  it("leaves one posting where the time ran out after it took effect", async () => {
    await send(session, [booking("CD-1")]);
    erp.faults.set({ kind: "timeoutAfterEffect" });
    const batch = [movement("M1"), movement("M2", { reason: "adjustment", quantity: "4", note: "FOUND" })];
    expect((await send(session, batch)).map(({ kind }) => kind)).toEqual(["unknown", "unknown"]);
    erp.faults.clear();
    for (const message of batch) expect(await find(open(), message)).toMatchObject({ kind: "found" });
    expect(await movements()).toHaveLength(2);
    expect(await find(session, movement("M3"))).toEqual({ kind: "absent" });
  });

  it("posts each of 200 once while rows are locked and answers are lost", async () => {
    erp.faults.set(
      { kind: "rowErrors", probability: 0.1 },
      { kind: "timeoutAfterEffect", probability: 0.2, ms: 30 },
      { kind: "malformed", probability: 0.2 },
    );
    const all = Array.from({ length: 200 }, (_, index) =>
      movement(`M${index}`, { reason: "adjustment", quantity: "1", note: "FOUND" }),
    );
    await deliver(session, all);
    erp.faults.clear();
    const references = (await movements()).map(
      (posted: { ExternalReference: string }) => posted.ExternalReference,
    );
    expect(references.sort()).toEqual(all.map(({ key }) => key).sort());
    const [row] = await value("StockLedger?$filter=ItemNumber eq '85123A'");
    expect(row.Quantity).toBe(300);
  });

  it("blocks and frees stock, and books reversals and transfers as adjustments", async () => {
    const posted = async (more: Partial<MovementPayload>) => {
      const [answer] = await send(session, [
        movement(`S${JSON.stringify(more)}`, { order: undefined as never, ...more }),
      ]);
      expect(answer?.kind).toBe("done");
      return (await movements()).length;
    };
    expect(await posted({ reason: "status-change", status: "available", quantity: "-3" })).toBe(0);
    expect(await posted({ reason: "adjustment", quantity: "0" })).toBe(0);
    await posted({ reason: "status-change", status: "held", quantity: "3" });
    await posted({ reason: "status-change", status: "held", quantity: "-1" });
    await posted({ reason: "transfer-out", quantity: "-2" });
    await posted({ reason: "transfer-in", quantity: "2", location: "WEST" });
    await posted({ reason: "issue", quantity: "1" });
    await posted({ reason: "damage", quantity: "-1" });
    await posted({ reason: "return", quantity: "2", status: "held" });
    await posted({ reason: "issue", quantity: "-1" });
    expect(
      (await movements()).map((one: { MovementType: string; ReasonCode: string | null }) => [
        one.MovementType,
        one.ReasonCode,
      ]),
    ).toEqual([
      ["344", null],
      ["343", null],
      ["551", "TRANSFER-OUT"],
      ["552", "TRANSFER-IN"],
      ["552", "ISSUE-REVERSED"],
      ["551", "DAMAGED"],
      ["651", null],
      ["601", null],
    ]);
    const [east] = await value("StockLedger?$filter=ItemNumber eq '85123A' and Plant eq 'P100'");
    expect([east.Quantity, east.BlockedQuantity]).toEqual([99, 4]);
  });
});

describe("returns", () => {
  const returned = (movementId: string, quantity: string) =>
    movement(movementId, {
      reason: "return",
      status: "held",
      quantity,
      order: { orderId: "CD-1", lineId: "a" },
    });

  it("wait for the invoice and then cite it, oldest first, and what no invoice covers comes back uncredited", async () => {
    await call("POST", "/control/settings", { billingDelayMs: 60 });
    await send(session, [booking("CD-1")]);
    await send(session, [movement("M1", { quantity: "-4" })]);
    expect((await send(session, [returned("R1", "1")]))[0]).toMatchObject({ kind: "busy" });
    await invoices(1);
    await send(session, [
      movement("M2", { quantity: "-2", order: { orderId: "CD-1", lineId: "a", shipmentId: "N2" } }),
    ]);
    await invoices(2);
    expect((await send(session, [returned("R2", "5")]))[0]?.kind).toBe("done");
    expect((await send(session, [returned("R3", "3")]))[0]?.kind).toBe("done");
    const posted = (await movements()).filter((one: { MovementType: string }) => one.MovementType === "651");
    expect(posted).toMatchObject([
      {
        Lines: [
          { Quantity: 4, Invoice: "INV-900001", InvoiceLine: 1, StockType: "BLOCKED" },
          { Quantity: 1, Invoice: "INV-900002" },
        ],
      },
      {
        Lines: [
          { Quantity: 1, Invoice: "INV-900002" },
          { Quantity: 2, Invoice: null },
        ],
      },
    ]);
    const memos = await waitFor("credit memos", async () => {
      const found = await value("CreditMemos");
      return found.length >= 3 ? found : undefined;
    });
    expect(memos).toHaveLength(3);
  });
});

describe("cancelling in the ledger", () => {
  const cancellation = (
    count: number,
    lines: { lineId: string; sku: string; quantity: string; cancelled?: string }[],
  ) =>
    outbound("order.cancellation", `main/CD-1/cancellation#${count}`, {
      company: "main",
      orderId: "CD-1",
      location: "",
      document: "SO-100001",
      reason: "changed mind",
      lines,
    });
  const cancelled = async () => {
    const [order] = await orders();
    return [
      order.Status,
      ...order.Lines.map((line: { CancelledQuantity: number }) => line.CancelledQuantity),
    ];
  };

  it("sets totals however often it is told, and takes the freight with the last goods", async () => {
    await send(session, [booking("CD-1")]);
    const first = cancellation(1, [{ lineId: "a", sku: "85123A", quantity: "2", cancelled: "2" }]);
    erp.faults.set({ kind: "timeoutAfterEffect" });
    expect((await send(session, [first]))[0]?.kind).toBe("unknown");
    erp.faults.clear();
    for (const _ of [1, 2]) expect((await send(session, [first]))[0]?.kind).toBe("done");
    expect(await cancelled()).toEqual(["Open", 2, 0, 0]);
    const rest = cancellation(2, [
      { lineId: "a", sku: "85123A", quantity: "4", cancelled: "6" },
      { lineId: "b", sku: "22423", quantity: "2", cancelled: "2" },
    ]);
    expect((await send(open(), [rest]))[0]).toEqual({ kind: "done", reference: "SO-100001" });
    expect(await cancelled()).toEqual(["Cancelled", 6, 2, 1]);
  });

  it("is refused where the goods were delivered there, and says so as a fact", async () => {
    await send(session, [booking("CD-1")]);
    await send(session, [movement("M1", { quantity: "-5" })]);
    const [answer] = await send(session, [
      cancellation(1, [{ lineId: "a", sku: "85123A", quantity: "2", cancelled: "2" }]),
    ]);
    expect(answer).toMatchObject({ kind: "refused", code: "QUANTITY_DELIVERED" });
    const { facts } = answer as { facts: { type: string; data: unknown }[] };
    checkEvent(facts[0]!.type, facts[0]!.data);
    expect(facts[0]!.type).toBe("order.cancellation.refused");
  });

  it("never guesses a total, and never touches an order that is not there", async () => {
    const message = cancellation(1, [{ lineId: "a", sku: "85123A", quantity: "2" }]);
    expect((await send(session, [message]))[0]).toMatchObject({ kind: "missing" });
    await send(session, [booking("CD-1")]);
    expect((await send(session, [message]))[0]).toMatchObject({ kind: "refused", code: "TOTAL_MISSING" });
    expect(await cancelled()).toEqual(["Open", 0, 0, 0]);
  });
});

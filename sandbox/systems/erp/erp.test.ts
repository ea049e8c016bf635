import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { credentials } from "../credentials.ts";
import type { RunningSystem } from "../simulation/running-system.ts";
import { type Call, caller, waitFor } from "../simulation/testing.ts";
import type { Invoice } from "./records.ts";
import { startErp } from "./start.ts";

let erp: RunningSystem;
let call: Call;

beforeAll(async () => {
  erp = await startErp();
  call = caller(erp.url, { APIKey: credentials.erp.apiKey });
});
afterAll(() => erp.stop());
beforeEach(async () => {
  await erp.reset();
  await call("POST", "/control/settings", { billingDelayMs: 40 });
  await call("POST", "/control/seed", {
    customers: [{ CustomerNumber: "17850", Name: "A wholesaler" }],
    items: ["A", "B", "C"].map((ItemNumber) => ({ ItemNumber, StandardPrice: 0.335 })),
    stock: [
      { ItemNumber: "A", Plant: "P100", Quantity: 100 },
      { ItemNumber: "A", Plant: "P200", Quantity: 50 },
    ],
  });
});

interface LineInput {
  ItemNumber: string;
  Quantity: number;
  NetPrice: number;
  PriceUnit?: number;
  LineType?: string;
}

async function makeOrder(Lines: LineInput[], more: Record<string, unknown> = {}) {
  const answer = await call("POST", "/odata/v4/SalesOrders", { CustomerNumber: "17850", Lines, ...more });
  expect(answer.status).toBe(201);
  return answer.body;
}

async function issue(
  order: { OrderNumber: string },
  DeliveryNote: string,
  quantities: Record<number, [string, number]>,
) {
  const Lines = Object.entries(quantities).map(([line, [ItemNumber, Quantity]]) => ({
    ItemNumber,
    Quantity,
    SalesOrderLine: Number(line),
  }));
  const body = { MovementType: "601", Plant: "P100", SalesOrder: order.OrderNumber, DeliveryNote, Lines };
  return call("POST", "/odata/v4/GoodsMovements", body);
}

async function list(resource: string, query = ""): Promise<Array<Record<string, unknown>>> {
  return (await call("GET", `/odata/v4/${resource}${query}`)).body.value;
}

function invoices(count: number) {
  return waitFor(`${count} invoices`, async () => {
    const found = await list("Invoices");
    return found.length >= count ? (found as unknown as Invoice[]) : undefined;
  });
}

describe("sales orders", () => {
  it("makes a second order of a second POST, both found under the one reference", async () => {
    const lines = [{ ItemNumber: "A", Quantity: 1, NetPrice: 1 }];
    const first = await makeOrder(lines, { CustomerReference: "O'Brien/1" });
    const second = await makeOrder(lines, { CustomerReference: "O'Brien/1" });
    expect([first.OrderNumber, second.OrderNumber]).toEqual(["SO-100001", "SO-100002"]);
    const found = await list(
      "SalesOrders",
      `?$filter=${encodeURIComponent("CustomerReference eq 'O''Brien/1'")}`,
    );
    expect(found.map((order) => order.ID)).toEqual([first.ID, second.ID]);
  });

  it("refuses an unknown customer and item with their codes and keeps nothing", async () => {
    const lines = [{ ItemNumber: "A", Quantity: 1, NetPrice: 1 }];
    const noCustomer = await call("POST", "/odata/v4/SalesOrders", { CustomerNumber: "999", Lines: lines });
    expect([noCustomer.status, noCustomer.body.error.code]).toEqual([422, "CUST_NOT_FOUND"]);
    const noItem = await call("POST", "/odata/v4/SalesOrders", {
      CustomerNumber: "17850",
      Lines: [...lines, { ItemNumber: "Z", Quantity: 1, NetPrice: 1 }],
    });
    expect([noItem.status, noItem.body.error.code]).toEqual([422, "ITEM_NOT_FOUND"]);
    expect(await list("SalesOrders")).toEqual([]);
    expect((await call("POST", "/odata/v4/Customers", { CustomerNumber: "999", Name: "New" })).status).toBe(
      201,
    );
    expect((await call("POST", "/odata/v4/Customers", { CustomerNumber: "999", Name: "Again" })).status).toBe(
      409,
    );
    expect(
      (await call("POST", "/odata/v4/SalesOrders", { CustomerNumber: "999", Lines: lines })).status,
    ).toBe(201);
  });

  it("wants its key", async () => {
    const answer = await caller(erp.url)("GET", "/odata/v4/SalesOrders");
    expect([answer.status, answer.body.error.code]).toEqual([401, "UNAUTHORIZED"]);
  });

  it("cancels what is open, once", async () => {
    const order = await makeOrder([{ ItemNumber: "A", Quantity: 10, NetPrice: 1 }]);
    await issue(order, "N1", { 10: ["A", 4] });
    const cancelled = await call("POST", `/odata/v4/SalesOrders(${order.ID})/Cancel`);
    expect(cancelled.body.Lines[0]).toMatchObject({ DeliveredQuantity: 4, CancelledQuantity: 6 });
    const again = await call("POST", `/odata/v4/SalesOrders(${order.ID})/Cancel`);
    expect([again.status, again.body.error.code]).toEqual([422, "NOTHING_TO_CANCEL"]);
    await invoices(1);
    expect((await call("GET", `/odata/v4/SalesOrders(${order.ID})`)).body.Status).toBe("Completed");
  });

  it("reduces lines all or none, never below what has left", async () => {
    const order = await makeOrder([
      { ItemNumber: "A", Quantity: 10, NetPrice: 1 },
      { ItemNumber: "B", Quantity: 10, NetPrice: 1 },
    ]);
    await issue(order, "N1", { 20: ["B", 8] });
    const change = (...quantities: number[]) =>
      call("PATCH", `/odata/v4/SalesOrders(${order.ID})`, {
        Lines: quantities.map((CancelledQuantity, index) => ({
          LineNumber: (index + 1) * 10,
          CancelledQuantity,
        })),
      });
    const refused = await change(1, 3);
    expect([refused.status, refused.body.error.code]).toEqual([422, "QUANTITY_DELIVERED"]);
    expect((await call("GET", `/odata/v4/SalesOrders(${order.ID})`)).body.Lines[0].CancelledQuantity).toBe(0);
    expect((await change(1, 2)).status).toBe(200);
    expect((await change(1, 2)).status).toBe(200);
    expect((await change(0, 2)).status).toBe(422);
  });
});

describe("billing", () => {
  it("rounds half up to the penny once a line, where binary floats would not", async () => {
    const order = await makeOrder([
      { ItemNumber: "A", Quantity: 3, NetPrice: 1.955 },
      { ItemNumber: "B", Quantity: 1, NetPrice: 1.005 },
      { ItemNumber: "C", Quantity: 250, NetPrice: 8.333, PriceUnit: 100 },
    ]);
    await issue(order, "N1", { 10: ["A", 3], 20: ["B", 1], 30: ["C", 250] });
    const [invoice] = await invoices(1);
    expect(invoice?.Lines.map((line) => line.NetAmount)).toEqual([5.87, 1.01, 20.83]);
    expect(invoice?.NetAmount).toBe(27.71);
    expect(order.NetAmount).toBe(27.71);
  });

  it("draws one invoice of the issues of one delivery note, and freight only on the first", async () => {
    await call("POST", "/control/settings", { billingDelayMs: 300 });
    const order = await makeOrder([
      { ItemNumber: "A", Quantity: 10, NetPrice: 1 },
      { ItemNumber: "B", Quantity: 5, NetPrice: 2 },
      { ItemNumber: "POST", Quantity: 1, NetPrice: 18, LineType: "FREIGHT" },
    ]);
    await issue(order, "N1", { 10: ["A", 4] });
    await issue(order, "N1", { 10: ["A", 2], 20: ["B", 5] });
    const [first] = await invoices(1);
    expect(first?.Lines.map(({ ItemNumber, Quantity }) => [ItemNumber, Quantity])).toEqual([
      ["A", 6],
      ["B", 5],
      ["POST", 1],
    ]);
    await issue(order, "N2", { 10: ["A", 4] });
    const [, second] = await invoices(2);
    expect(second).toMatchObject({ InvoiceNumber: "INV-900002", DeliveryNote: "N2", NetAmount: 4 });
    const done = (await call("GET", `/odata/v4/SalesOrders(${order.ID})`)).body;
    expect(done.Status).toBe("Completed");
    expect(done.Lines.map((line: { InvoicedQuantity: number }) => line.InvoicedQuantity)).toEqual([10, 5, 1]);
  });

  it("bills the goods twice when they are posted twice", async () => {
    const order = await makeOrder([{ ItemNumber: "A", Quantity: 4, NetPrice: 1 }]);
    await issue(order, "N1", { 10: ["A", 4] });
    await invoices(1);
    await issue(order, "N1", { 10: ["A", 4] });
    expect(await invoices(2)).toHaveLength(2);
    expect((await list("StockLedger", "?$filter=ItemNumber eq 'A' and Plant eq 'P100'"))[0]?.Quantity).toBe(
      92,
    );
  });

  it("bills an order of freight alone, and no order before its goods are posted", async () => {
    await makeOrder([{ ItemNumber: "A", Quantity: 1, NetPrice: 1 }]);
    const freight = await makeOrder([
      { ItemNumber: "DOT", Quantity: 1, NetPrice: 12.5, LineType: "FREIGHT" },
    ]);
    const drawn = await invoices(1);
    expect(drawn.map((invoice) => invoice.SalesOrder)).toEqual([freight.OrderNumber]);
  });

  it("books goods that left against a cancelled line, but bills them only when released", async () => {
    const order = await makeOrder([{ ItemNumber: "A", Quantity: 4, NetPrice: 1 }]);
    await call("POST", `/odata/v4/SalesOrders(${order.ID})/Cancel`);
    const posted = await issue(order, "N1", { 10: ["A", 4] });
    expect(posted.body.Lines[0].BillingStatus).toBe("Blocked");
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await list("Invoices")).toEqual([]);
    expect((await list("StockLedger", "?$filter=ItemNumber eq 'A'"))[0]?.Quantity).toBe(96);
    expect((await call("POST", `/odata/v4/GoodsMovements(${posted.body.ID})/ReleaseBilling`)).status).toBe(
      200,
    );
    expect((await invoices(1))[0]?.NetAmount).toBe(4);
  });

  it("credits a return at the original line's price, never more than was billed", async () => {
    const order = await makeOrder([{ ItemNumber: "A", Quantity: 5, NetPrice: 1.955 }]);
    await issue(order, "N1", { 10: ["A", 5] });
    const [invoice] = await invoices(1);
    const giveBack = (...quantities: number[]) =>
      call("POST", "/odata/v4/GoodsMovements", {
        MovementType: "651",
        Plant: "P100",
        ExternalReference: "RMA-1",
        Lines: quantities.map((Quantity) => ({
          ItemNumber: "A",
          Quantity,
          StockType: "BLOCKED",
          Invoice: invoice?.InvoiceNumber,
          InvoiceLine: 1,
        })),
      });
    expect((await giveBack(3, 3)).body.error.code).toBe("CREDIT_EXCEEDS_INVOICED");
    expect((await giveBack(3)).status).toBe(201);
    expect((await giveBack(3)).body.error.code).toBe("CREDIT_EXCEEDS_INVOICED");
    const memos = await waitFor("the credit memo", async () => {
      const found = await list("CreditMemos");
      return found.length > 0 ? found : undefined;
    });
    expect(memos).toHaveLength(1);
    expect(memos[0]).toMatchObject({
      Invoice: invoice?.InvoiceNumber,
      NetAmount: 5.87,
      ExternalReference: "RMA-1",
    });
    const row = (await list("StockLedger", "?$filter=ItemNumber eq 'A' and Plant eq 'P100'"))[0];
    expect(row).toMatchObject({ Quantity: 98, BlockedQuantity: 3 });
    const keyed = { Invoice: invoice?.InvoiceNumber, Lines: [{ InvoiceLine: 1, Quantity: 2 }] };
    expect((await call("POST", "/odata/v4/CreditMemos", keyed)).body.NetAmount).toBe(3.91);
    expect((await call("POST", "/odata/v4/CreditMemos", keyed)).body.error.code).toBe(
      "CREDIT_EXCEEDS_INVOICED",
    );
  });

  it("waits with the billing run while it is down", async () => {
    await call("POST", "/control/settings", { billingDelayMs: 300 });
    const order = await makeOrder([{ ItemNumber: "A", Quantity: 1, NetPrice: 1 }]);
    await issue(order, "N1", { 10: ["A", 1] });
    erp.faults.set({ kind: "down" });
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect((await call("GET", "/control/health")).body.counts.invoices).toBe(0);
    erp.faults.clear();
    await invoices(1);
  });
});

describe("goods movements and the ledger", () => {
  it("keeps opening plus received minus issued, over every type", async () => {
    const post = (MovementType: string, Quantity: number, more: Record<string, unknown> = {}, line = {}) =>
      call("POST", "/odata/v4/GoodsMovements", {
        MovementType,
        Plant: "P100",
        ReasonCode: "0001",
        ...more,
        Lines: [{ ItemNumber: "A", Quantity, ...line }],
      });
    await post("101", 30);
    await post("551", 7);
    await post("552", 2);
    await post("651", 5, {}, { StockType: "BLOCKED" });
    await post("343", 3);
    await post("344", 1);
    await post("601", 200);
    await post("311", 10, { ReceivingPlant: "P200" });
    const rows = await list("StockLedger", "?$filter=ItemNumber eq 'A'&$orderby=Plant");
    expect(rows[0]).toMatchObject({
      OpeningQuantity: 100,
      ReceivedQuantity: 37,
      IssuedQuantity: 217,
      Quantity: -80,
    });
    expect(rows[0]).toMatchObject({ BlockedQuantity: 3 });
    expect(rows[1]).toMatchObject({
      OpeningQuantity: 50,
      ReceivedQuantity: 10,
      IssuedQuantity: 0,
      Quantity: 60,
    });
    expect(rows[1]?.Value).toBe(20.1);
  });

  it("refuses what it cannot book, with the reason", async () => {
    const codes = [];
    for (const change of [
      { MovementType: "999" },
      { Plant: "EAST" },
      { MovementType: "551" },
      { MovementType: "311" },
      { SalesOrder: "SO-1" },
      { PurchaseOrder: "PO-1" },
      { Lines: [{ ItemNumber: "Z", Quantity: 1 }] },
      { Lines: [{ ItemNumber: "A", Quantity: 0 }] },
      { Lines: [] },
    ]) {
      const body = {
        MovementType: "601",
        Plant: "P100",
        Lines: [{ ItemNumber: "A", Quantity: 1 }],
        ...change,
      };
      codes.push((await call("POST", "/odata/v4/GoodsMovements", body)).body.error.code);
    }
    expect(codes).toEqual([
      "MOVEMENT_TYPE_INVALID",
      "PLANT_NOT_FOUND",
      "REASON_MISSING",
      "PLANT_MISSING",
      "ORDER_NOT_FOUND",
      "PO_NOT_FOUND",
      "ITEM_NOT_FOUND",
      "QUANTITY_INVALID",
      "LINES_MISSING",
    ]);
    expect(await list("GoodsMovements")).toEqual([]);
  });

  it("books a batch record by record: a bad one fails alone and whole", async () => {
    const good = {
      MovementType: "101",
      Plant: "P100",
      ExternalReference: "X",
      Lines: [{ ItemNumber: "A", Quantity: 1 }],
    };
    const half = {
      ...good,
      Lines: [
        { ItemNumber: "A", Quantity: 1 },
        { ItemNumber: "Z", Quantity: 1 },
      ],
    };
    const { body } = await call("POST", "/odata/v4/GoodsMovements/$batch-create", {
      Records: [good, half, 7, good],
    });
    expect(body.Results.map((result: { Status: number }) => result.Status)).toEqual([201, 422, 400, 201]);
    expect(body.Results[1]).toMatchObject({ Index: 1, Error: { code: "ITEM_NOT_FOUND" } });
    expect(await list("GoodsMovements", "?$filter=ExternalReference eq 'X'")).toHaveLength(2);
    expect((await list("StockLedger", "?$filter=ItemNumber eq 'A'"))[0]?.Quantity).toBe(102);
    const tooMany = { Records: Array.from({ length: 201 }, () => good) };
    expect((await call("POST", "/odata/v4/GoodsMovements/$batch-create", tooMany)).status).toBe(413);
  });

  it("fails a share of the rows of a batch when told so", async () => {
    erp.faults.set({ kind: "rowErrors", probability: 0.5 });
    const good = { MovementType: "101", Plant: "P100", Lines: [{ ItemNumber: "A", Quantity: 1 }] };
    const { body } = await call("POST", "/odata/v4/GoodsMovements/$batch-create", {
      Records: Array(100).fill(good),
    });
    const booked = body.Results.filter((result: { Status: number }) => result.Status === 201);
    expect(booked.length).toBeGreaterThan(20);
    expect(booked.length).toBeLessThan(80);
    expect(await list("GoodsMovements")).toHaveLength(booked.length);
  });

  it("receives purchase orders, and keeps buyers from cancelling what came", async () => {
    const made = await call("POST", "/odata/v4/PurchaseOrders", {
      SupplierNumber: "S1",
      Lines: [
        { ItemNumber: "A", Plant: "P100", Quantity: 10, DueDate: "2026-12-01" },
        { ItemNumber: "B", Plant: "P100", Quantity: 10, DueDate: "2026-12-01" },
      ],
    });
    const { ID, OrderNumber } = made.body;
    await call("POST", "/odata/v4/GoodsMovements", {
      MovementType: "101",
      Plant: "P100",
      PurchaseOrder: OrderNumber,
      Lines: [{ ItemNumber: "A", Quantity: 10, PurchaseOrderLine: 10 }],
    });
    const change = (line: Record<string, unknown>) =>
      call("PATCH", `/odata/v4/PurchaseOrders(${ID})`, { Lines: [line] });
    expect((await change({ LineNumber: 10, CancelledQuantity: 1 })).status).toBe(422);
    const moved = await change({ LineNumber: 20, DueDate: "2027-01-15" });
    expect(moved.body.Lines.map((line: { Status: string }) => line.Status)).toEqual(["Received", "Open"]);
    const cancelled = await call("POST", `/odata/v4/PurchaseOrders(${ID})/Cancel`);
    expect(cancelled.body).toMatchObject({ Status: "Closed" });
    expect(cancelled.body.Lines[1]).toMatchObject({ DueDate: "2027-01-15", Status: "Cancelled" });
  });
});

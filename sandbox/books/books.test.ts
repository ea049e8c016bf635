// The six systems run, and a small trade is played through their own APIs. Its books balance, and say so in figures.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Books, drawBooks } from "./books.ts";
import type { Answers } from "./testing/answers.ts";
import { differing, draw, requestFor } from "./testing/drawing.ts";
import { INPUT, play } from "./testing/small-trade.ts";
import { Trade } from "./testing/trade.ts";

let trade: Trade;
let right: Answers;

beforeAll(async () => {
  trade = await Trade.start();
  await play(trade);
  right = structuredClone(trade.answers);
});
afterAll(() => trade.stop());
beforeEach(() => {
  Object.assign(trade.answers, structuredClone(right));
});

describe("a trade that went right", () => {
  let books: Books;
  beforeAll(async () => {
    books = await draw(trade);
  });

  test("balances in every equation", () => {
    expect(books.equations.filter((equation) => !equation.balanced)).toEqual([]);
    expect(books.balanced).toBe(true);
    expect(new Set(books.equations.map((equation) => equation.id)).size).toBe(books.equations.length);
  });

  test("counts its orders", () => {
    expect(books.orders).toEqual({
      submitted: 5,
      accepted: 4,
      backordered: 1,
      held: 1,
      rejected: 0,
      cancelled: 0,
      shipped: 4,
      invoiced: 4,
    });
  });

  test("adds the money up to the penny, each line rounded half up once", () => {
    // 3.35 + 10.20 + 36 freight; 1.01 for 1.005, + 6.25; 15.30; 2.50 + 3.75.
    expect(books.invoiced).toEqual({ amount: "78.36", currency: "GBP" });
    expect(books.expected).toEqual(books.invoiced);
    expect(books.unrounded).toBe("78.355");
    expect(books.credited).toEqual({ amount: "2.55", currency: "GBP" });
  });

  test("counts exceptions by the input's categories, no shortfall, nothing oversold", () => {
    expect(books.exceptions).toEqual({ customer: 1, code: 1, quantity: 0, price: 1, cancellation: 1 });
    expect(books.shortfalls).toEqual([]);
    expect(books.oversold).toBe(0);
  });

  test("has every stream witnessed, and every target", () => {
    const streams = books.books.flatMap((book) => ("stream" in book ? [book] : []));
    expect(streams.map(({ stream, balanced }) => [stream, balanced])).toEqual(
      ["portal", "crm", "erp", "east", "west", "partner"].map((name) => [name, true]),
    );
    expect(streams.filter((stream) => stream.witnesses.length === 0)).toEqual([]);
    expect(streams[0]!.witnesses[0]).toEqual({ what: "messages acknowledged", stated: 3, received: 3 });
    expect(books.books.flatMap((book) => ("target" in book ? [book.target] : []))).toEqual(["erp", "east"]);
  });

  test("survives JSON, as the demo's last line needs it", () => {
    expect(JSON.parse(JSON.stringify(books))).toEqual(books);
  });
});

const orderOf = (answers: Answers, number: string) =>
  answers.orders.find((order) => order.purchaseOrder === number)!;
const _itemOf = (answers: Answers, sku: string) => answers.items.find((item) => item.sku === sku)!;

describe("the input says otherwise", () => {
  test("a row more is an order that nobody has", async () => {
    const more = "540010,20001,CANDLE,1,2010-12-01 08:26:00,0.335,13748.0,United Kingdom\n";
    expect(differing(await draw(trade, INPUT + more))).toEqual([
      "input.channels",
      "orders.accepted",
      "orders.lines",
      "orders.once",
      "promises.available",
      "promises.open",
      "units.balance",
    ]);
  });

  test("ends at the last row that was played, and before an order too many", async () => {
    const more = "540010,20001,CANDLE,1,2010-12-01 08:26:00,0.335,13748.0,United Kingdom\n";
    const request = requestFor(trade, INPUT + more);
    expect(differing(await drawBooks({ ...request, lastRow: 16 }))).toEqual([]);
    expect(differing(await drawBooks({ ...request, ordersMax: 5 }))).toEqual([]);
  });
});

describe("what cannot be read", () => {
  test("ends with a sentence that names it", async () => {
    const request = requestFor(trade);
    const missing = { ...request, inputFile: join(trade.folder, "none.csv") };
    await expect(drawBooks(missing)).rejects.toThrow(/none\.csv cannot be read/);
    const refused = { ...request, crossdock: { ...request.crossdock, key: "wrong" } };
    await expect(drawBooks(refused)).rejects.toThrow(/Crossdock cannot be read: .*answered 401/);
    const locked = { ...request, keys: { ...request.keys, erp: { apiKey: "wrong" } } };
    await expect(drawBooks(locked)).rejects.toThrow(/the ERP cannot be read: .*answered 401/);
  });

  test("an answer of another shape is no difference in the books", async () => {
    orderOf(trade.answers, "540001").lines[0]!.shipped = "five";
    await expect(draw(trade)).rejects.toThrow(/lines\[0\]\.shipped should be a decimal, not "five"/);
  });

  test("asks again where a system is busy or ill for a moment", async () => {
    const { erp, partner, portal } = trade.distributor.systems;
    erp.faults.set({ kind: "500", to: 300 }, { kind: "malformed", probability: 0.3, to: 900 });
    partner.faults.set({ kind: "429", to: 300 }, { kind: "duplicateWebhooks" }, { kind: "reorderWebhooks" });
    portal.faults.set({ kind: "down", to: 300 });
    expect(differing(await draw(trade))).toEqual([]);
    for (const system of [erp, partner, portal]) system.faults.clear();
  });
});

test("a file that ends in the middle is named with its line", async () => {
  const file = join(trade.folder, "cut.csv");
  writeFileSync(file, `${INPUT}540011,20001,"CANDLE`);
  await expect(drawBooks({ ...requestFor(trade), inputFile: file })).rejects.toThrow(/cut\.csv:17 /);
  rmSync(file);
});

// The six systems run, and a small trade is played through their own APIs. Its books balance. Then Crossdock says one
// thing that is not so, and exactly the equations that are about it must differ.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Books, drawBooks } from "./books.ts";
import { startAltering } from "./testing/altering.ts";
import type { Answers } from "./testing/answers.ts";
import { differing, draw, requestFor } from "./testing/drawing.ts";
import { INPUT, type Played, play } from "./testing/small-trade.ts";
import { Trade } from "./testing/trade.ts";

let trade: Trade;
let played: Played;
let right: Answers;

beforeAll(async () => {
  trade = await Trade.start();
  played = await play(trade);
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
const itemOf = (answers: Answers, sku: string) => answers.items.find((item) => item.sku === sku)!;

describe("Crossdock says what is not so", () => {
  const changes: [title: string, change: (answers: Answers) => void, expected: string[]][] = [
    [
      "it accepts what it should hold",
      (answers) => {
        orderOf(answers, "540004").status = "accepted";
      },
      ["orders.accepted", "orders.held"],
    ],
    [
      "it rejects an order",
      (answers) => {
        orderOf(answers, "540001").status = "rejected";
      },
      ["orders.accepted"],
    ],
    [
      "it has lost an order that was held",
      (answers) => {
        answers.orders = answers.orders.filter((order) => order.purchaseOrder !== "540004");
      },
      ["orders.held", "streams.portal.orders"],
    ],
    [
      "it has an order twice",
      (answers) => {
        const twin = structuredClone(orderOf(answers, "540004"));
        answers.orders.push({ ...twin, orderId: "TF-9999999" });
      },
      ["orders.held", "streams.portal.orders"],
    ],
    [
      "it released a line that its warehouse never had",
      (answers) => {
        const [release] = orderOf(answers, "540001").releases;
        release!.lines.push({ ...release!.lines[0]!, quantity: "1" });
      },
      ["releases.once"],
    ],
    [
      "two wrong releases cancel out in their sum",
      (answers) => {
        const { releases } = orderOf(answers, "540006");
        [releases[0]!.location, releases[1]!.location] = ["WEST", "EAST"];
      },
      ["releases.once"],
    ],
    [
      "it missed what was shipped of a line",
      (answers) => {
        const line = orderOf(answers, "540001").lines[0]!;
        line.shipped = "5";
      },
      ["shipped.crossdock"],
    ],
    [
      "it missed a shipment's delivery",
      (answers) => {
        orderOf(answers, "540001").shipments[0]!.deliveredAt = null;
      },
      ["streams.east.shipments"],
    ],
    [
      "it has another stock",
      (answers) => {
        itemOf(answers, "20001").locations[1]!.onHand = "6";
      },
      ["stock.crossdock"],
    ],
    [
      "it promises more than stock less open orders",
      (answers) => {
        itemOf(answers, "20001").available = "17";
      },
      ["promises.available", "promises.portal"],
    ],
    [
      "it reserves what no order holds",
      (answers) => {
        itemOf(answers, "20001").locations[0]!.reserved = "1";
      },
      ["promises.reserved"],
    ],
    [
      "it forgot a backorder",
      (answers) => {
        orderOf(answers, "540003").lines[0]!.backordered = "0";
      },
      ["promises.open"],
    ],
    [
      "it allocated what was never there",
      (answers) => {
        const line = orderOf(answers, "540003").lines[0]!;
        line.places[0]!.allocated = "3";
        line.backordered = "0";
        itemOf(answers, "20003").locations[0]!.reserved = "1";
      },
      ["promises.oversold", "promises.shortfalls"],
    ],
    [
      "it lists a shortfall that is none",
      (answers) => {
        answers.exceptions.push({
          code: "inventory.shortfall",
          category: "business-rule",
          key: "stock:main/20003",
          title: "EAST is short.",
          detail: { location: "EAST", short: "2", ordersAtRisk: [] },
        });
      },
      ["promises.shortfalls"],
    ],
    [
      "it has not read an invoice",
      (answers) => {
        orderOf(answers, "540001").invoices = [];
      },
      ["money.read-back", "streams.erp.papers"],
    ],
    [
      "it read another total",
      (answers) => {
        orderOf(answers, "540001").invoices[0]!.total = "15.31";
      },
      ["money.read-back"],
    ],
    [
      "it knows fewer units as invoiced",
      (answers) => {
        orderOf(answers, "540001").lines[0]!.invoiced = "5";
      },
      ["units.invoiced"],
    ],
    [
      "it knows fewer units as credited",
      (answers) => {
        orderOf(answers, "540002").lines[1]!.credited = "0";
      },
      ["units.credited"],
    ],
    [
      "it knows more units as cancelled",
      (answers) => {
        orderOf(answers, "540003").lines[0]!.cancelled = "3";
      },
      ["units.cancelled"],
    ],
    [
      "an exception is gone",
      (answers) => {
        answers.exceptions = answers.exceptions.filter(({ detail }) => detail.category !== "code");
      },
      ["exceptions.code"],
    ],
    [
      "an exception is about another document, as many as they are",
      (answers) => {
        const { exceptions } = answers;
        const price = exceptions.find(({ detail }) => detail.category === "price")!;
        const other = exceptions.find(({ detail }) => detail.category === "code")!;
        price.key = other.key;
        exceptions.push({ ...price, detail: { category: "code" } });
        exceptions.splice(exceptions.indexOf(price), 1);
      },
      ["exceptions.code", "exceptions.price"],
    ],
    [
      "the exception of a held order is gone",
      (answers) => {
        answers.exceptions = answers.exceptions.filter(({ code }) => code !== "order.no-customer");
      },
      ["exceptions.customer"],
    ],
    [
      "a cancellation without a sale is no exception",
      (answers) => {
        answers.exceptions = answers.exceptions.filter(({ code }) => code !== "return.unmatched");
      },
      ["exceptions.cancellation"],
    ],
    [
      "an exception is raised twice",
      (answers) => {
        answers.exceptions.push(answers.exceptions.find(({ code }) => code === "return.unmatched")!);
      },
      ["exceptions.cancellation"],
    ],
    [
      "an exception is about a quantity, and no row has a bad one",
      (answers) => {
        answers.exceptions.push({ ...answers.exceptions[1]!, detail: { category: "quantity" } });
      },
      ["exceptions.quantity"],
    ],
    [
      "a message is left that could not be mapped",
      (answers) => {
        answers.exceptions.push({
          code: "receipt.not-mapped",
          category: "mapping",
          key: "receipt:1",
          title: "It could not be mapped.",
          detail: {},
        });
      },
      ["exceptions.technical"],
    ],
    [
      "an event was received and is nowhere",
      (answers) => {
        answers.intake.find(({ system }) => system === "crm")!.received++;
      },
      ["streams.crm.events"],
    ],
    [
      "a message of the portal was lost",
      (answers) => {
        answers.intake.find(({ system }) => system === "portal")!.nativeMapped--;
      },
      ["streams.portal.messages"],
    ],
    [
      "an order of the CRM is one of the portal",
      (answers) => {
        orderOf(answers, "540006").channel = "portal";
      },
      ["streams.crm.orders", "streams.portal.orders"],
    ],
    [
      "an order of the ERP is one of the CRM",
      (answers) => {
        orderOf(answers, "540001").channel = "crm";
      },
      ["streams.crm.orders", "streams.erp.orders"],
    ],
    [
      "a shipment of WEST was not heard of",
      (answers) => {
        const order = orderOf(answers, "540006");
        order.shipments = order.shipments.filter(({ location }) => location !== "WEST");
      },
      ["streams.west.shipments"],
    ],
    [
      "a numbered event of the 3PL came twice and was taken twice",
      (answers) => {
        answers.intake.find(({ system }) => system === "partner")!.topics![0]!.mapped++;
      },
      ["streams.partner.messages"],
    ],
    [
      "a numbered event of EAST was lost",
      (answers) => {
        answers.intake.find(({ system }) => system === "east")!.topics![0]!.mapped--;
      },
      ["streams.east.messages"],
    ],
    [
      "a file of WEST was not read",
      (answers) => {
        answers.intake.find(({ system }) => system === "west")!.nativeMapped--;
      },
      ["streams.west.messages"],
    ],
    [
      "it never heard of the 3PL",
      (answers) => {
        answers.intake = answers.intake.filter(({ system }) => system !== "partner");
        for (const order of answers.orders) {
          order.shipments = order.shipments.filter(({ location }) => location !== "3PL");
        }
      },
      ["streams.partner.shipments"],
    ],
    [
      "a delivery is nowhere",
      (answers) => {
        answers.deliveries[0]!.waiting = 0;
      },
      ["targets.erp.orders"],
    ],
  ];

  test.each(changes)("%s", async (_title, change, expected) => {
    change(trade.answers);
    const books = await draw(trade);
    expect(differing(books)).toEqual(expected);
    expect(books.balanced).toBe(false);
  });

  test("and a stream that nobody counts is shown as unwitnessed", async () => {
    trade.answers.intake.push({ ...trade.answers.intake[0]!, system: "carrier" });
    const books = await draw(trade);
    expect(differing(books)).toEqual([]);
    expect(books.books.find((book) => "stream" in book && book.stream === "carrier")).toMatchObject({
      witnesses: [],
    });
  });

  test("and failures name the documents, with both sides", async () => {
    orderOf(trade.answers, "540001").lines[0]!.shipped = "5";
    const books = await draw(trade);
    const equation = books.equations.find(({ id }) => id === "shipped.crossdock")!;
    expect(equation).toMatchObject({
      difference: "1",
      differing: 1,
      failures: [{ document: "540001 20002", left: "6", right: "5" }],
    });
  });
});

describe("a system says what is not so", () => {
  type Line = { ItemNumber: string; NetAmount: number };
  type Paper = { NetAmount: number; Lines: Line[] };
  const lineOf = (papers: Paper[], sku: string, amount: number) => {
    const paper = papers.find(({ Lines }) =>
      Lines.some((line) => line.ItemNumber === sku && line.NetAmount === amount),
    )!;
    return { paper, line: paper.Lines.find((line) => line.ItemNumber === sku)! };
  };
  // biome-ignore lint/suspicious/noExplicitAny: native shapes of every kind.
  type Change = (body: any) => void;
  const changes: [
    title: string,
    system: "erp" | "east" | "partner",
    path: string,
    change: Change,
    expected: string[],
  ][] = [
    [
      "a line is rounded half down",
      "erp",
      "/Invoices",
      ({ value }) => {
        lineOf(value, "20001", 1.01).line.NetAmount = 1;
      },
      ["money.lines"],
    ],
    [
      "an invoice is not the sum of its lines",
      "erp",
      "/Invoices",
      ({ value }) => {
        lineOf(value, "20002", 15.3).paper.NetAmount = 15.29;
      },
      ["money.read-back", "money.total"],
    ],
    [
      "two invoices are wrong by a penny, up and down",
      "erp",
      "/Invoices",
      ({ value }) => {
        lineOf(value, "20002", 15.3).paper.NetAmount = 15.29;
        lineOf(value, "20003", 6.25).paper.NetAmount += 0.01;
      },
      ["money.read-back", "money.total"],
    ],
    [
      "an invoice is in another currency",
      "erp",
      "/Invoices",
      ({ value }) => {
        Object.assign(lineOf(value, "20002", 15.3).paper, { Currency: "EUR" });
      },
      ["money.total"],
    ],
    [
      "an invoice has a part of a penny",
      "erp",
      "/Invoices",
      ({ value }) => {
        lineOf(value, "20002", 15.3).paper.NetAmount = 15.301;
      },
      ["money.read-back", "money.total"],
    ],
    [
      "a credit line is at another price",
      "erp",
      "/CreditMemos",
      ({ value }) => {
        value[0].Lines[0].NetAmount = 2.5;
      },
      ["money.credit-lines"],
    ],
    [
      "a credit memo is not the sum of its lines",
      "erp",
      "/CreditMemos",
      ({ value }) => {
        value[0].NetAmount = 2.5;
      },
      ["money.credit-total", "money.read-back"],
    ],
    [
      "the ledger is not its opening and its movements",
      "erp",
      "/StockLedger",
      ({ value }) => {
        value[0].Quantity += 1;
      },
      ["ledger.movements", "ledger.stock"],
    ],
    [
      "the ledger was opened with another stock",
      "erp",
      "/StockLedger",
      ({ value }) => {
        value[0].OpeningQuantity += 1;
      },
      ["ledger.movements"],
    ],
    [
      "the 3PL reports another stock than its figures and allocations",
      "partner",
      "/v2/reports/inventory",
      ({ items }) => {
        items[0].physicalQty += 1;
      },
      ["stock.told"],
    ],
    [
      "EAST has lost its last numbered event, a return",
      "east",
      "/api/events",
      ({ items }) => {
        items.pop();
      },
      ["movements.returns", "stock.told", "units.returned"],
    ],
  ];

  test.each(changes)("%s", async (_title, system, path, change, expected) => {
    const request = requestFor(trade);
    const altering = await startAltering(request.systems[system], path, change);
    try {
      const books = await drawBooks({ ...request, systems: { ...request.systems, [system]: altering.url } });
      expect(differing(books)).toEqual(expected);
    } finally {
      await altering.stop();
    }
  });
});

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
  expect(played.first.number).toBe("540002");
});

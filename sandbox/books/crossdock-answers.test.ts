// A trade that went right, of which Crossdock says one thing that is not so: exactly the equations that are about it
// must differ.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Answers } from "./testing/answers.ts";
import { differing, draw } from "./testing/drawing.ts";
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

  test("what can not be taken back any more must be an open exception of its order", async () => {
    const more = "C540012,20001,CANDLE,-1,2010-12-01 08:26:00,0.335,17850.0,United Kingdom\n";
    expect(differing(await draw(trade, INPUT + more))).toEqual(["units.taken-back"]);
    const refusal = (number: string) => ({
      code: "order.cancellation-refused",
      category: "business-rule",
      key: `order:main/${orderOf(trade.answers, number).orderId}`,
      title: "The goods have gone.",
      detail: {},
    });
    trade.answers.exceptions.push(refusal("540001"));
    expect(differing(await draw(trade, INPUT + more))).toEqual(["units.taken-back"]);
    trade.answers.exceptions.push(refusal("540002"));
    expect(differing(await draw(trade, INPUT + more))).toEqual([]);
  });
});

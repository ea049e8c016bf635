// A trade that went right, of which one system reports something else: exactly the equations that are about it must
// differ. A real system cannot be made to say most of this.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawBooks } from "./books.ts";
import { type Change, startAltering } from "./testing/altering.ts";
import { differing, requestFor } from "./testing/drawing.ts";
import { play } from "./testing/small-trade.ts";
import { Trade } from "./testing/trade.ts";

let trade: Trade;

beforeAll(async () => {
  trade = await Trade.start();
  await play(trade);
});
afterAll(() => trade.stop());

describe("a system says what is not so", () => {
  type Line = { ItemNumber: string; NetAmount: number };
  type Paper = { NetAmount: number; Lines: Line[] };
  const lineOf = (papers: Paper[], sku: string, amount: number) => {
    const paper = papers.find(({ Lines }) =>
      Lines.some((line) => line.ItemNumber === sku && line.NetAmount === amount),
    )!;
    return { paper, line: paper.Lines.find((line) => line.ItemNumber === sku)! };
  };
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

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCells } from "./cells.ts";
import { expectedExceptions, prepareRetail, type RetailInput } from "./orders.ts";
import type { RetailRow } from "./read.ts";
import { RULES } from "./rules.ts";

type Cells = Partial<Omit<RetailRow, "row">>;

const GOOD = {
  invoiceNo: "536365",
  stockCode: "85123A",
  description: "WHITE HEART",
  quantity: "6",
  invoiceDate: "2010-12-01 08:26:00",
  unitPrice: "2.55",
  customerId: "17850.0",
  country: "United Kingdom",
};

/** Rows of a file from line 2 on; what a test does not name is a good sale. */
function prepare(...rows: Cells[]): Promise<RetailInput> {
  return prepareRetail(
    readCells(
      rows.map((cells, index) => ({ ...GOOD, ...cells, row: index + 2 })),
      "orders.csv",
    ),
  );
}

/** Category and rows of each exception. */
function exceptions(input: RetailInput): string[] {
  return expectedExceptions(input).map((each) => `${each.category} ${each.number}:${each.rows.join("+")}`);
}

describe("sales", () => {
  test("an order is its rows, repeated SKUs as lines of their own, wherever its rows stand", async () => {
    const { orders, tally } = await prepare(
      {},
      { invoiceNo: "536366" },
      { quantity: "2", unitPrice: "2.550" },
    );
    expect(orders.map((order) => [order.number, order.lines.map((line) => line.lineId)])).toEqual([
      ["536365", ["2", "4"]],
      ["536366", ["3"]],
    ]);
    expect(orders[0]).toMatchObject({
      row: 2,
      placedAt: "2010-12-01T08:26:00.000000Z",
      customer: { id: "17850" },
      country: "GB",
      lines: [
        { row: 2, sku: "85123A", description: "WHITE HEART", quantity: "6", price: "2.55" },
        { row: 4, quantity: "2", price: "2.55" },
      ],
    });
    expect(tally).toMatchObject({ rows: 3, sales: 3, balanced: true });
  });

  test("prices of three decimals stay exact, and freight is quantity times price, not rounded", async () => {
    const { orders } = await prepare(
      { unitPrice: "0.001" },
      { stockCode: "POST", quantity: "3", unitPrice: "1.115" },
    );
    expect(orders[0]!.lines[0]!.price).toBe("0.001");
    expect(orders[0]!.freight).toEqual([
      { lineId: "3", row: 3, code: "POST", description: "WHITE HEART", amount: "3.345" },
    ]);
  });

  test("times are London's: summer time, and the earlier of the two hours that are repeated", async () => {
    const { orders } = await prepare(
      { invoiceNo: "1", invoiceDate: "2011-07-01 12:00:00" },
      { invoiceNo: "2", invoiceDate: "2011-10-30 01:30:00" },
      { invoiceNo: "3", invoiceDate: "2011-03-27 01:30:00" },
    );
    expect(orders.map((order) => order.placedAt)).toEqual([
      "2011-07-01T11:00:00.000000Z",
      "2011-10-30T00:30:00.000000Z",
      "2011-03-27T01:30:00.000000Z",
    ]);
  });

  test("a time that is none stops with its place", async () => {
    for (const invoiceDate of ["01/12/2010 08:26", "2010-02-30 08:26:00", ""]) {
      await expect(prepare({}, { invoiceDate })).rejects.toMatchObject({
        code: "retail.time",
        message: "orders.csv:3 InvoiceDate must be a time such as 2010-12-01 08:26:00.",
      });
    }
    await expect(prepare({ invoiceNo: "" })).rejects.toMatchObject({ code: "retail.row" });
  });

  test.each([
    ["EIRE", "IE"],
    ["Channel Islands", "JE"],
    ["USA", "US"],
    ["Czech Republic", "CZ"],
    ["United Arab Emirates", "AE"],
    ["Unspecified", undefined],
    ["European Community", undefined],
  ])("%s is the country %s", async (country, code) => {
    expect((await prepare({ country })).orders[0]!.country).toBe(code);
  });
});

describe("freight", () => {
  test("POST, DOT, C2 and carriage under a product's code travel with their order, a carriage clock is sold", async () => {
    const { orders } = await prepare(
      {},
      { stockCode: "POST" },
      { stockCode: "DOT" },
      { stockCode: "C2" },
      { stockCode: "23444", description: "Next Day Carriage" },
      { stockCode: "85168B", description: "BLACK BAROQUE CARRIAGE CLOCK" },
    );
    expect(orders[0]!.freight.map((each) => each.code)).toEqual(["POST", "DOT", "C2", "23444"]);
    expect(orders[0]!.lines.map((line) => line.sku)).toEqual(["85123A", "85168B"]);
  });

  test("freight alone is an exception, and so are freight without a price and a refund of freight", async () => {
    const input = await prepare(
      { invoiceNo: "1", stockCode: "POST" },
      { invoiceNo: "2" },
      { invoiceNo: "2", stockCode: "POST", unitPrice: "0.0" },
      { invoiceNo: "C3", stockCode: "POST", quantity: "-1" },
    );
    expect(exceptions(input)).toEqual(["price 2:4", "code 1:2", "code C3:5"]);
    expect(input.orders.map((order) => order.number)).toEqual(["2"]);
  });
});

describe("bad rows", () => {
  test.each(
    "M m D S B PADS CRUK AMAZONFEE DCGS0003 DCGSSBOY TEST001 gift_0001_20 1234 123456 85123ABC"
      .split(" ")
      .concat(["BANK CHARGES", ""]),
  )("the code %s is an exception, and its order goes on", async (stockCode) => {
    const input = await prepare({}, { stockCode });
    expect(exceptions(input)).toEqual(["code 536365:3"]);
    expect(input.orders[0]!.lines.map((line) => line.row)).toEqual([2]);
    expect(input.orders[0]!.badRows[0]).toMatchObject({ category: "code", rows: [3] });
  });

  test("a row is one exception, of its first fault: customer, code, quantity, price", async () => {
    const input = await prepare(
      {},
      { stockCode: "85123a" },
      { stockCode: "15056BL" },
      { customerId: "1.0", stockCode: "M", quantity: "0", unitPrice: "x" },
      { customerId: "", quantity: "0" },
      { stockCode: "M", quantity: "0", unitPrice: "x" },
      { quantity: "0", unitPrice: "-1" },
      { quantity: "1.5" },
      { quantity: "six" },
      { quantity: "1e3" },
      { unitPrice: "0.0" },
      { unitPrice: "-2.55" },
      { unitPrice: "" },
      { unitPrice: "0.0000001" },
    );
    expect(input.orders[0]!.lines.map((line) => line.row)).toEqual([2, 3, 4]);
    expect(exceptions(input).map((each) => each.replace(" 536365", ""))).toEqual([
      "customer:5",
      "customer:6",
      "code:7",
      "quantity:8",
      "quantity:9",
      "quantity:10",
      "quantity:11",
      "price:12",
      "price:13",
      "price:14",
      "price:15",
    ]);
    expect(input.tally).toMatchObject({ rows: 14, sales: 3, exceptions: 11, balanced: true });
  });

  test("an order of bad rows alone is not submitted, and none of them is lost", async () => {
    const input = await prepare({ stockCode: "M" }, { unitPrice: "0.0" }, { stockCode: "POST" });
    expect(input.orders).toEqual([]);
    expect(exceptions(input)).toEqual(["code 536365:2", "price 536365:3", "code 536365:4"]);
  });

  test("bad debts are exceptions of their first fault", async () => {
    const input = await prepare(
      { invoiceNo: "A563185", stockCode: "B", customerId: "" },
      { invoiceNo: "A563186", stockCode: "B", unitPrice: "-11062.06" },
      { invoiceNo: "A563187", quantity: "0" },
      { invoiceNo: "A563188", unitPrice: "-1" },
      { invoiceNo: "A563189" },
    );
    expect(exceptions(input).map((each) => each.split(" ")[0])).toEqual([
      "customer",
      "code",
      "quantity",
      "price",
      "code",
    ]);
    expect(input.orders).toEqual([]);
  });
});

describe("orders without a customer", () => {
  test("are submitted as they stand, are one exception with all their rows, and are never keyed in the ERP", async () => {
    const input = await prepare(
      { customerId: "" },
      { customerId: "", stockCode: "M" },
      { customerId: "", unitPrice: "0.0" },
      { customerId: "", stockCode: "DOT", unitPrice: "10" },
      { customerId: "", unitPrice: "x" },
    );
    expect(input.orders[0]!.customer).toBeUndefined();
    expect(input.orders[0]!.lines.map((line) => `${line.sku} ${line.price}`)).toEqual([
      "85123A 2.55",
      "M 2.55",
      "85123A 0",
    ]);
    expect(input.orders[0]!.freight.map((each) => each.amount)).toEqual(["60"]);
    expect(exceptions(input)).toEqual(["customer 536365:2+3+4+5+6"]);
    expect(input.tally).toMatchObject({ held: 5, exceptions: 0, balanced: true });
  });

  test("have their freight as lines where it is all they have, and are no order where no row can be a line", async () => {
    const freight = await prepare({ customerId: "", stockCode: "POST" });
    expect(freight.orders[0]!.lines.map((line) => line.sku)).toEqual(["POST"]);
    const nothing = await prepare({ customerId: "", unitPrice: "x" }, { customerId: "", stockCode: "" });
    expect(nothing.orders).toEqual([]);
    expect(exceptions(nothing)).toEqual(["customer 536365:2+3"]);
    expect(nothing.tally).toMatchObject({ exceptions: 2, balanced: true });
  });
});

describe("stock adjustments", () => {
  test.each([
    ["damages?", "damaged"],
    ["mouldy, thrown away.", "damaged"],
    ["?", "unstated"],
    ["", "unstated"],
    ["?lost", "lost"],
    ["found some more on shelf", "found"],
    ["check", "check"],
    ["sold as set on dotcom", "miscoded"],
    ["ebay", "marketplace"],
    ["reverse previous adjustment", "reversal"],
    ["show samples", "sample"],
    ["for the cat", "other"],
  ])("%s is %s", async (description, reason) => {
    const { adjustments, orders } = await prepare({
      description,
      quantity: "-3",
      customerId: "",
      unitPrice: "0.0",
    });
    expect(orders).toEqual([]);
    expect(adjustments).toEqual([
      {
        number: "536365",
        row: 2,
        occurredAt: "2010-12-01T08:26:00.000000Z",
        sku: "85123A",
        quantity: "-3",
        reason,
        note: description,
      },
    ]);
  });
});

describe("cancellations", () => {
  const cancel = { invoiceNo: "C9" };

  test("take back the newest sales before them, over several, at the sale's price; the rest is an exception", async () => {
    const input = await prepare(
      { invoiceNo: "1", quantity: "2", unitPrice: "1.00" },
      { invoiceNo: "2", quantity: "3", unitPrice: "2.00" },
      { ...cancel, quantity: "-4", unitPrice: "9.99" },
      { invoiceNo: "3", quantity: "5" },
      { invoiceNo: "C10", quantity: "-7" },
    );
    expect(input.cancellations[0]!.parts).toEqual([
      { order: "2", lineId: "3", sku: "85123A", quantity: "3", creditedPrice: "2" },
      { order: "1", lineId: "2", sku: "85123A", quantity: "1", creditedPrice: "1" },
    ]);
    expect(input.cancellations[0]!.unmatched).toBeUndefined();
    expect(input.cancellations[1]!.parts.map((part) => `${part.order} ${part.quantity}`)).toEqual([
      "3 5",
      "1 1",
    ]);
    expect(input.cancellations[1]!.unmatched).toMatchObject({
      quantity: "1",
      category: "cancellation",
      rows: [6],
    });
    expect(exceptions(input)).toEqual(["cancellation C10:6"]);
  });

  test("do not see sales after them, of others, of other SKUs, of held orders or of bad rows", async () => {
    const input = await prepare(
      { invoiceNo: "1", customerId: "1.0" },
      { invoiceNo: "2", stockCode: "85123B" },
      { invoiceNo: "3", customerId: "" },
      { invoiceNo: "4", unitPrice: "0.0" },
      { ...cancel, quantity: "-1" },
      { invoiceNo: "5" },
    );
    expect(input.cancellations[0]!.parts).toEqual([]);
    expect(exceptions(input)).toContain("cancellation C9:6");
  });

  test("with a fault are one exception of the first: customer, code, quantity, price", async () => {
    const input = await prepare(
      { ...cancel, customerId: "", stockCode: "M" },
      { invoiceNo: "C10", stockCode: "D", quantity: "1" },
      { invoiceNo: "C11", quantity: "1", unitPrice: "0" },
      { invoiceNo: "C12", quantity: "-1", unitPrice: "0" },
    );
    expect(exceptions(input)).toEqual(["customer C9:2", "code C10:3", "quantity C11:4", "price C12:5"]);
    expect(input.cancellations).toEqual([]);
  });
});

describe("whatever the file says", () => {
  const cells = fc.record({
    invoiceNo: fc.constantFrom("1", "2", "3", "C1", "C2", "A1", "X"),
    stockCode: fc.oneof(fc.constantFrom("85123A", "10002", "POST", "M", "", "23444"), fc.string()),
    description: fc.oneof(fc.constantFrom("CARRIAGE", "damaged", ""), fc.string()),
    quantity: fc.oneof(
      fc.constantFrom("1", "2", "5", "-1", "-3", "0", ""),
      fc.string(),
      fc.integer().map(String),
    ),
    unitPrice: fc.oneof(fc.constantFrom("1.25", "0.0", "-1", "0.001"), fc.string(), fc.double().map(String)),
    customerId: fc.oneof(fc.constantFrom("1.0", "2.0", ""), fc.string()),
    country: fc.oneof(fc.constantFrom("EIRE", "France"), fc.string()),
  });

  test("every row ends in exactly one place, and no order is without a line", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cells, { maxLength: 40 }), async (rows) => {
        const input = await prepare(...rows);
        expect(placesOf(input)).toEqual(rows.map((_, index) => index + 2));
        expect(input.tally.balanced).toBe(true);
        for (const order of input.orders) expect(order.lines.length).toBeGreaterThan(0);
        for (const each of input.cancellations) {
          const matched = each.parts.reduce((sum, part) => sum + Number(part.quantity), 0);
          expect(matched + Number(each.unmatched?.quantity ?? 0)).toBe(Number(each.quantity));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the page about the data", () => {
  test("has every rule in its order, in the words of the code", () => {
    const page = readFileSync(new URL("data/README.md", import.meta.url), "utf8");
    const table = [...page.matchAll(/^\| `([a-z-]+)` \| [\d,]+ \| (.+) \|$/gm)].map((match) => [
      match[1],
      match[2],
    ]);
    expect(table).toEqual(RULES.map((rule) => [rule.name, rule.docs]));
  });
});

/** The row of every place that a row can end in, sorted. */
function placesOf(input: RetailInput): number[] {
  const rows = [
    ...input.orders.flatMap((order) => [
      ...(order.customer === undefined ? [] : [...order.lines, ...order.freight].map((each) => each.row)),
      ...order.heldRows,
      ...order.badRows.flatMap((each) => each.rows),
    ]),
    ...input.cancellations.map((each) => each.row),
    ...input.adjustments.map((each) => each.row),
    ...input.strays.flatMap((each) => each.rows),
  ];
  return rows.sort((a, b) => a - b);
}

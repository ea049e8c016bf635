// The books' own reading of an input: what the page of the slice says, and agreement with the demo's reading, which
// was written by other hands from the same rules. They share no code; here alone they meet.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectedExceptions, loadRetail } from "../retail/orders.ts";
import { writeExact, writeScaled } from "./exact.ts";
import { readRows } from "./file-rows.ts";
import { type Expected, expectFrom, type InputLimits } from "./input.ts";

const SLICE = fileURLToPath(new URL("../retail/data/orders.csv.gz", import.meta.url));
const PAGE = fileURLToPath(new URL("../retail/data/README.md", import.meta.url));
const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "books-input-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: string | Buffer): string {
  const file = join(folder, `${++count}.csv`);
  writeFileSync(file, content);
  return file;
}

const expectOf = async (file: string, limits?: InputLimits) => expectFrom(await readRows(file), limits);

/** What both readings say, in words that both have. */
function own(expected: Expected) {
  const texts = (list: { row: number; quantity: bigint; sku: string }[]) =>
    list.map(({ row, sku, quantity }) => [row, sku, writeExact(quantity)]);
  return {
    orders: [...expected.orders.values()]
      .map((order) => ({
        number: order.number,
        customer: order.customer,
        channel: order.channel,
        lines: order.lines.map((line) => [
          line.row,
          line.sku,
          writeExact(line.quantity),
          writeExact(line.price),
        ]),
        freight: order.freight.map(({ row, quantity, price }) => [row, writeScaled(quantity * price, 12)]),
      }))
      .sort(byNumber),
    takenBack: expected.takenBack.map(({ order, sku, quantity, price }) => [
      order,
      sku,
      writeExact(quantity),
      writeExact(price),
    ]),
    adjustments: texts(expected.adjustments),
    exceptions: expected.exceptions
      .map(({ category, number, rows }) => `${category} ${number} ${rows}`)
      .sort(),
    rows: expected.rows,
  };
}

async function theirs(file: string, ordersMax?: number): Promise<ReturnType<typeof own>> {
  const input = await loadRetail(file, ordersMax === undefined ? {} : { ordersMax });
  return {
    orders: input.orders
      .map((order) => ({
        number: order.number,
        customer: order.customer?.id,
        channel: order.channel,
        lines: order.lines.map((line) => [line.row, line.sku, line.quantity, line.price]),
        freight: order.freight.map(({ row, amount }) => [row, amount]),
      }))
      .sort(byNumber),
    takenBack: input.cancellations.flatMap(({ parts }) =>
      parts.map((part) => [part.order, part.sku, part.quantity, part.creditedPrice]),
    ),
    adjustments: input.adjustments.map(({ row, sku, quantity }) => [row, sku, quantity]),
    exceptions: expectedExceptions(input)
      .map(({ category, number, rows }) => `${category} ${number} ${rows}`)
      .sort(),
    rows: input.tally.rows,
  };
}

const byNumber = (a: { number: string }, b: { number: string }) => (a.number < b.number ? -1 : 1);

describe("the slice", () => {
  let expected: Expected;
  beforeAll(async () => {
    expected = await expectOf(SLICE);
  });

  test("is what its page says", () => {
    const page = readFileSync(PAGE, "utf8");
    const said = (rule: string) =>
      Number(new RegExp(`\`${rule}\` \\| ([\\d,]+)`).exec(page)![1]!.replace(",", ""));
    const { classes } = expected;
    expect(classes).toMatchObject({
      adjustment: said("adjustment"),
      held: said("held"),
      cancellation: said("cancellation"),
      freight: said("freight"),
      sale: said("sale"),
      exception: ["bad-debt", "customer", "code", "quantity", "price", "freight-alone"].reduce(
        (n, rule) => n + said(rule),
        0,
      ),
    });
    const held = [...expected.orders.values()].filter((order) => order.customer === undefined).length;
    expect([expected.orders.size, expected.orders.size - held, held]).toEqual([2230, 1928, 302]);
    const counts = Object.groupBy(expected.exceptions, ({ category }) => category);
    expect(
      Object.entries(counts)
        .map(([category, list]) => [category, list!.length])
        .sort(),
    ).toEqual([
      ["cancellation", 477],
      ["code", 65],
      ["customer", 355],
      ["price", 6],
    ]);
  });

  test("has every row in one class", () => {
    const sum = Object.values(expected.classes).reduce((total, rows) => total + rows, 0);
    expect(sum).toBe(expected.rows);
    expect(expected.rows).toBe(62_995);
  });

  test("is read alike by the demo, to the last line and price", async () => {
    expect(own(expected)).toEqual(await theirs(SLICE));
  });

  test.each([1, 100, 1234])("ends alike after %i orders", async (ordersMax) => {
    expect(own(await expectOf(SLICE, { ordersMax }))).toEqual(await theirs(SLICE, ordersMax));
  });
});

describe("any dirt", () => {
  const row = fc.record({
    number: fc.constantFrom("536365", "536366", "536367", "C536368", "C536369", "A536370"),
    code: fc.constantFrom("20001", "20002a", "20003AB", "POST", "C2", "M", "", "gift_0001_20", "20001ABC"),
    text: fc.constantFrom("CANDLE", "Next Day Carriage", "damaged", "", "A, B", 'SO ""CALLED""'),
    quantity: fc.constantFrom("1", "3", "12", "0", "-1", "-3", "-12", "1.5", "2.0", "x", ""),
    price: fc.constantFrom("0.85", "2.555", "0", "-11062.06", "", "x", "1.2345678"),
    customer: fc.constantFrom("17850.0", "17850.0", "13047.0", "", "Z9"),
  });

  test("is sorted alike by the demo", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), fc.nat(4), async (rows, ordersMax) => {
        const lines = rows.map(({ number, code, text, quantity, price, customer }) =>
          [number, code, `"${text}"`, quantity, "2010-12-01 08:26:00", price, customer, "EIRE"].join(","),
        );
        const file = write(`${HEADER}${lines.join("\n")}\n`);
        expect(own(await expectOf(file))).toEqual(await theirs(file));
        expect(own(await expectOf(file, { ordersMax }))).toEqual(await theirs(file, ordersMax));
      }),
      { numRuns: 300 },
    );
  });
});

describe("a file", () => {
  const ROW = "536365,20001,CANDLE,6,2010-12-01 08:26:00,2.55,17850.0,EIRE";

  test("may be gzipped, have a mark, other line ends, other columns and quoted line ends", async () => {
    const plain = await readRows(write(`${HEADER}${ROW}\n`));
    expect(plain).toHaveLength(1);
    expect(await readRows(write(gzipSync(`${HEADER}${ROW}`)))).toEqual(plain);
    expect(await readRows(write(`\uFEFF${HEADER}${ROW}\n`.replaceAll("\n", "\r\n")))).toEqual(plain);
    const wider = `Shop,${HEADER}1,${ROW.replace("CANDLE", '"A\nB ""C"""')}\n1,${ROW}\n`;
    expect((await readRows(write(wider))).map(({ line, description }) => [line, description])).toEqual([
      [2, 'A\nB "C"'],
      [4, "CANDLE"],
    ]);
  });

  test.each([
    ["has no row", HEADER, "has no row"],
    ["lacks a column", HEADER.replace("UnitPrice", "Price"), ":1 has no column UnitPrice"],
    ["has a row too short", `${HEADER}${ROW}\n536366,20001\n`, ":3 has 2 cells, its header 8"],
    ["has a quote inside a cell", `${HEADER}${ROW.replace("CANDLE", 'CAN"DLE')}`, ":2 has a quote"],
    ["is no UTF-8", Buffer.concat([Buffer.from(HEADER), Buffer.from([0xff, 0x0a])]), "is not UTF-8"],
    ["is a cut gzip file", gzipSync(`${HEADER}${ROW}\n`).subarray(0, 40), "is a damaged or cut gzip file"],
  ])("that %s is refused with its place", async (_what, content, sentence) => {
    await expect(readRows(write(content))).rejects.toThrow(sentence);
  });
});

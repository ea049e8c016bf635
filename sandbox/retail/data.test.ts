// The shipped slice, and the whole source where it lies beside the repository: counted from the file again,
// by code that knows nothing of the rules, and compared with what the rules made of it.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { formatDecimal, formatScaled, parseDecimal } from "../../src/core/decimal.ts";
import { readCells } from "./cells.ts";
import { makeSlice, SLICE_FILE } from "./make-slice.ts";
import { expectedExceptions, loadRetail, prepareRetail, type RetailInput } from "./orders.ts";
import { type RetailRow, readRetailRows } from "./read.ts";
import { documentFacts, RULES, ruleFor } from "./rules.ts";

const WHOLE = fileURLToPath(new URL("../../../shared/data/online-retail/", import.meta.url));

async function readAll(files: string[]): Promise<RetailRow[]> {
  const rows: RetailRow[] = [];
  for (const file of files)
    for await (const row of readRetailRows(file)) rows.push({ ...row, row: rows.length + 2 });
  return rows;
}

/** Counts as the source's description states them. */
function count(rows: RetailRow[]) {
  const distinct = (values: string[]) => new Set(values.filter((value) => value !== "")).size;
  const of = (test: (row: RetailRow) => boolean) => rows.filter(test).length;
  const letter = (row: RetailRow) => row.invoiceNo.charAt(0);
  const numbers = [...new Set(rows.map((row) => row.invoiceNo))];
  return {
    rows: rows.length,
    numbers: numbers.length,
    sales: numbers.filter((number) => !/^[CA]/.test(number)).length,
    cancellations: numbers.filter((number) => number.startsWith("C")).length,
    customers: distinct(rows.map((row) => row.customerId)),
    codes: distinct(rows.map((row) => row.stockCode)),
    withoutCustomer: of((row) => row.customerId === ""),
    cancellationRows: of((row) => letter(row) === "C"),
    negative: of((row) => letter(row) !== "C" && row.quantity.startsWith("-")),
    zeroPrice: of((row) => /^0*\.?0*$/.test(row.unitPrice)),
  };
}

async function byRule(rows: RetailRow[]): Promise<Record<string, number>> {
  const documents = new Map<string, Parameters<typeof documentFacts>[0][number][]>();
  for await (const row of readCells(rows, "all")) {
    documents.set(row.number, [...(documents.get(row.number) ?? []), row]);
  }
  const counts = Object.fromEntries(RULES.map((rule) => [rule.name, 0]));
  for (const document of documents.values()) {
    const facts = documentFacts(document);
    for (const row of document) counts[ruleFor(row, facts).name]!++;
  }
  return counts;
}

function byCategory(input: RetailInput): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of expectedExceptions(input)) counts[each.category] = (counts[each.category] ?? 0) + 1;
  return counts;
}

/** Promises that hold for any part of the data. */
function checkPromises(rows: RetailRow[], input: RetailInput): void {
  const places = [
    ...input.orders.flatMap((order) => [
      ...(order.customer === undefined ? [] : [...order.lines, ...order.freight].map((each) => each.row)),
      ...order.heldRows,
      ...order.badRows.flatMap((each) => each.rows),
    ]),
    ...[...input.cancellations, ...input.adjustments].map((each) => each.row),
    ...input.strays.flatMap((each) => each.rows),
  ].sort((a, b) => a - b);
  expect(places).toEqual(rows.map((row) => row.row));
  expect(input.tally.balanced).toBe(true);
  expect(input.adjustments.filter((each) => each.reason === "other")).toEqual([]);

  const sources = new Map(rows.map((row) => [String(row.row), row]));
  const credited = new Map<string, bigint>();
  for (const { row, customer, parts } of input.cancellations) {
    for (const part of parts) {
      const sale = sources.get(part.lineId)!;
      expect([sale.invoiceNo, sale.stockCode, `${customer.id}.0`]).toEqual([
        part.order,
        part.sku,
        sale.customerId,
      ]);
      expect(part.creditedPrice).toBe(formatDecimal(parseDecimal(sale.unitPrice)));
      expect(sale.row).toBeLessThan(row);
      credited.set(part.lineId, (credited.get(part.lineId) ?? 0n) + parseDecimal(part.quantity));
    }
  }
  for (const [lineId, units] of credited) {
    expect(units).toBeLessThanOrEqual(parseDecimal(sources.get(lineId)!.quantity));
  }

  const channels = Object.groupBy(input.orders, (order) => order.channel);
  expect(channels.erp!.length / input.orders.length).toBeCloseTo(0.15, 1.7);
  expect(channels.crm!.length / input.orders.length).toBeCloseTo(0.25, 1.7);
  expect(channels.erp!.filter((order) => order.customer === undefined)).toEqual([]);
}

describe("the slice", () => {
  let rows: RetailRow[];
  let input: RetailInput;
  beforeAll(async () => {
    rows = await readAll([SLICE_FILE]);
    input = await loadRetail(SLICE_FILE);
  });

  test("is under a megabyte and holds more than two thousand orders", () => {
    expect(statSync(SLICE_FILE).size).toBeLessThan(1_000_000);
    expect(input.orders.length).toBe(2_230);
    expect(input.orders.filter((order) => order.customer !== undefined).length).toBe(1_928);
  });

  test("keeps every promise", () => checkPromises(rows, input));

  test("measures what its page says", async () => {
    const page = readFileSync(new URL("data/README.md", import.meta.url), "utf8");
    const figures = [...page.matchAll(/^\| [^|]+ \| ([\d,]+) \|/gm)].map((match) =>
      Number(match[1]!.replaceAll(",", "")),
    );
    expect(figures).toEqual([...Object.values(count(rows)), ...Object.values(await byRule(rows))]);
    expect(byCategory(input)).toEqual({ customer: 355, code: 65, price: 6, cancellation: 477 });
    for (const category of ["355 `customer`", "65 `code`", "6 `price`", "477 `cancellation`"]) {
      expect(page).toContain(category);
    }
  });

  test("takes back the order of 74,215 jars that was cancelled 16 minutes later", () => {
    const jars = input.cancellations.find((each) => each.number === "C541433");
    expect(jars?.parts).toEqual([
      { order: "541431", lineId: "61621", sku: "23166", quantity: "74215", creditedPrice: "1.04" },
    ]);
  });

  test.each([1, 2, 17, 500, 2_230, 5_000])(
    "limited to %i orders is the start of the whole",
    async (ordersMax) => {
      const limited = await loadRetail(SLICE_FILE, { ordersMax });
      expect(limited.orders.length).toBe(Math.min(ordersMax, 2_230));
      expect(limited.orders).toEqual(input.orders.slice(0, ordersMax));
      const before = <T extends { row: number }>(each: T) => each.row <= limited.lastRow;
      expect(limited.cancellations).toEqual(input.cancellations.filter(before));
      expect(limited.adjustments).toEqual(input.adjustments.filter(before));
      expect(limited.tally).toMatchObject({ rows: limited.lastRow - 1, balanced: true });
      const next = input.orders[ordersMax];
      expect(limited.lastRow).toBe(next === undefined ? rows.length + 1 : next.row - 1);
    },
  );
});

describe.skipIf(!existsSync(WHOLE))("all ten months", () => {
  let rows: RetailRow[];
  let input: RetailInput;
  beforeAll(async () => {
    const months = readdirSync(WHOLE).filter((name) => name.endsWith(".csv.gz"));
    rows = await readAll(months.sort().map((name) => join(WHOLE, name)));
    input = await prepareRetail(readCells(rows, "all"));
  });

  test("count as the source says", () => {
    expect(count(rows)).toEqual({
      rows: 370_931,
      numbers: 18_786,
      sales: 15_896,
      cancellations: 2_887,
      customers: 3_658,
      codes: 3_887,
      withoutCustomer: 98_056,
      cancellationRows: 6_652,
      negative: 1_023,
      zeroPrice: 1_957,
    });
    expect(rows.filter((row) => row.unitPrice.startsWith("-")).length).toBe(2);
    expect(rows.filter((row) => row.invoiceNo.startsWith("A")).length).toBe(3);
  });

  test("have the value that the source says, to the tenth of a penny", () => {
    const value = { sold: 0n, cancelled: 0n };
    const pairs = new Map<string, number>();
    for (const row of rows) {
      const amount = parseDecimal(row.quantity) * parseDecimal(row.unitPrice);
      if (row.invoiceNo.startsWith("C")) value.cancelled += amount;
      else if (!row.invoiceNo.startsWith("A") && amount > 0n && !row.quantity.startsWith("-"))
        value.sold += amount;
      const pair = `${row.invoiceNo} ${row.stockCode}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    expect(formatScaled(value.sold, 12)).toBe("7352354.174");
    expect(formatScaled(value.cancelled, 12)).toBe("-559673.11");
    const repeated = [...pairs.values()].filter((times) => times > 1);
    expect([repeated.length, repeated.reduce((sum, times) => sum + times, 0)]).toEqual([5_176, 10_852]);
  });

  test("keep every promise", () => checkPromises(rows, input));

  test("split into what the rules say", () => {
    expect(input.orders.length).toBe(14_783);
    expect(input.tally).toEqual({
      rows: 370_931,
      sales: 265_391,
      freight: 867,
      held: 96_735,
      adjustments: 1_023,
      cancellations: 6_085,
      exceptions: 830,
      balanced: true,
    });
    expect(byCategory(input)).toEqual({ customer: 2_000, code: 512, price: 20, cancellation: 961 });
  });

  test("do not lose a penny between the file and the lines, and the three decimals among them", () => {
    const held = new Set(
      input.orders.flatMap((order) => (order.customer === undefined ? [order.number] : [])),
    );
    const bad = new Set(
      [...input.orders.flatMap((order) => order.badRows), ...input.strays].flatMap((each) => each.rows),
    );
    let expected = 0n;
    for (const row of rows) {
      if (
        /^[CA]/.test(row.invoiceNo) ||
        row.quantity.startsWith("-") ||
        held.has(row.invoiceNo) ||
        bad.has(row.row)
      )
        continue;
      expected += parseDecimal(row.quantity) * parseDecimal(row.unitPrice);
    }
    let sum = 0n;
    for (const order of input.orders) {
      if (order.customer === undefined) continue;
      for (const line of order.lines) sum += parseDecimal(line.quantity) * parseDecimal(line.price);
      for (const freight of order.freight) sum += parseDecimal(freight.amount) * 1_000_000n;
    }
    expect(formatScaled(sum, 12)).toBe(formatScaled(expected, 12));
  });

  test("write the same SKU in lower case on orders without a customer alone", () => {
    const lower = input.orders.filter((order) =>
      order.lines.some((line) => /^\d{5}[A-Z]*[a-z]/.test(line.sku)),
    );
    expect(lower.length).toBeGreaterThan(100);
    expect(lower.filter((order) => order.customer !== undefined)).toEqual([]);
  });

  test("begin with the slice, byte for byte", async () => {
    const made = await makeSlice(WHOLE);
    expect(gunzipSync(made).equals(gunzipSync(readFileSync(SLICE_FILE)))).toBe(true);
    expect((await makeSlice(WHOLE)).equals(made)).toBe(true);
    const text = gunzipSync(made);
    const source = Buffer.concat([
      gunzipSync(readFileSync(join(WHOLE, "2010-12.csv.gz"))),
      gunzipSync(readFileSync(join(WHOLE, "2011-01.csv.gz"))).subarray(text.indexOf(10) + 1),
    ]);
    expect(source.subarray(0, text.length).equals(text)).toBe(true);
  });
});

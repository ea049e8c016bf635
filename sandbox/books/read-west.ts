// What warehouse WEST holds, by its queries: physical stock, orders, and its numbered rows, whose times are local
// in London. Its files are counted as it wrote them and, where the drop folder can be read, as nobody has taken them.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Asked, ask } from "./ask.ts";
import { ONE } from "./exact.ts";
import type { Goods, Moment, Outbound, Warehouse } from "./facts.ts";
import { BooksError } from "./failure.ts";
import { exactOf, type Fields, fieldsOf, instantOf, listOf, textOf, textOr } from "./fields.ts";

interface WestOrder extends Outbound {
  createdMs: number;
}

interface WestRow {
  kind: string;
  row: Fields;
  atMs: number;
}

export async function readWest(url: string, folder: string | undefined): Promise<Warehouse> {
  const west: Asked = { name: "warehouse WEST", url, headers: {} };
  const stock = listOf(fieldsOf(await ask(west, "query/stock"), "WEST stock"), "stock");
  const outbound = (await readPages(west, "orders")).map(toOrder);
  const rows = toRows(await readPages(west, "rows"));
  const files = listOf(fieldsOf(await ask(west, "query/files"), "WEST files"), "files");
  const byNumber = new Map(outbound.map((order) => [order.reference, order]));
  const goods = rows.flatMap(goodsOf);
  const moments: Moment[] = outbound.flatMap((order) =>
    order.lines.map(({ sku, ordered }) => ({
      atMs: order.createdMs,
      kind: "demand" as const,
      sku,
      quantity: ordered,
      reference: order.reference,
    })),
  );
  for (const row of rows) moments.push(...suppliesOf(row), ...givenUp(row, byNumber));
  return {
    location: "WEST",
    stock: new Map(
      stock.map((row) => [
        textOf(row, "article"),
        { physical: exactOf(row, "physical"), held: exactOf(row, "held") },
      ]),
    ),
    outbound,
    goods,
    moments,
    stated: { what: "files written", count: BigInt(files.length) },
    contradictions: [],
    untaken: folder === undefined ? 0n : await countUntaken(join(folder, "out")),
  };
}

async function readPages(west: Asked, name: string): Promise<Fields[]> {
  const rows: Fields[] = [];
  for (let next: string | undefined = "0"; next !== undefined; ) {
    const answer = await ask(west, `query/${name}?limit=1000&after=${next}`);
    const page: Fields = fieldsOf(answer, `WEST ${name}`);
    rows.push(...listOf(page, name));
    next = textOr(page, "next") || undefined;
  }
  return rows;
}

/** Whoever reads a file moves it away. */
async function countUntaken(path: string): Promise<bigint> {
  try {
    return BigInt((await readdir(path)).filter((name) => name.endsWith(".csv")).length);
  } catch (error) {
    throw new BooksError("books.unreadable", `${path} cannot be read.`, { cause: error });
  }
}

function toOrder(fields: Fields): WestOrder {
  return {
    createdMs: instantOf(fields, "createdAt"),
    reference: textOf(fields, "order"),
    lines: listOf(fields, "lines").map((line) => ({
      line: textOf(line, "line"),
      sku: textOf(line, "article"),
      ordered: exactOf(line, "ordered"),
      shipped: exactOf(line, "shipped"),
      short: exactOf(line, "short"),
    })),
    shipments: listOf(fields, "shipments").map((shipment) => ({
      shipment: textOf(shipment, "shipment"),
      delivered: textOr(shipment, "deliveredAt") !== "",
      lines: listOf(shipment, "lines").map((line) => ({
        line: textOf(line, "line"),
        sku: textOf(line, "article"),
        quantity: exactOf(line, "quantity"),
      })),
    })),
  };
}

/** Rows stand in the order of their numbers, so the hour that comes twice in autumn is told apart. */
function toRows(records: Fields[]): WestRow[] {
  let lastMs = 0;
  return records.map((record) => {
    const row = fieldsOf(record.values.row, `${record.at}.row`);
    const local = Temporal.PlainDateTime.from(textOf(row, "TIME").replace(" ", "T"));
    const at = (disambiguation: "earlier" | "later") =>
      local.toZonedDateTime("Europe/London", { disambiguation }).epochMilliseconds;
    const atMs = at("earlier") >= lastMs - 60_000 ? at("earlier") : at("later");
    lastMs = Math.max(lastMs, atMs);
    return { kind: textOf(record, "kind"), row, atMs };
  });
}

/** WEST writes the minus behind: "3-". */
function unitsOf(row: Fields): bigint {
  const [, digits, minus] = /^(\d+)(-?)$/.exec(textOf(row, "QTY")) ?? [];
  if (digits === undefined) {
    throw new BooksError("books.shape", `${row.at}.QTY is no number of WEST: ${textOf(row, "QTY")}.`);
  }
  return BigInt(digits) * (minus === "-" ? -ONE : ONE);
}

function goodsOf({ kind, row }: WestRow): Goods[] {
  const common = () => ({ sku: textOf(row, "ARTICLE"), isHeld: textOr(row, "COND") === "H", reason: "" });
  if (kind === "SHP" && textOf(row, "STATUS") === "SHP") {
    return [{ ...common(), kind: "issue", quantity: -unitsOf(row), reference: textOf(row, "ORDER") }];
  }
  if (kind === "ADJ") {
    const reason = textOf(row, "REASON");
    return [{ ...common(), kind: "adjustment", quantity: unitsOf(row), reference: "", reason }];
  }
  if (kind === "RCV") {
    return [{ ...common(), kind: "receipt", quantity: unitsOf(row), reference: textOf(row, "PO") }];
  }
  if (kind === "RET") {
    return [{ ...common(), kind: "return", quantity: unitsOf(row), reference: textOf(row, "ORDER") }];
  }
  return [];
}

function suppliesOf(entry: WestRow): Moment[] {
  return goodsOf(entry)
    .filter((moved) => !moved.isHeld && moved.quantity > 0n)
    .map(({ sku, quantity, reference }) => ({ atMs: entry.atMs, kind: "supply", sku, quantity, reference }));
}

function givenUp({ kind, row, atMs }: WestRow, orders: ReadonlyMap<string, WestOrder>): Moment[] {
  if (kind === "SHP" && textOf(row, "STATUS") === "SHT") {
    const [sku, reference] = [textOf(row, "ARTICLE"), textOf(row, "ORDER")];
    return [{ atMs, kind: "given-up", sku, quantity: unitsOf(row), reference }];
  }
  if (kind !== "ACK" || textOf(row, "RESULT") !== "OK" || textOf(row, "REASON") !== "CANCELLED") return [];
  const order = orders.get(textOf(row, "ORDER"));
  return (order?.lines ?? []).map(({ sku, ordered }) => ({
    atMs,
    kind: "given-up",
    sku,
    quantity: ordered,
    reference: order!.reference,
  }));
}

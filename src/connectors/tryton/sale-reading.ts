// Reads sales whole, a few calls for a page of them: head, lines, and what of each line was cancelled for good.
import type { Limits, TrytonClient } from "./client.ts";
import { isOurs } from "./identity.ts";
import { type Fields, fieldsOf, idOf, idsOf, listOf, textOf } from "./values.ts";

const HEAD = [
  "number",
  "reference",
  "description",
  "state",
  "create_date",
  "create_uid",
  "currency.code",
  "party.code",
  "party.name",
  "shipment_address.country.code",
  "shipping_date",
];
export const LINE = [
  "sale",
  "type",
  "note",
  "description",
  "quantity",
  "unit_price",
  "amount",
  "unit.symbol",
  "product.code",
  "product.type",
  "moves_ignored",
];

export interface SaleRead {
  id: number;
  /** `ours` beside Tryton's fields, and `lines` with `cancelled`, moves that will not be shipped. */
  sale: Fields;
}

export async function readSales(client: TrytonClient, ids: number[], limits: Limits): Promise<SaleRead[]> {
  const uid = await client.uid(limits);
  const sales = await client.search("sale.sale", [["id", "in", ids]], HEAD, limits);
  const lines = await readLines(client, [["sale", "in", ids]], limits);
  return sales.map((sale) => {
    const id = idOf(sale.id, "id");
    const own = lines.filter((line) => idOf(line.sale, "sale") === id);
    return { id, sale: { ...sale, ours: isOurs(sale, uid), lines: own } };
  });
}

export async function readLines(client: TrytonClient, domain: unknown[], limits: Limits): Promise<Fields[]> {
  const order = {
    order: [
      ["sequence", "ASC"],
      ["id", "ASC"],
    ] as [string, "ASC"][],
  };
  const lines = await client.search("sale.line", domain, LINE, limits, order);
  const ignored = lines.flatMap((line) => idsOf(line.moves_ignored, "moves_ignored"));
  const moves = ignored.length === 0 ? [] : await readMoves(client, ignored, limits);
  return lines.map((line) => {
    const own = new Set(idsOf(line.moves_ignored, "moves_ignored"));
    return { ...line, cancelled: moves.filter((move) => own.has(idOf(move.id, "id"))) };
  });
}

const readMoves = (client: TrytonClient, ids: number[], limits: Limits): Promise<Fields[]> =>
  client.search(
    "stock.move",
    [
      ["id", "in", ids],
      ["state", "=", "cancelled"],
    ],
    ["quantity", "uom.symbol"],
    limits,
  );

/** A unit's symbol, of a field that names one. */
export const symbolOf = (record: Fields, name: string): string =>
  textOf(fieldsOf(record[`${name}.`], name), "symbol");

/** What of a sale papers and cancellations need: the same however often it is read. */
export function excerptOf(sale: Fields, fields: readonly string[] = []): Fields {
  const { number, reference, create_date, ours } = sale;
  const lines = listOf(sale.lines, "lines").map((line) =>
    picked(line, ["id", "type", "note", "product.", ...fields]),
  );
  return { number, reference, create_date, ours, lines };
}

export const picked = (record: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, record[name] ?? null]));

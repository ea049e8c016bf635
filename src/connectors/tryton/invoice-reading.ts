// Reads posted invoices with the sales that they are about. A credit note's lines name those of the invoice that it
// takes back, which name the sale's.
import type { Loaded } from "./change-feed.ts";
import type { Limits, TrytonClient } from "./client.ts";
import { excerptOf, picked, readSales } from "./sale-reading.ts";
import { type Fields, idOf, textOr } from "./values.ts";

export const POSTED: unknown[] = [
  ["type", "=", "out"],
  ["state", "in", ["posted", "paid"]],
];

const HEAD = ["number", "currency.code", "move.create_date"];
const LINE = ["invoice", "origin", "product.code", "quantity", "unit.symbol", "amount"];
/** A credit of a credit of an invoice: nobody goes deeper. */
const DEPTH_MAX = 4;

export async function readInvoices(client: TrytonClient, ids: number[], limits: Limits): Promise<Loaded[]> {
  const invoices = await client.search("account.invoice", [["id", "in", ids]], HEAD, limits);
  const domain = [
    ["invoice", "in", ids],
    ["type", "=", "line"],
  ];
  const lines = await client.search("account.invoice.line", domain, LINE, limits);
  const origins = await saleLinesOf(client, lines, limits);
  const owners = new Map<number, number>();
  const saleLines = [...new Set(origins.values())];
  const sold =
    saleLines.length === 0
      ? []
      : await client.search("sale.line", [["id", "in", saleLines]], ["sale"], limits);
  for (const line of sold) owners.set(idOf(line.id, "id"), idOf(line.sale, "sale"));
  const saleIds = [...new Set(owners.values())];
  const sales = saleIds.length === 0 ? [] : await readSales(client, saleIds, limits);
  const excerpts = new Map(sales.map(({ id, sale }) => [id, excerptOf(sale)]));
  return invoices.map((invoice) => {
    const id = idOf(invoice.id, "id");
    const own = lines.filter((line) => idOf(line.invoice, "invoice") === id);
    const of = (line: Fields) => origins.get(idOf(line.id, "id"));
    const about = [...new Set(own.flatMap((line) => owners.get(of(line) ?? 0) ?? []))];
    const body = {
      invoice: {
        ...picked(invoice, ["number", "currency.", "move."]),
        lines: own.map((line) => ({
          ...picked(line, ["id", "product.", "quantity", "unit.", "amount"]),
          saleLine: of(line) === undefined ? null : String(of(line)),
        })),
      },
      sales: about.map((sale) => excerpts.get(sale)!),
    };
    return { id, body };
  });
}

/** By invoice line, the sale's line. */
async function saleLinesOf(
  client: TrytonClient,
  lines: readonly Fields[],
  limits: Limits,
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  let open = lines.map((line) => ({ root: idOf(line.id, "id"), origin: textOr(line, "origin") ?? "" }));
  for (let depth = 0; open.length > 0 && depth < DEPTH_MAX; depth++) {
    const deeper = new Map<number, number[]>();
    for (const { root, origin } of open) {
      const [model, id] = origin.split(",");
      if (model === "sale.line") found.set(root, Number(id));
      else if (model === "account.invoice.line")
        deeper.set(Number(id), [...(deeper.get(Number(id)) ?? []), root]);
    }
    if (deeper.size === 0) break;
    const domain = [["id", "in", [...deeper.keys()]]];
    const taken = await client.search("account.invoice.line", domain, ["origin"], limits);
    open = taken.flatMap((line) =>
      deeper.get(idOf(line.id, "id"))!.map((root) => ({ root, origin: textOr(line, "origin") ?? "" })),
    );
  }
  return found;
}

// Posts what Tryton has drawn of a sale: the invoice of what was shipped, and the credit of what came back.
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import type { Document } from "./document.ts";
import { refused, TrytonFailed } from "./failure.ts";
import type { SaleHead } from "./order.ts";
import { type Fields, idOf, idsOf } from "./values.ts";

/** Whether a shipment was drawn, and nothing of its sale waits to be posted. */
export async function isBilled(
  desk: Desk,
  sale: SaleHead,
  document: Document,
  held: Fields,
  limits: Limits,
): Promise<boolean> {
  if (!desk.settings.postInvoices) return true;
  if (!(await isDrawn(desk, sale, document, held, limits))) return false;
  return (await drafts(desk, sale, limits)).length === 0;
}

/** Throws TrytonFailed where the invoice is not there yet: a queue worker draws it in its own time. */
export async function bill(
  desk: Desk,
  sale: SaleHead,
  document: Document,
  held: Fields,
  call: Limits,
): Promise<void> {
  if (!desk.settings.postInvoices) return;
  if (!(await isDrawn(desk, sale, document, held, call)))
    throw new TrytonFailed({ kind: "busy", reason: `${document.reference} is not invoiced yet.` });
  const open = await drafts(desk, sale, call);
  if (open.length === 0) return;
  await desk.client.run("account.invoice", "post", [open], call);
  if ((await drafts(desk, sale, call)).length > 0)
    throw new TrytonFailed(refused("tryton.stuck", `An invoice of ${sale.number} could not be posted.`));
}

/** What is invoiced as it was ordered was drawn when it was booked. */
async function isDrawn(
  { client }: Desk,
  { invoiceMethod }: SaleHead,
  { model }: Document,
  held: Fields,
  limits: Limits,
): Promise<boolean> {
  if (invoiceMethod !== "shipment") return true;
  const domain = [
    ["shipment", "=", `${model},${idOf(held.id, "id")}`],
    ["origin", "like", "sale.line,%"],
  ];
  const moves = await client.search("stock.move", domain, ["invoice_lines"], limits);
  return moves.every((move) => idsOf(move.invoice_lines, "invoice_lines").length > 0);
}

async function drafts({ client }: Desk, sale: SaleHead, limits: Limits): Promise<number[]> {
  const [record] = await client.read("sale.sale", [sale.id], ["invoices"], limits);
  const domain = [
    ["id", "in", idsOf(record!.invoices, "invoices")],
    ["state", "in", ["draft", "validated"]],
  ];
  const found = await client.search("account.invoice", domain, ["state"], limits);
  return found.map((invoice) => idOf(invoice.id, "id"));
}

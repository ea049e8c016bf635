// Draws what an order has to be invoiced and posts it. Odoo counts a draft as invoiced, so what was drawn is not drawn
// again; a second attempt finds nothing to invoice, or a draft to post.
import type { Call, Desk } from "./client.ts";
import { bearRefusal, type Failure, refused } from "./failure.ts";
import type { Limits } from "./transport.ts";
import { idOf, idsOf, listOf, textOf } from "./values.ts";

/** Undefined where all of it is posted, else why it is not. */
export async function drawInvoices(desk: Desk, order: number, call: Call): Promise<Failure | undefined> {
  const { client } = desk;
  let { toInvoice, drafts } = await billingOf(desk, order, call);
  let refusal: Failure | undefined;
  if (toInvoice) {
    const about = { active_model: "sale.order", active_id: order, active_ids: [order] };
    const values = { advance_payment_method: "delivered" };
    const wizard = await client.create("sale.advance.payment.inv", values, call, about);
    refusal = await bearRefusal(
      client.run("sale.advance.payment.inv", "create_invoices", [wizard], call, about),
    );
    ({ toInvoice, drafts } = await billingOf(desk, order, call));
  }
  for (const draft of drafts)
    refusal = (await bearRefusal(client.run("account.move", "action_post", [draft], call))) ?? refusal;
  if (drafts.length > 0) ({ toInvoice, drafts } = await billingOf(desk, order, call));
  if (!toInvoice && drafts.length === 0) return undefined;
  return refusal ?? refused("odoo.not-invoiced", "Odoo leaves something of the order uninvoiced.");
}

export async function isBilled(desk: Desk, order: number, limits: Limits): Promise<boolean> {
  if (desk.settings.invoice === "none") return true;
  const { toInvoice, drafts } = await billingOf(desk, order, limits);
  return !toInvoice && drafts.length === 0;
}

async function billingOf({ client }: Desk, order: number, limits: Limits) {
  const found = await client.search(
    "sale.order",
    [["id", "=", order]],
    ["invoice_status", "invoice_ids"],
    limits,
  );
  const [record] = listOf(found, "sale.order");
  const invoices = idsOf(record?.invoice_ids ?? [], "invoice_ids");
  const domain = [
    ["id", "in", invoices],
    ["state", "=", "draft"],
    ["move_type", "=", "out_invoice"],
  ];
  const drafts = invoices.length === 0 ? [] : await client.search("account.move", domain, ["state"], limits);
  return {
    toInvoice: record !== undefined && textOf(record, "invoice_status") === "to invoice",
    drafts: drafts.map((draft) => idOf(draft.id, "id")),
  };
}

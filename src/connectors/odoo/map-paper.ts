// Invoices and credit notes, read back as Odoo posted them: one fact for each order that a paper is about.
import type { Mapping } from "../../connector/index.ts";
import { codeOf, isService, type MapContext, unitOf } from "./map-order.ts";
import { noteOf, ownLines } from "./order-note.ts";
import {
  type Fields,
  fieldsOf,
  idOf,
  idsOf,
  linkOf,
  listOf,
  micros,
  microsText,
  numberOf,
  textOf,
  timeOf,
} from "./values.ts";

export function mapPaper(body: Fields, { settings }: MapContext): Mapping {
  const paper = fieldsOf(body.paper, "paper");
  const isCredit = textOf(paper, "move_type") === "out_refund";
  const signed = (line: Fields, name: string) => {
    const value = micros(numberOf(line, name));
    return microsText(isCredit ? -value : value);
  };
  const orders = new Map<string, { lines: Fields[]; total: bigint }>();
  for (const line of listOf(body.lines, "lines")) {
    if (line.order === null || line.order === undefined) continue;
    const { orderId, key, isCharge } = identityOf(line);
    const of = orders.get(orderId) ?? { lines: [], total: 0n };
    const amount = signed(line, "price_subtotal");
    const quantity = { quantity: signed(line, "quantity"), ...unitOf(line, "product_uom_id", settings) };
    of.lines.push(
      isCharge ? { chargeId: key, amount } : { lineId: key, sku: codeOf(line), ...quantity, amount },
    );
    of.total += micros(amount);
    orders.set(orderId, of);
  }
  if (orders.size === 0) return { ignored: "It is about no sales order." };
  const common = {
    invoice: textOf(paper, "name"),
    kind: isCredit ? "credit" : "invoice",
    currency: linkOf(paper, "currency_id")?.label,
    postedAt: timeOf(paper, "create_date"),
  };
  return {
    events: [...orders].map(([orderId, { lines, total }]) => ({
      type: "invoice.posted",
      data: { orderId, ...common, lines, total: microsText(total) },
    })),
  };
}

function identityOf(line: Fields): { orderId: string; key: string; isCharge: boolean } {
  const order = fieldsOf(line.order, "order");
  const saleLine = idOf(line.saleLine, "saleLine");
  const note = noteOf(order);
  if (note === undefined)
    return { orderId: textOf(order, "name"), key: String(saleLine), isCharge: isService(line) };
  const siblings = idsOf(line.siblings, "siblings").map((id) => ({ id: String(id) }));
  const own = ownLines(note, siblings).get(saleLine);
  const orderId = textOf(order, "client_order_ref");
  return { orderId, key: own?.key ?? String(saleLine), isCharge: own?.isCharge ?? isService(line) };
}

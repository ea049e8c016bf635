// What several equations need alike: units by order and SKU, each from the system that has them. `536365 85123A` is
// a document here; what belongs to no order of the input stands under `? ` and its own name.
import type { Facts } from "./facts.ts";
import type { Expected } from "./input.ts";
import { comparePosted, documentOf, movedGoods, type Posted } from "./posted.ts";
import { Tally } from "./tally.ts";
import { named, type Trace } from "./trace.ts";

export interface Figures {
  /** Of orders with a customer, by the input. */
  accepted: Tally;
  /** By the warehouses. */
  shipped: Tally;
  returned: Tally;
  /** By the ERP's order lines. */
  cancelled: Tally;
  open: Tally;
  /** By the ERP's invoices and credit memos. */
  invoiced: Tally;
  credited: Tally;
  creditedWithoutGoods: Tally;
  /** By place too: what the warehouses moved, and what the ERP has posted of it. */
  issues: Posted;
  returns: Posted;
}

export function gather(expected: Expected, facts: Facts, trace: Trace): Figures {
  const accepted = new Tally();
  for (const { number, customer, lines } of expected.orders.values()) {
    if (customer === undefined) continue;
    for (const line of lines) accepted.add(`${number} ${line.sku}`, line.quantity);
  }
  const [shipped, returned] = [new Tally(), new Tally()];
  for (const { goods } of movedGoods(facts)) {
    const document = documentOf(trace, goods);
    if (goods.kind === "issue") shipped.add(document, -goods.quantity);
    else if (goods.kind === "return") returned.add(document, goods.quantity);
  }
  return {
    accepted,
    shipped,
    returned,
    ...orderFigures(facts, trace),
    ...paperFigures(facts, trace),
    issues: comparePosted(facts, trace, "issue"),
    returns: comparePosted(facts, trace, "return"),
  };
}

function orderFigures({ erp }: Facts, trace: Trace): Pick<Figures, "cancelled" | "open"> {
  const cancelled = new Tally();
  const open = new Tally();
  for (const order of erp.orders) {
    for (const line of order.lines) {
      if (line.isFreight) continue;
      const document = `${named(trace.find(order.number), order.number)} ${line.sku}`;
      cancelled.add(document, line.cancelled);
      const left = line.quantity - line.cancelled - line.delivered;
      if (left > 0n) open.add(document, left);
    }
  }
  return { cancelled, open };
}

function paperFigures(
  { erp }: Facts,
  trace: Trace,
): Pick<Figures, "invoiced" | "credited" | "creditedWithoutGoods"> {
  const invoiced = new Tally();
  const credited = new Tally();
  const creditedWithoutGoods = new Tally();
  for (const invoice of erp.invoices) {
    for (const line of invoice.lines) {
      if (line.isFreight) continue;
      invoiced.add(`${named(trace.find(invoice.order), invoice.order)} ${line.sku}`, line.quantity);
    }
  }
  for (const credit of erp.credits) {
    for (const line of credit.lines) {
      const document = `${named(trace.find(credit.order), credit.order)} ${line.sku}`;
      credited.add(document, line.quantity);
      if (!credit.fromReturn) creditedWithoutGoods.add(document, line.quantity);
    }
  }
  return { invoiced, credited, creditedWithoutGoods };
}

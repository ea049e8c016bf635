// Compares an invoice or credit memo with the order: every line, every charge, the total, and units against what
// shipped. What differs is one problem with the money at stake; the document stands as it is.
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { InvoicePosted } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { type InvoicePart, isKnownInvoice, readInvoice } from "./invoice.ts";
import { amountOf, limit } from "./money.ts";
import type { Order, OrderLine } from "./state.ts";

interface Difference {
  what: string;
  expected: string;
  said: string;
  money: Decimal;
}

const magnitude = (value: Decimal): Decimal => (value < ZERO ? -value : value);

export function decideInvoice(d: Decision, data: InvoicePosted): void {
  const before = d.before!;
  const differences = isKnownInvoice(before, data) ? restated(before, data) : compare(before, data);
  if (differences.length > 0) {
    d.problem("invoice.differs", {
      about: `${data.kind}/${data.invoice}`,
      title: `${data.kind === "credit" ? "Credit memo" : "Invoice"} ${data.invoice} of order ${d.order.orderId} differs from what it should say.`,
      detail: {
        invoice: data.invoice,
        differences: differences.map(({ money, ...rest }) => ({ ...rest, money: formatDecimal(money) })),
      },
      moneyAtRisk: limit(differences.reduce((sum, one) => sum + one.money, ZERO)),
    });
  }
  compareUnits(d);
}

/** The same number again: its total is all that was kept of it. */
function restated(order: Order, data: InvoicePosted): Difference[] {
  const held = order.invoices.find((one) => one.invoice === data.invoice && one.kind === data.kind)!;
  const said = parseDecimal(data.total);
  return held.total === said ? [] : [difference("total, as it was posted before", held.total, said)];
}

function compare(order: Order, data: InvoicePosted): Difference[] {
  const parts = readInvoice(order, data);
  const total = parseDecimal(data.total);
  const differences = parts.flatMap((part) => comparePart(order, data, part));
  const sum = parts.reduce((left, part) => left + part.amount, ZERO);
  if (sum !== total) differences.push(difference("total of its lines", sum, total));
  if (data.currency !== order.currency) {
    const money = magnitude(total);
    differences.push({ what: "currency", expected: order.currency, said: data.currency, money });
  }
  return differences;
}

function difference(what: string, expected: Decimal, said: Decimal): Difference {
  const money = magnitude(said - expected);
  return { what, expected: formatDecimal(limit(expected)), said: formatDecimal(said), money };
}

function comparePart(order: Order, data: InvoicePosted, part: InvoicePart): Difference[] {
  const { lineId, chargeId, sku, quantity } = part.said;
  const what = lineId ?? chargeId ?? sku ?? "a line without a number";
  if (part.strange) return [difference(`${what}: not in the order`, ZERO, part.amount)];
  // A credit without a quantity is an allowance: no goods, and no price to compare with.
  if (data.kind === "credit" && quantity === undefined && part.chargeId === undefined) return [];
  const charge = order.charges.find((held) => held.chargeId === part.chargeId);
  if (data.kind === "invoice" && charge?.invoiced === true) {
    return [difference(`${what}: charged before`, ZERO, part.amount)];
  }
  return part.amount === part.expected ? [] : [difference(what, part.expected, part.amount)];
}

/** Over all documents: no more is invoiced than shipped, no more is credited than invoiced. */
function compareUnits(d: Decision): void {
  compareTotals(d, "ahead of shipping", (line) => line.invoiced - line.shipped);
  compareTotals(d, "credited without an invoice", (line) => line.credited - line.invoiced);
}

function compareTotals(d: Decision, about: string, excessOf: (line: OrderLine) => Decimal): void {
  const isExcess = (line: OrderLine) => excessOf(line) > ZERO;
  const excess = d.order.lines.filter(isExcess);
  if (excess.length === 0) {
    if (d.before?.lines.some(isExcess) === true) d.solve("invoice.differs", about);
    return;
  }
  if (d.before?.lines === d.order.lines) return;
  const money = excess.reduce((sum, line) => sum + amountOf(d.order, line, excessOf(line)), ZERO);
  d.problem("invoice.differs", {
    about,
    title: `Order ${d.order.orderId} is invoiced or credited for other quantities than shipped (${about}).`,
    detail: {
      lines: excess.map((line) => ({
        lineId: line.lineId,
        sku: line.sku,
        shipped: formatDecimal(line.shipped),
        invoiced: formatDecimal(line.invoiced),
        credited: formatDecimal(line.credited),
      })),
    },
    moneyAtRisk: limit(money),
  });
}

/** Goods that ship after their invoice put it right. */
export const solveInvoicedAhead = (d: Decision): void => {
  const isAhead = (line: OrderLine) => line.invoiced > line.shipped;
  if (d.before?.lines.some(isAhead) === true && !d.order.lines.some(isAhead)) {
    d.solve("invoice.differs", "ahead of shipping");
  }
};

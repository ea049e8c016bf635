// What an invoice or credit memo says of an order, part by part, beside what it should say: shipped quantity ×
// price, rounded half up once per line. A part that fits no line or charge of the order is named as strange.
import { checkRange, type Decimal, minDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { InvoicePosted } from "./contract.ts";
import { baseUnits, linesById } from "./lines.ts";
import { amountOf, chargeAmount } from "./money.ts";
import type { Order, OrderLine } from "./state.ts";

export interface InvoicePart {
  /** As the document states it. */
  amount: Decimal;
  /** What the order says it should be. */
  expected: Decimal;
  /** Base units per line; negative in a credit memo. */
  units: ReadonlyMap<string, Decimal>;
  chargeId?: string;
  /** Whether nothing in the order fits it. */
  strange: boolean;
  said: InvoicePosted["lines"][number];
}

export const isKnownInvoice = (order: Order, data: InvoicePosted): boolean =>
  order.invoices.some((held) => held.invoice === data.invoice && held.kind === data.kind);

export function readInvoice(order: Order, data: InvoicePosted): InvoicePart[] {
  const lines = linesById(order);
  const uninvoiced = new Map<string, Decimal>();
  return data.lines.map((said) => {
    const amount = parseDecimal(said.amount);
    if (said.lineId === undefined && said.chargeId !== undefined)
      return chargePart(order, data, said, amount);
    const line = said.lineId === undefined ? undefined : lines.get(said.lineId);
    if (line !== undefined) return linePart(order, line, said, amount);
    if (said.lineId === undefined && said.sku !== undefined) {
      return skuPart(order, said, amount, uninvoiced);
    }
    return strangePart(said, amount);
  });
}

const strangePart = (said: InvoicePart["said"], amount: Decimal): InvoicePart => ({
  amount,
  expected: ZERO,
  units: new Map(),
  strange: true,
  said,
});

function chargePart(
  order: Order,
  data: InvoicePosted,
  said: InvoicePart["said"],
  amount: Decimal,
): InvoicePart {
  const charge = order.charges.find((held) => held.chargeId === said.chargeId);
  if (charge === undefined) return strangePart(said, amount);
  const expected = chargeAmount(order, charge);
  return {
    amount,
    expected: data.kind === "credit" ? -expected : expected,
    units: new Map(),
    chargeId: charge.chargeId,
    strange: false,
    said,
  };
}

function linePart(order: Order, line: OrderLine, said: InvoicePart["said"], amount: Decimal): InvoicePart {
  const units = said.quantity === undefined ? ZERO : baseUnits(line, said.quantity, said.unit);
  if (units === undefined) return strangePart(said, amount);
  return {
    amount,
    expected: amountOf(order, line, units),
    units: new Map([[line.lineId, units]]),
    strange: false,
    said,
  };
}

/** A document that names SKUs alone: lines that shipped and are not invoiced take their part, in order. */
function skuPart(
  order: Order,
  said: InvoicePart["said"],
  amount: Decimal,
  uninvoiced: Map<string, Decimal>,
): InvoicePart {
  const fitting = order.lines.filter((line) => line.sku === said.sku);
  const first = fitting[0];
  const stated = first === undefined ? undefined : baseUnits(first, said.quantity ?? "0", said.unit);
  if (first === undefined || stated === undefined) return strangePart(said, amount);
  const units = new Map<string, Decimal>();
  let left = stated;
  for (const line of fitting) {
    const open = uninvoiced.get(line.lineId) ?? line.shipped - line.invoiced;
    const part = stated > ZERO && open > ZERO ? minDecimal(open, left) : ZERO;
    if (part === ZERO) continue;
    units.set(line.lineId, part);
    uninvoiced.set(line.lineId, open - part);
    left -= part;
  }
  if (left !== ZERO) units.set(first.lineId, (units.get(first.lineId) ?? ZERO) + left);
  let expected = ZERO;
  for (const line of fitting) {
    const part = units.get(line.lineId);
    if (part !== undefined) expected += amountOf(order, line, part);
  }
  return { amount, expected, units, strange: false, said };
}

/** The order with the document in it: what it invoices or credits, whether it is right or not. */
export function withInvoice(order: Order, data: InvoicePosted): Order {
  if (isKnownInvoice(order, data)) return order;
  const parts = readInvoice(order, data);
  const units = new Map<string, Decimal>();
  const charged = new Set<string>();
  for (const part of parts) {
    for (const [lineId, quantity] of part.units) units.set(lineId, (units.get(lineId) ?? ZERO) + quantity);
    if (part.chargeId !== undefined && data.kind === "invoice") charged.add(part.chargeId);
  }
  const lines = order.lines.map((line) => {
    const by = units.get(line.lineId);
    if (by === undefined || by === ZERO) return line;
    units.delete(line.lineId);
    if (data.kind === "invoice") return { ...line, invoiced: checkRange(line.invoiced + by) };
    return { ...line, credited: checkRange(line.credited - by) };
  });
  return {
    ...order,
    lines,
    charges: order.charges.map((charge) =>
      charged.has(charge.chargeId) && !charge.invoiced ? { ...charge, invoiced: true } : charge,
    ),
    invoices: [
      ...order.invoices,
      {
        invoice: data.invoice,
        kind: data.kind,
        total: parseDecimal(data.total),
        postedAt: parseTime(data.postedAt),
      },
    ],
  };
}

// Billing runs. Goods issues of one order and delivery note that are posted close together become one
// invoice; the first invoice of an order carries its freight. A line is quantity × price ÷ price unit,
// rounded half up to the penny once. Returns that cite an invoice line become a credit memo.

import { lineAmountPennies, poundsNumber, sum } from "../simulation/amount.ts";
import { nativeNow, today } from "./collection.ts";
import type { Company } from "./company.ts";
import { openQuantity, refreshOrder } from "./order-status.ts";
import type {
  CreditMemo,
  CreditMemoLine,
  GoodsMovement,
  Invoice,
  InvoiceLine,
  SalesOrder,
  SalesOrderLine,
} from "./records.ts";

/** Bills the pending lines of a goods issue, together with others of its delivery note. */
export function billIssue(company: Company, movement: GoodsMovement): void {
  const order = company.orders.first("OrderNumber", movement.SalesOrder);
  if (!order || !movement.Lines.some((line) => line.BillingStatus === "Pending")) return;
  const note = movement.DeliveryNote;
  schedule(company, `issue ${order.ID} ${note ?? movement.DocumentNumber}`, () => {
    const issues =
      note === null
        ? [movement]
        : (company.movements.indexedBy("DeliveryNote", note) ?? [])
            .map((entry) => entry.record)
            .filter((other) => other.MovementType === "601" && other.SalesOrder === order.OrderNumber);
    const pending = issues.filter((issue) => issue.Lines.some((line) => line.BillingStatus === "Pending"));
    if (pending.length > 0) drawInvoice(company, order, note, pending);
  });
}

/** Bills an order that has nothing to deliver. */
export function billOrderAlone(company: Company, order: SalesOrder): void {
  schedule(company, `order ${order.ID}`, () => {
    if (order.Lines.some((line) => openQuantity(line) > 0)) drawInvoice(company, order, null, []);
  });
}

/** Draws the credit memos for a return that cites invoice lines. */
export function creditReturn(company: Company, movement: GoodsMovement): void {
  const cited = movement.Lines.filter((line) => line.BillingStatus === "Pending");
  if (cited.length === 0) return;
  schedule(company, `return ${movement.DocumentNumber}`, () => {
    for (const [number, lines] of Map.groupBy(cited, (line) => line.Invoice as string)) {
      const invoice = company.invoices.first("InvoiceNumber", number) as Invoice;
      drawCreditMemo(company, invoice, {
        ReturnDocument: movement.DocumentNumber,
        ExternalReference: movement.ExternalReference,
        ReasonCode: movement.ReasonCode,
        lines: lines.map((line) => ({ invoiceLine: line.InvoiceLine as number, quantity: line.Quantity })),
      });
    }
    for (const line of cited) line.BillingStatus = "Billed";
    company.movements.touch(movement);
  });
}

/** Runs once nothing more of the same key has come for a while. */
function schedule(company: Company, key: string, run: () => void): void {
  const generation = (company.billingDue.get(key)?.generation ?? 0) + 1;
  company.billingDue.set(key, { generation, run });
  company.agenda.after(company.settings.billingDelayMs, () => {
    const due = company.billingDue.get(key);
    if (due?.generation !== generation) return;
    company.billingDue.delete(key);
    due.run();
  });
}

function drawInvoice(
  company: Company,
  order: SalesOrder,
  deliveryNote: string | null,
  issues: GoodsMovement[],
): void {
  const issued = issues.flatMap((issue) => issue.Lines.filter((line) => line.BillingStatus === "Pending"));
  const lines: InvoiceLine[] = [];
  for (const line of order.Lines) {
    const quantity =
      line.LineType === "FREIGHT"
        ? openQuantity(line)
        : issued
            .filter((candidate) => candidate.SalesOrderLine === line.LineNumber)
            .reduce((total, candidate) => sum(total, candidate.Quantity), 0);
    if (quantity > 0) lines.push(invoiceLine(lines.length + 1, line, quantity));
  }
  company.invoices.add((id) => ({
    InvoiceNumber: `INV-${900_000 + id}`,
    SalesOrder: order.OrderNumber,
    CustomerNumber: order.CustomerNumber,
    CustomerReference: order.CustomerReference,
    DeliveryNote: deliveryNote,
    InvoiceDate: today(),
    Currency: order.Currency,
    NetAmount: lines.reduce((total, line) => sum(total, line.NetAmount), 0),
    CreationDateTime: nativeNow(),
    Lines: lines,
  }));
  for (const line of issued) line.BillingStatus = "Billed";
  for (const issue of issues) company.movements.touch(issue);
  for (const line of lines) {
    const source = order.Lines.find((candidate) => candidate.LineNumber === line.SalesOrderLine);
    if (source) source.InvoicedQuantity = sum(source.InvoicedQuantity, line.Quantity);
  }
  refreshOrder(company, order);
}

function invoiceLine(number: number, line: SalesOrderLine, quantity: number): InvoiceLine {
  return {
    LineNumber: number,
    SalesOrderLine: line.LineNumber,
    LineType: line.LineType,
    ItemNumber: line.ItemNumber,
    Quantity: quantity,
    Unit: line.Unit,
    NetPrice: line.NetPrice,
    PriceUnit: line.PriceUnit,
    NetAmount: poundsNumber(lineAmountPennies(quantity, line.NetPrice, line.PriceUnit)),
    CreditedQuantity: 0,
  };
}

export interface CreditOrigin {
  ReturnDocument: string | null;
  ExternalReference: string | null;
  ReasonCode: string | null;
  lines: Array<{ invoiceLine: number; quantity: number }>;
}

/** The cited quantities must have been taken from the invoice lines already (see `citeInvoiceLine`). */
export function drawCreditMemo(company: Company, invoice: Invoice, origin: CreditOrigin): CreditMemo {
  const lines = origin.lines.map((cited, index): CreditMemoLine => {
    const source = invoice.Lines[cited.invoiceLine - 1] as InvoiceLine;
    return {
      LineNumber: index + 1,
      InvoiceLine: source.LineNumber,
      SalesOrderLine: source.SalesOrderLine,
      ItemNumber: source.ItemNumber,
      Quantity: cited.quantity,
      NetPrice: source.NetPrice,
      PriceUnit: source.PriceUnit,
      NetAmount: poundsNumber(lineAmountPennies(cited.quantity, source.NetPrice, source.PriceUnit)),
    };
  });
  return company.creditMemos.add((id) => ({
    CreditMemoNumber: `CM-${950_000 + id}`,
    Invoice: invoice.InvoiceNumber,
    SalesOrder: invoice.SalesOrder,
    CustomerNumber: invoice.CustomerNumber,
    ReturnDocument: origin.ReturnDocument,
    ExternalReference: origin.ExternalReference,
    ReasonCode: origin.ReasonCode,
    CreditDate: today(),
    Currency: invoice.Currency,
    NetAmount: lines.reduce((total, line) => sum(total, line.NetAmount), 0),
    CreationDateTime: nativeNow(),
    Lines: lines,
  }));
}

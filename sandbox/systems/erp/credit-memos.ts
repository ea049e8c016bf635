// Credit memos: drawn from returns that cite an invoice line, or keyed without goods coming back. Never
// more is credited of an invoice line than it billed, and always at its price.

import { sum } from "../simulation/amount.ts";
import {
  decimalNumber,
  type Fields,
  fieldsOf,
  listOf,
  optionalText,
  text,
  wholeNumber,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { Route } from "../simulation/router.ts";
import { drawCreditMemo } from "./billing.ts";
import type { Company } from "./company.ts";
import { readRoutes } from "./query.ts";
import type { CreditMemo, Invoice, InvoiceLine, MovementLine } from "./records.ts";

function requireInvoice(company: Company, number: string): Invoice {
  const invoice = company.invoices.first("InvoiceNumber", number);
  if (!invoice) throw new Refusal(422, "INVOICE_NOT_FOUND", `Invoice ${number} does not exist`);
  return invoice;
}

export function findInvoiceLine(
  company: Company,
  number: string,
  lineNumber: number | null,
  itemNumber: string | null,
): InvoiceLine {
  const invoice = requireInvoice(company, number);
  const line = lineNumber === null ? undefined : invoice.Lines[lineNumber - 1];
  if (!line) {
    throw new Refusal(422, "INVOICE_LINE_NOT_FOUND", `${number} has no line ${lineNumber ?? "(none given)"}`);
  }
  if (itemNumber !== null && line.ItemNumber !== itemNumber) {
    throw new Refusal(422, "ITEM_MISMATCH", `${number}/${line.LineNumber} is ${line.ItemNumber}`);
  }
  return line;
}

/** Takes the quantity of a posted return from the invoice line that it cites. */
export function citeInvoiceLine(company: Company, line: MovementLine): void {
  if (line.Invoice === null) return;
  const invoice = requireInvoice(company, line.Invoice);
  const cited = findInvoiceLine(company, line.Invoice, line.InvoiceLine, line.ItemNumber);
  cited.CreditedQuantity = sum(cited.CreditedQuantity, line.Quantity);
  company.invoices.touch(invoice);
}

function keyCreditMemo(company: Company, fields: Fields): CreditMemo {
  const number = text(fields, "Invoice");
  const invoice = requireInvoice(company, number);
  const wanted = new Map<InvoiceLine, number>();
  for (const line of listOf(fields, "Lines")) {
    const cited = findInvoiceLine(company, number, wholeNumber(line, "InvoiceLine"), null);
    const quantity = decimalNumber(line, "Quantity");
    if (quantity <= 0) throw new Refusal(422, "QUANTITY_INVALID", "Quantity must be above 0");
    wanted.set(cited, sum(wanted.get(cited) ?? 0, quantity));
  }
  if (wanted.size === 0) throw new Refusal(422, "LINES_MISSING", "A credit memo needs a line");
  for (const [line, quantity] of wanted) {
    if (sum(quantity, line.CreditedQuantity) > line.Quantity) {
      throw new Refusal(422, "CREDIT_EXCEEDS_INVOICED", `${number}/${line.LineNumber} has less left`);
    }
  }
  for (const [line, quantity] of wanted) line.CreditedQuantity = sum(line.CreditedQuantity, quantity);
  company.invoices.touch(invoice);
  return drawCreditMemo(company, invoice, {
    ReturnDocument: null,
    ExternalReference: optionalText(fields, "ExternalReference") ?? null,
    ReasonCode: optionalText(fields, "ReasonCode") ?? null,
    lines: [...wanted].map(([line, quantity]) => ({ invoiceLine: line.LineNumber, quantity })),
  });
}

export function creditMemoRoutes(company: Company): Route[] {
  return [
    ...readRoutes(company.creditMemos),
    {
      method: "POST",
      path: "/odata/v4/CreditMemos",
      handle: (request) => ({ status: 201, body: keyCreditMemo(company, fieldsOf(request.json())) }),
    },
  ];
}

// Which invoice lines a return takes back, so that the ERP draws the credit at the price that was billed: oldest
// first, each as far as it is not credited yet. While goods of the line wait for their invoice, it is too early.
import { type Decimal, formatDecimal, minDecimal, parseDecimal, ZERO } from "../../../src/core/decimal.ts";
import { listOf, numberOf, textOf } from "../native-fields.ts";
import type { TimeLeft } from "../native-read.ts";
import { type LedgerlineClient, quoted } from "./client.ts";

export interface CitedPart {
  quantity: string;
  /** Absent: no invoice covers these units; they come back without a credit. */
  cites?: { invoice: string; line: string };
}

/** Nothing where it is too early. Throws ReadFailed. */
export async function citeInvoices(
  client: LedgerlineClient,
  document: string,
  lineNumber: string,
  quantity: string,
  time: TimeLeft,
): Promise<CitedPart[] | undefined> {
  // Before the invoices: what is billed in between is in them.
  const pending = await isBillingPending(client, document, lineNumber, time);
  const filter = `SalesOrder eq ${quoted(document)}`;
  const invoices = await client.listAll("Invoices", filter, time.next());
  const parts: CitedPart[] = [];
  let left: Decimal = parseDecimal(quantity);
  for (const invoice of invoices) {
    for (const line of listOf(invoice, "Lines")) {
      if (left === ZERO || numberOf(line, "SalesOrderLine") !== lineNumber) continue;
      const open =
        parseDecimal(numberOf(line, "Quantity")) - parseDecimal(numberOf(line, "CreditedQuantity"));
      const part = minDecimal(left, open);
      if (part <= ZERO) continue;
      left -= part;
      const cites = { invoice: textOf(invoice, "InvoiceNumber"), line: numberOf(line, "LineNumber") };
      parts.push({ quantity: formatDecimal(part), cites });
    }
  }
  if (left === ZERO) return parts;
  return pending ? undefined : [...parts, { quantity: formatDecimal(left) }];
}

async function isBillingPending(
  client: LedgerlineClient,
  document: string,
  lineNumber: string,
  time: TimeLeft,
): Promise<boolean> {
  const filter = `SalesOrder eq ${quoted(document)} and MovementType eq '601'`;
  const issues = await client.listAll("GoodsMovements", filter, time.next());
  return issues.some((issue) =>
    listOf(issue, "Lines").some(
      (line) =>
        line.SalesOrderLine !== null &&
        numberOf(line, "SalesOrderLine") === lineNumber &&
        textOf(line, "BillingStatus") === "Pending",
    ),
  );
}

// Invoices and credit memos, read back as the ERP drew them. Their lines name lines of the sales order, which say
// which line or charge of the order they are.
import type { Mapping } from "../../../src/connector/index.ts";
import { formatDecimal, parseDecimal } from "../../../src/core/decimal.ts";
import { type Fields, fieldsOf, listOf, numberOf, textOf } from "../native-fields.ts";
import { ignoredReason, type MapContext, unitOf } from "./map-order.ts";
import { nativeTime } from "./native-time.ts";
import { identityOf, type OrderIdentity } from "./order-identity.ts";

export function mapInvoice(body: Fields, context: MapContext): Mapping {
  return mapPaper(fieldsOf(body.Invoice, "Invoice"), body.SalesOrder, "InvoiceNumber", "invoice", context);
}

export function mapCreditMemo(body: Fields, context: MapContext): Mapping {
  return mapPaper(
    fieldsOf(body.CreditMemo, "CreditMemo"),
    body.SalesOrder,
    "CreditMemoNumber",
    "credit",
    context,
  );
}

function mapPaper(
  paper: Fields,
  salesOrder: unknown,
  number: string,
  kind: "invoice" | "credit",
  context: MapContext,
): Mapping {
  const { settings } = context;
  if (salesOrder === null || salesOrder === undefined) {
    return {
      failed: `The ERP does not have its order ${textOf(paper, "SalesOrder")}.`,
      path: "$.SalesOrder",
    };
  }
  const order = fieldsOf(salesOrder, "SalesOrder");
  const identity = identityOf(order);
  const ignored = ignoredReason(order, identity, context);
  if (ignored !== undefined) return { ignored };
  const signed = (name: string, fields: Fields) => {
    const value = parseDecimal(numberOf(fields, name));
    return formatDecimal(kind === "credit" ? -value : value);
  };
  const lines = listOf(paper, "Lines").map((line) => {
    const of = lineOf(identity, numberOf(line, "SalesOrderLine"));
    const amount = signed("NetAmount", line);
    if (of?.isFreight === true) return { chargeId: of.key, amount };
    const sku = textOf(line, "ItemNumber");
    const quantity = { quantity: signed("Quantity", line), ...unit(line, settings) };
    return of === undefined ? { sku, ...quantity, amount } : { lineId: of.key, sku, ...quantity, amount };
  });
  const data = {
    orderId: identity.orderId,
    invoice: textOf(paper, number),
    kind,
    currency: textOf(paper, "Currency"),
    postedAt: nativeTime(paper, "CreationDateTime"),
    lines,
    total: signed("NetAmount", paper),
  };
  return { events: [{ type: "invoice.posted", data }] };
}

const lineOf = (identity: OrderIdentity, number: string) =>
  identity.lines.find((line) => line.number === number);

/** Credit memos name none: their units are the invoice's. */
function unit(line: Fields, settings: MapContext["settings"]): { unit?: string } {
  return line.Unit === undefined || line.Unit === null ? {} : { unit: unitOf(line, settings) };
}

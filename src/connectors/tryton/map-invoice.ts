// Invoices and credit notes, read back as Tryton posted them: one event for each order that a paper is about.
import type { MappedEvent, Mapping } from "../../connector/index.ts";
import { type Decimal, formatDecimal, parseDecimal, sumDecimals, ZERO } from "../../core/decimal.ts";
import { lineIdentity, orderIdOf, skuOf } from "./identity.ts";
import { ignoredReason, type MapContext, unitOf } from "./map-sale.ts";
import { type Fields, fieldsOf, listOf, numberOf, textOf, timeOf } from "./values.ts";

export function mapInvoice(body: Fields, context: MapContext): Mapping {
  const invoice = fieldsOf(body.invoice, "invoice");
  const sales = listOf(body.sales, "sales");
  const lines = listOf(invoice.lines, "lines");
  const reasons = sales.map((sale) => ignoredReason(sale, context));
  const events = sales.flatMap((sale, index) => {
    if (reasons[index] !== undefined) return [];
    const own = new Set(listOf(sale.lines, "lines").map((line) => numberOf(line, "id")));
    const rest = index === 0 ? lines.filter(({ saleLine }) => saleLine === null) : [];
    const mine = lines.filter(({ saleLine }) => typeof saleLine === "string" && own.has(saleLine));
    return [posted(invoice, sale, [...mine, ...rest], context)];
  });
  if (events.length > 0) return { events };
  return { ignored: reasons[0] ?? "It is about no sale." };
}

/** A line that was written into an invoice by hand counts to its first sale. */
function posted(invoice: Fields, sale: Fields, lines: Fields[], context: MapContext): MappedEvent {
  const amounts = lines.map((line) => parseDecimal(numberOf(line, "amount")));
  const total: Decimal = sumDecimals(amounts);
  const data = {
    orderId: orderIdOf(sale),
    invoice: textOf(invoice, "number"),
    kind: total < ZERO ? "credit" : "invoice",
    currency: textOf(fieldsOf(invoice["currency."], "currency"), "code"),
    postedAt: timeOf(fieldsOf(invoice["move."], "move"), "create_date")!,
    lines: lines.map((line, index) => paperLine(line, sale, formatDecimal(amounts[index]!), context)),
    total: formatDecimal(total),
  };
  return { type: "invoice.posted", data };
}

function paperLine(line: Fields, sale: Fields, amount: string, { settings }: MapContext): Fields {
  const of = listOf(sale.lines, "lines").find((one) => numberOf(one, "id") === line.saleLine);
  const identity = of === undefined ? undefined : lineIdentity(of, sale.ours === true);
  if (identity?.kind === "charge") return { chargeId: identity.key, amount };
  const sku = skuOf(line);
  const unit = line["unit."];
  return {
    ...(identity === undefined ? undefined : { lineId: identity.key }),
    ...(sku === "" ? undefined : { sku, quantity: numberOf(line, "quantity") }),
    ...(sku === "" || unit === null ? undefined : { unit: unitOf(line, "unit", settings) }),
    amount,
  };
}

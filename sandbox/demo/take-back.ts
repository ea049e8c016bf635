// Cancellations of the data, played as what they are: soon after the order a cancellation, later a return. What no
// sale covers is reported as it is, and ends as an exception.
import type { RetailCancellation } from "../retail/orders.ts";
import type { Distributor } from "./distributor.ts";
import type { EnteredOrder } from "./enter.ts";

interface Part {
  lineId: string;
  quantity: string;
}

/** By order, what one cancellation row takes back of it. */
export function partsByOrder(cancellation: RetailCancellation): Map<string, Part[]> {
  const byOrder = new Map<string, Part[]>();
  for (const { order, lineId, quantity } of cancellation.parts) {
    const parts = byOrder.get(order) ?? [];
    parts.push({ lineId, quantity });
    byOrder.set(order, parts);
  }
  return byOrder;
}

export async function takeBack(
  distributor: Distributor,
  order: EnteredOrder,
  parts: Part[],
  reason: string,
  soon: boolean,
): Promise<void> {
  if (order.channel === "portal") {
    const items = parts.map((part) => ({ pos: order.lines.get(part.lineId), qty: Number(part.quantity) }));
    await distributor.portal(
      "POST",
      `orders/${order.document}/${soon ? "cancel-request" : "return-request"}`,
      { reason, items },
    );
  } else if (order.channel === "crm") {
    const lines = parts.map((part) => ({
      line_id: order.lines.get(part.lineId),
      quantity: Number(part.quantity),
    }));
    await distributor.crm("POST", `orders/${order.document}/returns`, { reason, lines });
  } else {
    await takeBackInErp(distributor, order, parts, reason);
  }
}

interface ErpOrder {
  ID: number;
  Lines: { LineNumber: number; Quantity: number; DeliveredQuantity: number; CancelledQuantity: number }[];
}
interface ErpInvoice {
  InvoiceNumber: string;
  Lines: { LineNumber: number; SalesOrderLine: number; Quantity: number; CreditedQuantity: number }[];
}

/** The clerk cancels what has not left; for what has, a credit memo is keyed against the invoice. */
async function takeBackInErp(
  distributor: Distributor,
  order: EnteredOrder,
  parts: Part[],
  reason: string,
): Promise<void> {
  const filter = encodeURIComponent(`OrderNumber eq '${order.document}'`);
  const { value } = await distributor.erp<{ value: ErpOrder[] }>("GET", `SalesOrders?$filter=${filter}`);
  const kept = value[0]!;
  for (const part of parts) {
    const number = order.lines.get(part.lineId) as number;
    const line = kept.Lines.find((candidate) => candidate.LineNumber === number)!;
    const open = line.Quantity - line.DeliveredQuantity - line.CancelledQuantity;
    const wanted = Number(part.quantity);
    if (line.DeliveredQuantity === 0 && wanted <= open) {
      const Lines = [{ LineNumber: number, CancelledQuantity: line.CancelledQuantity + wanted }];
      await distributor.erp("PATCH", `SalesOrders(${kept.ID})`, { Lines });
    } else {
      await creditInErp(distributor, order.document, number, wanted, reason);
    }
  }
}

async function creditInErp(
  distributor: Distributor,
  orderNumber: string,
  line: number,
  wanted: number,
  reason: string,
): Promise<void> {
  const filter = encodeURIComponent(`SalesOrder eq '${orderNumber}'`);
  let left = wanted;
  for (let tries = 0; left > 0 && tries < 600; tries++) {
    const { value } = await distributor.erp<{ value: ErpInvoice[] }>("GET", `Invoices?$filter=${filter}`);
    for (const invoice of value) {
      const billed = invoice.Lines.find((candidate) => candidate.SalesOrderLine === line);
      const creditable = billed === undefined ? 0 : Math.min(left, billed.Quantity - billed.CreditedQuantity);
      if (creditable <= 0) continue;
      await distributor.erp("POST", "CreditMemos", {
        Invoice: invoice.InvoiceNumber,
        ReasonCode: reason.slice(0, 20),
        Lines: [{ InvoiceLine: billed!.LineNumber, Quantity: creditable }],
      });
      left -= creditable;
    }
    // Not billed yet: the clerk looks again.
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

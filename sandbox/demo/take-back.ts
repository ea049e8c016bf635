// Cancellations of the data, played as what they are: soon after the order a cancellation, later a return. What no
// sale covers is reported as it is, and ends as an exception.
import { setTimeout as sleep } from "node:timers/promises";
import type { RetailCancellation } from "../retail/orders.ts";
import type { Distributor } from "./distributor.ts";
import type { EnteredOrder } from "./enter.ts";
import type { Installation } from "./installation.ts";

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
  installation: Installation,
): Promise<void> {
  if (order.channel === "portal") {
    const items = parts.map((part) => ({ pos: order.lines.get(part.lineId), qty: Number(part.quantity) }));
    const kind = soon ? "cancel-request" : "return-request";
    const look = () => findRequest(distributor, `${kind}s`, order.document, reason);
    await distributor.portal("POST", `orders/${order.document}/${kind}`, { reason, items }, look);
  } else if (order.channel === "crm") {
    const lines = parts.map((part) => ({
      line_id: order.lines.get(part.lineId),
      quantity: Number(part.quantity),
    }));
    const look = async () => {
      const kept = await distributor.crm<{ return_requests: { reason: string }[] }>(
        "GET",
        `orders/${order.document}`,
      );
      return kept.return_requests.find((request) => request.reason === reason);
    };
    await distributor.crm("POST", `orders/${order.document}/returns`, { reason, lines }, look);
  } else {
    await takeBackInErp(distributor, installation, order, parts, reason);
  }
}

async function findRequest(
  distributor: Distributor,
  list: string,
  orderNo: string,
  reason: string,
): Promise<object | undefined> {
  type Requests = { requests: { orderNo: string; reason: string }[]; pages: number };
  for (let page = 1, pages = 1; page <= pages; page++) {
    const read = await distributor.portal<Requests>("GET", `${list}?page=${page}&perPage=500`);
    const found = read.requests.find((request) => request.orderNo === orderNo && request.reason === reason);
    if (found !== undefined) return found;
    pages = read.pages;
  }
  return undefined;
}

interface ErpOrder {
  ID: number;
  Lines: { LineNumber: number; Quantity: number; DeliveredQuantity: number; CancelledQuantity: number }[];
}
interface ErpInvoice {
  InvoiceNumber: string;
  Lines: { LineNumber: number; SalesOrderLine: number; Quantity: number; CreditedQuantity: number }[];
}

interface ServiceDeskOrder {
  lines: { lineId: string; quantity: string; cancelled: string; backordered: string; shipped: string }[];
}

/** A clerk gives up after so long: then somebody else has to see why the order goes neither on nor back. */
const PATIENCE_MS = 240_000;

/** A clerk credits what was billed; what waits for stock, as the service desk shows, is cancelled. */
async function takeBackInErp(
  distributor: Distributor,
  installation: Installation,
  order: EnteredOrder,
  parts: Part[],
  reason: string,
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (const part of parts) {
    const line = order.lines.get(part.lineId) as number;
    let left = Number(part.quantity);
    while (left > 0 && performance.now() < until) {
      left -= await creditBilled(distributor, order.document, line, left, reason);
      if (left > 0 && (await waitsForStock(installation, order.document, line))) {
        await cancelOpen(distributor, order.document, line, left);
        break;
      }
      if (left > 0) await sleep(500);
    }
  }
}

async function waitsForStock(
  installation: Installation,
  orderNumber: string,
  line: number,
): Promise<boolean> {
  const answer = await installation.find<ServiceDeskOrder>(`/process/v1/orders/${orderNumber}`);
  const kept = answer?.lines.find(({ lineId }) => lineId === String(line));
  return kept !== undefined && kept.shipped === "0" && kept.backordered === kept.quantity;
}

/** Returns how many units could be credited. */
async function creditBilled(
  distributor: Distributor,
  orderNumber: string,
  line: number,
  wanted: number,
  reason: string,
): Promise<number> {
  const filter = encodeURIComponent(`SalesOrder eq '${orderNumber}'`);
  const { value } = await distributor.erp<{ value: ErpInvoice[] }>("GET", `Invoices?$filter=${filter}`);
  let credited = 0;
  for (const invoice of value) {
    for (const billed of invoice.Lines.filter((candidate) => candidate.SalesOrderLine === line)) {
      const quantity = Math.min(wanted - credited, billed.Quantity - billed.CreditedQuantity);
      if (quantity <= 0) continue;
      const Lines = [{ InvoiceLine: billed.LineNumber, Quantity: quantity }];
      const ExternalReference = `${reason}/${line}/${wanted}`;
      const memo = {
        Invoice: invoice.InvoiceNumber,
        ReasonCode: reason.slice(0, 20),
        ExternalReference,
        Lines,
      };
      const look = async () => {
        const known = encodeURIComponent(
          `ExternalReference eq '${ExternalReference}' and Invoice eq '${invoice.InvoiceNumber}'`,
        );
        return (await distributor.erp<{ value: object[] }>("GET", `CreditMemos?$filter=${known}`)).value[0];
      };
      await distributor.erp("POST", "CreditMemos", memo, look);
      credited += quantity;
    }
  }
  return credited;
}

async function cancelOpen(
  distributor: Distributor,
  orderNumber: string,
  line: number,
  wanted: number,
): Promise<void> {
  const filter = encodeURIComponent(`OrderNumber eq '${orderNumber}'`);
  const { value } = await distributor.erp<{ value: ErpOrder[] }>("GET", `SalesOrders?$filter=${filter}`);
  const { ID, Lines } = value[0]!;
  const { Quantity, DeliveredQuantity, CancelledQuantity } = Lines.find((kept) => kept.LineNumber === line)!;
  const open = Math.min(wanted, Quantity - DeliveredQuantity - CancelledQuantity);
  if (open <= 0) return;
  const changed = [{ LineNumber: line, CancelledQuantity: CancelledQuantity + open }];
  await distributor.erp("PATCH", `SalesOrders(${ID})`, { Lines: changed });
}

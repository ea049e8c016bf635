// What is open on a sales order, and the status that follows from its lines.

import { sum } from "../simulation/amount.ts";
import type { Company } from "./company.ts";
import type { SalesOrder, SalesOrderLine } from "./records.ts";

/** What has not left, not been billed (freight) and not been cancelled; never below 0. */
export function openQuantity(line: SalesOrderLine): number {
  const done = line.LineType === "FREIGHT" ? line.InvoicedQuantity : line.DeliveredQuantity;
  return Math.max(0, sum(sum(line.Quantity, -line.CancelledQuantity), -done));
}

/** Sets the status from the lines and the time of the last change. */
export function refreshOrder(company: Company, order: SalesOrder): void {
  const items = order.Lines.filter((line) => line.LineType === "ITEM");
  const delivered = order.Lines.some((line) => line.DeliveredQuantity > 0 || line.InvoicedQuantity > 0);
  const open = order.Lines.some((line) => openQuantity(line) > 0);
  const billed = order.Lines.every(
    (line) => line.InvoicedQuantity >= sum(line.Quantity, -line.CancelledQuantity),
  );
  if (!open && !delivered) order.Status = "Cancelled";
  else if (!open && billed) order.Status = "Completed";
  else if (items.every((line) => openQuantity(line) === 0)) order.Status = "Delivered";
  else order.Status = delivered ? "PartiallyDelivered" : "Open";
  company.orders.touch(order);
}

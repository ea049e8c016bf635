// Purchase orders, kept by the buyers: created, re-dated line by line, cancelled, and received by
// movements of type 101. More than was ordered may come in; Ledgerline books what came.

import { sum } from "../simulation/amount.ts";
import {
  decimalNumber,
  type Fields,
  fieldsOf,
  listOf,
  optionalNumber,
  optionalText,
  text,
  wholeNumber,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { Route } from "../simulation/router.ts";
import { nativeNow } from "./collection.ts";
import { type Company, plants } from "./company.ts";
import { requiredDate } from "./dates.ts";
import { readRoutes, requireRecord } from "./query.ts";
import type { GoodsMovement, MovementLine, PurchaseOrder, PurchaseOrderLine } from "./records.ts";

export function createPurchaseOrder(company: Company, fields: Fields): PurchaseOrder {
  const lines = listOf(fields, "Lines").map((line, index) => readLine(company, line, (index + 1) * 10));
  if (lines.length === 0) throw new Refusal(422, "LINES_MISSING", "A purchase order needs a line");
  const supplier = text(fields, "SupplierNumber");
  return company.purchaseOrders.add((id) => ({
    OrderNumber: `PO-${700_000 + id}`,
    SupplierNumber: supplier,
    Currency: optionalText(fields, "Currency") ?? "GBP",
    Status: "Open",
    CreationDateTime: nativeNow(),
    Lines: lines,
  }));
}

function readLine(company: Company, fields: Fields, number: number): PurchaseOrderLine {
  const itemNumber = text(fields, "ItemNumber");
  const item = company.items.first("ItemNumber", itemNumber);
  if (!item) throw new Refusal(422, "ITEM_NOT_FOUND", `Item ${itemNumber} does not exist`);
  const plant = text(fields, "Plant");
  if (!plants.has(plant)) throw new Refusal(422, "PLANT_NOT_FOUND", `Plant ${plant} does not exist`);
  const quantity = decimalNumber(fields, "Quantity");
  if (quantity <= 0) throw new Refusal(422, "QUANTITY_INVALID", `Line ${number}: Quantity must be above 0`);
  return {
    LineNumber: number,
    ItemNumber: itemNumber,
    Plant: plant,
    Quantity: quantity,
    Unit: item.BaseUnit,
    NetPrice: optionalNumber(fields, "NetPrice") ?? item.StandardPrice,
    DueDate: requiredDate(fields, "DueDate"),
    ReceivedQuantity: 0,
    CancelledQuantity: 0,
    Status: "Open",
  };
}

export function requirePurchaseLine(company: Company, number: string, line: MovementLine): PurchaseOrderLine {
  const order = company.purchaseOrders.first("OrderNumber", number) as PurchaseOrder;
  const ordered = order.Lines.find((candidate) => candidate.LineNumber === line.PurchaseOrderLine);
  if (!ordered) {
    throw new Refusal(
      422,
      "PO_LINE_NOT_FOUND",
      `${number} has no line ${line.PurchaseOrderLine ?? "(none given)"}`,
    );
  }
  if (ordered.ItemNumber !== line.ItemNumber) {
    throw new Refusal(422, "ITEM_MISMATCH", `${number}/${ordered.LineNumber} is ${ordered.ItemNumber}`);
  }
  return ordered;
}

export function receivePurchase(company: Company, movement: GoodsMovement): void {
  if (movement.PurchaseOrder === null) return;
  const order = company.purchaseOrders.first("OrderNumber", movement.PurchaseOrder) as PurchaseOrder;
  for (const line of movement.Lines) {
    const ordered = requirePurchaseLine(company, order.OrderNumber, line);
    ordered.ReceivedQuantity = sum(ordered.ReceivedQuantity, line.Quantity);
  }
  refresh(company, order);
}

function refresh(company: Company, order: PurchaseOrder): void {
  for (const line of order.Lines) {
    if (line.CancelledQuantity >= line.Quantity) line.Status = "Cancelled";
    else if (sum(line.ReceivedQuantity, line.CancelledQuantity) >= line.Quantity) line.Status = "Received";
    else line.Status = "Open";
  }
  if (order.Lines.every((line) => line.Status === "Cancelled")) order.Status = "Cancelled";
  else order.Status = order.Lines.some((line) => line.Status === "Open") ? "Open" : "Closed";
  company.purchaseOrders.touch(order);
}

function changeLines(company: Company, order: PurchaseOrder, fields: Fields): void {
  const changes = listOf(fields, "Lines").map((change) => {
    const number = wholeNumber(change, "LineNumber");
    const line = order.Lines.find((candidate) => candidate.LineNumber === number);
    if (!line) throw new Refusal(422, "PO_LINE_NOT_FOUND", `${order.OrderNumber} has no line ${number}`);
    const dueDate = change.DueDate === undefined ? line.DueDate : requiredDate(change, "DueDate");
    const cancelled = optionalNumber(change, "CancelledQuantity") ?? line.CancelledQuantity;
    if (cancelled < 0 || sum(cancelled, line.ReceivedQuantity) > line.Quantity) {
      throw new Refusal(422, "QUANTITY_INVALID", `Line ${number}: more than is open`);
    }
    return { line, dueDate, cancelled };
  });
  for (const { line, dueDate, cancelled } of changes) {
    line.DueDate = dueDate;
    line.CancelledQuantity = cancelled;
  }
  refresh(company, order);
}

function cancel(company: Company, order: PurchaseOrder): void {
  if (order.Status !== "Open") {
    throw new Refusal(422, "NOTHING_TO_CANCEL", `${order.OrderNumber} has nothing open`);
  }
  for (const line of order.Lines) {
    line.CancelledQuantity = Math.max(0, sum(line.Quantity, -line.ReceivedQuantity));
  }
  refresh(company, order);
}

export function purchaseOrderRoutes(company: Company): Route[] {
  const path = "/odata/v4/PurchaseOrders";
  return [
    ...readRoutes(company.purchaseOrders),
    {
      method: "POST",
      path,
      handle: (request) => ({ status: 201, body: createPurchaseOrder(company, fieldsOf(request.json())) }),
    },
    {
      method: "PATCH",
      path: `${path}(:id)`,
      handle: (request) => {
        const order = requireRecord(company.purchaseOrders, request);
        changeLines(company, order, fieldsOf(request.json()));
        return { status: 200, body: order };
      },
    },
    {
      method: "POST",
      path: `${path}(:id)/Cancel`,
      handle: (request) => {
        const order = requireRecord(company.purchaseOrders, request);
        cancel(company, order);
        return { status: 200, body: order };
      },
    },
  ];
}

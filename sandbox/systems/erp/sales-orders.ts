// Sales orders. A second POST makes a second order: CustomerReference is not unique and there is no
// idempotency key. Freight lines need no item; an order of freight alone is billed without goods issue.

import { lineAmountPennies, poundsNumber, sum } from "../simulation/amount.ts";
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
import { billOrderAlone } from "./billing.ts";
import { nativeNow, today } from "./collection.ts";
import type { Company } from "./company.ts";
import { optionalDate } from "./dates.ts";
import { openQuantity, refreshOrder } from "./order-status.ts";
import { readRoutes, requireRecord } from "./query.ts";
import type { SalesOrder, SalesOrderLine } from "./records.ts";

function createOrder(company: Company, fields: Fields): SalesOrder {
  const number = text(fields, "CustomerNumber");
  const customer = company.customers.first("CustomerNumber", number);
  if (!customer) throw new Refusal(422, "CUST_NOT_FOUND", `Customer ${number} does not exist`);
  if (customer.Blocked) throw new Refusal(422, "CUST_BLOCKED", `Customer ${number} is blocked`);
  const given = listOf(fields, "Lines");
  if (given.length === 0) throw new Refusal(422, "LINES_MISSING", "An order needs a line");
  const lines = given.map((line, index) => readLine(company, line, (index + 1) * 10));
  const head = {
    SalesChannel: optionalText(fields, "SalesChannel") ?? "EDI",
    CustomerNumber: number,
    CustomerReference: optionalText(fields, "CustomerReference") ?? null,
    CustomerPurchaseOrder: optionalText(fields, "CustomerPurchaseOrder") ?? null,
    OrderDate: optionalDate(fields, "OrderDate") ?? today(),
    RequestedDeliveryDate: optionalDate(fields, "RequestedDeliveryDate"),
    Currency: optionalText(fields, "Currency") ?? customer.Currency,
    CreatedBy: optionalText(fields, "CreatedBy") ?? "API",
  };
  const order = company.orders.add((id) => ({
    OrderNumber: `SO-${95_290 + id}`,
    ...head,
    Status: "Open",
    NetAmount: lines.reduce((total, line) => sum(total, line.NetAmount), 0),
    CreationDateTime: nativeNow(),
    Lines: lines,
  }));
  if (lines.every((line) => line.LineType === "FREIGHT")) billOrderAlone(company, order);
  return order;
}

function readLine(company: Company, fields: Fields, number: number): SalesOrderLine {
  const type = optionalText(fields, "LineType") ?? "ITEM";
  if (type !== "ITEM" && type !== "FREIGHT") {
    throw new Refusal(400, "FIELD_INVALID", "LineType must be ITEM or FREIGHT");
  }
  const itemNumber = text(fields, "ItemNumber");
  const item = company.items.first("ItemNumber", itemNumber);
  if (type === "ITEM" && !item) {
    throw new Refusal(422, "ITEM_NOT_FOUND", `Item ${itemNumber} does not exist`);
  }
  const quantity = decimalNumber(fields, "Quantity");
  if (quantity <= 0) throw new Refusal(422, "QUANTITY_INVALID", `Line ${number}: Quantity must be above 0`);
  const price = decimalNumber(fields, "NetPrice");
  if (type === "ITEM" && price < 0) {
    throw new Refusal(422, "PRICE_INVALID", `Line ${number}: NetPrice must not be below 0`);
  }
  const priceUnit = optionalNumber(fields, "PriceUnit") ?? 1;
  if (!Number.isInteger(priceUnit) || priceUnit < 1) {
    throw new Refusal(422, "PRICE_INVALID", `Line ${number}: PriceUnit must be a whole number of 1 or more`);
  }
  return {
    LineNumber: number,
    LineType: type,
    ItemNumber: itemNumber,
    Description: optionalText(fields, "Description") ?? item?.Description ?? null,
    Quantity: quantity,
    Unit: optionalText(fields, "Unit") ?? item?.BaseUnit ?? "PCE",
    NetPrice: price,
    PriceUnit: priceUnit,
    NetAmount: poundsNumber(lineAmountPennies(quantity, price, priceUnit)),
    ExternalLine: optionalText(fields, "ExternalLine") ?? null,
    DeliveredQuantity: 0,
    InvoicedQuantity: 0,
    CancelledQuantity: 0,
  };
}

function cancelOrder(company: Company, order: SalesOrder): void {
  if (order.Status === "Cancelled") {
    throw new Refusal(422, "ALREADY_CANCELLED", `${order.OrderNumber} is cancelled`);
  }
  const open = order.Lines.filter((line) => openQuantity(line) > 0);
  if (open.length === 0) {
    throw new Refusal(422, "NOTHING_TO_CANCEL", `${order.OrderNumber} has nothing open`);
  }
  for (const line of open) line.CancelledQuantity = sum(line.CancelledQuantity, openQuantity(line));
  refreshOrder(company, order);
}

/** Sets cancelled quantities; all lines or, where one is refused, none. */
function reduceLines(company: Company, order: SalesOrder, fields: Fields): void {
  const changes = listOf(fields, "Lines").map((change) => {
    const number = wholeNumber(change, "LineNumber");
    const line = order.Lines.find((candidate) => candidate.LineNumber === number);
    if (!line) throw new Refusal(422, "LINE_NOT_FOUND", `${order.OrderNumber} has no line ${number}`);
    const cancelled = decimalNumber(change, "CancelledQuantity");
    if (cancelled < line.CancelledQuantity) {
      throw new Refusal(422, "QUANTITY_INVALID", `Line ${number}: a cancelled quantity only grows`);
    }
    if (sum(cancelled, -line.CancelledQuantity) > openQuantity(line)) {
      throw new Refusal(422, "QUANTITY_DELIVERED", `Line ${number}: more than is open`);
    }
    return { line, cancelled };
  });
  for (const { line, cancelled } of changes) line.CancelledQuantity = cancelled;
  refreshOrder(company, order);
}

export function salesOrderRoutes(company: Company): Route[] {
  return [
    ...readRoutes(company.orders),
    {
      method: "POST",
      path: "/odata/v4/SalesOrders",
      handle: (request) => ({ status: 201, body: createOrder(company, fieldsOf(request.json())) }),
    },
    {
      method: "PATCH",
      path: "/odata/v4/SalesOrders(:id)",
      handle: (request) => {
        const order = requireRecord(company.orders, request);
        reduceLines(company, order, fieldsOf(request.json()));
        return { status: 200, body: order };
      },
    },
    {
      method: "POST",
      path: "/odata/v4/SalesOrders(:id)/Cancel",
      handle: (request) => {
        const order = requireRecord(company.orders, request);
        cancelOrder(company, order);
        return { status: 200, body: order };
      },
    },
  ];
}

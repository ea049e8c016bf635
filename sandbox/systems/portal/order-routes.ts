// What buyers do at Tradefront, and the status that the seller tells them. A checkout has no
// idempotency: pressing the button twice is two orders, with the same purchase order number.

import { millionths } from "../simulation/amount.ts";
import {
  count,
  decimalNumber,
  type Fields,
  fieldsOf,
  listOf,
  optionalListOf,
  optionalText,
  text,
} from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest, Route } from "../simulation/router.ts";
import { listPage } from "./paging.ts";
import type { PortalItem, PortalOrder, PortalRequest } from "./records.ts";
import type { Shop } from "./shop.ts";

function checkout(shop: Shop, fields: Fields): NativeAnswer {
  const buyer = fieldsOf(fields.buyer ?? {}, "buyer");
  const items = listOf(fields, "items").map((item, index) => readItem(item, index + 1));
  const charges = optionalListOf(fields, "charges").map((charge) => ({
    kind: text(charge, "kind"),
    label: optionalText(charge, "label") ?? null,
    amount: optionalText(charge, "amount") ?? "",
  }));
  if (items.length === 0 && charges.length === 0)
    throw new Refusal(422, "emptyBasket", "The basket is empty");
  const order: PortalOrder = {
    orderNo: shop.nextOrderNo(),
    buyer: {
      code: optionalText(buyer, "code") ?? null,
      name: optionalText(buyer, "name") ?? null,
      country: optionalText(buyer, "country") ?? null,
    },
    poNumber: optionalText(fields, "poNumber") ?? null,
    currency: optionalText(fields, "currency") ?? "GBP",
    placedAt: new Date().toISOString(),
    orderedAt: optionalText(fields, "orderedAt") ?? null,
    total: totalOf(items, charges),
    items,
    charges,
    status: "NEW",
    statusHistory: [],
    acknowledged: false,
  };
  shop.orders.set(order.orderNo, order);
  shop.push("order.placed", order);
  return { status: 201, body: { orderNo: order.orderNo, placedAt: order.placedAt } };
}

/** Takes whatever a buyer's import file says, however wrong: refusing it is the seller's business. */
function readItem(fields: Fields, pos: number): PortalItem {
  return {
    pos,
    articleNo: optionalText(fields, "articleNo") ?? "",
    title: optionalText(fields, "title") ?? null,
    qty: decimalNumber(fields, "qty"),
    unitPrice: optionalText(fields, "unitPrice") ?? "",
  };
}

/** The basket's own sum, to six decimals and not rounded: what a buyer sees is not what is invoiced. */
function totalOf(items: PortalItem[], charges: PortalOrder["charges"]): string {
  let total = 0n;
  for (const item of items) {
    if (isDecimal(item.unitPrice)) total += (millionths(item.qty) * millionths(item.unitPrice)) / 1_000_000n;
  }
  for (const charge of charges) if (isDecimal(charge.amount)) total += millionths(charge.amount);
  const sign = total < 0n ? "-" : "";
  const digits = (total < 0n ? -total : total).toString().padStart(7, "0");
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function isDecimal(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}

function requireOrder(shop: Shop, request: NativeRequest): PortalOrder {
  const order = shop.orders.get(request.params.orderNo as string);
  if (!order) throw new Refusal(404, "notFound", `No order ${request.params.orderNo}`);
  return order;
}

function ask(shop: Shop, kind: "cancel" | "return", order: PortalOrder, fields: Fields): NativeAnswer {
  const items = optionalListOf(fields, "items").map((item) => {
    const pos = count(item, "pos");
    const ordered = order.items[pos - 1];
    if (!ordered) throw new Refusal(422, "unknownPosition", `${order.orderNo} has no position ${pos}`);
    return { pos, articleNo: ordered.articleNo, qty: count(item, "qty") };
  });
  if (kind === "return" && items.length === 0)
    throw new Refusal(422, "nothingToReturn", "items must not be empty");
  const entry: PortalRequest = {
    requestNo: shop.nextRequestNo(kind === "cancel" ? "CR" : "RR"),
    orderNo: order.orderNo,
    requestedAt: new Date().toISOString(),
    reason: optionalText(fields, "reason") ?? null,
    items,
    acknowledged: false,
  };
  if (kind === "cancel") {
    shop.cancelRequests.push(entry);
    shop.push("order.cancelRequested", entry);
  } else {
    shop.returnRequests.push(entry);
    shop.push("return.requested", entry);
  }
  return { status: 201, body: { requestNo: entry.requestNo } };
}

/** The newest status is the order's status; every one stays in its history, a repeated one twice. */
function setStatus(order: PortalOrder, fields: Fields): NativeAnswer {
  const status = text(fields, "status");
  order.status = status;
  order.statusHistory.push({
    status,
    note: optionalText(fields, "note") ?? null,
    lines: optionalListOf(fields, "lines"),
    at: new Date().toISOString(),
  });
  return { status: 200, body: { orderNo: order.orderNo, status } };
}

export function orderRoutes(shop: Shop): Route[] {
  return [
    { method: "POST", path: "/api/checkout", handle: (request) => checkout(shop, fieldsOf(request.json())) },
    {
      method: "GET",
      path: "/api/orders",
      handle: (request) => listPage(request, "orders", [...shop.orders.values()], (order) => order.placedAt),
    },
    {
      method: "GET",
      path: "/api/orders/:orderNo",
      handle: (request) => ({ status: 200, body: requireOrder(shop, request) }),
    },
    {
      method: "POST",
      path: "/api/orders/:orderNo/status",
      handle: (request) => setStatus(requireOrder(shop, request), fieldsOf(request.json())),
    },
    {
      method: "POST",
      path: "/api/orders/:orderNo/cancel-request",
      handle: (request) => ask(shop, "cancel", requireOrder(shop, request), fieldsOf(request.json())),
    },
    {
      method: "POST",
      path: "/api/orders/:orderNo/return-request",
      handle: (request) => ask(shop, "return", requireOrder(shop, request), fieldsOf(request.json())),
    },
    {
      method: "GET",
      path: "/api/cancel-requests",
      handle: (request) => listPage(request, "requests", shop.cancelRequests, (entry) => entry.requestedAt),
    },
    {
      method: "GET",
      path: "/api/return-requests",
      handle: (request) => listPage(request, "requests", shop.returnRequests, (entry) => entry.requestedAt),
    },
  ];
}

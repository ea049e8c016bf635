// WEST's read-only queries, for whoever checks its books. A connector has only the files.

import type { Condition, FloorOrder } from "../simulation/floor.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import type { WestWarehouse } from "./warehouse.ts";

const PAGE_MAX = 1000;

function page(request: NativeRequest): { after: number; limit: number } {
  const after = Number(request.query.get("after") ?? 0);
  const limit = Number(request.query.get("limit") ?? PAGE_MAX);
  if (!Number.isInteger(after) || after < 0 || !Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw new Refusal(400, "BAD_QUERY", `after counts rows, limit is 1 to ${PAGE_MAX}`);
  }
  return { after, limit };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function orderBody(warehouse: WestWarehouse, order: FloorOrder) {
  return {
    order: order.key,
    state: order.state,
    partial: order.partial,
    ...warehouse.consignees.get(order.key),
    createdAt: time(order.createdAt),
    lines: order.lines.map(({ line, sku, ordered, picked, shipped, short }) => ({
      line,
      article: sku,
      ordered,
      picked,
      shipped,
      short,
    })),
    shipments: order.shipments.map((shipment) => ({
      shipment: shipment.number,
      shippedAt: time(shipment.shippedAt),
      deliveredAt: time(shipment.deliveredAt),
      lines: shipment.lines.map(({ line, sku, quantity }) => ({ line, article: sku, quantity })),
    })),
  };
}

function listOrders(warehouse: WestWarehouse, request: NativeRequest) {
  const { after, limit } = page(request);
  const orders: unknown[] = [];
  let at = 0;
  for (const order of warehouse.floor.orders.values()) {
    if (at >= after + limit) break;
    if (at >= after) orders.push(orderBody(warehouse, order));
    at += 1;
  }
  const next = after + orders.length;
  return { status: 200, body: { orders, next: next < warehouse.floor.orders.size ? next : null } };
}

function stockOf(warehouse: WestWarehouse) {
  return [...warehouse.floor.stock.values()].map((stock) => ({
    article: stock.sku,
    physical: stock.available,
    picked: stock.picked,
    held: stock.held,
    lastNo: stock.sequence,
  }));
}

export function queryRoutes(warehouse: WestWarehouse): Route[] {
  return [
    {
      method: "GET",
      path: "/query/stock",
      handle: () => ({ status: 200, body: { stock: stockOf(warehouse) } }),
    },
    { method: "GET", path: "/query/orders", handle: (request) => listOrders(warehouse, request) },
    {
      method: "GET",
      path: "/query/orders/:order",
      handle: (request) => {
        const order = warehouse.floor.orders.get(request.params.order as string);
        if (!order) throw new Refusal(404, "NOT_FOUND", `No order ${request.params.order}`);
        return { status: 200, body: orderBody(warehouse, order) };
      },
    },
    {
      method: "GET",
      path: "/query/rows",
      handle: (request) => {
        const { after, limit } = page(request);
        const rows = warehouse.rows.slice(after, after + limit);
        const next = after + rows.length;
        return { status: 200, body: { rows, next: next < warehouse.rows.length ? next : null } };
      },
    },
    {
      method: "GET",
      path: "/query/receipts",
      handle: () => ({ status: 200, body: { receipts: warehouse.dock.receipts.map(receiptBody) } }),
    },
    {
      method: "GET",
      path: "/query/files",
      handle: () => ({ status: 200, body: { files: warehouse.folder.written } }),
    },
  ];
}

function receiptBody(receipt: WestWarehouse["dock"]["receipts"][number]) {
  return {
    receipt: receipt.number,
    kind: receipt.kind,
    reference: receipt.reference,
    order: receipt.order ?? null,
    announced: receipt.announced,
    receivedAt: time(receipt.receivedAt),
    lines: receipt.lines.map((line) => ({
      line: line.line ?? null,
      article: line.sku,
      quantity: line.quantity,
      condition: line.condition satisfies Condition,
    })),
  };
}

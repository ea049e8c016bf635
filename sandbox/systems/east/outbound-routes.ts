// Outbound orders, return advice and inbound advice of EAST. Creating is idempotent by X-Request-Id
// alone: the same externalOrderNo under another request id is a second outbound order.

import { randomUUID } from "node:crypto";
import type { Notice } from "../simulation/dock.ts";
import {
  count,
  type Fields,
  fieldsOf,
  flag,
  listOf,
  optionalNumber,
  optionalText,
  text,
} from "../simulation/fields.ts";
import { scheduleReturn } from "../simulation/floor-control.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest, Route } from "../simulation/router.ts";
import type { RequestIds } from "./request-ids.ts";
import { outboundBody } from "./shapes.ts";
import { readLimit } from "./stock-snapshots.ts";
import type { Outbound, Warehouse } from "./warehouse.ts";

function createOutbound(warehouse: Warehouse, fields: Fields): NativeAnswer {
  const externalOrderNo = text(fields, "externalOrderNo");
  const shipTo = fieldsOf(fields.shipTo ?? {}, "shipTo");
  const given = listOf(fields, "lines");
  if (given.length === 0) throw new Refusal(422, "lines_missing", "An outbound order needs a line");
  const seen = new Set<number>();
  const lines = given.map((line) => {
    const lineNo = count(line, "lineNo");
    if (seen.has(lineNo)) throw new Refusal(422, "line_repeated", `lineNo ${lineNo} comes twice`);
    seen.add(lineNo);
    const sku = text(line, "sku");
    if (!warehouse.floor.stock.has(sku)) throw new Refusal(422, "unknown_sku", `No product ${sku}`);
    const uom = optionalText(line, "uom") ?? "each";
    if (uom !== "each") throw new Refusal(422, "unknown_uom", `${uom} is not kept here`);
    return { line: String(lineNo), sku, quantity: count(line, "qty") };
  });
  const outboundId = `ob_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
  const outbound: Outbound = {
    outboundId,
    externalOrderNo,
    priority: optionalNumber(fields, "priority") ?? 5,
    shipTo: {
      name: optionalText(shipTo, "name") ?? externalOrderNo,
      country: optionalText(shipTo, "country") ?? null,
    },
    dueAt: optionalText(fields, "dueAt") ?? null,
    floor: warehouse.floor.submit(outboundId, lines, flag(fields, "allowPartial", true)),
  };
  warehouse.outbounds.set(outboundId, outbound);
  const same = warehouse.outboundsByOrder.get(externalOrderNo);
  if (same) same.push(outbound);
  else warehouse.outboundsByOrder.set(externalOrderNo, [outbound]);
  return { status: 201, body: { outboundId, externalOrderNo, status: "accepted" } };
}

function requireOutbound(warehouse: Warehouse, request: NativeRequest): Outbound {
  const outbound = warehouse.outbounds.get(request.params.id as string);
  if (!outbound) throw new Refusal(404, "not_found", `No outbound order ${request.params.id}`);
  return outbound;
}

function cancelOutbound(warehouse: Warehouse, outbound: Outbound): NativeAnswer {
  if (outbound.floor.state === "cancelled") {
    throw new Refusal(409, "already_cancelled", "The outbound order is cancelled");
  }
  if (!warehouse.floor.cancel(outbound.floor)) {
    throw new Refusal(409, "already_picked", "The goods are picked; it is too late to cancel");
  }
  warehouse.cancelled(outbound.floor);
  return { status: 200, body: outboundBody(outbound) };
}

function listOutbounds(warehouse: Warehouse, request: NativeRequest): NativeAnswer {
  const number = request.query.get("externalOrderNo");
  if (number !== null) {
    const items = (warehouse.outboundsByOrder.get(number) ?? []).map(outboundBody);
    return { status: 200, body: { items, nextCursor: null } };
  }
  const limit = readLimit(request.query.get("limit"), 500);
  const from = Number(request.query.get("cursor") ?? 0);
  if (!Number.isInteger(from) || from < 0)
    throw new Refusal(400, "invalid_field", "cursor is not one of ours");
  const items: unknown[] = [];
  let at = 0;
  for (const outbound of warehouse.outbounds.values()) {
    if (at >= from + limit) break;
    if (at >= from) items.push(outboundBody(outbound));
    at += 1;
  }
  const to = from + items.length;
  return { status: 200, body: { items, nextCursor: to < warehouse.outbounds.size ? String(to) : null } };
}

function announce(warehouse: Warehouse, kind: "inbound" | "return", fields: Fields): NativeAnswer {
  const reference = text(fields, kind === "return" ? "rma" : "reference");
  const order = optionalText(fields, "externalOrderNo");
  const expectedOn = optionalText(fields, "expectedAt");
  const lines = listOf(fields, "lines").map((line) => ({
    ...(line.lineNo === undefined ? {} : { line: String(count(line, "lineNo")) }),
    sku: text(line, "sku"),
    quantity: count(line, "qty"),
  }));
  warehouse.dock.announce(kind, {
    reference,
    ...(order === undefined ? {} : { order }),
    ...(expectedOn === undefined ? {} : { expectedOn }),
    lines,
  });
  if (kind === "return") scheduleReturn(warehouse.dock, warehouse.agenda, warehouse.settings, reference);
  return { status: 201, body: { [kind === "return" ? "rma" : "reference"]: reference, status: "announced" } };
}

function noticeBody(notice: Notice) {
  return {
    [notice.kind === "return" ? "rma" : "reference"]: notice.reference,
    externalOrderNo: notice.order ?? null,
    expectedAt: notice.expectedOn ?? null,
    status: notice.state,
    announcedAt: new Date(notice.announcedAt).toISOString(),
    lines: notice.lines.map((line) => ({
      lineNo: line.line === undefined ? null : Number(line.line),
      sku: line.sku,
      qty: line.quantity,
    })),
  };
}

export function outboundRoutes(warehouse: Warehouse, requestIds: RequestIds): Route[] {
  const once = (request: NativeRequest, handle: (fields: Fields) => NativeAnswer) =>
    requestIds.once(request, () => handle(fieldsOf(request.json())));
  return [
    {
      method: "POST",
      path: "/api/outbound",
      handle: (request) => once(request, (fields) => createOutbound(warehouse, fields)),
    },
    { method: "GET", path: "/api/outbound", handle: (request) => listOutbounds(warehouse, request) },
    {
      method: "GET",
      path: "/api/outbound/:id",
      handle: (request) => ({ status: 200, body: outboundBody(requireOutbound(warehouse, request)) }),
    },
    {
      method: "POST",
      path: "/api/outbound/:id/cancel",
      handle: (request) => cancelOutbound(warehouse, requireOutbound(warehouse, request)),
    },
    {
      method: "POST",
      path: "/api/returns",
      handle: (request) => once(request, (fields) => announce(warehouse, "return", fields)),
    },
    {
      method: "POST",
      path: "/api/inbound",
      handle: (request) => once(request, (fields) => announce(warehouse, "inbound", fields)),
    },
    {
      method: "GET",
      path: "/api/returns",
      handle: () => ({
        status: 200,
        body: { items: [...warehouse.dock.notices.return.values()].map(noticeBody) },
      }),
    },
    {
      method: "GET",
      path: "/api/inbound",
      handle: () => ({
        status: 200,
        body: { items: [...warehouse.dock.notices.inbound.values()].map(noticeBody) },
      }),
    },
  ];
}

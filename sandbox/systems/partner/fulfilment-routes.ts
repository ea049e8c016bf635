// Fulfilments, return notices and inbound notices of Parcelworks: created under the client's own
// reference, so the same PUT twice is one fulfilment, and a different one under it is refused.

import { createHash } from "node:crypto";
import { count, type Fields, fieldsOf, flag, listOf, optionalText, text } from "../simulation/fields.ts";
import { scheduleReturn } from "../simulation/floor-control.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest, Route } from "../simulation/router.ts";
import { type Fulfilment, type FulfilmentCentre, statusOf } from "./fulfilment-centre.ts";
import { pageOf } from "./paging.ts";

function fulfilmentBody(fulfilment: Fulfilment) {
  const { floor } = fulfilment;
  return {
    fulfilmentId: fulfilment.fulfilmentId,
    clientRef: fulfilment.clientRef,
    status: statusOf(floor),
    serviceLevel: fulfilment.serviceLevel,
    recipient: fulfilment.recipient,
    createdAt: new Date(floor.createdAt).toISOString(),
    updatedAt: new Date(floor.changedAt).toISOString(),
    items: floor.lines.map((line) => ({
      clientLine: line.line,
      sku: line.sku,
      qty: line.ordered,
      allocatedQty: line.allocated - line.shipped,
      dispatchedQty: line.shipped,
      shortQty: line.short,
    })),
    dispatches: floor.shipments.map((shipment) => ({
      dispatchId: Number(shipment.number),
      dispatchedAt: new Date(shipment.shippedAt).toISOString(),
      deliveredAt: shipment.deliveredAt === undefined ? null : new Date(shipment.deliveredAt).toISOString(),
      items: shipment.lines.map((line) => ({ clientLine: line.line, sku: line.sku, qty: line.quantity })),
    })),
  };
}

function put(centre: FulfilmentCentre, request: NativeRequest): NativeAnswer {
  const clientRef = request.params.clientRef as string;
  const fields = fieldsOf(request.json());
  const given = readItems(fields);
  const recipient = fieldsOf(fields.recipient ?? {}, "recipient");
  const serviceLevel = optionalText(fields, "serviceLevel") ?? "STANDARD";
  const partial = flag(fields, "partialAllowed", true);
  const content = JSON.stringify([given, recipient.name, recipient.country, serviceLevel, partial]);
  const fingerprint = createHash("sha256").update(content).digest("base64");
  const before = centre.fulfilments.get(clientRef);
  if (before) {
    if (before.fingerprint !== fingerprint) {
      throw new Refusal(409, "contentMismatch", `${clientRef} exists with other content`);
    }
    return { status: 200, body: fulfilmentBody(before) };
  }
  const unknown = given.find((item) => !centre.floor.stock.has(item.sku));
  if (unknown) throw new Refusal(422, "skuUnknown", `We do not keep ${unknown.sku}`);
  const fulfilment = centre.accept({ clientRef, recipient, serviceLevel, fingerprint }, given, partial);
  return { status: 201, body: fulfilmentBody(fulfilment) };
}

function readItems(fields: Fields): Array<{ line: string; sku: string; quantity: number }> {
  const items = listOf(fields, "items").map((item) => ({
    line: text(item, "clientLine"),
    sku: text(item, "sku"),
    quantity: count(item, "qty"),
  }));
  if (items.length === 0) throw new Refusal(422, "itemsMissing", "A fulfilment needs an item");
  if (new Set(items.map((item) => item.line)).size !== items.length) {
    throw new Refusal(422, "clientLineRepeated", "Each clientLine may come once");
  }
  return items;
}

function requireFulfilment(centre: FulfilmentCentre, request: NativeRequest): Fulfilment {
  const fulfilment = centre.fulfilments.get(request.params.clientRef as string);
  if (!fulfilment) throw new Refusal(404, "notFound", `No fulfilment ${request.params.clientRef}`);
  return fulfilment;
}

function cancel(centre: FulfilmentCentre, fulfilment: Fulfilment): NativeAnswer {
  // Cancelling twice is the same as once, as deleting is.
  if (fulfilment.floor.state === "cancelled") return { status: 200, body: fulfilmentBody(fulfilment) };
  if (!centre.floor.cancel(fulfilment.floor)) {
    throw new Refusal(409, "inProgress", `${fulfilment.clientRef} is ${statusOf(fulfilment.floor)}`);
  }
  centre.cancelled(fulfilment.floor);
  return { status: 200, body: fulfilmentBody(fulfilment) };
}

function announce(
  centre: FulfilmentCentre,
  kind: "inbound" | "return",
  request: NativeRequest,
): NativeAnswer {
  const reference = request.params.reference as string;
  const fields = fieldsOf(request.json());
  const order = optionalText(fields, "clientRef");
  const expectedOn = optionalText(fields, "expectedOn");
  const lines = listOf(fields, "items").map((item) => {
    const line = optionalText(item, "clientLine");
    return { ...(line === undefined ? {} : { line }), sku: text(item, "sku"), quantity: count(item, "qty") };
  });
  const known = centre.dock.notices[kind].get(reference);
  if (known?.state === "received") return { status: 200, body: { reference, status: "received" } };
  centre.dock.announce(kind, {
    reference,
    ...(order === undefined ? {} : { order }),
    ...(expectedOn === undefined ? {} : { expectedOn }),
    lines,
  });
  if (kind === "return") scheduleReturn(centre.dock, centre.agenda, centre.settings, reference);
  return { status: known ? 200 : 201, body: { reference, status: "announced" } };
}

export function fulfilmentRoutes(centre: FulfilmentCentre): Route[] {
  return [
    { method: "PUT", path: "/v2/fulfilments/:clientRef", handle: (request) => put(centre, request) },
    {
      method: "GET",
      path: "/v2/fulfilments/:clientRef",
      handle: (request) => ({ status: 200, body: fulfilmentBody(requireFulfilment(centre, request)) }),
    },
    {
      method: "DELETE",
      path: "/v2/fulfilments/:clientRef",
      handle: (request) => cancel(centre, requireFulfilment(centre, request)),
    },
    {
      method: "GET",
      path: "/v2/fulfilments",
      handle: (request) => {
        const { items, ...page } = pageOf(request, centre.fulfilments, fulfilmentBody);
        return { status: 200, body: { ...page, fulfilments: items } };
      },
    },
    {
      method: "PUT",
      path: "/v2/return-notices/:reference",
      handle: (request) => announce(centre, "return", request),
    },
    {
      method: "PUT",
      path: "/v2/inbound-notices/:reference",
      handle: (request) => announce(centre, "inbound", request),
    },
  ];
}

// What Parcelworks' status words mean. Dispatches are increments: each has a number and quantities of its own.
import type { MappedEvent, Mapping, ReadCodes } from "../../../src/connector/index.ts";
import { countOf, type Fields, listOf, numberOf, textOf, textOr, timeOf } from "./fields.ts";
import { type Reference, readReference } from "./reference.ts";

/** Whose events they are, and what its codes mean. */
export interface Place {
  location: string;
  codes: ReadCodes;
}

export const eventMappings: Record<string, (event: Fields, place: Place) => Mapping> = {
  RCVD: mapReceived,
  WIP: () => ({
    ignored: "Goods in work are allocated, and the figures are net of them since the order came.",
  }),
  CXL: () => ({ ignored: "Parcelworks confirms a cancellation in its answer to whoever asked." }),
  DSP: mapDispatched,
  POD: mapDelivered,
  SHRT: mapShort,
  INV_ADJ: mapAdjusted,
  INB_RCVD: mapInbound,
  RTN_RCVD: mapReturn,
};

/** From now on its figures are net of what it allocated to this order, which may be less than it was asked for. */
function mapReceived(event: Fields, { location }: Place): Mapping {
  const document = textOf(event, "clientRef", "$");
  const reference = readReference(document);
  if (reference.ordinal === 0) return { ignored: "An order that somebody else gave to Parcelworks." };
  const confirmedAt = timeOf(event, "at", "$");
  const allocated = itemsOf(event, "allocatedQty").filter(({ quantity }) => quantity !== "0");
  return one("order.release.confirmed", {
    ...orderOf(reference),
    location,
    document,
    confirmedAt,
    allocated,
  });
}

function mapDispatched(event: Fields, { location }: Place): Mapping {
  const reference = readReference(textOf(event, "clientRef", "$"));
  return one("shipment.shipped", {
    ...orderOf(reference),
    shipmentId: countOf(event, "dispatchId", "$"),
    location,
    lines: itemsOf(event, "qty"),
    shippedAt: timeOf(event, "at", "$"),
  });
}

function mapDelivered(event: Fields): Mapping {
  const reference = readReference(textOf(event, "clientRef", "$"));
  const shipmentId = countOf(event, "dispatchId", "$");
  return one("shipment.delivered", {
    ...orderOf(reference),
    shipmentId,
    deliveredAt: timeOf(event, "at", "$"),
  });
}

function mapShort(event: Fields, { location }: Place): Mapping {
  const reference = readReference(textOf(event, "clientRef", "$"));
  const reportedAt = timeOf(event, "at", "$");
  return one("order.pick.short", {
    ...orderOf(reference),
    location,
    lines: itemsOf(event, "shortQty"),
    reportedAt,
  });
}

function mapAdjusted(event: Fields, { location, codes }: Place): Mapping {
  return one("inventory.movement.recorded", {
    sku: textOf(event, "sku", "$"),
    location,
    status: codes.canonical("status", textOf(event, "bucket", "$")),
    movementId: `${location}/event/${countOf(event, "eventNo", "$")}`,
    quantity: numberOf(event, "qtyChange", "$"),
    reason: "adjustment",
    note: textOr(event, "reason", "$"),
    occurredAt: timeOf(event, "at", "$"),
  });
}

function mapInbound(event: Fields, { location, codes }: Place): Mapping {
  const receipt = countOf(event, "receiptId", "$");
  const document = textOf(event, "reference", "$");
  const occurredAt = timeOf(event, "at", "$");
  return {
    events: listOf(event, "items", "$").map((item, index) => {
      const path = `$.items[${index}]`;
      const line = textOr(item, "clientLine", path);
      return {
        type: "inventory.movement.recorded",
        data: {
          sku: textOf(item, "sku", path),
          location,
          status: codes.canonical("status", textOf(item, "bucket", path)),
          movementId: `${location}/${receipt}/${index + 1}`,
          quantity: countOf(item, "qty", path),
          reason: "receipt",
          occurredAt,
          document,
          ...(line === "" ? undefined : { inbound: { document, line } }),
        },
      };
    }),
  };
}

/** Goods that name no order come under the number they were announced with: somebody has to find theirs. */
function mapReturn(event: Fields, { location }: Place): Mapping {
  const returnId = textOf(event, "reference", "$");
  const reference = readReference(textOr(event, "clientRef", "$") || returnId);
  return one("return.received", {
    ...orderOf(reference),
    returnId: readReference(returnId).orderId,
    location,
    lines: itemsOf(event, "qty"),
    receivedAt: timeOf(event, "at", "$"),
  });
}

function itemsOf(event: Fields, quantity: string) {
  return listOf(event, "items", "$").map((item, index) => {
    const path = `$.items[${index}]`;
    return {
      lineId: textOr(item, "clientLine", path) || "unknown",
      sku: textOf(item, "sku", path),
      quantity: countOf(item, quantity, path),
    };
  });
}

function orderOf({ company, orderId }: Reference): { orderId: string; company?: string } {
  return company === "" ? { orderId } : { orderId, company };
}

function one(type: string, data: unknown): Mapping {
  const event: MappedEvent = { type, data };
  return { events: [event] };
}

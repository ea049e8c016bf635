// What EAST's events mean. Issues are told as shipments alone; picking and cancelling are told elsewhere.
import type { MappedEvent, Mapping, ReadCodes } from "../../../src/connector/index.ts";
import { countOf, type Fields, listOf, numberOf, textOf, textOr, timeOf } from "./fields.ts";
import { lineIdOf, type Reference, readReference } from "./reference.ts";

/** Whose events they are, and what its codes mean. */
export interface Place {
  location: string;
  codes: ReadCodes;
}

interface Occurrence extends Place {
  event: Fields;
  data: Fields;
}

const AT = "$.data";

export const eventMappings: Record<string, (occurrence: Occurrence) => Mapping> = {
  "outbound.picked": () => ({ ignored: "Picked goods are still in EAST's figures until they are shipped." }),
  "outbound.cancelled": () => ({ ignored: "EAST confirms a cancellation in its answer to whoever asked." }),
  "outbound.shipped": mapShipped,
  "outbound.delivered": mapDelivered,
  "outbound.short": mapShort,
  "stock.adjusted": mapAdjusted,
  "inbound.received": mapInbound,
  "return.received": mapReturn,
};

/** Each message repeats all cartons of the order; a carton's number is its identity. */
function mapShipped({ data, location }: Occurrence): Mapping {
  const reference = readReference(textOf(data, "externalOrderNo", AT));
  return {
    events: listOf(data, "cartons", AT).map((carton, index) => {
      const path = `${AT}.cartons[${index}]`;
      return {
        type: "shipment.shipped",
        data: {
          ...orderOf(reference),
          shipmentId: textOf(carton, "cartonNo", path),
          location,
          lines: listOf(carton, "lines", path).map((line, at) =>
            shippedLine(reference, line, "qty", `${path}.lines[${at}]`),
          ),
          cumulative: true,
          shippedAt: timeOf(carton, "shippedAt", path),
        },
      };
    }),
  };
}

function mapDelivered({ data }: Occurrence): Mapping {
  const reference = readReference(textOf(data, "externalOrderNo", AT));
  const shipmentId = textOf(data, "cartonNo", AT);
  const deliveredAt = timeOf(data, "deliveredAt", AT);
  return one("shipment.delivered", { ...orderOf(reference), shipmentId, deliveredAt });
}

function mapShort({ event, data, location }: Occurrence): Mapping {
  const reference = readReference(textOf(data, "externalOrderNo", AT));
  const lines = listOf(data, "lines", AT).map((line, at) =>
    shippedLine(reference, line, "shortQty", `${AT}.lines[${at}]`),
  );
  const short = { ...orderOf(reference), location, lines, reportedAt: timeOf(event, "occurredAt", "$") };
  return one("order.pick.short", short);
}

function mapAdjusted({ event, data, location, codes }: Occurrence): Mapping {
  return one("inventory.movement.recorded", {
    sku: textOf(data, "sku", AT),
    location,
    status: codes.canonical("status", textOf(data, "status", AT)),
    movementId: `${location}/event/${countOf(event, "seq", "$")}`,
    quantity: numberOf(data, "delta", AT),
    reason: "adjustment",
    note: textOr(data, "reason", AT),
    occurredAt: timeOf(event, "occurredAt", "$"),
  });
}

function mapInbound({ data, location, codes }: Occurrence): Mapping {
  const receiptNo = textOf(data, "receiptNo", AT);
  const document = textOf(data, "reference", AT);
  const occurredAt = timeOf(data, "receivedAt", AT);
  return {
    events: listOf(data, "lines", AT).map((line, index) => {
      const path = `${AT}.lines[${index}]`;
      const inboundLine = line.lineNo === undefined ? "" : countOf(line, "lineNo", path);
      return {
        type: "inventory.movement.recorded",
        data: {
          sku: textOf(line, "sku", path),
          location,
          status: codes.canonical("status", textOf(line, "status", path)),
          movementId: `${location}/${receiptNo}/${index + 1}`,
          quantity: countOf(line, "qty", path),
          reason: "receipt",
          occurredAt,
          document,
          ...(inboundLine === "" ? undefined : { inbound: { document, line: inboundLine } }),
        },
      };
    }),
  };
}

/** Goods that name no order come under the number they were announced with: somebody has to find theirs. */
function mapReturn({ data, location }: Occurrence): Mapping {
  const returnId = textOf(data, "rma", AT);
  const reference = readReference(textOr(data, "externalOrderNo", AT) || returnId);
  const lines = listOf(data, "lines", AT).map((line, at) => {
    const path = `${AT}.lines[${at}]`;
    return line.lineNo === undefined || line.lineNo === null
      ? { ...shippedLine(reference, { ...line, lineNo: "1" }, "qty", path), lineId: "unknown" }
      : shippedLine(reference, line, "qty", path);
  });
  const received = {
    ...orderOf(reference),
    returnId: readReference(returnId).orderId,
    location,
    lines,
    receivedAt: timeOf(data, "receivedAt", AT),
  };
  return one("return.received", received);
}

function shippedLine(reference: Reference, line: Fields, quantity: string, path: string) {
  const lineNo = countOf(line, "lineNo", path);
  return {
    lineId: lineIdOf(reference, lineNo) || `EAST line ${lineNo}`,
    sku: textOf(line, "sku", path),
    quantity: countOf(line, quantity, path),
  };
}

export function orderOf({ company, orderId }: Reference): { orderId: string; company?: string } {
  return company === "" ? { orderId } : { orderId, company };
}

function one(type: string, data: unknown): Mapping {
  const event: MappedEvent = { type, data };
  return { events: [event] };
}

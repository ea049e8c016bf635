// Notes how an order stands, for the account manager. Absolute: the same note twice leaves the same order.

import type { ConnectorContext } from "../../../src/connector/index.ts";
import {
  type Answer,
  CallFailed,
  classifyFailure,
  type OrderStatusPayload,
  type Writer,
} from "../../../src/connector/index.ts";
import { formatDecimal, parseDecimal, sumDecimals } from "../../../src/core/decimal.ts";
import { answerOf, TimeLeft } from "../native-read.ts";
import type { RelataClient } from "./client.ts";

const DETAIL_LENGTH_MAX = 255;

export function statusWriter(client: RelataClient, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(({ payload }) =>
          answerOf(() => note(client, payload as OrderStatusPayload, new TimeLeft(context, call))),
        ),
      ),
  };
}

async function note(client: RelataClient, payload: OrderStatusPayload, time: TimeLeft): Promise<Answer> {
  const { orderId, status } = payload;
  const body = { code: status.replaceAll("-", "_"), detail: detailOf(payload) };
  const path = `orders/${encodeURIComponent(orderId)}/status`;
  const outcome = await client.patch(path, body, time.next());
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  return outcome.status === 204 ? { kind: "done", reference: orderId } : client.classify(outcome);
}

/** "6 of 8 shipped, 2 backordered; LS1 WESTHAUL" */
function detailOf({ lines, shipments }: OrderStatusPayload): string {
  const sum = (name: "quantity" | "shipped" | "backordered" | "cancelled" | "returned") =>
    formatDecimal(sumDecimals(lines.map((line) => parseDecimal(line[name]))));
  const parts = [`${sum("shipped")} of ${sum("quantity")} shipped`];
  for (const name of ["backordered", "cancelled", "returned"] as const) {
    if (sum(name) !== "0") parts.push(`${sum(name)} ${name}`);
  }
  const parcels = shipments.map(({ shipmentId, carrier, tracking }) =>
    [shipmentId, carrier, tracking].filter((word) => word !== "").join(" "),
  );
  return [parts.join(", "), ...parcels].join("; ").slice(0, DETAIL_LENGTH_MAX);
}

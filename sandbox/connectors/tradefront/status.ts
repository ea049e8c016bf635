// Tells a buyer how his order stands. The last status is the order's; one that is told twice stands twice in its
// history and changes nothing.
import {
  type Answer,
  CallFailed,
  classifyFailure,
  type OrderStatusPayload,
  type Writer,
} from "../../../src/connector/index.ts";
import { NumberText } from "../../../src/core/json.ts";
import type { Fields } from "../native-fields.ts";
import type { TradefrontClient } from "./client.ts";

/** Ours → the shop's word; one that is not here is told in capitals. */
const WORDS: Record<string, string> = {
  submitted: "RECEIVED",
  held: "ON_HOLD",
  accepted: "CONFIRMED",
  booked: "CONFIRMED",
  released: "IN_PREPARATION",
  "partially-shipped": "PARTLY_SHIPPED",
};

export function statusWriter(client: TradefrontClient): Writer {
  return {
    send: (messages, call) =>
      Promise.all(messages.map(({ payload }) => tell(client, payload as OrderStatusPayload, call))),
  };
}

async function tell(
  client: TradefrontClient,
  payload: OrderStatusPayload,
  call: { timeoutMs: number; signal: AbortSignal },
): Promise<Answer> {
  const { orderId, status } = payload;
  const word = Object.hasOwn(WORDS, status) ? WORDS[status] : status.replaceAll("-", "_").toUpperCase();
  const note = noteOf(payload);
  const body = { status: word, ...(note === "" ? undefined : { note }), lines: payload.lines.map(lineOf) };
  const outcome = await client.post(`orders/${encodeURIComponent(orderId)}/status`, body, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  return outcome.status === 200 ? { kind: "done", reference: orderId } : client.classify(outcome);
}

function lineOf(line: OrderStatusPayload["lines"][number]): Fields {
  return {
    pos: /^\d{1,9}$/.test(line.lineId) ? new NumberText(String(Number(line.lineId))) : line.lineId,
    articleNo: line.sku,
    qty: new NumberText(line.quantity),
    shipped: new NumberText(line.shipped),
    backordered: new NumberText(line.backordered),
    cancelled: new NumberText(line.cancelled),
    returned: new NumberText(line.returned),
  };
}

function noteOf({ shipments }: OrderStatusPayload): string {
  const parcels = shipments.map(({ shipmentId, carrier, tracking, deliveredAt }) => {
    const by = [carrier, tracking].filter((word) => word !== "").join(" ");
    return `${shipmentId}${by === "" ? "" : ` (${by})`}${deliveredAt === "" ? "" : ", delivered"}`;
  });
  return parcels.length === 0 ? "" : `Parcels: ${parcels.join("; ")}`;
}

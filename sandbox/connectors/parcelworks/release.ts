// Gives Parcelworks an order to ship, under a reference of ours: the same again is the same fulfilment. That it was
// taken is told by its own event, which says when; what it will not ship is told as a refusal of the release.
import {
  type Answer,
  CallFailed,
  type ConnectorContext,
  classifyCall,
  classifyFailure,
  type OutboundMessage,
  type ReleasePayload,
  type Writer,
} from "../../../src/connector/index.ts";
import { type CallLimits, errorOf, type ParcelworksApi } from "./api.ts";
import type { Fields } from "./fields.ts";
import { piecesOf } from "./pieces.ts";
import { ordinalOf, writeReference } from "./reference.ts";

export function releaseWriter(api: ParcelworksApi, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) => release(api, context, message as OutboundMessage<ReleasePayload>, call)),
      ),
  };
}

async function release(
  api: ParcelworksApi,
  context: ConnectorContext,
  message: OutboundMessage<ReleasePayload>,
  call: CallLimits,
): Promise<Answer> {
  const body = bodyOf(message);
  const ordinal = ordinalOf(message.key);
  if (ordinal === undefined || typeof body === "string") {
    const why = typeof body === "string" ? body : `the key ${message.key} names no release`;
    return { kind: "refused", code: "parcelworks.not-shippable", reason: `${why}.` };
  }
  const { company, orderId, location } = message.payload;
  const clientRef = writeReference({
    company: company === context.company ? "" : company,
    orderId,
    ordinal,
  });
  const outcome = await api.call("PUT", `/v2/fulfilments/${encodeURIComponent(clientRef)}`, body, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  // Its reference is ours: a half answer after the effect is as good as a whole one.
  if (outcome.status === 201 || outcome.status === 200) return { kind: "done", reference: clientRef };
  const said = errorOf(outcome);
  if (outcome.status === 422 && said !== undefined) {
    // The order goes on without Parcelworks: there is nothing here that sending again could mend.
    const data = {
      company,
      orderId,
      location,
      code: `parcelworks.${said.code}`,
      reason: said.message.slice(0, 1000),
    };
    return { kind: "done", facts: [{ type: "order.release.refused", data, time: context.now() }] };
  }
  return classifyCall(outcome, {
    now: context.now(),
    reasonOf: () => said && `${said.code}: ${said.message}`,
  });
}

function bodyOf({ payload }: OutboundMessage<ReleasePayload>): Fields | string {
  const items: Fields[] = [];
  for (const line of payload.lines) {
    const qty = piecesOf(line);
    if (typeof qty === "string") return qty;
    items.push({ clientLine: line.lineId, sku: line.sku, qty });
  }
  const { customer } = payload;
  const recipient = {
    name: customer?.name ?? customer?.id ?? payload.orderId,
    ...(customer?.country === undefined ? undefined : { country: customer.country }),
  };
  return { recipient, serviceLevel: "STANDARD", partialAllowed: true, items };
}

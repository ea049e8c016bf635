// Tells Parcelworks of goods that will come back: absolute, under the return's number.
import {
  type Answer,
  CallFailed,
  type ConnectorContext,
  classifyCall,
  classifyFailure,
  type OutboundMessage,
  type ReturnAdvicePayload,
  type Writer,
} from "../../../src/connector/index.ts";
import { type CallLimits, errorOf, type ParcelworksApi } from "./api.ts";
import type { Fields } from "./fields.ts";
import { piecesOf } from "./pieces.ts";
import { writeReference } from "./reference.ts";

export function returnWriter(api: ParcelworksApi, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          advise(api, context, message as OutboundMessage<ReturnAdvicePayload>, call),
        ),
      ),
  };
}

async function advise(
  api: ParcelworksApi,
  context: ConnectorContext,
  { payload }: OutboundMessage<ReturnAdvicePayload>,
  call: CallLimits,
): Promise<Answer> {
  const items: Fields[] = [];
  for (const line of payload.lines) {
    const qty = piecesOf(line);
    if (typeof qty === "string")
      return { kind: "refused", code: "parcelworks.not-countable", reason: `${qty}.` };
    items.push({ clientLine: line.lineId, sku: line.sku, qty });
  }
  const company = payload.company === context.company ? "" : payload.company;
  const clientRef = writeReference({ company, orderId: payload.orderId, ordinal: 0 });
  const rma = writeReference({ company: "", orderId: payload.returnId, ordinal: 0 });
  const path = `/v2/return-notices/${encodeURIComponent(rma)}`;
  const outcome = await api.call("PUT", path, { clientRef, items }, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 201 || outcome.status === 200) return { kind: "done", reference: rma };
  const said = errorOf(outcome);
  return classifyCall(outcome, {
    now: context.now(),
    reasonOf: () => said && `${said.code}: ${said.message}`,
  });
}

// Tells EAST of goods that will come back. A later advice of the same number replaces the earlier one, so it may be
// repeated.
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
import { type CallLimits, type EastApi, errorOf } from "./api.ts";
import type { Fields } from "./fields.ts";
import { piecesOf } from "./pieces.ts";
import { numberLines, writeReference } from "./reference.ts";

export function returnWriter(api: EastApi, context: ConnectorContext): Writer {
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
  api: EastApi,
  context: ConnectorContext,
  message: OutboundMessage<ReturnAdvicePayload>,
  call: CallLimits,
): Promise<Answer> {
  const { payload } = message;
  const { numbers, lineIds } = numberLines(payload.lines.map((line) => line.lineId));
  const lines: Fields[] = [];
  for (const [index, line] of payload.lines.entries()) {
    const qty = piecesOf(line);
    if (typeof qty === "string") return { kind: "refused", code: "east.not-countable", reason: `${qty}.` };
    lines.push({ lineNo: numbers[index], sku: line.sku, qty });
  }
  const company = payload.company === context.company ? "" : payload.company;
  const externalOrderNo = writeReference({
    company,
    orderId: payload.orderId,
    ordinal: 0,
    ...(lineIds === undefined ? undefined : { lineIds }),
  });
  const rma = writeReference({ company: "", orderId: payload.returnId, ordinal: 0 });
  const body = { rma, externalOrderNo, lines };
  const outcome = await api.post("/api/returns", body, { ...call, requestId: message.key });
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 201 || outcome.status === 200) return { kind: "done", reference: rma };
  const said = errorOf(outcome);
  return classifyCall(outcome, {
    now: context.now(),
    reasonOf: () => said && `${said.code}: ${said.message}`,
  });
}

// Gives EAST an order to ship, once: under a request id that EAST remembers for a day, and looked for by its number
// before it is sent again. What EAST will not ship is told as a refusal of the release.
import {
  type Answer,
  CallFailed,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  classifyFailure,
  type Found,
  type MappedEvent,
  type OutboundMessage,
  type ReleasePayload,
  type Time,
  type Writer,
} from "../../../src/connector/index.ts";
import { type CallLimits, type EastApi, errorOf, readAnswer } from "./api.ts";
import { type Fields, listOf, textOf, timeOf } from "./fields.ts";
import { piecesOf } from "./pieces.ts";
import { numberLines, ordinalOf, writeReference } from "./reference.ts";

export function releaseWriter(api: EastApi, context: ConnectorContext): Writer {
  return {
    send: (messages, call) => Promise.all(messages.map((message) => release(api, context, message, call))),
    find: (message, call) => look(api, context, message as OutboundMessage<ReleasePayload>, call),
  };
}

async function release(
  api: EastApi,
  context: ConnectorContext,
  sent: OutboundMessage,
  call: CallLimits,
): Promise<Answer> {
  const message = sent as OutboundMessage<ReleasePayload>;
  const body = bodyOf(message, context);
  if (typeof body === "string") return { kind: "refused", code: "east.not-shippable", reason: `${body}.` };
  if (message.attempt > 1) {
    const found = await look(api, context, message, call);
    if (found.kind === "found") return { ...found, kind: "done" };
    if (found.kind === "unknown") return found;
  }
  const outcome = await api.post("/api/outbound", body, { ...call, requestId: message.key });
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 201 || outcome.status === 200) {
    try {
      const document = textOf(readAnswer(outcome), "outboundId", "$");
      return {
        kind: "done",
        reference: document,
        facts: [confirmed(message, document, context.now())],
      };
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      return {
        kind: "unknown",
        reason: `EAST took the order, and its answer cannot be read: ${error.message}`,
      };
    }
  }
  const said = errorOf(outcome);
  if (outcome.status === 422 && said !== undefined) {
    // The order goes on without EAST: there is nothing here that sending again could mend.
    return { kind: "done", facts: [refused(message, context, `east.${said.code}`, said.message)] };
  }
  return classifyCall(outcome, {
    now: context.now(),
    reasonOf: () => said && `${said.code}: ${said.message}`,
  });
}

/** Found by its number, whoever sent it: EAST would take the same number a second time. */
async function look(
  api: EastApi,
  context: ConnectorContext,
  message: OutboundMessage<ReleasePayload>,
  call: CallLimits,
): Promise<Found> {
  const reference = referenceOf(message, context);
  if (reference === undefined) return { kind: "absent" };
  try {
    const path = `/api/outbound?externalOrderNo=${encodeURIComponent(reference)}`;
    const [outbound, ...more] = listOf(await api.read(path, call), "items", "$");
    if (outbound === undefined) return { kind: "absent" };
    if (more.length > 0) {
      context.log("warn", "EAST has an order more than once", { reference, times: more.length + 1 });
    }
    const document = textOf(outbound, "outboundId", "$.items[0]");
    const at = timeOf(outbound, "createdAt", "$.items[0]");
    return { kind: "found", reference: document, facts: [confirmed(message, document, at)] };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return { kind: "unknown", reason: error.message };
  }
}

function bodyOf(message: OutboundMessage<ReleasePayload>, context: ConnectorContext): Fields | string {
  const externalOrderNo = referenceOf(message, context);
  if (externalOrderNo === undefined) return `the key ${message.key} names no release`;
  const { payload } = message;
  const { numbers } = numberLines(payload.lines.map((line) => line.lineId));
  const lines: Fields[] = [];
  for (const [index, line] of payload.lines.entries()) {
    const qty = piecesOf(line);
    if (typeof qty === "string") return qty;
    lines.push({ lineNo: numbers[index], sku: line.sku, qty, uom: "each" });
  }
  const { customer } = payload;
  const shipTo = {
    name: customer?.name ?? customer?.id ?? payload.orderId,
    ...(customer?.country === undefined ? undefined : { country: customer.country }),
  };
  return { externalOrderNo, shipTo, allowPartial: true, lines };
}

function referenceOf(
  message: OutboundMessage<ReleasePayload>,
  context: ConnectorContext,
): string | undefined {
  const { company, orderId, lines } = message.payload;
  const ordinal = ordinalOf(message.key);
  if (ordinal === undefined) return undefined;
  const { lineIds } = numberLines(lines.map((line) => line.lineId));
  return writeReference({
    company: company === context.company ? "" : company,
    orderId,
    ordinal,
    ...(lineIds === undefined ? undefined : { lineIds }),
  });
}

function confirmed(
  { payload }: OutboundMessage<ReleasePayload>,
  document: string,
  confirmedAt: Time,
): MappedEvent {
  const { company, orderId, location } = payload;
  return { type: "order.release.confirmed", data: { company, orderId, location, document, confirmedAt } };
}

function refused(
  { payload }: OutboundMessage<ReleasePayload>,
  context: ConnectorContext,
  code: string,
  reason: string,
): MappedEvent {
  const { company, orderId, location } = payload;
  return {
    type: "order.release.refused",
    data: { company, orderId, location, code, reason: reason.slice(0, 1000) },
    time: context.now(),
  };
}

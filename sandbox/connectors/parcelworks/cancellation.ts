// Asks Parcelworks to give an order back. It cancels a fulfilment as a whole and before it is in work, or not at all:
// what is not asked for as a whole stays, and is told as refused.
import {
  type Answer,
  CallFailed,
  type CancellationPayload,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  classifyFailure,
  type MappedEvent,
  type OutboundMessage,
  type Time,
  type Writer,
} from "../../../src/connector/index.ts";
import { type CallLimits, errorOf, type ParcelworksApi, readAnswer } from "./api.ts";
import { answerOf } from "./failure.ts";
import { type Fulfilment, fulfilmentsOf, toFulfilment } from "./fulfilment.ts";

type Message = OutboundMessage<CancellationPayload>;

export function cancellationWriter(api: ParcelworksApi, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(async (message): Promise<Answer> => {
          try {
            return await cancel(api, context, message as Message, call);
          } catch (error) {
            return answerOf(error, context);
          }
        }),
      ),
  };
}

async function cancel(
  api: ParcelworksApi,
  context: ConnectorContext,
  message: Message,
  call: CallLimits,
): Promise<Answer> {
  const { company, orderId, lines } = message.payload;
  const order = { company: company === context.company ? "" : company, orderId };
  const fulfilments = await fulfilmentsOf(api, order, call);
  const left = new Map(lines.map((line) => [line.lineId, Number(line.quantity)]));
  const why = new Set<string>();
  let confirmedAt = "";
  for (const fulfilment of fulfilments) {
    if (!isWithin(fulfilment, left)) continue;
    const said = await cancelOne(api, context, fulfilment, message.attempt, call);
    if (!("cancelledAt" in said || "why" in said)) return said;
    if ("why" in said) {
      why.add(said.why);
      continue;
    }
    for (const { lineId, quantity } of fulfilment.lines) left.set(lineId, left.get(lineId)! - quantity);
    if (said.cancelledAt > confirmedAt) confirmedAt = said.cancelledAt;
  }
  if (fulfilments.length === 0) {
    // It comes after the release in its lane: Parcelworks never took that, and ships nothing of it.
    for (const lineId of left.keys()) left.set(lineId, 0);
  }
  if (why.size === 0) why.add("Parcelworks cancels whole fulfilments, and was asked for a part of one");
  return { kind: "done", facts: facts(message, left, [...why].join("; "), confirmedAt, context.now()) };
}

/** All of its lines are asked for, as they are. */
const isWithin = ({ lines }: Fulfilment, left: ReadonlyMap<string, number>): boolean =>
  lines.every(({ lineId, quantity }) => quantity <= (left.get(lineId) ?? 0));

/** When it was cancelled, why not, or an answer for the whole message. */
async function cancelOne(
  api: ParcelworksApi,
  context: ConnectorContext,
  { clientRef, status, updatedAt }: Fulfilment,
  attempt: number,
  call: CallLimits,
): Promise<{ cancelledAt: Time } | { why: string } | Answer> {
  // Cancelled by an earlier attempt, whose answer was lost; at first it was somebody else's doing.
  if (status === "CXL") {
    return attempt > 1 ? { cancelledAt: updatedAt } : { why: "Parcelworks had cancelled it before" };
  }
  if (status !== "RCVD") return { why: `Parcelworks has it as ${status}` };
  const path = `/v2/fulfilments/${encodeURIComponent(clientRef)}`;
  const outcome = await api.call("DELETE", path, undefined, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 200) {
    try {
      return { cancelledAt: toFulfilment(readAnswer(outcome)).updatedAt };
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      return { kind: "unknown", reason: `The cancellation's answer cannot be read: ${error.message}` };
    }
  }
  const said = errorOf(outcome);
  if (outcome.status === 409 && said !== undefined) return { why: `${said.code}: ${said.message}` };
  return classifyCall(outcome, { now: context.now(), reasonOf: () => said?.message });
}

function facts(
  { payload }: Message,
  left: ReadonlyMap<string, number>,
  reason: string,
  confirmedAt: Time,
  now: Time,
): MappedEvent[] {
  const { company, orderId, location } = payload;
  const told: MappedEvent[] = [];
  const part = (quantityOf: (line: { lineId: string; quantity: string }) => number) =>
    payload.lines.flatMap((line) => {
      const quantity = quantityOf(line);
      return quantity <= 0 ? [] : [{ lineId: line.lineId, sku: line.sku, quantity: String(quantity) }];
    });
  const given = part((line) => Number(line.quantity) - left.get(line.lineId)!);
  const kept = part((line) => left.get(line.lineId)!);
  const order = { company, orderId, location };
  if (given.length > 0) {
    const data = { ...order, lines: given, confirmedAt: confirmedAt || now };
    told.push({ type: "order.cancellation.confirmed", data });
  }
  if (kept.length > 0) {
    const data = { ...order, lines: kept, reason: reason.slice(0, 1000) };
    told.push({ type: "order.cancellation.refused", data, time: now });
  }
  return told;
}

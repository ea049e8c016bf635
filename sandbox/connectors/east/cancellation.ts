// Asks EAST to give an order back. EAST cancels an outbound order as a whole and before it is picked, or not at all:
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
import { type CallLimits, type EastApi, errorOf } from "./api.ts";
import { type Outbound, outboundsOf } from "./outbound.ts";

type Message = OutboundMessage<CancellationPayload>;

export function cancellationWriter(api: EastApi, context: ConnectorContext): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map(async (message): Promise<Answer> => {
          try {
            return await cancel(api, context, message as Message, call);
          } catch (error) {
            if (error instanceof CallFailed) return classifyFailure(error);
            if (!(error instanceof CrossdockError)) throw error;
            if (error.code === "east.denied") return { kind: "denied", reason: error.message };
            return { kind: "ill", reason: error.message };
          }
        }),
      ),
  };
}

async function cancel(
  api: EastApi,
  context: ConnectorContext,
  message: Message,
  call: CallLimits,
): Promise<Answer> {
  const { company, orderId, document, lines } = message.payload;
  const outbounds = await outboundsOf(
    api,
    {
      company: company === context.company ? "" : company,
      orderId,
      document,
      lineIds: lines.map((line) => line.lineId),
    },
    call,
  );
  const left = new Map(lines.map((line) => [line.lineId, Number(line.quantity)]));
  const why = new Set<string>();
  let confirmedAt = "";
  for (const outbound of outbounds) {
    if (!isWithin(outbound, left)) continue;
    const said = await cancelOne(api, context, outbound, message.attempt, call);
    if (typeof said !== "string") return said;
    if (said !== "") {
      why.add(said);
      continue;
    }
    for (const { lineId, quantity } of outbound.lines) left.set(lineId, left.get(lineId)! - quantity);
    if (outbound.updatedAt > confirmedAt) confirmedAt = outbound.updatedAt;
  }
  if (outbounds.length === 0) {
    // It comes after the release in its lane: EAST never took that, and ships nothing of it.
    return { kind: "done", facts: [confirmation(message, new Map(), context.now())] };
  }
  if (why.size === 0) why.add("EAST cancels whole outbound orders, and was asked for a part of one");
  return { kind: "done", facts: facts(message, left, [...why].join("; "), confirmedAt, context.now()) };
}

/** All of its lines are asked for, as they are. */
const isWithin = ({ lines }: Outbound, left: ReadonlyMap<string, number>): boolean =>
  lines.every(({ lineId, quantity }) => quantity <= (left.get(lineId) ?? 0));

/** Empty: it is cancelled. Else why not, or an answer for the whole message. */
async function cancelOne(
  api: EastApi,
  context: ConnectorContext,
  outbound: Outbound,
  attempt: number,
  call: CallLimits,
): Promise<string | Answer> {
  // Cancelled by an earlier attempt, whose answer was lost; at first it was somebody else's doing.
  if (outbound.status === "cancelled") return attempt > 1 ? "" : "EAST had cancelled it before";
  if (outbound.status !== "accepted") return `EAST has it as ${outbound.status}`;
  const outcome = await api.post(`/api/outbound/${encodeURIComponent(outbound.id)}/cancel`, {}, call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 200) return "";
  const said = errorOf(outcome);
  if (outcome.status === 409 && said?.code === "already_cancelled") return "";
  if (outcome.status === 409 && said !== undefined) return `${said.code}: ${said.message}`;
  return classifyCall(outcome, { now: context.now(), reasonOf: () => said?.message });
}

function facts(
  message: Message,
  left: ReadonlyMap<string, number>,
  reason: string,
  confirmedAt: Time,
  now: Time,
): MappedEvent[] {
  const { company, orderId, location, lines } = message.payload;
  const told: MappedEvent[] = [];
  if (lines.some((line) => left.get(line.lineId)! < Number(line.quantity))) {
    told.push(confirmation(message, left, confirmedAt || now));
  }
  const kept = lines.flatMap(({ lineId, sku }) => {
    const quantity = left.get(lineId)!;
    return quantity === 0 ? [] : [{ lineId, sku, quantity: String(quantity) }];
  });
  if (kept.length > 0) {
    const data = { company, orderId, location, lines: kept, reason: reason.slice(0, 1000) };
    told.push({ type: "order.cancellation.refused", data, time: now });
  }
  return told;
}

/** Of what was asked for, all but what is left. */
function confirmation(
  { payload }: Message,
  left: ReadonlyMap<string, number>,
  confirmedAt: Time,
): MappedEvent {
  const { company, orderId, location } = payload;
  const lines = payload.lines.flatMap(({ lineId, sku, quantity }) => {
    const given = Number(quantity) - (left.get(lineId) ?? 0);
    return given <= 0 ? [] : [{ lineId, sku, quantity: String(given) }];
  });
  return { type: "order.cancellation.confirmed", data: { company, orderId, location, lines, confirmedAt } };
}

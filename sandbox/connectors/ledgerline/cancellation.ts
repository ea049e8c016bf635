// Sets what is cancelled of an order's lines. The message says each line's total, so it may be repeated freely; more
// that was cancelled in the ERP itself stays. Freight goes with the last goods.
import {
  type Answer,
  CallFailed,
  type CancellationPayload,
  classifyFailure,
  type OutboundMessage,
  type Writer,
} from "../../../src/connector/index.ts";
import { formatDecimal, maxDecimal, parseDecimal, ZERO } from "../../../src/core/decimal.ts";
import { businessKey } from "../../../src/core/identifiers.ts";
import { type Fields, listOf, numberOf, textOf } from "../native-fields.ts";
import { answerOf, TimeLeft } from "../native-read.ts";
import type { Desk } from "./booking.ts";
import { exactNumber } from "./client.ts";
import type { KnownOrder } from "./order-index.ts";

export function cancellationWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() =>
            cancel(desk, message as OutboundMessage<CancellationPayload>, new TimeLeft(desk.context, call)),
          ),
        ),
      ),
  };
}

async function cancel(
  desk: Desk,
  { payload }: OutboundMessage<CancellationPayload>,
  time: TimeLeft,
): Promise<Answer> {
  const { company, orderId } = payload;
  const known = (await desk.orders.find([orderId], () => time.next())).get(orderId);
  const order = known && (await desk.client.get("SalesOrders", known.id, time.next()));
  if (known === undefined || order === undefined || textOf(order, "OrderNumber") !== known.document) {
    desk.orders.forget(orderId);
    return { kind: "missing", references: [{ domain: "order", key: businessKey(company, orderId) }] };
  }
  const totals = totalsOf(payload, known);
  if (totals.kind === "refused") return refusedFor(desk, payload, totals);
  const lines = changesOf(order, totals.totals);
  if (lines.length === 0) return { kind: "done", reference: known.document };
  const body = {
    Lines: lines.map(({ number, total }) => ({
      LineNumber: exactNumber(number),
      CancelledQuantity: exactNumber(total),
    })),
  };
  const outcome = await desk.client.write("PATCH", `SalesOrders(${known.id})`, body, time.next());
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  // Absolute: a cut answer changes nothing about what stands there now.
  if (outcome.status === 200) return { kind: "done", reference: known.document };
  const answer = desk.client.classify(outcome);
  if (answer.kind !== "refused") return answer;
  // Somebody cancelled more between the look and the change.
  if (answer.code === "QUANTITY_INVALID") return { kind: "busy", reason: answer.reason };
  return refusedFor(desk, payload, answer);
}

type Refusal = { kind: "refused"; code: string; reason: string };

/** By the ERP's line number. */
function totalsOf(
  { lines }: CancellationPayload,
  known: KnownOrder,
): Refusal | { kind: "totals"; totals: Map<string, string> } {
  const totals = new Map<string, string>();
  for (const { lineId, cancelled } of lines) {
    const line = known.lines.find(({ key, isFreight }) => key === lineId && !isFreight);
    if (line === undefined) {
      return {
        kind: "refused",
        code: "LINE_NOT_FOUND",
        reason: `${known.document} has no line of ours called ${lineId}.`,
      };
    }
    if (cancelled === undefined) {
      const reason = `The message does not say how much of ${lineId} is cancelled in all.`;
      return { kind: "refused", code: "TOTAL_MISSING", reason };
    }
    totals.set(line.number, cancelled);
  }
  return { kind: "totals", totals };
}

interface Target {
  number: string;
  total: string;
}

function changesOf(order: Fields, totals: ReadonlyMap<string, string>): Target[] {
  const changes: Target[] = [];
  const goods: boolean[] = [];
  const freight: Target[] = [];
  for (const line of listOf(order, "Lines")) {
    const number = numberOf(line, "LineNumber");
    const figure = (name: string) => parseDecimal(numberOf(line, name));
    const [quantity, held] = [figure("Quantity"), figure("CancelledQuantity")];
    if (textOf(line, "LineType") === "FREIGHT") {
      const open = quantity - held - figure("InvoicedQuantity");
      if (open > ZERO) freight.push({ number, total: formatDecimal(held + open) });
      continue;
    }
    const total = maxDecimal(held, parseDecimal(totals.get(number) ?? "0"));
    if (total > held) changes.push({ number, total: formatDecimal(total) });
    goods.push(total === quantity && figure("DeliveredQuantity") === ZERO);
  }
  // Freight travels with goods: where none will leave, nobody pays for it.
  return goods.every(Boolean) ? [...changes, ...freight] : changes;
}

/** The ledger will not give the units back: they were delivered there. */
function refusedFor(desk: Desk, payload: CancellationPayload, { code, reason }: Refusal): Answer {
  const { company, orderId } = payload;
  const { system } = desk.context;
  const lines = payload.lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity }));
  const data = { company, orderId, location: system, lines, reason: reason.slice(0, 1000) };
  const fact = { type: "order.cancellation.refused", data, time: desk.context.now() };
  return { kind: "refused", code, reason, facts: [fact] };
}

// Cancels what of a booked order is not shipped yet. A sale in process cannot be changed: the units are taken out of
// the plan into a shipment of their own, which bears our number, is cancelled, and is not made up for.
import {
  type Answer,
  businessKey,
  type CancellationPayload,
  type Found,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { type Decimal, formatDecimal, maxDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { advance, createDocument, findDocument } from "./document.ts";
import { answerOf, refused, TrytonFailed } from "./failure.ts";
import { cancelledOf } from "./map-sale.ts";
import { findOrder, type SaleHead } from "./order.ts";
import { cutPlan, openOf, partOf, type SoldLine, soldLines } from "./sale-goods.ts";
import { type Fields, floatValue, idOf, idsOf } from "./values.ts";

type Message = OutboundMessage<CancellationPayload>;

const MODEL = "stock.shipment.out";

export function cancellationWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(messages.map((message) => answerOf(() => cancel(desk, message as Message, call)))),
    async find(message, call) {
      try {
        return await found(desk, message as Message, call);
      } catch (error) {
        if (error instanceof TrytonFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

/** One that was begun counts as absent: `send` looks it up again and finishes it. */
async function found(desk: Desk, { payload }: Message, call: Limits): Promise<Found> {
  const sale = await findOrder(desk, payload.orderId, call);
  if (sale === undefined) return { kind: "absent" };
  const lines = await soldLines(desk, sale.record, keysOf(payload), call);
  const isDone = payload.lines.every(
    ({ lineId, cancelled }) => missingOf(lines.get(lineId)!, cancelled) <= ZERO,
  );
  return isDone ? { kind: "found", reference: sale.number } : { kind: "absent" };
}

const keysOf = ({ lines }: CancellationPayload): string[] => lines.map(({ lineId }) => lineId);

async function cancel(desk: Desk, message: Message, call: Limits): Promise<Answer> {
  const { payload, key } = message;
  const sale = await findOrder(desk, payload.orderId, call);
  if (sale === undefined) {
    return {
      kind: "missing",
      references: [{ domain: "order", key: businessKey(payload.company, payload.orderId) }],
    };
  }
  const document = { model: MODEL, reference: key };
  try {
    if (sale.invoiceMethod === "order") {
      const why = `${sale.number} was invoiced as it was ordered: what is cancelled of it is to be credited.`;
      throw new TrytonFailed(refused("tryton.invoiced-by-order", why));
    }
    const lines = await soldLines(desk, sale.record, keysOf(payload), call);
    let shipment = await findDocument(desk, document, call);
    if (shipment === undefined) {
      const parts = partsOf(payload, lines, sale);
      if (parts.length === 0) return { kind: "done", reference: sale.number };
      const values = { ...sale.shipment, warehouse: sale.warehouse, moves: [["create", parts]] };
      shipment = await createDocument(desk, document, values, call);
    }
    const taken = await soldLines(desk, sale.record, keysOf(payload), call);
    await cutPlan(desk, taken.values(), call);
    await giveUp(desk, taken.values(), idOf(shipment.id, "id"), call);
    await advance(desk, document, shipment, { draft: "cancel", waiting: "cancel" }, call);
    return { kind: "done", reference: sale.number };
  } catch (error) {
    if (!(error instanceof TrytonFailed) || error.answer.kind !== "refused") throw error;
    return refusedFor(desk, payload, error.answer);
  }
}

/** What of a line is still to be cancelled; less than nothing where more was cancelled in Tryton itself. */
function missingOf({ line }: SoldLine, total: string | undefined): Decimal {
  if (total === undefined) {
    const why = "The message does not say how much of a line is cancelled in all.";
    throw new TrytonFailed(refused("tryton.total-missing", why));
  }
  return parseDecimal(total) - cancelledOf(line);
}

function partsOf(
  { lines }: CancellationPayload,
  sold: ReadonlyMap<string, SoldLine>,
  sale: SaleHead,
): Fields[] {
  return lines.flatMap(({ lineId, sku, cancelled }) => {
    const line = sold.get(lineId)!;
    const quantity = maxDecimal(ZERO, missingOf(line, cancelled));
    if (quantity === ZERO) return [];
    if (openOf(line) < quantity) {
      const why = `Of ${sku} in ${sale.number} ${formatDecimal(openOf(line))} are still to be shipped, not ${formatDecimal(quantity)}.`;
      throw new TrytonFailed(refused("tryton.too-late", why));
    }
    return [partOf(line, floatValue(formatDecimal(quantity), 6)!, sale.output)];
  });
}

/** Without this Tryton would ask somebody whether to ship the units again, once they are cancelled. */
async function giveUp(desk: Desk, lines: Iterable<SoldLine>, shipment: number, call: Limits): Promise<void> {
  const name = `${MODEL},${shipment}`;
  for (const { id, line, moves } of lines) {
    const given = new Set(idsOf(line.moves_ignored, "moves_ignored"));
    const own = moves.filter(({ id: move, move: { shipment: of } }) => of === name && !given.has(move));
    if (own.length === 0) continue;
    const values = { moves_ignored: [["add", own.map((move) => move.id)]] };
    await desk.client.run("sale.line", "write", [[id], values], call);
  }
}

/** The ledger will not give the units back. */
function refusedFor(
  desk: Desk,
  payload: CancellationPayload,
  { code, reason }: { code: string; reason: string },
): Answer {
  const { company, orderId } = payload;
  const lines = payload.lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity }));
  const data = { company, orderId, location: desk.context.system, lines, reason };
  const fact = { type: "order.cancellation.refused", data, time: desk.context.now() };
  return { kind: "refused", code, reason, facts: [fact] };
}

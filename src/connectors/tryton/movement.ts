// Books goods movements, each once: an issue of an order is a customer shipment of its sale, which is then invoiced;
// goods that come back are a customer return, goods of a purchase a supplier shipment; all else moves stock from or to
// what is lost and found. Each bears our number of the movement.
import {
  type Answer,
  businessKey,
  dateIn,
  type Found,
  type MovementPayload,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { parseDecimal, ZERO } from "../../core/decimal.ts";
import { adjustment } from "./adjustment.ts";
import { bill, isBilled } from "./billing.ts";
import type { Desk } from "./booking.ts";
import type { Limits } from "./client.ts";
import { advance, createDocument, type Document, findDocument } from "./document.ts";
import { answerOf, refused, TrytonFailed } from "./failure.ts";
import { findOrder, type SaleHead } from "./order.ts";
import { receipt, settleReceipt } from "./receipt.ts";
import { cutPlan, openOf, partOf, soldLines } from "./sale-goods.ts";
import { goodsOf, type Place, placeOf } from "./stock-place.ts";
import { dateValue, type Fields, idOf, textOf } from "./values.ts";

type Message = OutboundMessage<MovementPayload>;

/** By model, what leaves each state. */
const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "stock.shipment.out": {
    draft: "wait",
    waiting: "assign_try",
    assigned: "pick",
    picked: "pack",
    packed: "done",
  },
  "stock.shipment.out.return": { draft: "receive", received: "done" },
  "stock.shipment.in": { draft: "receive", received: "done" },
  "stock.shipment.internal": { draft: "wait", waiting: "assign_try", assigned: "done" },
};

export function movementWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(messages.map((message) => answerOf(() => book(desk, (message as Message).payload, call)))),
    async find(message, call) {
      try {
        return await found(desk, (message as Message).payload, call);
      } catch (error) {
        if (error instanceof TrytonFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

/** Undefined where Tryton has nothing to book: no units, or a status, of which it knows none. */
function modelOf({ quantity, reason, order, inbound }: MovementPayload): string | undefined {
  const moved = parseDecimal(quantity);
  if (moved === ZERO || reason === "status-change") return undefined;
  if (reason === "issue" && moved < ZERO && order !== undefined) return "stock.shipment.out";
  if (reason === "return" && moved > ZERO && order !== undefined) return "stock.shipment.out.return";
  if (reason === "receipt" && moved > ZERO && inbound !== undefined) return "stock.shipment.in";
  return "stock.shipment.internal";
}

/** One that was begun counts as absent: `send` looks it up again and finishes it. */
async function found(desk: Desk, payload: MovementPayload, call: Limits): Promise<Found> {
  const model = modelOf(payload);
  if (model === undefined) return { kind: "absent" };
  const document = { model, reference: payload.movementId };
  const held = await findDocument(desk, document, call);
  if (held === undefined || textOf(held, "state") !== "done") return { kind: "absent" };
  if (isOfOrder(model)) {
    const sale = await findOrder(desk, payload.order!.orderId, call);
    if (sale !== undefined && !(await isBilled(desk, sale, document, held, call))) return { kind: "absent" };
  }
  return { kind: "found", reference: textOf(held, "number") };
}

const isOfOrder = (model: string): boolean =>
  model === "stock.shipment.out" || model === "stock.shipment.out.return";

async function book(desk: Desk, payload: MovementPayload, call: Limits): Promise<Answer> {
  const model = modelOf(payload);
  if (model === undefined) return { kind: "done" };
  const document = { model, reference: payload.movementId };
  const place = await placeOf(desk, payload.location, call);
  if (isOfOrder(model)) return ofOrder(desk, payload, document, place, call);
  const isReceipt = model === "stock.shipment.in";
  let held = await findDocument(desk, document, call);
  if (held === undefined) {
    const values = await (isReceipt ? receipt : adjustment)(desk, payload, place, call);
    held = await createDocument(desk, document, { ...values, ...dated(desk, payload) }, call);
  }
  if (isReceipt) await settleReceipt(desk, payload, call);
  return finish(desk, document, held, call);
}

async function finish(desk: Desk, document: Document, held: Fields, call: Limits): Promise<Answer> {
  const end = await advance(desk, document, held, NEXT[document.model]!, call);
  const state = textOf(end, "state");
  if (state === "done") return { kind: "done", reference: textOf(end, "number") };
  return refused("tryton.stuck", `${document.reference} was ${state} in Tryton.`);
}

/** When the goods moved, where Tryton dates its books. */
const dated = ({ settings }: Desk, { occurredAt }: MovementPayload): Fields => ({
  effective_date: dateValue(dateIn(occurredAt, settings.timeZone)),
});

async function ofOrder(
  desk: Desk,
  payload: MovementPayload,
  document: Document,
  place: Place,
  call: Limits,
): Promise<Answer> {
  const { orderId, lineId } = payload.order!;
  const sale = await findOrder(desk, orderId, call);
  if (sale === undefined) {
    return { kind: "missing", references: [{ domain: "order", key: businessKey(payload.company, orderId) }] };
  }
  const isReturn = document.model === "stock.shipment.out.return";
  let held = await findDocument(desk, document, call);
  if (held === undefined) {
    const part = await partFor(desk, payload, sale, { isReturn, place }, call);
    const moves = { [isReturn ? "incoming_moves" : "outgoing_moves"]: [["create", [part]]] };
    const values = { ...sale.shipment, warehouse: place.warehouse, ...moves, ...dated(desk, payload) };
    held = await createDocument(desk, document, values, call);
  }
  if (!isReturn) await cutPlan(desk, (await soldLines(desk, sale.record, [lineId], call)).values(), call);
  const answer = await finish(desk, document, held, call);
  if (answer.kind === "done") await bill(desk, sale, document, held, call);
  return answer;
}

async function partFor(
  desk: Desk,
  payload: MovementPayload,
  sale: SaleHead,
  { isReturn, place }: { isReturn: boolean; place: Place },
  call: Limits,
): Promise<Fields> {
  const { lineId } = payload.order!;
  const line = (await soldLines(desk, sale.record, [lineId], call)).get(lineId)!;
  const { quantity, amount, unit } = await goodsOf(desk, payload, call);
  const first = line.moves[0];
  if (first === undefined)
    throw new TrytonFailed(refused("tryton.not-planned", `${sale.number} ships nothing.`));
  if (unit !== idOf(first.move.uom, "uom")) {
    const why = `${payload.sku} is counted in another unit in ${sale.number} than ${payload.unit}.`;
    throw new TrytonFailed(refused("tryton.unit-differs", why));
  }
  if (isReturn) {
    const part = partOf(line, amount, place.input);
    return { ...part, from_location: part.to_location, to_location: place.input };
  }
  if (openOf(line) < quantity) {
    const why = `Of ${payload.sku} in ${sale.number} less is still to be shipped than ${payload.movementId} moves.`;
    throw new TrytonFailed(refused("tryton.over-shipped", why));
  }
  return partOf(line, amount, place.output);
}

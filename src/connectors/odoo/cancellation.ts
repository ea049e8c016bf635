// Sets what is left of an order's lines. The message says what is cancelled of each line in all, so it may be repeated
// freely; more that was cancelled in Odoo itself stays. An order of which nothing is left, and nothing left, is
// cancelled as a whole.
import {
  type Answer,
  businessKey,
  type CancellationPayload,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { findOrder } from "./booking.ts";
import type { Call, Desk } from "./client.ts";
import { answerOf, bearRefusal, type Failure, OdooFailed, refused } from "./failure.ts";
import { openMoves, type ReadLine, readLines } from "./order-lines-read.ts";
import { SIGNED_LIKE } from "./order-note.ts";
import { type Fields, idOf, micros, microsText, numberOf, textOf } from "./values.ts";

export function cancellationWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() => cancel(desk, (message as OutboundMessage<CancellationPayload>).payload, call)),
        ),
      ),
  };
}

async function cancel(desk: Desk, payload: CancellationPayload, call: Call): Promise<Answer> {
  const { company, orderId } = payload;
  const order = await findOrder(desk, orderId, call);
  if (order === undefined) {
    const gone = await findCancelled(desk, orderId, call);
    if (gone !== undefined) return { kind: "done", reference: textOf(gone, "name") };
    return { kind: "missing", references: [{ domain: "order", key: businessKey(company, orderId) }] };
  }
  const reference = textOf(order, "name");
  const lines = await readLines(desk, order, call);
  const targets = targetsOf(payload, lines);
  if (!(targets instanceof Map)) return refusedFor(desk, payload, targets);
  const goods = [...lines.values()];
  const leftOf = (line: ReadLine) =>
    targets.get(line.key) ?? micros(numberOf(line.record, "product_uom_qty"));
  if (goods.every((line) => leftOf(line) === 0n && numberOf(line.record, "qty_delivered") === "0")) {
    const refusal = await cancelWhole(desk, order, call);
    return refusal === undefined ? { kind: "done", reference } : refusedFor(desk, payload, refusal);
  }
  for (const [key, left] of targets) {
    const refusal = await bearRefusal(reduce(desk, lines.get(key)!.record, left, call));
    if (refusal !== undefined) return refusedFor(desk, payload, refusal);
  }
  return { kind: "done", reference };
}

/** What shall be left of each line, in millionths; or why that cannot be. */
function targetsOf(
  { lines }: CancellationPayload,
  own: ReadonlyMap<string, ReadLine>,
): Map<string, bigint> | Failure {
  const targets = new Map<string, bigint>();
  for (const { lineId, cancelled } of lines) {
    const line = own.get(lineId);
    if (line === undefined) return refused("odoo.line-unknown", `Odoo has no line of ours called ${lineId}.`);
    if (cancelled === undefined) {
      const why = `The message does not say how much of ${lineId} is cancelled in all.`;
      return refused("odoo.total-missing", why);
    }
    const left = micros(line.ordered!) - micros(cancelled);
    const delivered = micros(numberOf(line.record, "qty_delivered"));
    if (left < delivered) {
      const why = `Of the line ${lineId} ${microsText(delivered)} were delivered in Odoo, and ${microsText(left)} would be left.`;
      return refused("odoo.delivered", why);
    }
    const now = micros(numberOf(line.record, "product_uom_qty"));
    targets.set(lineId, left < now ? left : now);
  }
  return targets;
}

/** The line first, then what still has to leave: 19 takes it off the delivery by itself, 14 does not. */
async function reduce(desk: Desk, line: Fields, left: bigint, call: Call): Promise<void> {
  const { client } = desk;
  const id = idOf(line.id, "id");
  if (micros(numberOf(line, "product_uom_qty")) !== left)
    await client.write("sale.order.line", [id], { product_uom_qty: Number(microsText(left)) }, call);
  const moves = await openMoves(desk, id, call);
  const demand = (move: Fields) => micros(numberOf(move, "product_uom_qty"));
  const open = left - micros(numberOf(line, "qty_delivered"));
  let excess = moves.reduce((sum, move) => sum + demand(move), 0n) - open;
  for (const move of moves.toReversed()) {
    if (excess <= 0n) return;
    const cut = demand(move) < excess ? demand(move) : excess;
    excess -= cut;
    const rest = Number(microsText(demand(move) - cut));
    await client.write("stock.move", [idOf(move.id, "id")], { product_uom_qty: rest }, call);
  }
}

async function cancelWhole({ client }: Desk, order: Fields, call: Call): Promise<Failure | undefined> {
  const id = idOf(order.id, "id");
  const context = { disable_cancel_warning: true };
  const refusal = await bearRefusal(client.run("sale.order", "action_cancel", [id], call, context));
  const [now] = await client.search("sale.order", [["id", "=", id]], ["state"], call);
  if (now !== undefined && textOf(now, "state") === "cancel") return undefined;
  return refusal ?? refused("odoo.stuck", `${textOf(order, "name")} cannot be cancelled.`);
}

async function findCancelled(desk: Desk, orderId: string, call: Call): Promise<Fields | undefined> {
  const domain = [
    ["client_order_ref", "=", orderId],
    ["origin", "=like", SIGNED_LIKE],
    ["company_id", "=", desk.settings.company],
    ["state", "=", "cancel"],
  ];
  return (await desk.client.search("sale.order", domain, ["name"], call, { limit: 1 }))[0];
}

/** Odoo will not give the units back: they were delivered there. */
function refusedFor(desk: Desk, payload: CancellationPayload, failure: Failure): Answer {
  if (failure.kind !== "refused") throw new OdooFailed(failure);
  const { company, orderId } = payload;
  const { system } = desk.context;
  const lines = payload.lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity }));
  const data = { company, orderId, location: system, lines, reason: failure.reason };
  const fact = { type: "order.cancellation.refused", data, time: desk.context.now() };
  return { ...failure, facts: [fact] };
}

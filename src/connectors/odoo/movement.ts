// Ships in part what an order's movement says: its quantity is set on the line's move, and the delivery is validated
// with the rest kept as a backorder. The move bears our movement's number, by which it is looked up.
import {
  type Answer,
  businessKey,
  type MovementPayload,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { findOrder } from "./booking.ts";
import type { Call, Desk } from "./client.ts";
import { answerOf, bearRefusal, foundOf, refused } from "./failure.ts";
import { drawInvoices, isBilled } from "./invoicing.ts";
import { openMoves, readLines } from "./order-lines-read.ts";
import { setShipped } from "./shipped-quantity.ts";
import { type Fields, floatValue, idOf, linkIdOf, micros, numberOf, textOf } from "./values.ts";

export function movementWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() => ship(desk, (message as OutboundMessage<MovementPayload>).payload, call)),
        ),
      ),
    find: (message, call) =>
      foundOf(async () => {
        const payload = message.payload as MovementPayload;
        const done = await findDone(desk, payload, call);
        if (done === undefined || payload.order === undefined) return { kind: "absent" as const };
        const order = await findOrder(desk, payload.order.orderId, call);
        // What left and is not invoiced yet counts as absent: `send` finds the move and goes on.
        if (order === undefined || !(await isBilled(desk, idOf(order.id, "id"), call)))
          return { kind: "absent" as const };
        return { kind: "found" as const, reference: referenceOf(done) };
      }),
  };
}

const markOf = ({ movementId }: MovementPayload): string => `crossdock:${movementId}`;

/** The rest that stays behind is a copy with the same mark: only what is done counts. */
async function findDone(desk: Desk, payload: MovementPayload, call: Call): Promise<Fields | undefined> {
  const domain = [
    ["origin", "=", markOf(payload)],
    ["state", "=", "done"],
  ];
  return (await desk.client.search("stock.move", domain, ["picking_id"], call, { limit: 1 }))[0];
}

const referenceOf = (move: Fields): string => String((move.picking_id as unknown[])[1]);

async function ship(desk: Desk, payload: MovementPayload, call: Call): Promise<Answer> {
  const { company, order: of, reason } = payload;
  if (of === undefined || reason !== "issue" || !payload.quantity.startsWith("-")) {
    const why = `Odoo is told what leaves for an order; a movement of the kind ${reason} is none.`;
    return refused("odoo.movement-unsupported", why);
  }
  const order = await findOrder(desk, of.orderId, call);
  if (order === undefined)
    return {
      kind: "missing",
      references: [{ domain: "order", key: businessKey(company, of.orderId) }],
    };
  const done = (await findDone(desk, payload, call)) ?? (await validate(desk, payload, order, call));
  if ("kind" in done) return done as Answer;
  if (desk.settings.invoice === "shipment") {
    const refusal = await drawInvoices(desk, idOf(order.id, "id"), call);
    if (refusal !== undefined) return refusal;
  }
  return { kind: "done", reference: referenceOf(done) };
}

/** The move that is done, or why it is not. */
async function validate(
  desk: Desk,
  payload: MovementPayload,
  order: Fields,
  call: Call,
): Promise<Fields | Answer> {
  const { client, settings } = desk;
  const { lineId } = payload.order!;
  if (payload.location !== settings.bookAt) {
    const why = `Orders are delivered from ${settings.bookAt} in Odoo; ${payload.location} is none of them.`;
    return refused("odoo.other-warehouse", why);
  }
  const line = (await readLines(desk, order, call)).get(lineId);
  if (line === undefined)
    return refused("odoo.line-unknown", `${textOf(order, "name")} has no line of ours called ${lineId}.`);
  const text = payload.quantity.slice(1);
  const quantity = floatValue(text, settings.quantityDigits);
  if (quantity === undefined)
    return refused("odoo.quantity-precision", `${text} has more digits than Odoo's quantities.`);
  const moves = await openMoves(desk, idOf(line.record.id, "id"), call);
  const move = moves.find((one) => micros(numberOf(one, "product_uom_qty")) >= micros(text));
  if (move === undefined)
    return refused("odoo.more-than-open", `Of the line ${lineId} less than ${text} is open in Odoo.`);
  await setShipped(desk, move, quantity, markOf(payload), call);
  const picking = linkIdOf(move, "picking_id");
  const keepsRest = { skip_backorder: true, skip_immediate: true };
  const refusal = await bearRefusal(
    client.run("stock.picking", "button_validate", [picking], call, keepsRest),
  );
  // An action window in place of `true` did nothing: what is done now decides.
  const done = await findDone(desk, payload, call);
  return done ?? refusal ?? refused("odoo.stuck", `The delivery of ${lineId} cannot be validated.`);
}

// Books an order: created once, confirmed once. Odoo has no idempotency key and two orders may bear one reference, so
// ours is looked up before anything is created, and an order that was begun is finished.
import type { Answer, BookingPayload, MappedEvent, OutboundMessage, Writer } from "../../connector/index.ts";
import type { Call, Desk } from "./client.ts";
import { findNamed } from "./directory.ts";
import { answerOf, bearRefusal, foundOf, OdooFailed, refused } from "./failure.ts";
import { orderLines } from "./order-lines.ts";
import { originOf, SIGNED_LIKE } from "./order-note.ts";
import type { Limits } from "./transport.ts";
import { type Fields, idOf, textOf, timeOf, timeValue } from "./values.ts";

const FIELDS = ["name", "state", "client_order_ref", "origin", "create_date", "currency_id"];
/** `done` is 14's word for a confirmed order that is locked. */
const BOOKED: ReadonlySet<string> = new Set(["sale", "done"]);

export function bookingWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() => book(desk, message as OutboundMessage<BookingPayload>, call)),
        ),
      ),
    find: (message, call) =>
      foundOf(async () => {
        const { orderId, company } = message.payload as BookingPayload;
        const order = await findOrder(desk, orderId, call);
        // One that was begun counts as absent: `send` looks it up again and finishes it.
        if (order === undefined || !BOOKED.has(textOf(order, "state"))) return { kind: "absent" as const };
        const facts = [booked(desk, company, orderId, order)];
        return { kind: "found" as const, reference: textOf(order, "name"), facts };
      }),
  };
}

async function book(desk: Desk, { payload }: OutboundMessage<BookingPayload>, call: Call): Promise<Answer> {
  const { client } = desk;
  const { company, orderId } = payload;
  let order = await findOrder(desk, orderId, call);
  if (order === undefined) {
    const named = await findNamed(desk, payload, call);
    if ("missing" in named) return named.missing;
    const values = {
      partner_id: named.partner,
      company_id: desk.settings.company,
      warehouse_id: named.warehouse,
      ...(named.pricelist === undefined ? undefined : { pricelist_id: named.pricelist }),
      client_order_ref: orderId,
      origin: originOf(payload),
      date_order: timeValue(payload.placedAt),
      order_line: orderLines(desk, payload, named),
    };
    order = await onlyOne(desk, orderId, await client.create("sale.order", values, call), call);
  }
  if (!BOOKED.has(textOf(order, "state"))) {
    const id = idOf(order.id, "id");
    // Of two that confirm at once one is refused: what it is now decides.
    const refusal = await bearRefusal(client.run("sale.order", "action_confirm", [id], call));
    order = (await client.search("sale.order", [["id", "=", id]], FIELDS, call))[0];
    if (order === undefined || !BOOKED.has(textOf(order, "state")))
      return refusal ?? refused("odoo.stuck", `The order of ${orderId} cannot be confirmed.`);
  }
  return {
    kind: "done",
    reference: textOf(order, "name"),
    facts: [booked(desk, company, orderId, order)],
  };
}

/** Ours with this number: one that is confirmed, else the first. One that was cancelled does not count. */
export async function findOrder(desk: Desk, orderId: string, limits: Limits): Promise<Fields | undefined> {
  const domain = [
    ["client_order_ref", "=", orderId],
    ["origin", "=like", SIGNED_LIKE],
    ["company_id", "=", desk.settings.company],
    ["state", "!=", "cancel"],
  ];
  const orders = await desk.client.search("sale.order", domain, FIELDS, limits);
  return orders.find((order) => BOOKED.has(textOf(order, "state"))) ?? orders[0];
}

/** A create whose answer was lost may have ended after we looked: the later draft goes. */
async function onlyOne(desk: Desk, orderId: string, id: number, call: Call): Promise<Fields> {
  const order = await findOrder(desk, orderId, call);
  if (order === undefined) throw new OdooFailed({ kind: "unknown", reason: "The order is gone again." });
  if (idOf(order.id, "id") !== id) {
    await desk.client.run("sale.order", "action_cancel", [id], call, { disable_cancel_warning: true });
    desk.context.log("warn", "A second draft of an order was cancelled.", { orderId, order: id });
  }
  return order;
}

function booked(desk: Desk, company: string, orderId: string, order: Fields): MappedEvent {
  const document = textOf(order, "name");
  const bookedAt = timeOf(order, "create_date");
  return {
    type: "order.booked",
    data: { company, orderId, system: desk.context.system, document, bookedAt },
  };
}

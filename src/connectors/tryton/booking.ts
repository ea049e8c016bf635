// Books an order as a sale: created once, quoted, confirmed, processed. Tryton has no idempotency key and two sales
// may bear one reference, so ours is looked up before anything is created, and a sale that was begun is finished.
import {
  type Answer,
  type BookingPayload,
  type ConnectorContext,
  dateIn,
  type MappedEvent,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import type { Limits, TrytonClient } from "./client.ts";
import { findOne, findParty, findProducts, findUnits, missingCustomer } from "./directory.ts";
import { answerOf, refused, TrytonFailed } from "./failure.ts";
import { codesOf, saleLines } from "./sale-lines.ts";
import type { TrytonSettings } from "./settings.ts";
import { dateValue, type Fields, idOf, idsOf, textOf, textOr, timeOf } from "./values.ts";

export interface Desk {
  client: TrytonClient;
  settings: TrytonSettings;
  context: ConnectorContext;
}

const FIELDS = ["number", "state", "reference", "create_date", "create_uid"];
/** A state, the method that leaves it. Confirming may process at once: what it did is read back. */
const NEXT: Readonly<Record<string, string>> = { draft: "quote", quotation: "confirm", confirmed: "process" };
export const BOOKED: ReadonlySet<string> = new Set(["processing", "done"]);

export function bookingWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(
        messages.map((message) =>
          answerOf(() => book(desk, message as OutboundMessage<BookingPayload>, call)),
        ),
      ),
    async find(message, call) {
      const { orderId, company } = message.payload as BookingPayload;
      try {
        const sale = await findSale(desk, orderId, call);
        // One that was begun counts as absent: `send` looks it up again and finishes it.
        if (sale === undefined || !BOOKED.has(textOf(sale, "state"))) return { kind: "absent" };
        return {
          kind: "found",
          reference: textOf(sale, "number"),
          facts: [booked(desk, company, orderId, sale)],
        };
      } catch (error) {
        if (error instanceof TrytonFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

async function book(desk: Desk, { payload }: OutboundMessage<BookingPayload>, call: Limits): Promise<Answer> {
  const { company, orderId } = payload;
  let sale = await findSale(desk, orderId, call);
  if (sale === undefined) {
    const values = await saleOf(desk, payload, call);
    if (values === undefined) return missingCustomer(payload);
    const id = await desk.client.create("sale.sale", values, call);
    sale = await onlyOne(desk, orderId, id, call);
  }
  for (;;) {
    const state = textOf(sale, "state");
    if (BOOKED.has(state)) break;
    const id = idOf(sale.id, "id");
    await desk.client.run("sale.sale", NEXT[state]!, [[id]], call);
    // A transition that was not possible says nothing.
    sale = (await desk.client.read("sale.sale", [id], FIELDS, call))[0]!;
    if (textOf(sale, "state") === state)
      return refused("tryton.stuck", `The sale of ${orderId} stays in the state ${state}.`);
  }
  return { kind: "done", reference: textOf(sale, "number"), facts: [booked(desk, company, orderId, sale)] };
}

/** Ours with this reference: the one that went furthest, else the first. One that was cancelled does not count. */
export async function findSale(desk: Desk, orderId: string, limits: Limits): Promise<Fields | undefined> {
  const uid = await desk.client.uid(limits);
  const domain = [
    ["reference", "=", orderId],
    ["create_uid", "=", uid],
    ["company", "=", desk.settings.company],
    ["state", "!=", "cancelled"],
  ];
  const sales = await desk.client.search("sale.sale", domain, FIELDS, limits);
  const rank = (sale: Fields) =>
    ["draft", "quotation", "confirmed", "processing", "done"].indexOf(textOf(sale, "state"));
  return sales.toSorted((a, b) => rank(b) - rank(a))[0];
}

/** A create whose answer was lost may have ended after we looked: the later draft goes. */
async function onlyOne(desk: Desk, orderId: string, id: number, call: Limits): Promise<Fields> {
  const sale = await findSale(desk, orderId, call);
  if (sale === undefined) throw new TrytonFailed({ kind: "unknown", reason: "The sale is gone again." });
  if (idOf(sale.id, "id") !== id) {
    await desk.client.run("sale.sale", "cancel", [[id]], call);
    desk.context.log("warn", "A second draft of an order was cancelled.", { orderId, sale: id });
  }
  return sale;
}

/** Undefined where Tryton has no such customer. */
async function saleOf(desk: Desk, payload: BookingPayload, call: Limits): Promise<Fields | undefined> {
  const { client, settings } = desk;
  const party = await findParty(client, payload.customer.id, call);
  if (party === undefined) return undefined;
  const [address] = idsOf(party.addresses, "addresses");
  if (address === undefined)
    throw new TrytonFailed(
      refused("tryton.address-missing", `${payload.customer.id} has no address in Tryton.`),
    );
  const products = await findProducts(client, codesOf(payload, settings), call);
  const units = await findUnits(client, settings, call);
  const lines = saleLines(payload, { products, units }, settings);
  const currency = await findOne(client, "currency.currency", "code", payload.currency, call);
  const code = settings.locations[settings.bookAt]!;
  const warehouse = await findOne(client, "stock.location", "code", code, call, [["type", "=", "warehouse"]]);
  return {
    party: idOf(party.id, "id"),
    company: settings.company,
    currency,
    invoice_address: address,
    shipment_address: address,
    payment_term:
      party.customer_payment_term === null ? null : idOf(party.customer_payment_term, "payment term"),
    warehouse,
    reference: payload.orderId,
    description: payload.purchaseOrder,
    sale_date: dateValue(dateIn(payload.placedAt, settings.timeZone)),
    invoice_method: settings.invoiceMethod,
    shipment_method: "order",
    lines: [["create", lines]],
  };
}

function booked(desk: Desk, company: string, orderId: string, sale: Fields): MappedEvent {
  const document = textOr(sale, "number") ?? String(idOf(sale.id, "id"));
  const bookedAt = timeOf(sale, "create_date")!;
  return {
    type: "order.booked",
    data: { company, orderId, system: desk.context.system, document, bookedAt },
  };
}

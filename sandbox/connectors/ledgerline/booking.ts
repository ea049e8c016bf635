// Books an order. The ERP books as often as it is told, so an order is looked up by our number, which is its
// CustomerReference, whenever it is not certain that it is not there.
import {
  type Answer,
  type BookingPayload,
  CallFailed,
  type ConnectorContext,
  classifyFailure,
  type MappedEvent,
  type OutboundMessage,
  type Writer,
} from "../../../src/connector/index.ts";
import { businessKey } from "../../../src/core/identifiers.ts";
import { dateIn } from "../../../src/core/time.ts";
import type { Fields } from "../native-fields.ts";
import { ReadFailed, TimeLeft } from "../native-read.ts";
import { errorCode, exactNumber, type LedgerlineClient, unreadable, writtenRecord } from "./client.ts";
import { nativeTime } from "./native-time.ts";
import { CREATED_BY } from "./order-identity.ts";
import type { KnownOrder, OrderIndex } from "./order-index.ts";
import type { LedgerlineSettings } from "./settings.ts";
import { nativeUnits } from "./unit.ts";

export interface Desk {
  client: LedgerlineClient;
  orders: OrderIndex;
  settings: LedgerlineSettings;
  context: ConnectorContext;
}

export function bookingWriter(desk: Desk): Writer {
  return {
    send: (messages, call) =>
      Promise.all(messages.map((message) => book(desk, message as OutboundMessage<BookingPayload>, call))),
    async find(message, call) {
      const { orderId, company } = message.payload as BookingPayload;
      const time = new TimeLeft(desk.context, call);
      try {
        // Not from memory: it is the ERP that is asked.
        desk.orders.forget(orderId);
        const known = (await desk.orders.find([orderId], () => time.next())).get(orderId);
        if (known === undefined || !known.isOurs) return { kind: "absent" };
        return { kind: "found", reference: known.document, facts: [booked(desk, company, known)] };
      } catch (error) {
        if (error instanceof ReadFailed) return { kind: "unknown", reason: error.answer.reason };
        throw error;
      }
    },
  };
}

async function book(
  desk: Desk,
  { payload }: OutboundMessage<BookingPayload>,
  call: { timeoutMs: number; signal: AbortSignal },
): Promise<Answer> {
  const units = nativeUnits(desk.settings);
  const strange = payload.lines.find(({ unit }) => !units.has(unit));
  if (strange !== undefined) {
    const reason = `It counts ${strange.sku} by the piece and knows no ${strange.unit}.`;
    return refused(desk, payload, "UNIT_UNKNOWN", reason);
  }
  const outcome = await desk.client.write("POST", "SalesOrders", salesOrderOf(desk, payload, units), call);
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  if (outcome.status === 201) {
    const record = writtenRecord(outcome);
    if (record === undefined) return unreadable(outcome.status);
    const known = desk.orders.note(record);
    return { kind: "done", reference: known.document, facts: [booked(desk, payload.company, known)] };
  }
  if (outcome.status === 422 && errorCode(outcome) === "CUST_NOT_FOUND") {
    const key = businessKey(payload.company, payload.customer.id);
    return { kind: "missing", references: [{ domain: "customer", key }] };
  }
  const answer = desk.client.classify(outcome);
  return answer.kind === "refused" ? refused(desk, payload, answer.code, answer.reason) : answer;
}

function refused(desk: Desk, payload: BookingPayload, code: string, reason: string): Answer {
  const { company, orderId } = payload;
  const data = { company, orderId, system: desk.context.system, code, reason: reason.slice(0, 1000) };
  const fact = { type: "order.booking.refused", data, time: desk.context.now() };
  return { kind: "refused", code, reason, facts: [fact] };
}

function booked(desk: Desk, company: string, known: KnownOrder): MappedEvent {
  const { orderId, document, excerpt } = known;
  const bookedAt = nativeTime(excerpt, "CreationDateTime");
  return {
    type: "order.booked",
    data: { company, orderId, system: desk.context.system, document, bookedAt },
  };
}

function salesOrderOf(desk: Desk, payload: BookingPayload, units: ReadonlyMap<string, string>): Fields {
  const { orderId, customer, purchaseOrder, currency, placedAt } = payload;
  const lines = payload.lines.map((line) => ({
    ItemNumber: line.sku,
    ...(line.description === "" ? undefined : { Description: line.description }),
    Quantity: exactNumber(line.quantity),
    Unit: units.get(line.unit),
    NetPrice: exactNumber(line.price),
    PriceUnit: exactNumber(line.priceUnit),
    ExternalLine: line.lineId,
  }));
  const charges = payload.charges.map((charge) => ({
    LineType: "FREIGHT",
    ItemNumber: charge.kind.toUpperCase(),
    ...(charge.description === "" ? undefined : { Description: charge.description }),
    Quantity: exactNumber("1"),
    NetPrice: exactNumber(charge.amount),
    ExternalLine: charge.chargeId,
  }));
  return {
    SalesChannel: "EDI",
    CreatedBy: CREATED_BY,
    CustomerNumber: customer.id,
    CustomerReference: orderId,
    ...(purchaseOrder === "" ? undefined : { CustomerPurchaseOrder: purchaseOrder }),
    OrderDate: dateIn(placedAt, desk.settings.timeZone),
    Currency: currency,
    Lines: [...lines, ...charges],
  };
}

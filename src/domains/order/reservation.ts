// Stock that is held for an order: before anybody submits it, and while a submitted one waits for an answer. It stands
// beside the order's lines, which are what a submission says.
import { parseDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { OrderEventData, OrderEventType } from "./contract.ts";
import type { HeldUnits, Order, OrderReservation } from "./state.ts";
import { untouched } from "./submission.ts";

interface Request {
  data: OrderEventData<"order.reservation.requested">;
  source: string;
  company: string;
  time: Time;
}

/** Nothing is held yet: that is decided. */
export function newReservation({ data, source, company, time }: Request): Order {
  return {
    ...untouched(),
    company: data.company ?? company,
    orderId: data.orderId,
    status: "lapsed",
    channel: source,
    reference: "",
    customer: data.customer ?? null,
    purchaseOrder: "",
    currency: "",
    placedAt: time,
    requestedShipAt: "",
    shipComplete: false,
    priority: 0,
    lines: [],
    charges: [],
    booking: null,
    bookedAtSource: false,
    reservation: null,
  };
}

/** A channel asks anew: what it holds stands until that is decided. Another channel's request changes nothing. */
export function withReservationRequest(order: Order, request: Request): Order {
  if (order.status === "lapsed") return newReservation(request);
  const { customer } = request.data;
  if (order.status !== "reserved" || order.channel !== request.source || customer === undefined) return order;
  return { ...order, customer };
}

export function withReservation(order: Order, data: OrderEventData<"order.reserved">): Order {
  const lines = data.allocations.map((held) => ({ ...held, quantity: parseDecimal(held.quantity) }));
  const reservation: OrderReservation = { state: "held", expiresAt: parseTime(data.expiresAt), lines };
  return { ...order, reservation, rejection: null, explanation: data.explanation };
}

export function withReservationRefused(
  order: Order,
  data: OrderEventData<"order.reservation.refused">,
): Order {
  return { ...order, rejection: { code: data.code, reason: data.reason } };
}

/** What was held stays written down, so that somebody who asks later is told. */
export function withReservationEnded(order: Order, state: Exclude<OrderReservation["state"], "held">): Order {
  const { reservation } = order;
  return { ...order, reservation: reservation?.state === "held" ? { ...reservation, state } : reservation };
}

/** Empty where nothing is held. */
export function heldUnits(order: Order | null): readonly HeldUnits[] {
  return order?.reservation?.state === "held" ? order.reservation.lines : [];
}

export function heldUntil(order: Order | null): Time | "" {
  return order?.reservation?.state === "held" ? order.reservation.expiresAt : "";
}

const about: ReadonlySet<OrderEventType> = new Set<OrderEventType>([
  "order.reservation.requested",
  "order.reservation.withdrawn",
  "order.reservation.due",
  "order.reserved",
  "order.reservation.refused",
  "order.reservation.ended",
]);

/** Of everything else an order that nobody has submitted knows nothing. */
export const isAboutReservation = (type: OrderEventType): boolean => about.has(type);

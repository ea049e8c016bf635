// What one event makes of an order. Pure: the argument is never changed, and an event without effect returns it
// as it is. A decision that the state machine does not allow, or a missing order, is a programming error: thrown.
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import { type OrderEvent, orderDecisions } from "./contract.ts";
import {
  withAcceptance,
  withAllocation,
  withCancellationAsked,
  withLinesCancelled,
  withRelease,
} from "./evolve-decisions.ts";
import {
  withBooking,
  withCancellationAnswer,
  withCancellationRefused,
  withCancellationRequest,
  withDelivery,
  withHoldReleased,
  withReleaseConfirmed,
  withReleaseRefused,
  withReturnReceived,
  withReturnRequest,
  withShipment,
  withShortPick,
} from "./evolve-facts.ts";
import { withInvoice } from "./invoice.ts";
import {
  isAboutReservation,
  newReservation,
  withReservation,
  withReservationEnded,
  withReservationRefused,
  withReservationRequest,
} from "./reservation.ts";
import type { Order } from "./state.ts";
import { isSubmitted, statusOf } from "./status.ts";
import { canReplace, newOrder } from "./submission.ts";
import { transitionOf } from "./transitions.ts";

/** An order event as the log holds it, as far as the order asks. */
export type OrderOccurrence = OrderEvent & { source: string; time: Time; company: string };

/** Whether an event of this type brings an order into being, where there is none. */
export const opensOrder = (type: string): boolean =>
  type === "order.submitted" || type === "order.reservation.requested";

export function evolveOrder(order: Order | null, event: OrderOccurrence): Order {
  if (event.type === "order.submitted") {
    const isNew = order === null || !isSubmitted(order) || canReplace(order, event);
    return isNew ? newOrder(event, order?.reservation) : order;
  }
  if (event.type === "order.reservation.requested" && order === null) return newReservation(event);
  if (order === null) {
    throw new CrossdockError("order.not-submitted", `${event.type} changes no order: there is none.`);
  }
  if (Object.hasOwn(orderDecisions, event.type)) forbid(order, event);
  const next = change(order, event);
  if (next === order) return order;
  const status = statusOf(next);
  return status === next.status ? next : { ...next, status };
}

function forbid(order: Order, event: OrderOccurrence): void {
  if (transitionOf(order.status, event.type)?.kind !== "never") return;
  throw new CrossdockError(
    "order.transition-not-allowed",
    `${event.type} was decided about order ${order.orderId}, which is ${order.status}.`,
    { details: { orderId: order.orderId, status: order.status, type: event.type } },
  );
}

function change(order: Order, event: OrderOccurrence): Order {
  if (!isSubmitted(order) && !isAboutReservation(event.type)) return order;
  switch (event.type) {
    case "order.submitted":
    case "order.reallocation.due":
    case "order.reservation.withdrawn":
    case "order.reservation.due":
      return order;
    case "order.reservation.requested":
      return withReservationRequest(order, event);
    case "order.booked":
      return withBooking(order, event.data);
    case "order.booking.refused":
    case "order.row.rejected":
      return order;
    case "order.release.confirmed":
      return withReleaseConfirmed(order, event.data);
    case "order.release.refused":
      return withReleaseRefused(order, event);
    case "order.pick.short":
      return withShortPick(order, event);
    case "order.cancellation.requested":
      return withCancellationRequest(order, event.data, event.source);
    case "order.cancellation.confirmed":
      return withCancellationAnswer(order, event);
    case "order.cancellation.refused":
      return withCancellationRefused(order, event.data);
    case "order.hold.released":
      return withHoldReleased(order, event.data);
    case "shipment.shipped":
      return withShipment(order, event.data, event.source);
    case "shipment.delivered":
      return withDelivery(order, event.data, event.source);
    case "invoice.posted":
      return withInvoice(order, event.data);
    case "return.requested":
      return withReturnRequest(order, event.data);
    case "return.received":
      return withReturnReceived(order, event);
    default:
      return decide(order, event);
  }
}

function decide(order: Order, event: OrderOccurrence): Order {
  switch (event.type) {
    case "order.reserved":
      return withReservation(order, event.data);
    case "order.reservation.refused":
      return withReservationRefused(order, event.data);
    case "order.reservation.ended":
      return withReservationEnded(order, event.data.outcome);
    case "order.accepted":
      return withAcceptance(order, event.data);
    case "order.held":
      return { ...order, hold: { code: event.data.code, reason: event.data.reason } };
    case "order.rejected": {
      const rejection = { code: event.data.code, reason: event.data.reason };
      return { ...order, status: "rejected", hold: null, rejection };
    }
    case "order.allocated":
      return withAllocation(order, event.data);
    case "order.released":
      return withRelease(order, event.data);
    case "order.lines.cancelled":
      return withLinesCancelled(order, event.data);
    case "order.cancellation.asked":
      return withCancellationAsked(order, event.data);
    case "order.cancelled": {
      const reason = event.data.reason ?? order.cancellation?.reason ?? "";
      const cancellation = { requested: true, reason, by: order.cancellation?.by ?? "" };
      return { ...order, status: "cancelled", hold: null, cancellation };
    }
    case "order.closed":
      return { ...order, status: "closed" };
    default:
      throw new CrossdockError("order.unknown-event", `${event.type} is no event of an order.`);
  }
}

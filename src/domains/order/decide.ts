// What follows from a fact about an order, once the order has taken it in. Facts are never refused: what does not fit
// is a problem beside them. Only decisions are refused, by not being made.
import { ZERO } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { noReaction, type ProblemCode, type Reaction } from "../reaction.ts";
import { decideAcceptance } from "./accept.ts";
import { decideBooked, decideBookingRefused } from "./book.ts";
import { decideCancellation, decideCancellationRefused } from "./cancel.ts";
import { decideInvoice, solveInvoicedAhead } from "./compare-invoice.ts";
import type { OrderContext } from "./context.ts";
import { Decision } from "./decision.ts";
import type { OrderOccurrence } from "./evolve.ts";
import { promisedUnits, unreleasedAt } from "./lines.ts";
import { sendStatus } from "./messages.ts";
import {
  decideCancellationConfirmed,
  decideReallocation,
  decideReleaseRefused,
  decideShortPick,
} from "./re-source.ts";
import { decideReleaseConfirmed } from "./release.ts";
import { isAboutReservation } from "./reservation.ts";
import { decideExpiry, decideReservation, endReservation, planExpiry } from "./reserve.ts";
import { decideResubmission } from "./resubmit.ts";
import { decideDelivery, decideShipment } from "./ship.ts";
import type { Order } from "./state.ts";
import { isDelivered, isSubmitted } from "./status.ts";
import { decideReturnReceived, decideReturnRequest } from "./take-back.ts";
import { decideUnknown, rowProblem } from "./unknown.ts";

/**
 * `order`: before the event; `after`: with it. What is decided may be of the order's key or of SKUs that neededSkus
 * names, and is to be evolved at once, in order.
 */
export function decideOrder(
  order: Order | null,
  after: Order | null,
  event: OrderOccurrence,
  context: OrderContext,
): Reaction {
  if (after === null || (!isSubmitted(after) && !isAboutReservation(event.type))) return decideUnknown(event);
  const d = new Decision(order, after, event, context);
  if (!react(d)) return noReaction();
  // A channel knows no order that it has not submitted: it is told nothing of one.
  if (isSubmitted(d.order)) finish(d);
  planExpiry(d);
  return d.reaction;
}

/** False for our own decisions: they were decided about when they were made. */
function react(d: Decision): boolean {
  const { event, before } = d;
  switch (event.type) {
    case "order.reservation.requested":
      decideReservation(d, event.data);
      return true;
    case "order.reservation.withdrawn":
      endReservation(d, "withdrawn");
      return true;
    case "order.reservation.due":
      decideExpiry(d, event.data);
      return true;
    case "order.submitted":
      if (d.order === before) decideResubmission(d, event.data);
      else decideAcceptance(d, before?.hold?.code);
      return true;
    case "order.hold.released":
      if (before?.hold) decideAcceptance(d, before.hold.code);
      return true;
    case "order.booked":
      decideBooked(d, event.data);
      return true;
    case "order.booking.refused":
      decideBookingRefused(d, event.data);
      return true;
    case "order.release.confirmed":
      decideReleaseConfirmed(d, event.data);
      return true;
    case "order.release.refused":
      decideReleaseRefused(d, event);
      return true;
    case "order.pick.short":
      decideShortPick(d, event);
      return true;
    case "order.cancellation.requested":
      decideCancellation(d, event.data);
      return true;
    case "order.cancellation.confirmed":
      decideCancellationConfirmed(d, event);
      return true;
    case "order.cancellation.refused":
      decideCancellationRefused(d, event.data);
      return true;
    case "order.reallocation.due":
      decideReallocation(d);
      return true;
    case "order.row.rejected":
      d.reaction.problems.push(rowProblem(event));
      return true;
    default:
      return reactToGoods(d);
  }
}

function reactToGoods(d: Decision): boolean {
  const { event } = d;
  switch (event.type) {
    case "shipment.shipped":
      decideShipment(d, event.data);
      solveInvoicedAhead(d);
      return true;
    case "shipment.delivered":
      decideDelivery(d, event.data);
      return true;
    case "invoice.posted":
      decideInvoice(d, event.data);
      return true;
    case "return.requested":
      decideReturnRequest(d, event.data);
      return true;
    case "return.received":
      decideReturnReceived(d, event.data);
      return true;
    default:
      return false;
  }
}

function finish(d: Decision): void {
  if (isCancelled(d.order)) {
    const reason = d.order.cancellation?.reason ?? "";
    endReservation(d, "withdrawn");
    if (d.before?.hold) d.solve(d.before.hold.code as ProblemCode);
    d.decide("order.cancelled", reason === "" ? {} : { reason });
  }
  if (isFinished(d.order)) d.decide("order.closed", { closedAt: d.now });
  solveWhatIsOver(d);
  planLook(d);
  sendStatus(d);
}

/** Nothing shipped, and nothing will. */
function isCancelled(order: Order): boolean {
  const { status } = order;
  if (status === "rejected" || status === "cancelled" || status === "closed") return false;
  return order.lines.every((line) => line.cancelled === line.quantity && line.shipped === ZERO);
}

/** Shipped or cancelled, invoiced, delivered, and promised nowhere any more. */
function isFinished(order: Order): boolean {
  if (order.status !== "invoiced" || !isDelivered(order)) return false;
  return order.lines.every((line) => promisedUnits(line) === ZERO);
}

function solveWhatIsOver(d: Decision): void {
  const { before, order } = d;
  if (before === null || before.lines === order.lines) return;
  const waited = before.lines.some((line) => line.backordered > ZERO);
  if (waited && order.lines.every((line) => line.backordered === ZERO)) d.solve("inventory.shortfall");
  if (isOver(order) && !isOver(before)) {
    const places = order.releases.filter((held) => held.state === "refused").map((held) => held.location);
    for (const location of new Set(places)) d.solve("order.release-refused", location);
  }
}

const over: ReadonlySet<string> = new Set(["shipped", "delivered", "invoiced", "closed", "cancelled"]);
const isOver = (order: Order): boolean => over.has(order.status);

/** The next time at which something is due for this order without anybody saying so. */
function planLook(d: Decision): void {
  const dueAt = nextLook(d.order, d.now);
  const isAsked = d.event.type === "order.reallocation.due" && dueAt !== "";
  const was = d.before === null ? "" : nextLook(d.before, d.now);
  if (dueAt === was && !isAsked) return;
  d.reaction.tasks.push({ kind: "reallocate", key: d.key, ...(dueAt === "" ? undefined : { dueAt }) });
}

function nextLook(order: Order, now: Time): Time | "" {
  let next = "";
  const consider = (at: Time | "") => {
    if (at > now && (next === "" || at < next)) next = at;
  };
  for (const line of order.lines) {
    if (line.backordered > ZERO) consider(line.promisedAt);
    if (line.places.some((place) => unreleasedAt(place) > ZERO)) consider(order.requestedShipAt);
  }
  return next;
}

// The status that an order's figures amount to: the furthest milestone that the whole order has reached. What may
// follow which event is data of its own: transitions.ts.
import { ZERO } from "../../core/decimal.ts";
import { openUnits } from "./lines.ts";
import { heldUntil } from "./reservation.ts";
import type { Order, OrderLine, OrderStatus } from "./state.ts";

export const statuses: readonly OrderStatus[] = [
  "reserved",
  "lapsed",
  "submitted",
  "held",
  "rejected",
  "accepted",
  "booked",
  "released",
  "partially-shipped",
  "shipped",
  "delivered",
  "invoiced",
  "closed",
  "cancelled",
];

/** Until somebody has submitted it, there is no order: only stock that is held for one, or was. */
export const isSubmitted = ({ status }: Pick<Order, "status">): boolean =>
  status !== "reserved" && status !== "lapsed";

/** A held order that was cancelled counts as accepted and cancelled. */
export function isAccepted(order: Pick<Order, "status">): boolean {
  const { status } = order;
  return isSubmitted(order) && status !== "submitted" && status !== "held" && status !== "rejected";
}

/** The furthest milestone that the figures have reached. What was decided for good stays. */
export function statusOf(order: Order): OrderStatus {
  const { status } = order;
  if (!isSubmitted(order)) return heldUntil(order) === "" ? "lapsed" : "reserved";
  if (status === "rejected" || status === "cancelled" || status === "closed") return status;
  if (order.hold !== null) return "held";
  if (status === "submitted" || status === "held") return "submitted";
  const { open, shipped, uninvoiced, released } = figures(order);
  if (shipped && !open) return completeStatus(order, uninvoiced);
  if (shipped) return "partially-shipped";
  if (released) return "released";
  return order.booking === null ? "accepted" : "booked";
}

function figures(order: Order) {
  let [open, shipped, uninvoiced, released] = [false, false, false, false];
  for (const line of order.lines) {
    if (openUnits(line) > ZERO) open = true;
    if (line.shipped > ZERO) shipped = true;
    if (isUninvoiced(line)) uninvoiced = true;
    for (const place of line.places) if (place.released > place.shipped) released = true;
  }
  return { open, shipped, uninvoiced, released };
}

/** What came back before it was invoiced need not be. */
function isUninvoiced(line: OrderLine): boolean {
  const returned = line.returned > line.credited ? line.returned - line.credited : ZERO;
  return line.shipped - line.invoiced > returned;
}

function completeStatus(order: Order, uninvoiced: boolean): OrderStatus {
  if (!uninvoiced && order.charges.every((charge) => charge.invoiced)) return "invoiced";
  return isDelivered(order) ? "delivered" : "shipped";
}

export const isDelivered = (order: Order): boolean =>
  order.shipments.every((shipment) => shipment.deliveredAt !== "");

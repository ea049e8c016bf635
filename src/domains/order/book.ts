// The ledger's answer to a booking: with it the goods may go; without it the order stands with its reservations.
import type { OrderEventData } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { openValue } from "./money.ts";
import { decideReleases } from "./release.ts";
import { isAccepted } from "./status.ts";

export function decideBooked(d: Decision, data: OrderEventData<"order.booked">): void {
  const { order } = d;
  const booking = order.booking!;
  if (booking.document !== data.document || booking.system !== data.system) {
    d.problem("event.conflict", {
      about: `booking/${data.system}/${data.document}`,
      title: `Order ${order.orderId} is booked as ${booking.document} in ${booking.system}, and as ${data.document} in ${data.system}.`,
      detail: { held: booking, said: { system: data.system, document: data.document } },
      moneyAtRisk: openValue(order),
    });
  } else if (!isAccepted(order)) {
    d.problem("event.conflict", {
      about: "booking",
      title: `${data.system} booked order ${order.orderId} as ${data.document}, although it is ${order.status}.`,
      detail: { system: data.system, document: data.document },
      moneyAtRisk: openValue(order),
    });
  }
  if (d.before!.booking !== null || !isAccepted(order)) return;
  d.solve("order.booking-refused");
  decideReleases(d);
}

export function decideBookingRefused(d: Decision, data: OrderEventData<"order.booking.refused">): void {
  const { order } = d;
  if (!isAccepted(order) || order.status === "cancelled" || order.status === "closed") return;
  if (order.booking !== null) {
    d.problem("event.conflict", {
      about: "booking-refused",
      title: `${data.system} refuses to book order ${order.orderId}, which is booked as ${order.booking.document}.`,
      detail: { booking: order.booking, system: data.system, code: data.code, reason: data.reason },
    });
    return;
  }
  d.problem("order.booking-refused", {
    title: `${data.system} will not book order ${order.orderId}: ${data.reason}`,
    detail: { system: data.system, code: data.code, reason: data.reason },
    moneyAtRisk: openValue(order),
  });
}

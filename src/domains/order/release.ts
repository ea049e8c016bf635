// Gives what is promised at places to those places, once nothing stands against it: booked where it must be, due, and
// complete where it ships complete.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { OrderEventData } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { findPlace, linesById, matchLines, reservedAt, unreleasedAt } from "./lines.ts";
import { sendRelease } from "./messages.ts";
import type { Order, OrderLine, OrderRelease } from "./state.ts";
import { isAccepted } from "./status.ts";

export function decideReleases(d: Decision): void {
  if (!mayRelease(d)) return;
  const lines = new Map<string, { lineId: string; sku: string; quantity: string }[]>();
  for (const line of d.order.lines) {
    for (const place of line.places) {
      const units = unreleasedAt(place);
      if (units <= ZERO) continue;
      const here = lines.get(place.location);
      const entry = { lineId: line.lineId, sku: line.sku, quantity: formatDecimal(units) };
      if (here === undefined) lines.set(place.location, [entry]);
      else here.push(entry);
    }
  }
  for (const [location, released] of lines) {
    d.decide("order.released", { location, lines: released, releasedAt: d.now });
    sendRelease(d, d.order.releases.at(-1)!);
  }
}

function mayRelease({ order, context }: Decision): boolean {
  if (!isAccepted(order) || order.status === "cancelled" || order.status === "closed") return false;
  if (order.requestedShipAt > context.now) return false;
  if (order.shipComplete && order.lines.some((line) => line.backordered > ZERO)) return false;
  return order.booking !== null || context.ledger === undefined || context.orders.releaseBeforeBooking;
}

/** The place took it: what its figures net from now on is no longer subtracted from them. */
export function decideReleaseConfirmed(d: Decision, data: OrderEventData<"order.release.confirmed">): void {
  const { location } = data;
  const here = d.order.releases.filter((held) => held.location === location);
  const at = d.order.releases.findIndex((held, index) => held !== d.before!.releases[index]);
  if (at < 0) {
    const isRepeated = here.some(
      (held) =>
        held.state === "confirmed" && (data.document === undefined || held.document === data.document),
    );
    if (isRepeated) return;
    d.problem("event.conflict", {
      about: `${d.event.type}/${location}`,
      title: `${location} confirmed a release of order ${d.order.orderId} that it was not given.`,
      detail: { location, document: data.document ?? "" },
    });
    return;
  }
  const confirmedAt = parseTime(data.confirmedAt);
  const lines = linesById(d.order);
  for (const [lineId, units] of allocatedUnits(d.order, data, d.order.releases[at]!)) {
    const line = lines.get(lineId)!;
    const quantity = stillAllocated(d.before!, line, location, units);
    if (quantity <= ZERO) continue;
    d.follow("inventory.allocation.confirmed", line.sku, confirmedAt, {
      sku: line.sku,
      location,
      orderId: d.order.orderId,
      lineId,
      quantity: formatDecimal(quantity),
      confirmedAt,
    });
  }
}

function allocatedUnits(
  order: Order,
  { allocated }: OrderEventData<"order.release.confirmed">,
  release: OrderRelease,
): Map<string, Decimal> {
  if (allocated !== undefined) return matchLines(order, allocated).known;
  return new Map(release.lines.map(({ lineId, quantity }) => [lineId, quantity]));
}

/** Without what left, as was heard, before the place said that it had taken it. */
function stillAllocated(before: Order, line: OrderLine, location: string, units: Decimal): Decimal {
  const place = findPlace(line, location);
  if (place === undefined) return ZERO;
  let gone = place.shipped;
  for (const release of before.releases) {
    if (release.location !== location || release.state !== "confirmed") continue;
    for (const { lineId, quantity } of release.lines) if (lineId === line.lineId) gone -= quantity;
  }
  return minDecimal(gone > ZERO ? units - gone : units, reservedAt(place));
}

// What of an order can come back, and what a return has claimed of it.
import { type Decimal, maxDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { Order, OrderLine } from "./state.ts";

/** Units of a line that returns have claimed: asked for, or received where more came than was asked. */
export function claimedUnits(order: Order, lineId: string): Decimal {
  let sum = ZERO;
  for (const held of order.returns) {
    for (const line of held.lines) {
      if (line.lineId === lineId) sum += maxDecimal(line.requested, line.received);
    }
  }
  return sum;
}

/** Shipped, and claimed by no return. */
export const returnableUnits = (order: Order, line: OrderLine): Decimal =>
  maxDecimal(ZERO, line.shipped - claimedUnits(order, line.lineId));

/** Which places the units of a line come back from, after `before` units of it: in the order they shipped. */
export function shippedFrom(
  line: OrderLine,
  before: Decimal,
  units: Decimal,
): { location: string; quantity: Decimal }[] {
  const parts: { location: string; quantity: Decimal }[] = [];
  let [skip, left] = [before, units];
  for (const place of line.places) {
    const skipped = minDecimal(skip, place.shipped);
    skip -= skipped;
    const quantity = minDecimal(left, place.shipped - skipped);
    left -= quantity;
    if (quantity > ZERO) parts.push({ location: place.location, quantity });
  }
  return parts;
}

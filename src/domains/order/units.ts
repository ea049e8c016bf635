// An order in units: accepted + over-shipped = invoiced + cancelled + open, whatever happened to it. Base units.
import { type Decimal, maxDecimal, ZERO } from "../../core/decimal.ts";
import type { Order, OrderLine } from "./state.ts";
import { isAccepted } from "./status.ts";

export interface OrderUnits {
  accepted: Decimal;
  overShipped: Decimal;
  shipped: Decimal;
  invoiced: Decimal;
  cancelled: Decimal;
  /** Still to ship, and shipped but not invoiced. Below zero only where more was invoiced than shipped. */
  open: Decimal;
}

export function orderUnits(order: Order): OrderUnits {
  const sum: OrderUnits = {
    accepted: ZERO,
    overShipped: ZERO,
    shipped: ZERO,
    invoiced: ZERO,
    cancelled: ZERO,
    open: ZERO,
  };
  const accepted = isAccepted(order);
  for (const line of order.lines) {
    const units = lineUnits(line, accepted);
    sum.accepted += units.accepted;
    sum.overShipped += units.overShipped;
    sum.shipped += units.shipped;
    sum.invoiced += units.invoiced;
    sum.cancelled += units.cancelled;
    sum.open += units.open;
  }
  return sum;
}

/** Of an order that was never accepted, everything that shipped is over-shipped. */
export function lineUnits(line: OrderLine, accepted: boolean): OrderUnits {
  const ordered = accepted ? line.quantity : ZERO;
  const cancelled = accepted ? line.cancelled : ZERO;
  const toShip = maxDecimal(ZERO, ordered - cancelled - line.shipped);
  return {
    accepted: ordered,
    overShipped: maxDecimal(ZERO, line.shipped + cancelled - ordered),
    shipped: line.shipped,
    invoiced: line.invoiced,
    cancelled,
    open: toShip + line.shipped - line.invoiced,
  };
}

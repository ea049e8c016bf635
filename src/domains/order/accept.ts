// Accepts an order and promises its stock in one decision, or says why not: held where somebody can mend it, rejected
// where policy refuses shortages. A fact that was there before us (an order keyed in the ledger) is never rejected.
import { type Decimal, formatDecimal, ZERO } from "../../core/decimal.ts";
import type { ProblemCode } from "../reaction.ts";
import { allocate } from "./allocate.ts";
import { type BaseQuantity, baseQuantities, type UnitRefusal } from "./base-quantities.ts";
import { cover } from "./coverage.ts";
import type { Decision, Said } from "./decision.ts";
import { explainKept } from "./explain.ts";
import { sendBooking, sendLedgerCancellation } from "./messages.ts";
import { exceedsRange, openValue } from "./money.ts";
import { changePromise } from "./promise.ts";
import { decideReleases } from "./release.ts";
import { heldUnits } from "./reservation.ts";
import { endReservation } from "./reserve.ts";
import type { Order } from "./state.ts";
import { QueuedSupply } from "./supply.ts";

interface Hold extends Said {
  code: ProblemCode;
  reason: string;
}

/** `answered`: the code of the hold that somebody has just answered. */
export function decideAcceptance(d: Decision, answered?: string): void {
  const units = baseQuantities(d.order.lines, d.context);
  const hold = findHold(d, answered) ?? (units.ok ? undefined : unknownUnit(d.order, units.refusal));
  if (answered !== undefined && answered !== hold?.code) d.solve(answered as ProblemCode);
  if (hold !== undefined) decideHold(d, hold);
  else if (units.ok) decidePromise(d, units.value);
}

function unknownUnit(order: Order, refusal: UnitRefusal): Hold {
  const { reason, ...detail } = refusal;
  const { quantity, unit, sku, base } = detail;
  const title = `Order ${order.orderId} asks for ${quantity} ${unit} of ${sku}, which is counted in ${base}.`;
  return { code: "order.unit-unknown", reason, title, detail };
}

function decideHold(d: Decision, hold: Hold): void {
  d.decide("order.held", { code: hold.code, reason: hold.reason.slice(0, 1000) });
  d.problem(hold.code, { ...hold, moneyAtRisk: openValue(d.order) });
}

function findHold(d: Decision, answered: string | undefined): Hold | undefined {
  const { order, context } = d;
  if (order.customer === null) return withoutCustomer(order);
  if (exceedsRange(order)) {
    const reason = "Its value has more than fifteen digits.";
    return { code: "order.bad-row", reason, title: `Order ${order.orderId} has no value. ${reason}` };
  }
  const other = context.duplicateOf;
  if (other === undefined || other.channel === order.channel || answered === "order.duplicate-suspected")
    return;
  const reason = `${order.customer.id} ordered under ${order.purchaseOrder} before: ${other.orderId} of ${other.channel}.`;
  return {
    code: "order.duplicate-suspected",
    reason,
    title: `Order ${order.orderId} of ${order.channel} may be ${other.orderId} of ${other.channel} again.`,
    detail: { purchaseOrder: order.purchaseOrder, customer: order.customer.id, duplicateOf: other },
  };
}

function withoutCustomer(order: Order): Hold {
  const lines = order.lines.map(({ lineId, sku, description, ordered, price }) => ({
    lineId,
    sku,
    description,
    quantity: formatDecimal(ordered),
    price: formatDecimal(price),
  }));
  return {
    code: "order.no-customer",
    reason: "It names no customer.",
    title: `Order ${order.orderId} of ${order.channel} names no customer.`,
    detail: { reference: order.reference, lines },
  };
}

function decidePromise(d: Decision, units: readonly BaseQuantity[]): void {
  const lines = d.order.lines.flatMap((line, index) => {
    const quantity = openQuantity(line, units[index]!.quantity);
    return quantity > ZERO ? [{ lineId: line.lineId, sku: line.sku, quantity }] : [];
  });
  const { kept, wanted, surplus } = cover(lines, heldUnits(d.order));
  const supply = new QueuedSupply(d.context, d.order, { standingOf: () => "new", lost: surplus });
  const { shipComplete, bookedAtSource } = d.order;
  const serving = [...new Set(kept.map((one) => one.location))];
  const allocated = allocate({ lines: wanted, shipComplete, serving }, supply, d.context.allocation);
  const short = allocated.backordered.length > 0;
  if (short && d.context.orders.shortage === "reject" && !bookedAtSource) {
    const reason = allocated.explanation.join(" ").slice(0, 1000);
    endReservation(d, "withdrawn");
    d.decide("order.rejected", { code: "order.not-available", reason });
    return;
  }
  d.decide("order.accepted", { acceptedAt: d.now, ...acceptedUnits(d, units) });
  for (const promised of surplus) d.giveBack(promised, "cancelled");
  const because = [
    ...explainKept("Held before it was ordered", kept),
    ...explainKept("Held, and not ordered", surplus),
  ];
  changePromise(d, { withdrawn: [], held: kept, allocated, lost: surplus, because });
  sendOnward(d);
}

/** What was cancelled or shipped while the order was held is not promised again. */
function openQuantity(line: Order["lines"][number], quantity: Decimal): Decimal {
  const cancelled = line.cancelled === ZERO ? ZERO : (line.cancelled * quantity) / line.ordered;
  return quantity - cancelled - line.shipped;
}

/** Only lines that differ from the usual base unit, or from what was ordered, are named one by one. */
function acceptedUnits(d: Decision, units: readonly BaseQuantity[]) {
  const unit = d.context.stockPolicy.baseUnit;
  const lines = d.order.lines.flatMap((line, index) => {
    const base = units[index]!;
    if (base.unit === unit && base.quantity === line.ordered) return [];
    return [{ lineId: line.lineId, quantity: formatDecimal(base.quantity), unit: base.unit }];
  });
  return { unit, lines };
}

function sendOnward(d: Decision): void {
  const { ledger } = d.context;
  if (ledger !== undefined && d.order.booking === null) {
    sendBooking(d, ledger);
    const cancelled = d.order.lines.filter((line) => line.cancelled > ZERO);
    if (cancelled.length > 0) {
      const lines = cancelled.map(({ lineId, sku, cancelled: quantity }) => ({ lineId, sku, quantity }));
      sendLedgerCancellation(d, ledger, lines, d.order.cancellation?.reason ?? "");
    }
  }
  decideReleases(d);
}

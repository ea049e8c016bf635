// What a shipment means: one goods issue a line, said by whoever said that it shipped. More than the order still
// needed has left all the same: it is recorded apart from the order, so that nothing invoices it by itself.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { ProblemCode } from "../reaction.ts";
import { worthOf } from "./cancel.ts";
import type { OrderEventData, ShipmentShipped } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { goodsIssue } from "./goods-movement.ts";
import { findPlace, linesById, openUnits, reservedAt } from "./lines.ts";
import { letGoOfSurplus } from "./re-source.ts";
import { type Contradiction, type Increment, readShipment, type StrangeIncrement } from "./shipment.ts";
import type { LineUnits, Order, OrderLine } from "./state.ts";
import { isAccepted } from "./status.ts";

export function decideShipment(d: Decision, data: ShipmentShipped): void {
  const before = d.before!;
  const report = readShipment(before, data, d.event.source);
  const lines = linesById(before);
  const beyond: LineUnits[] = [];
  for (const increment of report.increments) {
    const line = lines.get(increment.lineId)!;
    const fitting = minDecimal(needs(before, line), increment.quantity);
    const over = increment.quantity - fitting;
    if (fitting > ZERO) issue(d, data, { ...increment, quantity: fitting, unit: line.unit }, true);
    if (over === ZERO) continue;
    issue(d, data, { ...increment, quantity: over, unit: line.unit }, false);
    beyond.push({ lineId: line.lineId, sku: line.sku, quantity: over });
    freeReservation(d, data, line, { fitting, over });
  }
  for (const line of report.strange) issue(d, data, line, false);
  reportBeyond(d, data, beyond, report.strange);
  if (report.contradicted.length > 0) reportContradiction(d, data, report.contradicted);
  const known = before.shipments[report.index];
  if (known?.location === "") d.solve("shipment.order-unknown", data.shipmentId);
  const isOver = before.status === "cancelled" || before.status === "closed";
  if (isAccepted(before) && !isOver) {
    letGoOfSurplus(
      d,
      report.increments.map((line) => line.lineId),
    );
  }
}

/** An order that was not accepted, or is cancelled, needs nothing. */
const needs = (order: Order, line: OrderLine): Decimal =>
  isAccepted(order) && order.status !== "cancelled" ? openUnits(line) : ZERO;

function issue(d: Decision, data: ShipmentShipped, line: StrangeIncrement, isOrdered: boolean): void {
  const event = goodsIssue({
    company: d.order.company,
    source: d.event.source,
    orderId: d.order.orderId,
    number: data.shipmentId,
    location: data.location,
    lineId: line.lineId,
    sku: line.sku,
    quantity: line.quantity,
    unit: line.unit,
    time: data.shippedAt,
    ...(isGrown(d, data, line) ? { part: formatDecimal(line.total) } : undefined),
    isOrdered,
    ...(isOrdered ? undefined : { note: "more than the order needed" }),
  });
  d.reaction.followUps.push(event);
}

/** Whether the shipment held some of the line before: then the same number has another quantity. */
function isGrown(d: Decision, data: ShipmentShipped, line: Increment): boolean {
  const held = d.before!.shipments.find(
    (one) => one.shipmentId === data.shipmentId && one.location === data.location,
  );
  const isLine = (one: LineUnits) => one.lineId === line.lineId && one.sku === line.sku;
  return held !== undefined && (held.lines.some(isLine) || held.strange.some(isLine));
}

/** An issue that is not the order's ends no reservation by itself. */
function freeReservation(
  d: Decision,
  { location, shippedAt }: ShipmentShipped,
  line: OrderLine,
  { fitting, over }: { fitting: Decimal; over: Decimal },
): void {
  const place = findPlace(line, location);
  const reserved = place === undefined ? ZERO : reservedAt(place);
  const left = reserved > fitting ? reserved - fitting : ZERO;
  const quantity = minDecimal(over, left);
  if (quantity === ZERO) return;
  const freedAt = parseTime(shippedAt);
  d.giveBack({ lineId: line.lineId, sku: line.sku, location, quantity, freedAt }, "re-sourced");
}

function reportBeyond(
  d: Decision,
  data: ShipmentShipped,
  beyond: readonly LineUnits[],
  strange: readonly StrangeIncrement[],
): void {
  if (beyond.length + strange.length === 0) return;
  const before = d.before!;
  const isAfterCancel = beyond.some((unit) => wasCancelled(before, unit.lineId));
  const code: ProblemCode = isAfterCancel ? "shipment.after-cancel" : "shipment.over-shipped";
  const what = isAfterCancel ? "what was cancelled" : "more than was ordered";
  d.problem(code, {
    about: `${data.location}/${data.shipmentId}`,
    title: `${data.location} shipped ${what} of order ${d.order.orderId} in ${data.shipmentId}.`,
    detail: {
      location: data.location,
      shipmentId: data.shipmentId,
      lines: beyond.map((unit) => ({ ...unit, quantity: formatDecimal(unit.quantity) })),
      strange: strange.map(({ lineId, sku, quantity, unit }) => ({
        lineId,
        sku,
        quantity: formatDecimal(quantity),
        unit,
      })),
    },
    moneyAtRisk: worthOf(d.order, beyond),
  });
}

function wasCancelled(order: Order, lineId: string): boolean {
  if (order.status === "cancelled" || order.status === "rejected") return true;
  return order.lines.some((line) => line.lineId === lineId && line.cancelled > ZERO);
}

function reportContradiction(
  d: Decision,
  data: ShipmentShipped,
  contradicted: readonly Contradiction[],
): void {
  d.problem("event.conflict", {
    about: `shipment/${data.location}/${data.shipmentId}`,
    title: `${data.location} now says something else of shipment ${data.shipmentId} of order ${d.order.orderId}.`,
    detail: {
      location: data.location,
      shipmentId: data.shipmentId,
      lines: contradicted.map(({ lineId, sku, held, said }) => ({
        lineId,
        sku,
        held: formatDecimal(held),
        said: formatDecimal(said),
      })),
    },
  });
}

/** A delivery may overtake the news of its shipment, which then solves the problem. */
export function decideDelivery(d: Decision, data: OrderEventData<"shipment.delivered">): void {
  const { shipments } = d.order;
  if (shipments.length === d.before!.shipments.length) return;
  d.problem("shipment.order-unknown", {
    about: data.shipmentId,
    title: `${data.shipmentId} of order ${d.order.orderId} was delivered; nobody has said that it shipped.`,
    detail: { shipmentId: data.shipmentId, deliveredAt: data.deliveredAt },
  });
}

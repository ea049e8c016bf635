// Returns: asked for against what shipped, received as they come. What fits no order, line or quantity is recorded
// with a problem; goods that came are a movement into held stock in any case.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import { cancelInstead, worthOf } from "./cancel.ts";
import type { OrderEventData } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { type GoodsMoved, goodsReturn } from "./goods-movement.ts";
import { linesById, matchLines, type StatedUnits, sumStated } from "./lines.ts";
import { sendReturnAdvice } from "./messages.ts";
import { claimedUnits, shippedFrom } from "./return.ts";
import type { LineUnits } from "./state.ts";

export function decideReturnRequest(d: Decision, data: OrderEventData<"return.requested">): void {
  if (d.order === d.before) return;
  const { known, strange } = matchLines(d.before!, data.lines);
  const claimed = d.order.returns.at(-1)!.lines;
  const left = new Map(known);
  for (const line of claimed) left.set(line.lineId, left.get(line.lineId)! - line.requested);
  const tooMany = new Map([...left].filter(([, units]) => units > ZERO));
  advise(d, data, claimed);
  const refused =
    d.order.status === "rejected" ? asUnits(d, tooMany) : cancelInstead(d, tooMany, data.reason ?? "");
  reportOverQuantity(d, data.returnId, refused);
  reportUnmatched(d, data.returnId, strange);
}

function asUnits(d: Decision, units: ReadonlyMap<string, Decimal>): LineUnits[] {
  const lines = linesById(d.order);
  return [...units].map(([lineId, quantity]) => ({ lineId, sku: lines.get(lineId)!.sku, quantity }));
}

/** Each place hears of what it shipped itself. */
function advise(
  d: Decision,
  data: OrderEventData<"return.requested">,
  claimed: readonly { lineId: string; sku: string; requested: Decimal }[],
): void {
  const lines = linesById(d.order);
  const byPlace = new Map<string, LineUnits[]>();
  for (const { lineId, sku, requested } of claimed) {
    for (const { location, quantity } of shippedFrom(
      lines.get(lineId)!,
      claimedUnits(d.before!, lineId),
      requested,
    )) {
      byPlace.set(location, [...(byPlace.get(location) ?? []), { lineId, sku, quantity }]);
    }
  }
  for (const [location, units] of byPlace) {
    const reason = data.reason ?? "";
    sendReturnAdvice(d, { returnId: data.returnId, location, lines: units, reason });
  }
}

export function decideReturnReceived(d: Decision, data: OrderEventData<"return.received">): void {
  if (d.order === d.before) return;
  const before = linesById(d.before!);
  const { known, strange } = matchLines(d.before!, data.lines);
  const tooMany: LineUnits[] = [];
  for (const [lineId, quantity] of known) {
    const line = before.get(lineId)!;
    const room = line.shipped - line.returned;
    const fitting = room > ZERO ? minDecimal(room, quantity) : ZERO;
    const moved = { lineId, sku: line.sku, unit: line.unit, part: formatDecimal(line.returned + quantity) };
    if (fitting > ZERO) takeIn(d, data, { ...moved, quantity: fitting, isOrdered: true });
    if (quantity === fitting) continue;
    takeIn(d, data, { ...moved, quantity: quantity - fitting, isOrdered: false });
    tooMany.push({ lineId, sku: line.sku, quantity: quantity - fitting });
  }
  for (const line of sumStated(strange)) {
    takeIn(d, data, { ...line, part: parseTime(data.receivedAt), isOrdered: false });
  }
  reportOverQuantity(d, data.returnId, tooMany);
  reportUnmatched(d, data.returnId, strange);
}

type Taken = Pick<GoodsMoved, "lineId" | "sku" | "quantity" | "unit" | "part" | "isOrdered">;

function takeIn(d: Decision, data: OrderEventData<"return.received">, taken: Taken): void {
  const event = goodsReturn({
    ...taken,
    company: d.order.company,
    source: d.event.source,
    orderId: d.order.orderId,
    number: data.returnId,
    location: data.location,
    time: data.receivedAt,
    ...(data.status === undefined ? undefined : { status: data.status }),
    ...(taken.isOrdered ? undefined : { note: "not shipped with this order, or not so many" }),
  });
  d.reaction.followUps.push(event);
}

function reportOverQuantity(d: Decision, returnId: string, units: readonly LineUnits[]): void {
  if (units.length === 0) return;
  d.problem("return.over-quantity", {
    about: returnId,
    title: `Return ${returnId} is for more of order ${d.order.orderId} than can come back.`,
    detail: {
      returnId,
      lines: units.map((unit) => ({ ...unit, quantity: formatDecimal(unit.quantity) })),
    },
    moneyAtRisk: worthOf(d.order, units),
  });
}

function reportUnmatched(d: Decision, returnId: string, lines: readonly StatedUnits[]): void {
  if (lines.length === 0) return;
  d.problem("return.unmatched", {
    about: returnId,
    title: `Return ${returnId} names goods that order ${d.order.orderId} does not have.`,
    detail: { returnId, lines },
  });
}

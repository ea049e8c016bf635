// Cancels units: what nobody holds at once, what a place holds when that place agrees. Nothing is free before it
// answers; what has shipped is refused.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { OrderEventData } from "./contract.ts";
import type { Decision } from "./decision.ts";
import {
  askedBack,
  askedBackOf,
  beyondCancelled,
  linesById,
  matchLines,
  openUnits,
  releasedAt,
  type StatedUnits,
  unreleasedAt,
} from "./lines.ts";
import { sendCancellation, sendLedgerCancellation } from "./messages.ts";
import { amountOf } from "./money.ts";
import type { LineUnits, Order } from "./state.ts";
import { isAccepted } from "./status.ts";

/** `location`: whose promise ends; empty for a backorder, absent where nothing had been promised. */
export interface CancelledPart extends LineUnits {
  location?: string;
  freedAt?: Time;
}

interface CancellationPlan {
  now: CancelledPart[];
  /** By place, what it is asked to give back. */
  ask: Map<string, LineUnits[]>;
  /** What can no longer be cancelled. */
  refused: LineUnits[];
}

export function decideCancellation(d: Decision, data: OrderEventData<"order.cancellation.requested">): void {
  if (d.order.status === "rejected" || d.order.status === "cancelled") return;
  const wanted = data.lines === undefined ? wholeOrder(d.order) : someLines(d, data.lines);
  const units = data.cumulative === true ? beyondCancelled(d.order, wanted.units) : wanted.units;
  const plan = planCancellation(d.order, units);
  carryOut(d, plan, data.reason ?? "");
  refuseCancellation(d, plan.refused, wanted.strange);
}

/** Cancels as far as it can and says what is left: a return of goods that never shipped. */
export function cancelInstead(d: Decision, units: ReadonlyMap<string, Decimal>, reason: string): LineUnits[] {
  const plan = planCancellation(d.order, units);
  carryOut(d, plan, reason);
  return plan.refused;
}

/** Everything; what shipped is refused, so that somebody tells the buyer. */
function wholeOrder(order: Order): { units: Map<string, Decimal>; strange: StatedUnits[] } {
  const units = new Map<string, Decimal>();
  for (const line of order.lines) {
    const quantity = line.quantity - line.cancelled;
    if (quantity > ZERO) units.set(line.lineId, (units.get(line.lineId) ?? ZERO) + quantity);
  }
  return { units, strange: [] };
}

/** Before an order is accepted a quantity without a unit could be cases or pieces: then it is not guessed. */
function someLines(
  d: Decision,
  lines: readonly StatedUnits[],
): { units: Map<string, Decimal>; strange: StatedUnits[] } {
  const byId = linesById(d.order);
  const isClear = (line: StatedUnits) => {
    const ordered = byId.get(line.lineId)?.orderedUnit ?? "";
    return line.unit !== undefined || ordered === "" || ordered === d.context.stockPolicy.baseUnit;
  };
  const clear = isAccepted(d.order) ? lines : lines.filter(isClear);
  const { known, strange } = matchLines(d.order, clear);
  return { units: known, strange: [...strange, ...lines.filter((line) => !clear.includes(line))] };
}

/** First what waits, then what no place was told of, then what a place holds; the last place first. */
function planCancellation(order: Order, units: ReadonlyMap<string, Decimal>): CancellationPlan {
  const plan: CancellationPlan = { now: [], ask: new Map(), refused: [] };
  const lines = linesById(order);
  for (const [lineId, wanted] of units) {
    const line = lines.get(lineId)!;
    const { sku } = line;
    let left = wanted;
    const take = (available: Decimal): Decimal => {
      const taken = available > ZERO ? minDecimal(left, available) : ZERO;
      left -= taken;
      return taken;
    };
    const cancel = (quantity: Decimal, location?: string) => {
      if (quantity === ZERO) return;
      plan.now.push({ lineId, sku, quantity, ...(location === undefined ? undefined : { location }) });
    };
    if (!isAccepted(order)) cancel(take(openUnits(line)));
    cancel(take(line.backordered), "");
    for (const place of line.places.toReversed()) cancel(take(unreleasedAt(place)), place.location);
    for (const place of line.places.toReversed()) {
      const asked = askedBack(order, place.location, lineId);
      const quantity = take(releasedAt(place) - asked);
      if (quantity === ZERO) continue;
      const here = plan.ask.get(place.location);
      if (here === undefined) plan.ask.set(place.location, [{ lineId, sku, quantity }]);
      else here.push({ lineId, sku, quantity });
    }
    // What was asked for before and has no answer yet is no refusal.
    take(askedBackOf(order, lineId));
    if (left > ZERO) plan.refused.push({ lineId, sku, quantity: left });
  }
  return plan;
}

function carryOut(d: Decision, plan: CancellationPlan, reason: string): void {
  cancelUnits(d, plan.now, reason);
  for (const [location, lines] of plan.ask) askBack(d, location, lines, reason);
}

/** Ends the promises of these units for good, and tells the ledger, unless it was the ledger that asked. */
export function cancelUnits(d: Decision, parts: readonly CancelledPart[], reason: string): void {
  if (parts.length === 0) return;
  const wasAccepted = isAccepted(d.order);
  d.decide("order.lines.cancelled", {
    lines: parts.map(({ lineId, sku, quantity, location }) => ({
      lineId,
      sku,
      quantity: formatDecimal(quantity),
      ...(location === undefined ? undefined : { location }),
    })),
    ...(reason === "" ? undefined : { reason }),
  });
  for (const part of parts) {
    if (part.location !== undefined) d.giveBack({ ...part, location: part.location }, "cancelled");
  }
  const { ledger } = d.context;
  const hasIt = wasAccepted || d.order.bookedAtSource;
  if (ledger !== undefined && hasIt && d.order.cancellation?.by !== ledger) {
    sendLedgerCancellation(d, ledger, [...parts], reason);
  }
}

export function askBack(d: Decision, location: string, lines: LineUnits[], reason: string): void {
  d.decide("order.cancellation.asked", {
    location,
    lines: lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity: formatDecimal(quantity) })),
    ...(reason === "" ? undefined : { reason }),
  });
  sendCancellation(d, location, lines, reason);
}

function refuseCancellation(d: Decision, gone: readonly LineUnits[], strange: readonly StatedUnits[]): void {
  if (gone.length + strange.length === 0) return;
  d.problem("order.cancellation-refused", {
    title: `Order ${d.order.orderId}: not everything that was to be cancelled can be.`,
    detail: {
      reason: "shipped, cancelled before, or not in the order",
      lines: gone.map((unit) => ({ ...unit, quantity: formatDecimal(unit.quantity) })),
      strange,
    },
    moneyAtRisk: worthOf(d.order, gone),
  });
}

export function worthOf(order: Order, units: readonly LineUnits[]): Decimal {
  const lines = linesById(order);
  let value = ZERO;
  for (const { lineId, quantity } of units) {
    const line = lines.get(lineId);
    if (line !== undefined) value += amountOf(order, line, quantity);
  }
  return value;
}

/** The place, or the ledger, will not give the units back: they ship. */
export function decideCancellationRefused(
  d: Decision,
  data: OrderEventData<"order.cancellation.refused">,
): void {
  const { known, strange } = matchLines(d.order, data.lines);
  const lines = linesById(d.order);
  const units = [...known].map(([lineId, quantity]) => ({ lineId, sku: lines.get(lineId)!.sku, quantity }));
  d.problem("order.cancellation-refused", {
    about: data.location,
    title: `${data.location} will not cancel its part of order ${d.order.orderId}: ${data.reason}`,
    detail: { location: data.location, reason: data.reason, lines: data.lines, strange },
    moneyAtRisk: worthOf(d.order, units),
  });
}

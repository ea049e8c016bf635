// What facts make of an order: counted once, never refused. Units move only as far as the order holds them; what
// goes beyond is for `decideOrder` to name. Each returns the order itself where nothing changes.
import { checkRange, type Decimal, maxDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { OrderEventData } from "./contract.ts";
import {
  askedBack,
  beyondCancelled,
  changeLines,
  changePlace,
  findPlace,
  linesById,
  matchLines,
  openUnits,
  releasedAt,
  withAskedBack,
  withoutMootQuestions,
} from "./lines.ts";
import { isReported, type Report, withReport } from "./report.ts";
import { returnableUnits } from "./return.ts";
import { readShipment } from "./shipment.ts";
import type { LineUnits, Order, OrderLine, OrderRelease, OrderShipment } from "./state.ts";

export function withBooking(order: Order, data: OrderEventData<"order.booked">): Order {
  if (order.booking !== null) return order;
  return { ...order, booking: { system: data.system, document: data.document } };
}

export function withReleaseConfirmed(order: Order, data: OrderEventData<"order.release.confirmed">): Order {
  const here = order.releases.filter((held) => held.location === data.location);
  // The same confirmation again is not that of the next release.
  if (data.document !== undefined && here.some((held) => held.document === data.document)) return order;
  const release = here.find((held) => held.state === "asked");
  if (release === undefined) return order;
  return withReleaseState(order, release, "confirmed", data.document ?? "");
}

function withReleaseState(
  order: Order,
  release: OrderRelease,
  state: OrderRelease["state"],
  document: string,
): Order {
  const releases = order.releases.map((held) => (held === release ? { ...held, state, document } : held));
  return { ...order, releases };
}

/** The release that a refusal is about: the oldest unanswered one, else the latest that was confirmed. */
function refusedRelease(order: Order, location: string): OrderRelease | undefined {
  const here = order.releases.filter((held) => held.location === location);
  return here.find((held) => held.state === "asked") ?? here.findLast((held) => held.state === "confirmed");
}

type GivenBack = Report & { data: { location: string } };

export function withReleaseRefused(order: Order, event: GivenBack): Order {
  const release = refusedRelease(order, event.data.location);
  if (release === undefined || isReported(order, event)) return order;
  const units = new Map(release.lines.map((line) => [line.lineId, line.quantity]));
  const next = withLessReleased(order, event.data.location, units);
  return next === order
    ? order
    : withReport(withReleaseState(next, release, "refused", release.document), event);
}

export function withShortPick(
  order: Order,
  event: GivenBack & { data: OrderEventData<"order.pick.short"> },
): Order {
  if (isReported(order, event)) return order;
  const { known } = matchLines(order, event.data.lines);
  const next = withLessReleased(order, event.data.location, known);
  return next === order ? order : withReport(next, event);
}

/** The place will not ship these units: it no longer has them, as far as it had. */
function withLessReleased(order: Order, location: string, units: ReadonlyMap<string, Decimal>): Order {
  const next = changeLines(order, units, (line, by) => {
    const place = findPlace(line, location);
    const less = place === undefined ? ZERO : minDecimal(by, releasedAt(place));
    if (less === ZERO) return line;
    return changePlace(line, location, (held) => ({ ...held, released: held.released - less }));
  });
  return next === order ? order : withoutMootQuestions(next, location);
}

export function withCancellationRequest(
  order: Order,
  data: OrderEventData<"order.cancellation.requested">,
  by: string,
): Order {
  if (order.status === "rejected" || order.status === "cancelled") return order;
  if (!order.lines.some((line) => openUnits(line) > ZERO)) return order;
  // Totals that say nothing new are the echo of what was cancelled here.
  if (data.cumulative === true && data.lines !== undefined) {
    const { known, strange } = matchLines(order, data.lines);
    if (strange.length === 0 && beyondCancelled(order, known).size === 0) return order;
  }
  const requested = data.lines === undefined || order.cancellation?.requested === true;
  return { ...order, cancellation: { requested, reason: data.reason ?? "", by } };
}

/** Only what was asked for counts: a place that cancels unasked refuses its release, or picks short. */
export function withCancellationAnswer(
  order: Order,
  event: GivenBack & { data: OrderEventData<"order.cancellation.confirmed"> },
): Order {
  if (isReported(order, event)) return order;
  const { location, lines } = event.data;
  const { known } = matchLines(order, lines);
  const asked = askedUnits(order, location, known);
  if (asked.size === 0) return order;
  const units = new Map([...asked].map(([lineId, line]) => [lineId, line.answered]));
  const answered = withAskedBack(order, location, asked);
  return withReport(withLessReleased(answered, location, units), event);
}

export function withCancellationRefused(
  order: Order,
  data: OrderEventData<"order.cancellation.refused">,
): Order {
  const { known } = matchLines(order, data.lines);
  return withAskedBack(order, data.location, askedUnits(order, data.location, known));
}

/** What stays asked of a place once it has answered for some units. */
function askedUnits(
  order: Order,
  location: string,
  said: ReadonlyMap<string, Decimal>,
): Map<string, LineUnits & { answered: Decimal }> {
  const left = new Map<string, LineUnits & { answered: Decimal }>();
  const lines = linesById(order);
  for (const [lineId, units] of said) {
    const asked = askedBack(order, location, lineId);
    const answered = minDecimal(units, asked);
    if (answered === ZERO) continue;
    left.set(lineId, { lineId, sku: lines.get(lineId)!.sku, quantity: asked - answered, answered });
  }
  return left;
}

export function withHoldReleased(order: Order, data: OrderEventData<"order.hold.released">): Order {
  if (order.hold === null) return order;
  return { ...order, hold: null, customer: data.customer ?? order.customer };
}

export function withShipment(order: Order, data: OrderEventData<"shipment.shipped">, system: string): Order {
  const report = readShipment(order, data, system);
  const held = report.index < 0 ? undefined : order.shipments[report.index]!;
  const adds = report.increments.length + report.strange.length > 0;
  if (!adds && held !== undefined && saysNothingNew(held, report.shipment)) return order;
  const shipments = order.shipments.slice();
  if (report.index < 0) shipments.push(report.shipment);
  else shipments[report.index] = report.shipment;
  const units = new Map(report.increments.map((line) => [line.lineId, line.quantity]));
  const shipped = changeLines({ ...order, shipments }, units, (line, by) => ship(line, data.location, by));
  return withoutMootQuestions(shipped, data.location);
}

/** What ships beyond what was allocated there was allocated by shipping it. */
function ship(line: OrderLine, location: string, units: Decimal): OrderLine {
  const next = changePlace(line, location, (place) => {
    const shipped = checkRange(place.shipped + units);
    return {
      ...place,
      shipped,
      released: maxDecimal(place.released, shipped),
      allocated: maxDecimal(place.allocated, shipped),
    };
  });
  return { ...next, shipped: checkRange(line.shipped + units) };
}

function saysNothingNew(held: OrderShipment, said: OrderShipment): boolean {
  return held.location === said.location && held.carrier === said.carrier && held.tracking === said.tracking;
}

/** A delivery that overtakes its shipment is kept until that comes. */
export function withDelivery(
  order: Order,
  data: OrderEventData<"shipment.delivered">,
  system: string,
): Order {
  const deliveredAt = parseTime(data.deliveredAt);
  const same = order.shipments.filter((held) => held.shipmentId === data.shipmentId);
  const own = same.filter((held) => held.system === system);
  const meant = own.length > 0 ? own : same;
  if (meant.length > 0) {
    const open = meant.filter((held) => held.deliveredAt === "");
    if (open.length === 0) return order;
    const shipments = order.shipments.map((held) => (open.includes(held) ? { ...held, deliveredAt } : held));
    return { ...order, shipments };
  }
  const early: OrderShipment = {
    shipmentId: data.shipmentId,
    location: "",
    system,
    lines: [],
    strange: [],
    shippedAt: "",
    deliveredAt,
    carrier: "",
    tracking: "",
  };
  return { ...order, shipments: [...order.shipments, early] };
}

/** Claims what has shipped and no other return claims. A return's number is its identity. */
export function withReturnRequest(order: Order, data: OrderEventData<"return.requested">): Order {
  if (order.returns.some((held) => held.returnId === data.returnId)) return order;
  const { known } = matchLines(order, data.lines);
  const byId = linesById(order);
  const lines = [...known].map(([lineId, units]) => {
    const line = byId.get(lineId)!;
    const requested = minDecimal(units, returnableUnits(order, line));
    return { lineId, sku: line.sku, requested, received: ZERO };
  });
  return { ...order, returns: [...order.returns, { returnId: data.returnId, lines }] };
}

export function withReturnReceived(
  order: Order,
  event: Report & { data: OrderEventData<"return.received"> },
): Order {
  if (isReported(order, event)) return order;
  const { known } = matchLines(order, event.data.lines);
  const returned = changeLines(order, known, (line, by) => ({
    ...line,
    returned: checkRange(line.returned + by),
  }));
  return withReport({ ...returned, returns: withReceipt(order, event.data.returnId, known) }, event);
}

function withReceipt(order: Order, returnId: string, known: ReadonlyMap<string, Decimal>): Order["returns"] {
  const held = order.returns.find((one) => one.returnId === returnId);
  const left = new Map(known);
  const lines = (held?.lines ?? []).map((line) => {
    const by = left.get(line.lineId) ?? ZERO;
    left.delete(line.lineId);
    return by === ZERO ? line : { ...line, received: checkRange(line.received + by) };
  });
  const byId = linesById(order);
  for (const [lineId, received] of left) {
    lines.push({ lineId, sku: byId.get(lineId)!.sku, requested: ZERO, received });
  }
  const next = { returnId, lines };
  return held === undefined
    ? [...order.returns, next]
    : order.returns.map((one) => (one === held ? next : one));
}

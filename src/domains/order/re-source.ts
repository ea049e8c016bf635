// Finds other stock for units that a place has given back, and for lines that wait. Nothing is re-sourced before the
// place has said that it will not ship; what nobody has waits as a backorder, also where policy rejects new orders
// for less: this one has been accepted.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import { availableToPromise, onHandAt } from "../inventory/available.ts";
import { type AllocationLine, allocate } from "./allocate.ts";
import { askBack, type CancelledPart, cancelUnits, worthOf } from "./cancel.ts";
import type { OrderEventData } from "./contract.ts";
import type { Decision, Promised } from "./decision.ts";
import { sentence } from "./explain.ts";
import {
  askedBack,
  findLine,
  findPlace,
  linesById,
  matchLines,
  openUnits,
  promisedUnits,
  releasedAt,
  reservedAt,
  unreleasedAt,
} from "./lines.ts";
import { changePromise } from "./promise.ts";
import { decideReleases } from "./release.ts";
import { isReported, type Report } from "./report.ts";
import type { LineUnits, Order, OrderLine } from "./state.ts";
import { type Queue, QueuedSupply, type Standing, shipTime, withoutOwn } from "./supply.ts";

export function decideReleaseRefused(
  d: Decision,
  event: Report & { data: OrderEventData<"order.release.refused"> },
): void {
  const before = d.before!;
  const { location, code, reason } = event.data;
  if (isReported(before, event)) return;
  if (d.order === before) {
    sayNothingReleased(d, location);
    return;
  }
  const given = givenBack(before, d.order, location);
  d.problem("order.release-refused", {
    about: location,
    title: `${location} refused order ${d.order.orderId}: ${reason}`,
    detail: { location, code, reason },
    moneyAtRisk: worthOf(d.order, given),
  });
  resource(d, { location, given }, `${location} refused: ${reason}`);
}

export function decideShortPick(
  d: Decision,
  event: Report & { data: OrderEventData<"order.pick.short"> },
): void {
  const before = d.before!;
  const { location, lines } = event.data;
  if (isReported(before, event)) return;
  const given = givenBack(before, d.order, location);
  const { known, strange } = matchLines(before, lines);
  for (const { lineId, quantity } of given) known.set(lineId, known.get(lineId)! - quantity);
  const beyond = [...known].filter(([, quantity]) => quantity > ZERO);
  if (beyond.length + strange.length > 0) sayNothingReleased(d, location, { lines });
  const freedAt = parseTime(event.data.reportedAt);
  resource(d, { location, given, freedAt, isDoubted: true }, `${location} could not pick everything`);
}

export function decideCancellationConfirmed(
  d: Decision,
  event: Report & { data: OrderEventData<"order.cancellation.confirmed"> },
): void {
  const before = d.before!;
  const { location, lines } = event.data;
  // The ledger confirms what it was told; only places hold units.
  if (d.event.source === d.context.ledger || isReported(before, event)) return;
  const given = givenBack(before, d.order, location);
  const { known, strange } = matchLines(before, lines);
  const unasked = [...known].some(([lineId, quantity]) => quantity > askedBack(before, location, lineId));
  if (unasked || strange.length > 0) sayNothingReleased(d, location, { lines });
  const freedAt = parseTime(event.data.confirmedAt);
  resource(d, { location, given, freedAt }, `${location} gave back what it was asked for`);
}

function sayNothingReleased(d: Decision, location: string, detail: Record<string, unknown> = {}): void {
  d.problem("event.conflict", {
    about: `${d.event.type}/${location}`,
    title: `${location} says of order ${d.order.orderId} what does not fit what it was given (${d.event.type}).`,
    detail: { location, ...detail },
  });
}

/** What the fact took from a place, per line. */
function givenBack(before: Order, after: Order, location: string): LineUnits[] {
  return after.lines.flatMap((line, index) => {
    const held = before.lines[index]!;
    if (held === line) return [];
    const was = findPlace(held, location)?.released ?? ZERO;
    const is = findPlace(line, location)?.released ?? ZERO;
    return was > is ? [{ lineId: line.lineId, sku: line.sku, quantity: was - is }] : [];
  });
}

/** Units that a place will not ship. */
interface GivenBack {
  location: string;
  given: readonly LineUnits[];
  /** By the place's clock; absent where it never took them. */
  freedAt?: Time;
  /** It could not pick them: its figure may be wrong. */
  isDoubted?: boolean;
}

/**
 * Units that a place gave back: cancelled as far as it had been asked for them and the line lacks them, found
 * elsewhere as far as the line still needs them, let go otherwise.
 */
function resource(d: Decision, { location, given, freedAt, isDoubted }: GivenBack, because: string): void {
  const lines = linesById(d.order);
  const cancelled: CancelledPart[] = [];
  const withdrawn: Promised[] = [];
  const wanted: AllocationLine[] = [];
  for (const { lineId, sku, quantity } of given) {
    const line = lines.get(lineId)!;
    const answered = askedBack(d.before!, location, lineId) - askedBack(d.order, location, lineId);
    const lacking = openUnits(line) - (promisedUnits(line) - quantity);
    const missing = lacking > ZERO ? minDecimal(lacking, quantity) : ZERO;
    // It was asked first for what another place had shipped meanwhile, which nobody cancelled.
    const forBuyer = answered - (quantity - missing);
    const toCancel = forBuyer > ZERO ? minDecimal(forBuyer, missing) : ZERO;
    const part = { lineId, sku, location, ...(freedAt === undefined ? undefined : { freedAt }) };
    if (toCancel > ZERO) cancelled.push({ ...part, quantity: toCancel });
    const rest = { ...part, quantity: quantity - toCancel };
    if (rest.quantity > ZERO) withdrawn.push(isDoubted ? { ...rest, doubted: figureOf(d, rest) } : rest);
    const barred = [...barredPlaces(d, lineId), location];
    if (missing > toCancel) wanted.push({ lineId, sku, quantity: missing - toCancel, barred });
  }
  cancelUnits(d, cancelled, d.order.cancellation?.reason ?? "");
  replace(d, { withdrawn, wanted, because: [sentence([because])], queue: { standingOf: () => "broken" } });
  decideReleases(d);
}

const figureOf = (d: Decision, { sku, location }: Promised): string =>
  formatDecimal(onHandAt(d.context.stock(sku), location));

/**
 * Places that have refused a line are not asked for it again; nor is one that could not pick it, until its figure
 * changes: the same figure would send the line there again and again.
 */
function barredPlaces({ order, context }: Decision, lineId: string): string[] {
  const barred = order.releases
    .filter((held) => held.state === "refused" && held.lines.some((line) => line.lineId === lineId))
    .map((held) => held.location);
  const line = findLine(order, lineId)!;
  for (const { location, doubted } of line.places) {
    if (doubted !== "" && doubted === formatDecimal(onHandAt(context.stock(line.sku), location))) {
      barred.push(location);
    }
  }
  return barred;
}

interface Replacement {
  withdrawn: readonly Promised[];
  wanted: readonly AllocationLine[];
  because: readonly string[];
  queue: Queue;
}

function replace(d: Decision, { withdrawn, wanted, because, queue }: Replacement): void {
  if (withdrawn.length + wanted.length === 0) return;
  const { shipComplete } = d.order;
  const supply = new QueuedSupply(d.context, d.order, queue);
  const request = { lines: wanted, shipComplete, serving: servingPlaces(d.order) };
  const allocated = allocate(request, supply, d.context.allocation);
  changePromise(d, { withdrawn, allocated, because, lost: queue.lost ?? [] });
  const broken = new Set(withdrawn.flatMap((one) => (one.location === "" ? [] : [one.lineId])));
  reportShortfall(
    d,
    allocated.backordered.filter((line) => broken.has(line.lineId)),
  );
}

function servingPlaces(order: Order): string[] {
  const places = new Set<string>();
  for (const line of order.lines) {
    for (const place of line.places) if (place.allocated > ZERO) places.add(place.location);
  }
  return [...places];
}

/** A promise that a fact has broken, and that nothing replaces. */
function reportShortfall(d: Decision, backordered: readonly Omit<LineUnits, "location">[]): void {
  if (backordered.length === 0) return;
  d.problem("inventory.shortfall", {
    title: `Order ${d.order.orderId} waits for stock that it was promised.`,
    detail: { lines: backordered.map((line) => ({ ...line, quantity: formatDecimal(line.quantity) })) },
    moneyAtRisk: worthOf(d.order, backordered),
  });
}

/** A look at what waits, and at what was promised from a place that no longer has it. */
export function decideReallocation(d: Decision): void {
  if (!mayStillShip.has(d.order.status)) return;
  const lost = lostPromises(d);
  const waiting = d.order.lines.filter((line) => line.backordered > ZERO && isCountedAlike(d, line));
  const withdrawn: Promised[] = [...lost];
  for (const { lineId, sku, backordered } of waiting) {
    withdrawn.push({ lineId, sku, location: "", quantity: backordered });
  }
  const places = [...new Set(lost.map((one) => one.location))].join(", ");
  const because =
    lost.length === 0 ? [] : [sentence([`${places} no longer had what was promised from there`])];
  const wanted = sumWanted(d, withdrawn);
  replace(d, { withdrawn, wanted, because, queue: { standingOf: standingOf(lost, waiting), lost } });
  decideReleases(d);
}

const mayStillShip: ReadonlySet<string> = new Set(["accepted", "booked", "released", "partially-shipped"]);

function sumWanted(d: Decision, withdrawn: readonly Promised[]): AllocationLine[] {
  const sums = new Map<string, AllocationLine>();
  for (const { lineId, sku, quantity } of withdrawn) {
    const held = sums.get(lineId);
    const barred = held?.barred ?? barredPlaces(d, lineId);
    sums.set(lineId, { lineId, sku, quantity: (held?.quantity ?? ZERO) + quantity, barred });
  }
  return [...sums.values()];
}

/** Units that no place was told of, and that their place does not have beyond what it owes to others. */
function lostPromises(d: Decision): Promised[] {
  const lost: Promised[] = [];
  for (const line of d.order.lines) {
    for (const place of line.places) {
      const units = unreleasedAt(place);
      if (units <= ZERO) continue;
      const { location } = place;
      const gone = lost.filter((one) => one.sku === line.sku && one.location === location);
      const own = gone.reduce((sum, one) => sum + one.quantity, reservedAt(place));
      const query = { now: d.now, at: shipTime(d.order, d.now), location };
      const there = availableToPromise(firmOnly(d, line, location, own), query, d.context.stockPolicy);
      const left = there - releasedAt(place);
      const short = units - (left > ZERO ? left : ZERO);
      if (short > ZERO) lost.push({ lineId: line.lineId, sku: line.sku, location, quantity: short });
    }
  }
  return lost;
}

/** The SKU without some units of this order's own, and without anybody's backorder: firm promises come first. */
function firmOnly(d: Decision, line: OrderLine, location: string, own: Decimal) {
  const item = d.context.stock(line.sku);
  const firm = { ...item, commitments: item.commitments.filter((held) => held.location !== "") };
  return withoutOwn(firm, d.order, { lineId: line.lineId, sku: line.sku, location, quantity: own });
}

/** Of two lines of one SKU the one that was promised earlier speaks for both, and a broken promise for all. */
function standingOf(lost: readonly Promised[], waiting: readonly OrderLine[]): (sku: string) => Standing {
  const broken = new Set(lost.map((one) => one.sku));
  const dates = new Map<string, string>();
  for (const { sku, promisedAt } of waiting) {
    const held = dates.get(sku);
    if (held === undefined || held === "" || (promisedAt !== "" && promisedAt < held)) {
      dates.set(sku, promisedAt);
    }
  }
  return (sku) => (broken.has(sku) ? "broken" : { promisedAt: dates.get(sku) ?? "" });
}

/** A SKU whose base unit has changed since cannot be promised in the old one. */
function isCountedAlike(d: Decision, line: OrderLine): boolean {
  const { unit } = d.context.stock(line.sku);
  if (unit === line.unit) return true;
  d.problem("order.unit-unknown", {
    about: line.lineId,
    title: `Order ${d.order.orderId} waits for ${line.sku} in ${line.unit}, which is now counted in ${unit}.`,
    detail: { lineId: line.lineId, sku: line.sku, unit: line.unit, base: unit },
    moneyAtRisk: worthOf(d.order, [{ ...line, quantity: line.backordered }]),
  });
  return false;
}

/** More is promised for some lines than they still need: another place shipped it. Let go where that is possible. */
export function letGoOfSurplus(d: Decision, lineIds: Iterable<string>): void {
  const lines = linesById(d.order);
  const withdrawn: Promised[] = [];
  const ask = new Map<string, LineUnits[]>();
  for (const lineId of lineIds) {
    const line = lines.get(lineId)!;
    const { sku } = line;
    const asked = d.order.cancelling.map(({ location }) => askedBack(d.order, location, lineId));
    let surplus = promisedUnits(line) - openUnits(line) - asked.reduce((sum, one) => sum + one, ZERO);
    const take = (available: Decimal): Decimal => {
      const taken = surplus > ZERO && available > ZERO ? minDecimal(surplus, available) : ZERO;
      surplus -= taken;
      return taken;
    };
    const waiting = take(line.backordered);
    if (waiting > ZERO) withdrawn.push({ lineId, sku, location: "", quantity: waiting });
    for (const place of line.places.toReversed()) {
      const quantity = take(unreleasedAt(place));
      if (quantity > ZERO) withdrawn.push({ lineId, sku, location: place.location, quantity });
    }
    for (const place of line.places.toReversed()) {
      const quantity = take(releasedAt(place) - askedBack(d.order, place.location, lineId));
      if (quantity === ZERO) continue;
      ask.set(place.location, [...(ask.get(place.location) ?? []), { lineId, sku, quantity }]);
    }
  }
  const nothing = { allocations: [], backordered: [], explanation: [] };
  const because = ["Another place shipped it."];
  changePromise(d, { withdrawn, allocated: nothing, because });
  for (const [location, units] of ask) askBack(d, location, units, "another place shipped it");
}

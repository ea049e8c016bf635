// Arithmetic on an order's lines and places. Copies what changes and shares the rest; never mutates.
import { checkRange, type Decimal, maxDecimal, minDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { LinePlace, LineUnits, Order, OrderLine } from "./state.ts";

/** Units of a line as an event states them. */
export interface StatedUnits {
  lineId: string;
  sku: string;
  quantity: string;
  unit?: string;
}

/**
 * Base units of a stated quantity; undefined where its unit is neither the base unit nor the ordered one, or
 * where the ordered unit's ratio has no exact result.
 */
export function baseUnits(line: OrderLine, quantity: string, unit: string | undefined): Decimal | undefined {
  const stated = parseDecimal(quantity);
  if (unit === undefined || unit === line.unit) return stated;
  if (unit !== line.orderedUnit) return undefined;
  const product = stated * line.quantity;
  return product % line.ordered === 0n ? checkRange(product / line.ordered) : undefined;
}

/** Units that still have to ship. */
export const openUnits = (line: OrderLine): Decimal =>
  maxDecimal(ZERO, line.quantity - line.cancelled - line.shipped);

/** Reserved at a place. */
export const reservedAt = (place: LinePlace): Decimal => place.allocated - place.shipped;

/** Given to a place and not shipped yet. */
export const releasedAt = (place: LinePlace): Decimal => place.released - place.shipped;

/** Promised from a place that has not been told. */
export const unreleasedAt = (place: LinePlace): Decimal => place.allocated - place.released;

/** Everything that is reserved for a line, its backorder too. */
export function promisedUnits(line: OrderLine): Decimal {
  let sum = line.backordered;
  for (const place of line.places) sum += reservedAt(place);
  return sum;
}

export function findPlace(line: OrderLine, location: string): LinePlace | undefined {
  for (const place of line.places) if (place.location === location) return place;
  return undefined;
}

export function findLine(order: Order, lineId: string): OrderLine | undefined {
  for (const line of order.lines) if (line.lineId === lineId) return line;
  return undefined;
}

/** Lines by id, for events that name many. */
export function linesById(order: Order): Map<string, OrderLine> {
  const lines = new Map<string, OrderLine>();
  for (const line of order.lines) lines.set(line.lineId, line);
  return lines;
}

/** Base units summed by line. A line, SKU or unit that the order does not have is `strange`. */
export function matchLines(
  order: Order,
  stated: readonly StatedUnits[],
): { known: Map<string, Decimal>; strange: StatedUnits[] } {
  const known = new Map<string, Decimal>();
  const strange: StatedUnits[] = [];
  const lines = stated.length > 8 ? linesById(order) : undefined;
  for (const one of stated) {
    const line = lines === undefined ? findLine(order, one.lineId) : lines.get(one.lineId);
    const units = line?.sku === one.sku ? baseUnits(line, one.quantity, one.unit) : undefined;
    if (units === undefined) strange.push(one);
    else known.set(one.lineId, checkRange((known.get(one.lineId) ?? ZERO) + units));
  }
  return { known, strange };
}

/** Units in their own unit; empty where none was stated. */
export type OwnUnits = LineUnits & { unit: string };

export const statedKey = (line: { lineId: string; sku: string; unit: string }): string =>
  JSON.stringify([line.lineId, line.sku, line.unit]);

/** Summed as they were stated, for lines that the order does not have. */
export function sumStated(stated: readonly StatedUnits[]): OwnUnits[] {
  const sums = new Map<string, OwnUnits>();
  for (const { lineId, sku, quantity, unit = "" } of stated) {
    const key = statedKey({ lineId, sku, unit });
    const sum = checkRange((sums.get(key)?.quantity ?? ZERO) + parseDecimal(quantity));
    sums.set(key, { lineId, sku, unit, quantity: sum });
  }
  return [...sums.values()];
}

/** Changes the lines that `changes` names, each once. */
export function changeLines<Change>(
  order: Order,
  changes: ReadonlyMap<string, Change>,
  change: (line: OrderLine, by: Change) => OrderLine,
): Order {
  if (changes.size === 0) return order;
  const left = new Map(changes);
  let changed = false;
  const lines = order.lines.map((line) => {
    const by = left.get(line.lineId);
    if (by === undefined) return line;
    left.delete(line.lineId);
    const next = change(line, by);
    if (next !== line) changed = true;
    return next;
  });
  return changed ? { ...order, lines } : order;
}

/** Changes one place of a line, which comes into being with the first units. */
export function changePlace(
  line: OrderLine,
  location: string,
  change: (place: LinePlace) => LinePlace,
): OrderLine {
  const at = line.places.findIndex((place) => place.location === location);
  if (at < 0) {
    const fresh = { location, allocated: ZERO, released: ZERO, shipped: ZERO, doubted: "" };
    return { ...line, places: [...line.places, change(fresh)] };
  }
  const place = change(line.places[at]!);
  if (place === line.places[at]) return line;
  const places = line.places.slice();
  places[at] = place;
  return { ...line, places };
}

/** Units that a place was asked to give back and has not answered for. */
export function askedBack(order: Order, location: string, lineId: string): Decimal {
  for (const asked of order.cancelling) {
    if (asked.location !== location) continue;
    for (const line of asked.lines) if (line.lineId === lineId) return line.quantity;
  }
  return ZERO;
}

/** Of a line, over all places. */
export function askedBackOf(order: Order, lineId: string): Decimal {
  let sum = ZERO;
  for (const { lines } of order.cancelling) {
    for (const line of lines) if (line.lineId === lineId) sum += line.quantity;
  }
  return sum;
}

/** Sets what a place is asked to give back, per line; zero takes the question back. */
export function withAskedBack(order: Order, location: string, asked: ReadonlyMap<string, LineUnits>): Order {
  if (asked.size === 0) return order;
  const held = order.cancelling.find((entry) => entry.location === location);
  const lines = (held?.lines ?? []).filter((line) => !asked.has(line.lineId));
  for (const line of asked.values()) if (line.quantity > ZERO) lines.push(line);
  const others = order.cancelling.filter((entry) => entry.location !== location);
  return { ...order, cancelling: lines.length === 0 ? others : [...others, { location, lines }] };
}

/** A question about units that a place no longer has is over. */
export function withoutMootQuestions(order: Order, location: string): Order {
  const held = order.cancelling.find((entry) => entry.location === location);
  if (held === undefined) return order;
  const moot = new Map<string, LineUnits>();
  for (const asked of held.lines) {
    const line = findLine(order, asked.lineId);
    const place = line === undefined ? undefined : findPlace(line, location);
    const left = place === undefined ? ZERO : minDecimal(asked.quantity, releasedAt(place));
    if (left !== asked.quantity) moot.set(asked.lineId, { ...asked, quantity: left });
  }
  return withAskedBack(order, location, moot);
}

/** What stated totals ask for beyond what is cancelled already, or asked back and not answered for. */
export function beyondCancelled(order: Order, totals: ReadonlyMap<string, Decimal>): Map<string, Decimal> {
  const lines = linesById(order);
  const beyond = new Map<string, Decimal>();
  for (const [lineId, total] of totals) {
    const units = total - lines.get(lineId)!.cancelled - askedBackOf(order, lineId);
    if (units > ZERO) beyond.set(lineId, units);
  }
  return beyond;
}

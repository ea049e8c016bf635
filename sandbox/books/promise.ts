// What may be promised of a SKU, worked out from outside: stock at the warehouses less open order units, along the
// dates at which purchase orders come and backorders fall due. And whether more was ever promised than was there.
import type { Drawn } from "./drawn.ts";
import { ONE, readExact } from "./exact.ts";
import type { Moment, Warehouse } from "./facts.ts";
import { BooksError } from "./failure.ts";
import { Tally } from "./tally.ts";

/** Units that orders still want, by order and SKU: the input's, less what the ERP cancelled and warehouses shipped. */
export function openUnits({ figures }: Drawn): Tally {
  const open = new Tally();
  for (const [document, units] of figures.accepted.entries()) {
    const left = units - figures.cancelled.get(document) - figures.shipped.get(document);
    if (left > 0n) open.add(document, left);
  }
  return open;
}

interface Change {
  /** YYYY-MM-DD; "" is now. */
  on: string;
  supply: bigint;
  owed: bigint;
}

/** Available to promise now, by SKU. */
export function ownAvailable(drawn: Drawn): Tally {
  const onHand = new Tally();
  for (const { stock } of drawn.facts.warehouses) {
    for (const [sku, { physical }] of stock) onHand.add(sku, physical);
  }
  const open = new Tally();
  for (const [document, units] of openUnits(drawn).entries()) {
    open.add(document.slice(document.lastIndexOf(" ") + 1), units);
  }
  const waiting = collectWaiting(drawn);
  const supplies = collectSupplies(drawn);
  const available = new Tally();
  for (const sku of new Set([...onHand.documents(), ...open.documents()])) {
    const backorders = waiting.get(sku) ?? [];
    const waits = backorders.reduce((sum, change) => sum + change.owed, 0n);
    const reserved = open.get(sku) > waits ? open.get(sku) - waits : 0n;
    const least = leastAhead(onHand.get(sku) - reserved, backorders, supplies.get(sku) ?? []);
    available.add(sku, least > 0n ? least : 0n);
  }
  return available;
}

/** Only how an order's open units are split between places and backorder is Crossdock's word. */
function collectWaiting({ facts, today }: Drawn): Map<string, Change[]> {
  const waiting = new Map<string, Change[]>();
  for (const line of facts.crossdock.orders.flatMap((order) => order.lines)) {
    if (line.backordered === 0n) continue;
    const on = line.promisedAt.slice(0, 10);
    // A date that has passed is owed now; without a date the next supply is for it.
    const change = { on: on === "" ? NEXT : on <= today ? "" : on, supply: 0n, owed: line.backordered };
    push(waiting, line.sku, change);
  }
  return waiting;
}

const NEXT = "next";
const END = "9999-12-31";

/** Overdue purchase orders count for nothing until they are dated anew. */
function collectSupplies({ facts, today }: Drawn): Map<string, Change[]> {
  const supplies = new Map<string, Change[]>();
  for (const { sku, open, dueOn } of facts.erp.purchases) {
    if (open > 0n && dueOn > today) push(supplies, sku, { on: dueOn, supply: open, owed: 0n });
  }
  return supplies;
}

function push(map: Map<string, Change[]>, sku: string, change: Change): void {
  const changes = map.get(sku);
  if (changes === undefined) map.set(sku, [change]);
  else changes.push(change);
}

function leastAhead(now: bigint, waiting: readonly Change[], supplies: readonly Change[]): bigint {
  const next = supplies.reduce((first, { on }) => (on < first ? on : first), END);
  const changes = [
    ...supplies,
    ...waiting.map((change) => (change.on === NEXT ? { ...change, on: next } : change)),
  ];
  const days = Map.groupBy(changes, (change) => change.on);
  let free = now;
  let least = now;
  for (const day of [...days.keys()].sort()) {
    for (const { supply, owed } of days.get(day)!) free += supply - owed;
    if (free < least) least = free;
  }
  return least;
}

/** What one channel may sell: whole units of what may be promised, less the buffer. */
export function lessBuffer(available: bigint, sku: string, drawn: Drawn): bigint {
  const rules = drawn.buffers.filter((buffer) => (buffer.sku ?? sku) === sku);
  const buffer = rules.find((rule) => rule.sku !== undefined) ?? rules[0];
  if (buffer === undefined) return available - (available % ONE);
  const percent = readFigure(buffer.percent);
  const kept = readFigure(buffer.quantity) * 100n * ONE + available * percent;
  const rest = available * 100n * ONE - kept;
  return rest <= 0n ? 0n : (rest / (100n * ONE * ONE)) * ONE;
}

function readFigure(text: string | undefined): bigint {
  const figure = readExact(text ?? "0");
  if (figure === undefined) throw new BooksError("books.usage", `A buffer of ${text} is no decimal.`);
  return figure;
}

/**
 * Units promised beyond what was there, by location and SKU. A place is asked for goods after they were promised
 * from it, so at any moment what it was asked for and has not given up must have been there by then: what stood
 * there at the start and what came in. What counts and damage took away later is a shortfall, not oversold.
 */
export function oversold({ facts }: Drawn): Tally {
  const beyond = new Tally();
  const allocated = new Tally();
  for (const line of facts.crossdock.orders.flatMap((order) => order.lines)) {
    for (const place of line.places) allocated.add(`${place.location} ${line.sku}`, place.allocated);
  }
  for (const warehouse of facts.warehouses) {
    const moments = Map.groupBy(warehouse.moments, (moment) => moment.sku);
    for (const [sku, opening] of openings(warehouse)) {
      const place = `${warehouse.location} ${sku}`;
      const own = moments.get(sku) ?? [];
      const everThere = own.reduce(
        (sum, { kind, quantity }) => sum + (kind === "supply" ? quantity : 0n),
        opening,
      );
      const promised = allocated.get(place) - everThere;
      const asked = mostBeyond(own, opening);
      const most = promised > asked ? promised : asked;
      if (most > 0n) beyond.add(place, most);
    }
  }
  return beyond;
}

/** What stood there before anything moved. */
function openings({ stock, goods, moments }: Warehouse): Map<string, bigint> {
  const opening = new Map<string, bigint>();
  for (const { sku } of moments) opening.set(sku, 0n);
  for (const [sku, { physical }] of stock) opening.set(sku, physical);
  for (const { sku, quantity, isHeld } of goods) {
    if (!isHeld) opening.set(sku, (opening.get(sku) ?? 0n) - quantity);
  }
  return opening;
}

/** Of one moment, goods that came in count before goods that were asked for. */
const ranks = { supply: 0, "given-up": 1, demand: 2 } as const;

function mostBeyond(moments: readonly Moment[], opening: bigint): bigint {
  let free = opening;
  let most = 0n;
  for (const { kind, quantity } of moments.toSorted(
    (a, b) => a.atMs - b.atMs || ranks[a.kind] - ranks[b.kind],
  )) {
    free += kind === "demand" ? -quantity : quantity;
    if (-free > most) most = -free;
  }
  return most;
}

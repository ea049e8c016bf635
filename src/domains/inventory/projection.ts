// The free stock of a SKU over time: on hand, plus dated supply, less what is owed. Its least value from a time
// on is what can be promised at that time without taking from anybody who was promised a later one.
import type { Decimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { isPromising } from "./promising.ts";
import type { StockItem } from "./state.ts";

export interface Horizon {
  now: Time;
  /** now or later */
  from: Time;
  /** Absent: all places together, and backorders, which belong to none. */
  location: string | undefined;
  /** Leaves backorders without a date out. */
  skipWaiting: boolean;
  /** What each place keeps; absent: nothing. */
  safety: ((location: string) => Decimal) | undefined;
}

interface Change {
  at: Time;
  location: string;
  /** Supply raises a place's stock; a commitment only lowers what is free. */
  supply: Decimal;
  owed: Decimal;
}

/**
 * Supply that is overdue counts for nothing until it is dated anew; what is owed and overdue is owed now. A
 * backorder with a date is owed at it. Backorders without one are owed when the next dated supply comes, or at
 * the end of time where none is dated: either way everything that is promised is within everything that is
 * known to come, and stock on hand is kept for them only as far as dated supply does not cover them.
 */
export function leastFree(item: StockItem, horizon: Horizon): Decimal {
  const { now, from, location } = horizon;
  const stock = new PlaceStock(horizon.safety);
  for (const level of item.levels) {
    if (isPromising(item, level) && (location === undefined || level.location === location)) {
      stock.add(level.location, level.onHand);
    }
  }
  let later: Change[] | undefined;
  let nextSupply: Time | "" = "";
  for (const line of item.inbound) {
    if (line.quantity <= 0n || line.dueAt < now) continue;
    if (nextSupply === "" || line.dueAt < nextSupply) nextSupply = line.dueAt;
    if (location !== undefined && line.location !== location) continue;
    if (line.dueAt <= from) stock.add(line.location, line.quantity);
    else {
      later ??= [];
      later.push({ at: line.dueAt, location: line.location, supply: line.quantity, owed: 0n });
    }
  }
  let owed = 0n;
  let waiting = 0n;
  for (const { location: place, dueAt, quantity } of item.commitments) {
    if (location !== undefined && place !== location) continue;
    if (place === "" && dueAt === "") waiting += quantity;
    else if (dueAt <= from) owed += quantity;
    else {
      later ??= [];
      later.push({ at: dueAt, location: "", supply: 0n, owed: quantity });
    }
  }
  if (horizon.skipWaiting) waiting = 0n;
  if (waiting > 0n && nextSupply !== "") {
    if (nextSupply <= from) owed += waiting;
    else {
      later ??= [];
      later.push({ at: nextSupply, location: "", supply: 0n, owed: waiting });
    }
    waiting = 0n;
  }
  return later === undefined ? stock.free() - owed - waiting : leastAlong(stock, owed, later, waiting);
}

/**
 * `waiting` is owed at the end. What changes at one instant counts together: its supply stands before what is
 * owed in the list, the sort keeps it so, and a value on the way is never below the one at the end of it.
 */
function leastAlong(stock: PlaceStock, owedBefore: Decimal, later: Change[], waiting: Decimal): Decimal {
  later.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  let owed = owedBefore;
  let least = stock.free() - owed;
  for (let index = 0; index < later.length; index++) {
    const change = later[index]!;
    if (change.supply > 0n) stock.add(change.location, change.supply);
    owed += change.owed;
    const free = stock.free() - owed;
    if (free < least) least = free;
  }
  const end = stock.free() - owed - waiting;
  return end < least ? end : least;
}

/** Stock by place, of which each place keeps its safety stock, as far as it has it. */
class PlaceStock {
  private readonly safety: Horizon["safety"];
  private readonly places: Map<string, Decimal> | undefined;
  private total = 0n;

  constructor(safety: Horizon["safety"]) {
    this.safety = safety;
    this.places = safety === undefined ? undefined : new Map();
  }

  add(location: string, quantity: Decimal): void {
    this.total += quantity;
    this.places?.set(location, (this.places.get(location) ?? 0n) + quantity);
  }

  free(): Decimal {
    if (this.places === undefined) return this.total;
    let free = 0n;
    for (const [location, quantity] of this.places) {
      const kept = this.safety!(location);
      // What is missing at one place is missing; what a place lacks of its safety stock is not taken from another.
      free += quantity <= 0n ? quantity : quantity > kept ? quantity - kept : 0n;
    }
    return free;
  }
}

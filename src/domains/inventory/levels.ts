// The levels of one SKU as a list that is never changed: found, replaced, rebased.
import { checkRange, type Decimal } from "../../core/decimal.ts";
import type { LevelObserved } from "./contract.ts";
import type { LevelPlace } from "./problem.ts";
import type { StockLevel } from "./state.ts";

/** A level that nothing is known of yet. */
export function newLevel(data: Pick<LevelObserved, "location" | "status" | "owner" | "lot">): StockLevel {
  return {
    location: data.location,
    status: data.status ?? "available",
    owner: data.owner ?? "",
    lot: data.lot ?? "",
    onHand: 0n,
    base: 0n,
    observedAt: "",
    sequence: "",
    movementsAfter: 0,
  };
}

/** Changes what an observation rested on, found out later: both the base and what stands there. */
export function rebaseLevel(levels: StockLevel[], index: number, by: Decimal): StockLevel[] {
  const level = levels[index]!;
  return replaceLevel(levels, index, {
    ...level,
    base: checkRange(level.base + by),
    onHand: checkRange(level.onHand + by),
  });
}

export function isAt(
  place: LevelPlace,
  location: string,
  status: string,
  owner: string,
  lot: string,
): boolean {
  return place.location === location && place.status === status && place.owner === owner && place.lot === lot;
}

export function findLevel(
  levels: StockLevel[],
  location: string,
  status: string,
  owner: string,
  lot: string,
): number {
  for (let index = 0; index < levels.length; index++) {
    if (isAt(levels[index]!, location, status, owner, lot)) return index;
  }
  return -1;
}

/** A new level goes to the end, so that an index means the same level before and after. */
export function replaceLevel(levels: StockLevel[], index: number, level: StockLevel): StockLevel[] {
  const copy = levels.slice();
  if (index < 0) copy.push(level);
  else copy[index] = level;
  return copy;
}

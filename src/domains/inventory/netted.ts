// What a place's own net figure has taken off already: units of a promise, and since when. Where an observation nets
// them they still stand there, and its base is told higher by them.
import { checkRange, type Decimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import { findLevel, rebaseLevel } from "./levels.ts";
import type { Netted, StockLevel } from "./state.ts";
import { netsAllocation } from "./statement-order.ts";

const NONE: Netted[] = [];

export const sumNetted = (netted: readonly Netted[]): Decimal =>
  netted.reduce((sum, { quantity }) => sum + quantity, 0n);

/** Units that a figure observed then certainly nets. */
export function nettedAt(netted: readonly Netted[], observedAt: Time, resolutionMs: number): Decimal {
  let sum = 0n;
  for (const { quantity, since } of netted) {
    if (netsAllocation(since, observedAt, resolutionMs)) sum += quantity;
  }
  return sum;
}

/** In order of time. */
export function addNetted(netted: readonly Netted[], quantity: Decimal, since: Time): Netted[] {
  const sum = [...netted.map((one) => ({ ...one })), { quantity: checkRange(quantity), since }];
  return sum.sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

/** The first to be allocated is the first to be shipped. */
export function takeNetted(netted: readonly Netted[], wanted: Decimal): { taken: Netted[]; left: Netted[] } {
  if (netted.length === 0 || wanted <= 0n) return { taken: NONE, left: [...netted] };
  const [taken, left]: [Netted[], Netted[]] = [[], []];
  let rest = wanted;
  for (const { quantity, since } of netted) {
    const units = quantity < rest ? quantity : rest;
    if (units > 0n) taken.push({ quantity: units, since });
    if (units < quantity) left.push({ quantity: quantity - units, since });
    rest -= units;
  }
  return { taken, left };
}

/** The level of a place that allocations are added back to, when other units turn out to be netted in its figure. */
export function rebaseNetted(
  levels: StockLevel[],
  location: string,
  before: readonly Netted[],
  after: readonly Netted[],
  resolutionMs: number,
): StockLevel[] {
  if (before.length === 0 && after.length === 0) return levels;
  const index = findLevel(levels, location, "available", "", "");
  const observedAt = index < 0 ? "" : levels[index]!.observedAt;
  if (observedAt === "") return levels;
  const by = nettedAt(after, observedAt, resolutionMs) - nettedAt(before, observedAt, resolutionMs);
  return by === 0n ? levels : rebaseLevel(levels, index, by);
}

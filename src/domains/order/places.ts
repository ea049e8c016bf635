// Chooses among places by how much of an order each set of them covers. A few hundred sets are tried at most, the
// small ones first; with more places than that allows, the place that adds most is added until nothing is missing.
import { type Decimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { AllocationPolicy } from "./policy.ts";

/** An order's lines against what every place has. Places and SKUs are indexes. */
export interface Table {
  places: readonly string[];
  /** So many places come first and are preferred; the others are partners. */
  preferred: number;
  /** SKU → place → what may be promised there. */
  stock: readonly (readonly Decimal[])[];
  /** SKU → what may be promised in all. */
  totals: readonly Decimal[];
  lines: readonly { sku: number; quantity: Decimal; barred: readonly number[] }[];
  /** Over all lines. */
  asked: Decimal;
}

export interface Fill {
  /** Per line: what each place gives. */
  pieces: { place: number; quantity: Decimal }[][];
  covered: Decimal;
  /** Pieces beyond one a line. */
  splits: number;
}

/** A fill of 500 lines takes about 50 µs. */
const SETS_MAX = 256;

/**
 * Serves the lines from some places, in their order. A line comes wholly from the first place that has it all;
 * else (`inOrder`: always) the first place gives what it has, and so on.
 */
export function fill(table: Table, places: readonly number[], inOrder: boolean): Fill {
  const stock = table.stock.map((row) => row.slice());
  const totals = table.totals.slice();
  const filled: Fill = { pieces: [], covered: ZERO, splits: 0 };
  for (const { sku, quantity, barred } of table.lines) {
    const row = stock[sku]!;
    const usable = barred.length === 0 ? places : places.filter((place) => !barred.includes(place));
    const pieces: Fill["pieces"][number] = [];
    let left = minDecimal(quantity, totals[sku]!);
    while (left > ZERO) {
      const place = nextPlace(row, usable, left, inOrder);
      if (place === undefined) break;
      const taken = minDecimal(left, row[place]!);
      row[place] = row[place]! - taken;
      totals[sku] = totals[sku]! - taken;
      left -= taken;
      filled.covered += taken;
      pieces.push({ place, quantity: taken });
    }
    filled.splits += Math.max(0, pieces.length - 1);
    filled.pieces.push(pieces);
  }
  return filled;
}

function nextPlace(
  row: readonly Decimal[],
  places: readonly number[],
  left: Decimal,
  inOrder: boolean,
): number | undefined {
  let first: number | undefined;
  for (const place of places) {
    if (!inOrder && row[place]! >= left) return place;
    if (first === undefined && row[place]! > ZERO) first = place;
  }
  return first;
}

export function choosePlaces(table: Table, split: AllocationPolicy["split"]): readonly number[] {
  const all = table.places.map((_, place) => place);
  if (split === "allow") return all;
  if (split === "never") return onePlace(table, all);
  const target = fill(table, all, false).covered;
  if (target === ZERO) return [];
  const preferred = all.slice(0, table.preferred);
  const enough = fill(table, preferred, false).covered >= target;
  return fewestPlaces(table, enough ? preferred : all, target);
}

/** The first that has everything; else the preferred one that has most; else the partner that has most. */
function onePlace(table: Table, all: readonly number[]): readonly number[] {
  const covered = all.map((place) => fill(table, [place], false).covered);
  const whole = covered.indexOf(table.asked);
  if (whole >= 0) return [whole];
  for (const places of [all.slice(0, table.preferred), all.slice(table.preferred)]) {
    let best: number | undefined;
    for (const place of places) {
      if (covered[place]! > (best === undefined ? ZERO : covered[best]!)) best = place;
    }
    if (best !== undefined) return [best];
  }
  return [];
}

/** Of the smallest sets that cover the target: fewest partners, then fewest split lines, then preference. */
function fewestPlaces(table: Table, candidates: readonly number[], target: Decimal): readonly number[] {
  let tried = 0;
  for (let size = 1; size <= candidates.length; size++) {
    let best: { places: readonly number[]; partners: number; splits: number } | undefined;
    for (const places of setsOf(candidates, size)) {
      if (++tried > SETS_MAX) return best?.places ?? mostAdded(table, candidates, target);
      const { covered, splits } = fill(table, places, false);
      if (covered < target) continue;
      const partners = places.filter((place) => place >= table.preferred).length;
      const isBetter =
        best === undefined ||
        partners < best.partners ||
        (partners === best.partners && splits < best.splits);
      if (isBetter) best = { places, partners, splits };
    }
    if (best !== undefined) return best.places;
  }
  return candidates;
}

function* setsOf(candidates: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= candidates.length - size; at++) {
    for (const rest of setsOf(candidates, size - 1, at + 1)) yield [candidates[at]!, ...rest];
  }
}

function mostAdded(table: Table, candidates: readonly number[], target: Decimal): readonly number[] {
  let chosen: number[] = [];
  let covered = ZERO;
  while (covered < target && chosen.length < candidates.length) {
    let best: { places: number[]; covered: Decimal } | undefined;
    for (const place of candidates) {
      if (chosen.includes(place)) continue;
      const places = [...chosen, place].sort((a, b) => a - b);
      const reached = fill(table, places, false).covered;
      if (best === undefined || reached > best.covered) best = { places, covered: reached };
    }
    chosen = best!.places;
    covered = best!.covered;
  }
  return chosen;
}

// Which places serve an order's lines: one place that has everything, else the fewest that together have as much
// as all have; a partner only where the preferred places cannot; the rest waits. Pure; promises nothing twice.
import { type Decimal, minDecimal, ZERO } from "../../core/decimal.ts";
import { explainOnePlace, explainPlaces, type Gap, type ServedLine } from "./explain.ts";
import { choosePlaces, type Fill, fill, type Table } from "./places.ts";
import type { AllocationPolicy } from "./policy.ts";

export interface AllocationLine {
  lineId: string;
  sku: string;
  quantity: Decimal;
  /** Places that have refused it. */
  barred?: readonly string[];
}

export interface AllocationRequest {
  lines: readonly AllocationLine[];
  /** Everything or nothing. */
  shipComplete: boolean;
  /** Places that serve this order already: where orders are never split, no other one may. */
  serving?: readonly string[];
}

/** What may be promised. A place never has more than all places together. */
export interface Supply {
  at(sku: string, location: string): Decimal;
  total(sku: string): Decimal;
}

export interface Allocated {
  allocations: { lineId: string; sku: string; location: string; quantity: Decimal }[];
  backordered: { lineId: string; sku: string; quantity: Decimal }[];
  explanation: string[];
}

export function allocate(request: AllocationRequest, supply: Supply, policy: AllocationPolicy): Allocated {
  if (request.lines.length === 0) return { allocations: [], backordered: [], explanation: [] };
  const gaps: Gap[] = [];
  const one = onePlace(request, supply, policy, gaps);
  if (one !== undefined) return fromOnePlace(request.lines, one, gaps);
  const table = tabulate(request, supply, policy);
  const filled = fill(table, choosePlaces(table, policy.split), policy.split === "allow");
  const served = serve(request.lines, table, filled);
  const complete = filled.covered === table.asked;
  const held = request.shipComplete && !complete;
  const result = { allocations: [], backordered: [], explanation: explainPlaces(served, gaps, held) };
  return collect(result, held ? served.map((line) => ({ ...line, pieces: [] })) : served);
}

/** The first preferred place that has everything: what most orders get, without looking any further. */
function onePlace(
  request: AllocationRequest,
  supply: Supply,
  policy: AllocationPolicy,
  gaps: Gap[],
): string | undefined {
  const serving = policy.split === "never" ? (request.serving ?? []) : [];
  const places = serving.length > 0 ? serving : policy.prefer;
  const needs = needsOf(request.lines);
  for (const location of places) {
    const gap = findGap(request.lines, needs, supply, location);
    if (gap === undefined) return location;
    gaps.push(gap);
    // Where splitting is welcome, the first place gives what it has.
    if (policy.split === "allow") return undefined;
  }
  return undefined;
}

function needsOf(lines: readonly AllocationLine[]): Map<string, Decimal> {
  const needs = new Map<string, Decimal>();
  for (const { sku, quantity } of lines) needs.set(sku, (needs.get(sku) ?? ZERO) + quantity);
  return needs;
}

/** The first thing that a place lacks. */
function findGap(
  lines: readonly AllocationLine[],
  needs: ReadonlyMap<string, Decimal>,
  supply: Supply,
  location: string,
): Gap | undefined {
  for (const line of lines) {
    if (line.barred?.includes(location)) return { location, sku: line.sku, refused: true };
  }
  for (const [sku, need] of needs) {
    const had = supply.at(sku, location);
    if (had < need) return { location, sku, had, need };
  }
  return undefined;
}

function fromOnePlace(lines: readonly AllocationLine[], location: string, gaps: readonly Gap[]): Allocated {
  return {
    allocations: lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, location, quantity })),
    backordered: [],
    explanation: explainOnePlace(location, gaps),
  };
}

function tabulate(request: AllocationRequest, supply: Supply, policy: AllocationPolicy): Table {
  const serving = policy.split === "never" ? (request.serving ?? []) : [];
  const preferred = serving.length > 0 ? serving : policy.prefer;
  const overflow = serving.length > 0 ? [] : policy.overflow.filter((place) => !preferred.includes(place));
  const places = [...preferred, ...overflow];
  const skus = [...needsOf(request.lines).keys()];
  const index = new Map(skus.map((sku, at) => [sku, at]));
  const stock = skus.map((sku) => places.map((place) => supply.at(sku, place)));
  return {
    places,
    preferred: preferred.length,
    stock,
    totals: skus.map((sku, at) => minDecimal(supply.total(sku), sum(stock[at]!))),
    lines: request.lines.map(({ sku, quantity, barred = [] }) => ({
      sku: index.get(sku)!,
      quantity,
      barred: barred.map((place) => places.indexOf(place)),
    })),
    asked: sum(request.lines.map((line) => line.quantity)),
  };
}

const sum = (values: readonly Decimal[]): Decimal => values.reduce((left, right) => left + right, ZERO);

function serve(lines: readonly AllocationLine[], table: Table, filled: Fill): ServedLine[] {
  return lines.map(({ lineId, sku, quantity }, index) => ({
    lineId,
    sku,
    quantity,
    pieces: filled.pieces[index]!.map((piece) => ({
      location: table.places[piece.place]!,
      quantity: piece.quantity,
    })),
  }));
}

function collect(result: Allocated, served: readonly ServedLine[]): Allocated {
  for (const { lineId, sku, quantity, pieces } of served) {
    let left = quantity;
    for (const piece of pieces) {
      result.allocations.push({ lineId, sku, ...piece });
      left -= piece.quantity;
    }
    if (left > ZERO) result.backordered.push({ lineId, sku, quantity: left });
  }
  return result;
}

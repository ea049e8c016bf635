// Changes what an order is promised: one decision with its explanation, and one reservation made or given back for
// each of its figures, so that reservations and order never differ.
import { type Decimal, formatDecimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { Allocated } from "./allocate.ts";
import type { Decision, Promised } from "./decision.ts";
import { findLine } from "./lines.ts";
import { promiseDate, shipTime, withoutOwn } from "./supply.ts";

export interface PromiseChange {
  /** Taken back; an empty location is a backorder. */
  withdrawn: readonly Promised[];
  /** Those of them that their place's figure no longer covers. */
  lost?: readonly Promised[];
  allocated: Allocated;
  /** Held for the order before: they become firm where they are. */
  held?: readonly Promised[];
  /** Explanations beside those of the allocation. */
  because?: readonly string[];
}

export interface Backorder {
  lineId: string;
  sku: string;
  quantity: Decimal;
  promisedAt: Time | "";
}

export function changePromise(d: Decision, change: PromiseChange): void {
  const { allocated, held = [] } = change;
  const { withdrawn, dated } = netBackorders(d, change.withdrawn, dateBackorders(d, change));
  if (withdrawn.length + held.length + allocated.allocations.length + dated.length === 0) return;
  const shipAt = shipTime(d.order, d.now);
  const dueAt = shipAt > d.now ? shipAt : "";
  d.decide("order.allocated", {
    allocations: [...held, ...allocated.allocations].map(asText),
    backordered: dated.map(({ lineId, sku, quantity, promisedAt }) => ({
      lineId,
      sku,
      quantity: formatDecimal(quantity),
      ...(promisedAt === "" ? undefined : { promisedAt }),
    })),
    ...(withdrawn.length === 0 ? undefined : { withdrawn: withdrawn.map(withDoubt) }),
    explanation: [...(change.because ?? []), ...allocated.explanation, ...dated.flatMap(tellDate)],
  });
  // A backorder that is dated anew is made before the old one is given back: so it keeps its age.
  for (const backorder of dated) d.reserve({ ...backorder, location: "" }, backorder.promisedAt);
  for (const promised of withdrawn) d.giveBack(promised, "re-sourced");
  for (const promised of held) d.keep(promised, { kind: "firm", dueAt });
  for (const promised of allocated.allocations) d.reserve(promised, dueAt);
}

/** What waits on as before is neither taken back nor made anew. */
function netBackorders(
  d: Decision,
  withdrawn: readonly Promised[],
  dated: readonly Backorder[],
): { withdrawn: Promised[]; dated: Backorder[] } {
  const kept = new Map<string, Decimal>();
  for (const { lineId, promisedAt, quantity } of dated) {
    const line = findLine(d.order, lineId)!;
    if (line.backordered > ZERO && line.promisedAt === promisedAt) kept.set(lineId, quantity);
  }
  if (kept.size === 0) return { withdrawn: [...withdrawn], dated: [...dated] };
  const net = new Map(kept);
  const left = withdrawn.flatMap((one) => {
    const stays = one.location === "" ? minDecimal(one.quantity, net.get(one.lineId) ?? ZERO) : ZERO;
    if (stays > ZERO) net.set(one.lineId, net.get(one.lineId)! - stays);
    return stays === one.quantity ? [] : [{ ...one, quantity: one.quantity - stays }];
  });
  const more = dated.flatMap((one) => {
    const quantity = net.get(one.lineId) ?? one.quantity;
    return quantity === ZERO ? [] : [{ ...one, quantity }];
  });
  return { withdrawn: left, dated: more };
}

const asText = ({ lineId, sku, location, quantity }: Promised) => ({
  lineId,
  sku,
  location,
  quantity: formatDecimal(quantity),
});

const withDoubt = (promised: Promised) => ({
  ...asText(promised),
  ...(promised.doubted === undefined ? undefined : { doubted: promised.doubted }),
});

function tellDate({ lineId, sku, promisedAt }: Backorder): string[] {
  return promisedAt === "" ? [] : [`Line ${lineId}, ${sku}: promised for ${promisedAt}.`];
}

/** An order that ships complete is promised for the day on which its last line is there. */
function dateBackorders(d: Decision, change: PromiseChange): Backorder[] {
  const taken = new Map<string, Decimal>();
  const take = (sku: string, units: Decimal) => taken.set(sku, (taken.get(sku) ?? ZERO) + units);
  for (const { sku, quantity } of change.allocated.allocations) take(sku, quantity);
  const from = shipTime(d.order, d.now);
  const dated = change.allocated.backordered.map(({ lineId, sku, quantity }) => {
    const waited = change.withdrawn.filter((one) => one.location === "");
    const item = [...waited, ...(change.lost ?? [])].reduce(
      (held, one) => (one.sku === sku ? withoutOwn(held, d.order, one) : held),
      d.context.stock(sku),
    );
    const wanted = { quantity, taken: taken.get(sku) ?? ZERO, from, isThere: d.order.shipComplete };
    const promisedAt = promiseDate(item, wanted, d.context);
    take(sku, quantity);
    return { lineId, sku, quantity, promisedAt };
  });
  if (!d.order.shipComplete) return dated;
  const last = dated.reduce((latest, { promisedAt }) => (promisedAt > latest ? promisedAt : latest), "");
  // Where all of it is there and it waits all the same, no date would tell anything.
  const unknown = last === from || dated.some(({ promisedAt }) => promisedAt === "");
  return dated.map((one) => ({ ...one, promisedAt: unknown ? "" : last }));
}

// What may be promised of a SKU, when and where, and what a channel may sell of it. Nothing here is promised
// twice: a decision of no more than what these functions answer leaves every later answer at zero or above.
import { type Decimal, formatDecimal, SCALE } from "../../core/decimal.ts";
import { differenceMs, type Time } from "../../core/time.ts";
import type { StockPolicy } from "./policy.ts";
import { bufferFor, safetyRules, scaledPercent } from "./policy-index.ts";
import { leastFree } from "./projection.ts";
import { isOurs, isPromising } from "./promising.ts";
import type { Reservation, StockItem, StockStatusCode } from "./state.ts";

export interface AvailabilityQuery {
  now: Time;
  /** The day of the promise; now where absent or past. */
  at?: Time;
  /** What that place alone can promise: never more than all places together. */
  location?: string;
  /**
   * Asked for an order that waits already: others that wait without a date are not ahead of it. The order in
   * which they are looked at decides between them.
   */
  forBackorder?: boolean;
}

/** Available to promise from `at` on: it is there at that time and not owed to anybody at any later one. */
export function availableToPromise(item: StockItem, query: AvailabilityQuery, policy: StockPolicy): Decimal {
  const { now, location } = query;
  const from = query.at !== undefined && query.at > now ? query.at : now;
  const safety = safetyRules(policy, item.sku);
  const overall = leastFree(item, {
    now,
    from,
    location: undefined,
    skipWaiting: query.forBackorder === true,
    safety,
  });
  if (overall <= 0n) return 0n;
  if (location === undefined) return overall;
  const there = leastFree(item, { now, from, location, skipWaiting: true, safety });
  return there <= 0n ? 0n : there < overall ? there : overall;
}

export interface Sellable {
  quantity: Decimal;
  /** The oldest observation that the figure rests on; empty where some stock was never observed. */
  asOf: Time | "";
}

/** What one channel is told that it may sell now, over all places. */
export function sellable(item: StockItem, channel: string, policy: StockPolicy, now: Time): Sellable {
  const promisable = availableToPromise(item, { now }, policy);
  return {
    quantity: channelFigure(promisable, item, channel, policy, agedUnits(item, policy, now)),
    asOf: oldestObservation(item),
  };
}

/**
 * What a channel may sell in whole units, buffers and ageing (`aged`: from agedUnits) taken off. A channel that takes
 * its own open orders off by itself is told what is reserved for them on top, so that it arrives at that figure.
 */
export function channelFigure(
  promisable: Decimal,
  item: StockItem,
  channel: string,
  policy: StockPolicy,
  aged: bigint,
): Decimal {
  let figure = lessBuffers(promisable, item, channel, policy, aged);
  if (policy.netting.includes(channel)) {
    for (const held of item.commitments) if (held.channel === channel) figure += held.quantity;
  }
  return figure;
}

/** Hundredths scaled by 10^6. */
const WHOLE = 100_000_000n;

/** Exact until the one cut to whole units, downwards. */
function lessBuffers(
  promisable: Decimal,
  item: StockItem,
  channel: string,
  policy: StockPolicy,
  aged: bigint,
): Decimal {
  const buffer = bufferFor(policy, channel, item.sku);
  if (buffer === undefined && aged === 0n) return promisable - (promisable % SCALE);
  const kept = buffer === undefined ? 0n : buffer.quantity * WHOLE + promisable * buffer.percent;
  const rest = promisable * WHOLE - kept - aged;
  return rest <= 0n ? 0n : (rest / (WHOLE * SCALE)) * SCALE;
}

/**
 * What is kept back since observations are old: the percentage of each level by its age, times WHOLE. A level
 * that was never observed counts as older than all.
 */
export function agedUnits(item: StockItem, policy: StockPolicy, now: Time): bigint {
  if (policy.ageing.length === 0) return 0n;
  let units = 0n;
  for (const level of item.levels) {
    if (!isPromising(item, level) || level.onHand <= 0n) continue;
    const ageMs = level.observedAt === "" ? Number.POSITIVE_INFINITY : differenceMs(now, level.observedAt);
    let percent = 0;
    for (const step of policy.ageing)
      if (ageMs > step.afterMs && step.percent > percent) percent = step.percent;
    units += level.onHand * scaledPercent(percent);
  }
  return units;
}

/** Levels that hold nothing count only where none holds anything: their zero is what the figure rests on then. */
export function oldestObservation(item: StockItem): Time | "" {
  let oldest: Time | "" | undefined;
  let holds = false;
  for (const level of item.levels) {
    if (!isPromising(item, level)) continue;
    if (level.onHand !== 0n && !holds) {
      holds = true;
      oldest = level.observedAt;
    } else if (level.onHand !== 0n || !holds) {
      if (oldest === undefined || level.observedAt < oldest) oldest = level.observedAt;
    }
  }
  return oldest ?? "";
}

/** Our own stock at one place, over all lots. */
export function onHandAt(item: StockItem, location: string, status: StockStatusCode = "available"): Decimal {
  let sum = 0n;
  for (const level of item.levels) {
    if (level.location === location && level.status === status && isOurs(item, level)) sum += level.onHand;
  }
  return sum;
}

/** Promised from one place, at whatever time it is due; the empty place: what waits as backorder. */
export function reservedAt(item: StockItem, location: string): Decimal {
  let sum = 0n;
  for (const commitment of item.commitments) if (commitment.location === location) sum += commitment.quantity;
  return sum;
}

/** Promised from one place and due by now. */
export function owedBy(item: StockItem, location: string, now: Time): Decimal {
  let sum = 0n;
  for (const { location: place, dueAt, quantity } of item.commitments) {
    if (place === location && dueAt <= now) sum += quantity;
  }
  return sum;
}

/** Units of one order line. */
export interface Allocated {
  orderId: string;
  lineId: string;
  /** Decimal text, in base units. */
  quantity: string;
}

/**
 * Whose promises a shortfall at a place puts at risk, the latest first: who was promised earlier is served
 * first. `now` leaves out what is due later; without it every promise of the place counts.
 */
export function describeShortfall(
  item: StockItem,
  location: string,
  reservations: readonly Reservation[],
  now?: Time,
): Allocated[] {
  const there = reservations.filter(
    (r) => r.location === location && (now === undefined || r.dueAt === undefined || r.dueAt <= now),
  );
  const onHand = onHandAt(item, location);
  let short =
    there.reduce((sum, reservation) => sum + reservation.quantity, 0n) - (onHand > 0n ? onHand : 0n);
  const atRisk: Allocated[] = [];
  for (const { orderId, lineId, quantity } of there.sort(latestFirst)) {
    if (short <= 0n) break;
    atRisk.push({ orderId, lineId, quantity: formatDecimal(quantity < short ? quantity : short) });
    short -= quantity;
  }
  return atRisk;
}

function latestFirst(a: Reservation, b: Reservation): number {
  if (a.madeAt !== b.madeAt) return a.madeAt < b.madeAt ? 1 : -1;
  if (a.orderId !== b.orderId) return a.orderId < b.orderId ? 1 : -1;
  return a.lineId < b.lineId ? 1 : -1;
}

// Looks the most specific rule of a stock policy up. A policy may hold a rule per SKU, and is asked several
// times an event, so its lists are indexed once each; a configuration is never changed in place.
import type { Decimal } from "../../core/decimal.ts";
import type { StockPolicy } from "./policy.ts";

const ANY = "*";

type ByTwo<T> = Map<string, Map<string, T>>;

const safetyIndexes = new WeakMap<StockPolicy["safety"], ByTwo<Decimal>>();
const bufferIndexes = new WeakMap<StockPolicy["buffers"], ByTwo<Buffer>>();

/** What one channel does not get of what may be promised. */
export interface Buffer {
  quantity: Decimal;
  /** Hundredths, scaled by 10^6. */
  percent: bigint;
}

/** The units that a place keeps of a SKU; undefined where no rule is about it. SKU before place, exact before any. */
export function safetyRules(policy: StockPolicy, sku: string): ((location: string) => Decimal) | undefined {
  if (policy.safety.length === 0) return undefined;
  let index = safetyIndexes.get(policy.safety);
  if (index === undefined) {
    index = new Map();
    for (const rule of policy.safety) put(index, rule.sku, rule.location, rule.quantity, greater);
    safetyIndexes.set(policy.safety, index);
  }
  const exact = index.get(sku);
  const any = index.get(ANY);
  if (exact === undefined && any === undefined) return undefined;
  return (location) => exact?.get(location) ?? exact?.get(ANY) ?? any?.get(location) ?? any?.get(ANY) ?? 0n;
}

/** Channel before SKU, exact before any. */
export function bufferFor(policy: StockPolicy, channel: string, sku: string): Buffer | undefined {
  if (policy.buffers.length === 0) return undefined;
  let index = bufferIndexes.get(policy.buffers);
  if (index === undefined) {
    index = new Map();
    for (const { channel: to, sku: of, quantity, percent } of policy.buffers) {
      put(index, to, of, { quantity, percent: scaledPercent(percent) }, larger);
    }
    bufferIndexes.set(policy.buffers, index);
  }
  const exact = index.get(channel);
  const any = index.get(ANY);
  return exact?.get(sku) ?? exact?.get(ANY) ?? any?.get(sku) ?? any?.get(ANY);
}

/** A percentage as a count of millionths of it; finer ones are rounded. */
export const scaledPercent = (percent: number): bigint => BigInt(Math.round(percent * 1_000_000));

/** Of two rules about the same thing the more careful one holds. */
function put<T>(index: ByTwo<T>, first: string, second: string, value: T, choose: (a: T, b: T) => T): void {
  const inner = index.get(first) ?? new Map<string, T>();
  index.set(first, inner);
  const held = inner.get(second);
  inner.set(second, held === undefined ? value : choose(held, value));
}

const greater = (a: Decimal, b: Decimal): Decimal => (a > b ? a : b);
const larger = (a: Buffer, b: Buffer): Buffer => ({
  quantity: greater(a.quantity, b.quantity),
  percent: greater(a.percent, b.percent),
});

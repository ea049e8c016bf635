// How far stock that is held covers what is asked for now: lines are the same where number and SKU are. Pure.
import { type Decimal, minDecimal, ZERO } from "../../core/decimal.ts";
import type { AllocationLine } from "./allocate.ts";
import type { HeldUnits } from "./state.ts";

export interface Coverage {
  /** Stay where they are. */
  kept: HeldUnits[];
  /** What is still to be found. */
  wanted: AllocationLine[];
  /** Held, and no longer asked for. */
  surplus: HeldUnits[];
}

export function cover(lines: readonly AllocationLine[], held: readonly HeldUnits[]): Coverage {
  if (held.length === 0) return { kept: [], wanted: [...lines], surplus: [] };
  const left = new Map<HeldUnits, Decimal>(held.map((one) => [one, one.quantity]));
  const byLine = new Map<string, HeldUnits[]>();
  for (const one of held) byLine.set(nameOf(one), [...(byLine.get(nameOf(one)) ?? []), one]);
  const kept: HeldUnits[] = [];
  const wanted: AllocationLine[] = [];
  for (const line of lines) {
    let open = line.quantity;
    for (const one of byLine.get(nameOf(line)) ?? []) {
      const quantity = minDecimal(open, left.get(one)!);
      if (quantity === ZERO) continue;
      kept.push({ ...one, quantity });
      left.set(one, left.get(one)! - quantity);
      open -= quantity;
    }
    if (open > ZERO) wanted.push({ ...line, quantity: open });
  }
  const surplus = [...left].flatMap(([one, quantity]) => (quantity > ZERO ? [{ ...one, quantity }] : []));
  return { kept, wanted, surplus };
}

const nameOf = ({ lineId, sku }: { lineId: string; sku: string }): string => JSON.stringify([lineId, sku]);

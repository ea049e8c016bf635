// A SKU's base unit and the exact ratios of its other units. The base unit cannot change under stock, supply or
// promises: every figure without a unit would be read as another quantity, so the key is held back instead.
import { CrossdockError } from "../../core/errors.ts";
import type { Ratio } from "../../core/unit.ts";
import type { StockChange } from "./change.ts";
import type { ItemDefined } from "./contract.ts";
import type { StockItem } from "./state.ts";
import { changeOf, type StockEvent } from "./stock-event.ts";

export function emptyItem(
  company: string,
  sku: string,
  unit: string,
  ratios: Record<string, Ratio> = {},
): StockItem {
  return { company, sku, unit, ratios, levels: [], inbound: [], commitments: [] };
}

export function defineItem(item: StockItem, event: StockEvent): StockChange {
  const data = event.data as ItemDefined;
  if (data.unit !== item.unit && isInUse(item)) {
    throw new CrossdockError(
      "inventory.unit-changed",
      `${item.sku} is counted in ${item.unit} and cannot be counted in ${data.unit} while there is stock, supply or a promise of it.`,
      { details: { sku: item.sku, from: item.unit, to: data.unit } },
    );
  }
  const ratios: Record<string, Ratio> = {};
  for (const [unit, ratio] of Object.entries(data.ratios)) {
    if (unit === data.unit) continue;
    ratios[unit] = { numerator: BigInt(ratio.numerator), denominator: BigInt(ratio.denominator) };
  }
  if (data.unit === item.unit && sameRatios(ratios, item.ratios)) return changeOf(item, "confirmed");
  return changeOf({ ...item, unit: data.unit, ratios }, "applied");
}

function isInUse(item: StockItem): boolean {
  if (item.commitments.length > 0 || item.inbound.length > 0) return true;
  return item.levels.some((level) => level.onHand !== 0n || level.base !== 0n || level.movementsAfter > 0);
}

function sameRatios(a: Record<string, Ratio>, b: Record<string, Ratio>): boolean {
  const units = Object.keys(a);
  return (
    units.length === Object.keys(b).length &&
    units.every(
      (unit) =>
        Object.hasOwn(b, unit) &&
        a[unit]!.numerator === b[unit]!.numerator &&
        a[unit]!.denominator === b[unit]!.denominator,
    )
  );
}

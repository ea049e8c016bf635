// Quantities in a SKU's base unit, exactly. A unit without a ratio throws `inventory.unit-unknown`.
import { type Decimal, parseDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { convert, unitConversion } from "../../core/unit.ts";
import type { FigureMeaning } from "./policy.ts";
import type { StockItem } from "./state.ts";

/** The unit of a message that names none is the one its source declared, else the base unit. */
export function statedUnit(item: StockItem, figure: FigureMeaning, unit: string | undefined): string {
  return unit ?? figure.unit ?? item.unit;
}

export function toBaseUnit(item: StockItem, quantity: string, unit: string): Decimal {
  const stated = parseDecimal(quantity);
  if (unit === item.unit || stated === 0n) return stated;
  if (!Object.hasOwn(item.ratios, unit)) {
    throw new CrossdockError(
      "inventory.unit-unknown",
      `${item.sku} is counted in ${item.unit}; how many of them one ${unit} holds is not known.`,
      {
        details: { sku: item.sku, unit, base: item.unit, quantity },
      },
    );
  }
  return convert(stated, unitConversion({ base: item.unit, ratios: item.ratios }, unit, item.unit));
}

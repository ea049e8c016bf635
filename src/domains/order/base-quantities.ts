// An order's lines in the base units of their SKUs, by exact ratios: a case of twelve is twelve, not one. A unit
// without a ratio, or a result that is not exact, is a refusal with the line that caused it.
import { type Decimal, formatDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { type Result, refuse } from "../../core/result.ts";
import { convert, type Ratio, unitConversion } from "../../core/unit.ts";
import type { OrderContext } from "./context.ts";
import type { OrderLine } from "./state.ts";

export interface BaseQuantity {
  quantity: Decimal;
  unit: string;
}

export interface UnitRefusal {
  lineId: string;
  sku: string;
  quantity: string;
  unit: string;
  base: string;
  reason: string;
}

/** As it was asked for. */
export type AskedLine = Pick<OrderLine, "lineId" | "sku" | "ordered" | "orderedUnit">;

/** By the order of the lines. */
export function baseQuantities(
  lines: readonly AskedLine[],
  context: OrderContext,
): Result<BaseQuantity[], UnitRefusal> {
  const quantities: BaseQuantity[] = [];
  for (const line of lines) {
    const base = baseQuantity(line, context);
    if ("reason" in base) return refuse(base);
    quantities.push(base);
  }
  return { ok: true, value: quantities };
}

function baseQuantity(line: AskedLine, context: OrderContext): BaseQuantity | UnitRefusal {
  const item = context.stock(line.sku);
  const declared = context.stockPolicy.units[line.sku];
  const unit = item.unit;
  const ordered = line.orderedUnit;
  if (ordered === "" || ordered === unit) return { quantity: line.ordered, unit };
  const ratios: Record<string, Ratio> =
    declared?.base === unit ? { ...declared.ratios, ...item.ratios } : item.ratios;
  try {
    const ratio = unitConversion({ base: unit, ratios }, ordered, unit);
    return { quantity: convert(line.ordered, ratio), unit };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return {
      lineId: line.lineId,
      sku: line.sku,
      quantity: formatDecimal(line.ordered),
      unit: ordered,
      base: unit,
      reason: error.message,
    };
  }
}

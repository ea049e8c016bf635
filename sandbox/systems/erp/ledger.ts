// The valuation ledger: one row per item and plant, opening plus every movement. It may go below zero,
// since a goods issue can be posted before the receipt that it came from.

import { lineAmountPennies, poundsNumber, sum } from "../simulation/amount.ts";
import type { Company } from "./company.ts";
import type { GoodsMovement, LedgerRow, MovementLine } from "./records.ts";

const signs: Record<string, 1 | -1 | 0> = {
  "101": 1,
  "601": -1,
  "551": -1,
  "552": 1,
  "651": 1,
  "311": -1,
  "343": 0,
  "344": 0,
};

function rowOf(company: Company, itemNumber: string, plant: string): LedgerRow {
  const key = `${plant} ${itemNumber}`;
  const held = company.ledgerByKey.get(key);
  if (held) return held;
  const row = company.ledger.add(() => ({
    ItemNumber: itemNumber,
    Plant: plant,
    OpeningQuantity: 0,
    ReceivedQuantity: 0,
    IssuedQuantity: 0,
    Quantity: 0,
    BlockedQuantity: 0,
    StandardPrice: company.items.first("ItemNumber", itemNumber)?.StandardPrice ?? 0,
    Value: 0,
  }));
  company.ledgerByKey.set(key, row);
  return row;
}

export function openLedger(company: Company, itemNumber: string, plant: string, quantity: number): void {
  const row = rowOf(company, itemNumber, plant);
  row.OpeningQuantity = sum(row.OpeningQuantity, quantity);
  row.Quantity = sum(row.Quantity, quantity);
  value(company, row);
}

export function bookLedger(company: Company, movement: GoodsMovement, line: MovementLine): void {
  const row = rowOf(company, line.ItemNumber, movement.Plant);
  const sign = signs[movement.MovementType] as 1 | -1 | 0;
  const isBlocked = line.StockType === "BLOCKED";
  if (sign === 0) {
    // 343 frees blocked stock, 344 blocks free stock; the total stays.
    const change = movement.MovementType === "343" ? -line.Quantity : line.Quantity;
    row.BlockedQuantity = sum(row.BlockedQuantity, change);
  } else {
    apply(row, sign * line.Quantity, isBlocked);
  }
  value(company, row);
  if (movement.MovementType === "311") {
    const receiving = rowOf(company, line.ItemNumber, movement.ReceivingPlant as string);
    apply(receiving, line.Quantity, isBlocked);
    value(company, receiving);
  }
}

function apply(row: LedgerRow, change: number, isBlocked: boolean): void {
  if (change > 0) row.ReceivedQuantity = sum(row.ReceivedQuantity, change);
  else row.IssuedQuantity = sum(row.IssuedQuantity, -change);
  row.Quantity = sum(row.Quantity, change);
  if (isBlocked) row.BlockedQuantity = sum(row.BlockedQuantity, change);
}

function value(company: Company, row: LedgerRow): void {
  row.Value = poundsNumber(lineAmountPennies(row.Quantity, row.StandardPrice, 1));
  company.ledger.touch(row);
}

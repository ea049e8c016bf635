// Which stock is promised: what is fit for sale and ours. Goods of another owner stand at a place, but are not
// ours to sell; the empty owner and the company itself are us.
import type { StockItem, StockLevel } from "./state.ts";

export function isPromising(item: StockItem, level: StockLevel): boolean {
  return level.status === "available" && isOurs(item, level);
}

export function isOurs(item: StockItem, level: StockLevel): boolean {
  return level.owner === "" || level.owner === item.company;
}

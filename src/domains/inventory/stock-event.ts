// An event of one SKU as the pure functions take it, and the ways in which it can end.
import type { Time } from "../../core/time.ts";
import type { Problem } from "../reaction.ts";
import type { StockChange, StockOutcome } from "./change.ts";
import type { StockItem } from "./state.ts";

export interface StockEvent {
  type: string;
  data: unknown;
  source: string;
  /** By the source's clock. */
  time: Time;
  /** By the database's clock. */
  recordedAt: Time;
  id: string;
  /** stockKey(company, sku) */
  key: string;
}

export function changeOf(item: StockItem, outcome: StockOutcome): StockChange {
  return { item, outcome, reservations: [], removed: [], outbound: [], problems: [], solved: [] };
}

export function quarantine(item: StockItem, problem: Problem): StockChange {
  const change = changeOf(item, "quarantined");
  change.problems.push(problem);
  return change;
}

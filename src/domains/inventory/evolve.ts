// What one event does to one SKU. Pure: the arguments are never changed, so a transaction that starts over
// computes the same. Throws only for what must hold the SKU back; everything else is a value with problems.
import { CrossdockError } from "../../core/errors.ts";
import type { StockChange, StockSource } from "./change.ts";
import type { inventoryContracts } from "./contract.ts";
import { expectInbound } from "./inbound.ts";
import { defineItem } from "./item.ts";
import { observeLevel } from "./level.ts";
import { recordMovement } from "./movement.ts";
import { changeReservation, confirmAllocation, release, reserve } from "./reservation.ts";
import type { StockItem, StockRows } from "./state.ts";
import type { StockEvent } from "./stock-event.ts";

export { emptyItem } from "./item.ts";

/** A full set is of a place, not of a SKU: see set.ts. */
export type StockEventType = Exclude<keyof typeof inventoryContracts, "inventory.set.observed">;

export function evolveStock(
  item: StockItem,
  rows: StockRows,
  event: StockEvent,
  source: StockSource,
): StockChange {
  switch (event.type as StockEventType) {
    case "inventory.level.observed":
      return observeLevel(item, rows, event, source);
    case "inventory.movement.recorded":
      return recordMovement(item, rows, event, source);
    case "inventory.reserved":
      return reserve(item, rows, event);
    case "inventory.reservation.changed":
      return changeReservation(item, rows, event);
    case "inventory.released":
      return release(item, rows, event, source);
    case "inventory.inbound.expected":
      return expectInbound(item, event, source);
    case "inventory.allocation.confirmed":
      return confirmAllocation(item, rows, event, source);
    case "inventory.item.defined":
      return defineItem(item, event);
    default:
      throw new CrossdockError("inventory.unknown-event", `${event.type} says nothing of one SKU's stock.`);
  }
}

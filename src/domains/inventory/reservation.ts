// Promises of one SKU: made and given back by decisions, confirmed by a place that nets them itself, consumed
// by goods issues. Commitments always equal the sum of the reservations.
import { checkRange, type Decimal, formatDecimal, parseDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { StockChange, StockSource } from "./change.ts";
import { commit } from "./commitment.ts";
import type { AllocationConfirmed, Released, ReservationChanged, Reserved } from "./contract.ts";
import { findLevel, isFuture, rebaseLevel } from "./level.ts";
import { refusedPlace, stockProblem } from "./problem.ts";
import type { Reservation, StockItem, StockLevel, StockRows } from "./state.ts";
import { netsAllocation } from "./statement-order.ts";
import { changeOf, quarantine, type StockEvent } from "./stock-event.ts";

/**
 * Adds to what the order line already holds at that place; the age stays that of the first promise. A backorder
 * is dated anew as a whole: made again with its new day and then given back by its old quantity, it keeps its
 * age. At a place the later day holds: moved to an earlier one, the old units would be taken from others.
 */
export function reserve(item: StockItem, rows: StockRows, event: StockEvent): StockChange {
  const data = event.data as Reserved;
  const quantity = parseDecimal(data.quantity);
  const held = findReservation(rows, data.orderId, data.lineId, data.location);
  const reservation: Reservation = {
    sku: item.sku,
    orderId: data.orderId,
    lineId: data.lineId,
    location: data.location,
    quantity: checkRange((held?.quantity ?? 0n) + quantity),
    kind: data.kind,
    madeAt: held?.madeAt ?? event.time,
    priority: data.priority ?? 0,
  };
  if (data.expiresAt !== undefined) reservation.expiresAt = parseTime(data.expiresAt);
  const dueAt = dayOf(data.location, held, data.dueAt === undefined ? undefined : parseTime(data.dueAt));
  if (dueAt !== undefined) reservation.dueAt = dueAt;
  // Said again by whoever decides under a newer policy; what was said before it holds otherwise.
  const channel = data.channel ?? held?.channel;
  if (channel !== undefined) reservation.channel = channel;
  let { commitments, levels } = item;
  if (held !== undefined) {
    commitments = commit(commitments, held, -held.quantity);
    // The place confirmed the old quantity alone: until it confirms again, none of it counts as netted.
    levels = rebaseNetted(levels, held.location, held.allocatedAt, -held.quantity, 0);
  }
  commitments = commit(commitments, reservation, reservation.quantity);
  const change = changeOf({ ...item, levels, commitments }, "applied");
  change.reservations.push(reservation);
  return change;
}

/**
 * The units stay reserved where they are while the kind of their promise changes, so that there is no moment at which
 * others could be promised them. Units that a fact took meanwhile do not come back by it.
 */
export function changeReservation(item: StockItem, rows: StockRows, event: StockEvent): StockChange {
  const data = event.data as ReservationChanged;
  const held = findReservation(rows, data.orderId, data.lineId, data.location);
  if (held === undefined) return changeOf(item, "stale");
  const { expiresAt: _expiresAt, dueAt: _dueAt, ...rest } = held;
  const dueAt = dayOf(data.location, held, data.dueAt === undefined ? undefined : parseTime(data.dueAt));
  const reservation: Reservation = { ...rest, kind: data.kind, priority: data.priority ?? 0 };
  if (data.expiresAt !== undefined) reservation.expiresAt = parseTime(data.expiresAt);
  if (dueAt !== undefined) reservation.dueAt = dueAt;
  const freed = commit(item.commitments, held, -held.quantity);
  const commitments = commit(freed, reservation, held.quantity);
  const change = changeOf(dueAt === held.dueAt ? item : { ...item, commitments }, "applied");
  change.reservations.push(reservation);
  return change;
}

/** No day is now. */
function dayOf(location: string, held: Reservation | undefined, dueAt: Time | undefined): Time | undefined {
  if (location === "" || held?.dueAt === undefined) return dueAt;
  return dueAt === undefined || dueAt < held.dueAt ? held.dueAt : dueAt;
}

/** More than there is gives back what there is, and is a problem. */
export function release(item: StockItem, rows: StockRows, event: StockEvent): StockChange {
  const data = event.data as Released;
  const held = findReservation(rows, data.orderId, data.lineId, data.location);
  const live = held?.quantity ?? 0n;
  const wanted = data.quantity === undefined ? live : parseDecimal(data.quantity);
  const released = wanted > live ? live : wanted;
  const change =
    held === undefined || released === 0n
      ? changeOf(item, "confirmed")
      : takeFrom(changeOf(item, "applied"), held, released);
  if (wanted > live) {
    change.problems.push(
      stockProblem(
        "inventory.over-released",
        event,
        `${data.orderId}/${data.lineId}/${data.location}`,
        `${formatDecimal(wanted)} of ${item.sku} were given back for ${data.orderId}, which held ${formatDecimal(live)}.`,
        {
          orderId: data.orderId,
          lineId: data.lineId,
          location: data.location,
          requested: formatDecimal(wanted),
          released: formatDecimal(released),
          reason: data.reason,
        },
      ),
    );
  }
  return change;
}

/** From then on the place's own net figure has these units taken off already. */
export function confirmAllocation(
  item: StockItem,
  rows: StockRows,
  event: StockEvent,
  source: StockSource,
): StockChange {
  const data = event.data as AllocationConfirmed;
  const confirmedAt = parseTime(data.confirmedAt);
  const about = `${data.orderId}/${data.lineId}/${data.location}`;
  const said = { orderId: data.orderId, lineId: data.lineId, confirmedAt };
  const refusal = refusedPlace(item, event, source, data.location, about, said);
  if (refusal !== undefined) return quarantine(item, refusal);
  if (isFuture(confirmedAt, event.recordedAt, source)) {
    const title = `${source.system} dated an allocation of ${item.sku} ${confirmedAt}, later than it was received.`;
    return quarantine(item, stockProblem("inventory.future-observation", event, about, title, said));
  }
  const held = findReservation(rows, data.orderId, data.lineId, data.location);
  if (held === undefined) return changeOf(item, "stale");
  if (source.figure.quantity !== "net") return changeOf(item, "confirmed");
  if (held.allocatedAt !== undefined && held.allocatedAt <= confirmedAt) return changeOf(item, "confirmed");

  const { resolutionMs } = source.clock;
  // A figure that came before its confirmation had netted these units: they stand there.
  const before = rebaseNetted(item.levels, held.location, held.allocatedAt, -held.quantity, resolutionMs);
  const levels = rebaseNetted(before, held.location, confirmedAt, held.quantity, resolutionMs);
  const change = changeOf(levels === item.levels ? item : { ...item, levels }, "applied");
  change.reservations.push({ ...held, allocatedAt: confirmedAt });
  return change;
}

export function findReservation(
  rows: StockRows,
  orderId: string,
  lineId: string,
  location: string,
): Reservation | undefined {
  for (const held of rows.reservations) {
    if (held.orderId === orderId && held.lineId === lineId && held.location === location) return held;
  }
  return undefined;
}

/** Gives a part or all of a reservation up, with its commitment. */
export function takeFrom(change: StockChange, held: Reservation, quantity: Decimal): StockChange {
  if (quantity === 0n) return change;
  const { item } = change;
  change.item = { ...item, commitments: commit(item.commitments, held, -quantity) };
  if (quantity === held.quantity) {
    change.removed.push({
      sku: held.sku,
      orderId: held.orderId,
      lineId: held.lineId,
      location: held.location,
    });
  } else {
    change.reservations.push({ ...held, quantity: held.quantity - quantity });
  }
  return change;
}

/**
 * Where a place's net figure was observed after an allocation, its base holds the allocated units again; when
 * it turns out that they were there, or no longer, the base changes with them.
 */
export function rebaseNetted(
  levels: StockLevel[],
  location: string,
  allocatedAt: Time | undefined,
  by: Decimal,
  resolutionMs: number,
): StockLevel[] {
  if (allocatedAt === undefined || by === 0n) return levels;
  const index = findLevel(levels, location, "available", "", "");
  if (index < 0) return levels;
  const { observedAt } = levels[index]!;
  if (observedAt === "" || !netsAllocation(allocatedAt, observedAt, resolutionMs)) return levels;
  return rebaseLevel(levels, index, by);
}

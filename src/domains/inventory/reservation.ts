// Promises of one SKU: made and given back by decisions, confirmed by a place that nets them itself, consumed
// by goods issues. Commitments always equal the sum of the reservations.
import { checkRange, type Decimal, formatDecimal, parseDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { StockChange, StockSource } from "./change.ts";
import { commit } from "./commitment.ts";
import type { AllocationConfirmed, Released, ReservationChanged, Reserved } from "./contract.ts";
import { isFuture } from "./level.ts";
import { findLevel } from "./levels.ts";
import { addNetted, rebaseNetted, sumNetted, takeNetted } from "./netted.ts";
import { refusedPlace, stockProblem } from "./problem.ts";
import type { Netted, Reservation, StockItem, StockRows } from "./state.ts";
import { compareTimes } from "./statement-order.ts";
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
    netted: held?.netted ?? [],
  };
  if (data.expiresAt !== undefined) reservation.expiresAt = parseTime(data.expiresAt);
  const dueAt = dayOf(data.location, held, data.dueAt === undefined ? undefined : parseTime(data.dueAt));
  if (dueAt !== undefined) reservation.dueAt = dueAt;
  // Said again by whoever decides under a newer policy; what was said before it holds otherwise.
  const channel = data.channel ?? held?.channel;
  if (channel !== undefined) reservation.channel = channel;
  const without = held === undefined ? item.commitments : commit(item.commitments, held, -held.quantity);
  const commitments = commit(without, reservation, reservation.quantity);
  const change = changeOf({ ...item, commitments }, "applied");
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
export function release(
  item: StockItem,
  rows: StockRows,
  event: StockEvent,
  source: StockSource,
): StockChange {
  const data = event.data as Released;
  const held = findReservation(rows, data.orderId, data.lineId, data.location);
  const live = held?.quantity ?? 0n;
  const wanted = data.quantity === undefined ? live : parseDecimal(data.quantity);
  const released = wanted > live ? live : wanted;
  const change =
    held === undefined || released === 0n
      ? changeOf(item, "confirmed")
      : giveBack(item, held, released, data, source.resolutions[data.location] ?? 0);
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

/**
 * What the place never allocated goes first. What it did allocate and has given up itself is in its figures again: one
 * observed since then (or perhaps since then) holds it, and must not be told higher by it.
 */
function giveBack(
  item: StockItem,
  held: Reservation,
  quantity: Decimal,
  { location, freedAt }: Released,
  resolutionMs: number,
): StockChange {
  const netted = sumNetted(held.netted) - (held.quantity - quantity);
  const { taken, left } = takeNetted(held.netted, netted);
  const change = takeFrom(changeOf(item, "applied"), held, quantity, left);
  const observedAt = item.levels[findLevel(item.levels, location, "available", "", "")]?.observedAt ?? "";
  if (freedAt === undefined || taken.length === 0 || observedAt === "") return change;
  if (compareTimes(observedAt, parseTime(freedAt), resolutionMs) < 0) return change;
  const levels = rebaseNetted(item.levels, location, taken, [], resolutionMs);
  if (levels !== item.levels) change.item = { ...change.item, levels };
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
  const netted = source.figure.quantity === "net" ? confirmed(held, data.quantity, confirmedAt) : held.netted;
  if (netted === held.netted) return changeOf(item, "confirmed");

  // A figure that came before its confirmation had netted these units: they stand there.
  const levels = rebaseNetted(item.levels, held.location, held.netted, netted, source.clock.resolutionMs);
  const change = changeOf(levels === item.levels ? item : { ...item, levels }, "applied");
  change.reservations.push({ ...held, netted });
  return change;
}

/** What is netted once these units are too, or all of them where none are named; the same list where nothing is new. */
function confirmed(held: Reservation, quantity: string | undefined, since: Time): Netted[] {
  const open = held.quantity - sumNetted(held.netted);
  const said = quantity === undefined ? open : parseDecimal(quantity);
  const more = said < open ? said : open;
  // All of it is confirmed again, for an earlier time.
  const isEarlier = quantity === undefined && held.netted.some((one) => one.since > since);
  const known = isEarlier
    ? held.netted.map((one) => (one.since > since ? { ...one, since } : one))
    : held.netted;
  return more > 0n ? addNetted(known, more, since) : known;
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

/** Gives a part or all of a reservation up, with its commitment; `left` is netted of what stays. */
export function takeFrom(
  change: StockChange,
  held: Reservation,
  quantity: Decimal,
  left: Netted[],
): StockChange {
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
    change.reservations.push({ ...held, quantity: held.quantity - quantity, netted: left });
  }
  return change;
}

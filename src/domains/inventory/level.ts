// A source says how much it holds: the newest observation, combined with the movements after it, is what stands
// there. What cannot be believed is quarantined with a problem and changes nothing.
import { checkRange, type Decimal, formatDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import { differenceMs, parseTime, type Time } from "../../core/time.ts";
import type { Problem } from "../reaction.ts";
import { statedUnit, toBaseUnit } from "./base-unit.ts";
import type { StockChange, StockSource } from "./change.ts";
import type { LevelObserved } from "./contract.ts";
import { findLevel, isAt, newLevel, replaceLevel } from "./levels.ts";
import { nettedAt } from "./netted.ts";
import { fingerprint, type LevelPlace, placeName, refusedPlace, stockProblem } from "./problem.ts";
import type { StockItem, StockLevel, StockRows } from "./state.ts";
import { compareMovement, compareObservations } from "./statement-order.ts";
import { changeOf, quarantine, type StockEvent } from "./stock-event.ts";

export function observeLevel(
  item: StockItem,
  rows: StockRows,
  event: StockEvent,
  source: StockSource,
): StockChange {
  const data = event.data as LevelObserved;
  const level = newLevel(data);
  const at = parseTime(data.observedAt);
  const refusal = refuse(item, event, source, data, level, at);
  if (refusal !== undefined) return quarantine(item, refusal);
  const figure = readFigure(item, event, source, data, level);
  if (typeof figure !== "bigint") return quarantine(item, figure);

  const { resolutionMs } = source.clock;
  const sequence = data.sequence ?? "";
  const index = findLevel(item.levels, level.location, level.status, level.owner, level.lot);
  const held = index < 0 ? undefined : item.levels[index]!;
  const order =
    held === undefined || held.observedAt === ""
      ? 1
      : compareObservations(at, sequence, held.observedAt, held.sequence, resolutionMs);
  if (order < 0) return changeOf(item, "stale");

  level.base = figure;
  level.observedAt = at;
  level.sequence = sequence;
  combine(
    level,
    held === undefined || held.movementsAfter === 0 ? NONE : rows.movements,
    source.figure.quantity === "net" && isNetted(level) ? rows.reservations : undefined,
    at,
    resolutionMs,
  );
  if (held !== undefined && order === 0) {
    // Inside the clock's resolution nobody knows which came last: what may be promised is the lower figure.
    if (level.status === "available" && level.base > held.base) return changeOf(item, "stale");
    if (level.base === held.base && at <= held.observedAt) return changeOf(item, "confirmed");
  }
  const change = changeOf(
    { ...item, levels: replaceLevel(item.levels, index, level) },
    held !== undefined && held.observedAt !== "" && held.onHand === level.onHand ? "confirmed" : "applied",
  );
  reportNegative(change, event, held, level);
  return change;
}

function refuse(
  item: StockItem,
  event: StockEvent,
  source: StockSource,
  data: LevelObserved,
  place: LevelPlace,
  at: Time,
): Problem | undefined {
  if (source.owners[place.location] !== source.system) {
    const said = {
      quantity: data.quantity,
      unit: data.unit ?? item.unit,
      observedAt: at,
      status: place.status,
    };
    return refusedPlace(item, event, source, place.location, placeName(place), said);
  }
  if (!isFuture(at, event.recordedAt, source)) return undefined;
  return stockProblem(
    "inventory.future-observation",
    event,
    placeName(place),
    `${source.system} dated its figure of ${item.sku} at ${place.location} ${at}, later than it was received.`,
    { location: place.location, quantity: data.quantity, observedAt: at, recordedAt: event.recordedAt },
  );
}

/** Later than the receipt and the skew that the source's clock is allowed. */
export function isFuture(at: Time, recordedAt: Time, source: Pick<StockSource, "clock">): boolean {
  return at > recordedAt && differenceMs(at, recordedAt) > source.clock.skewMaxMs;
}

/** The figure in base units, or why it is not believed. */
function readFigure(
  item: StockItem,
  event: StockEvent,
  source: StockSource,
  data: LevelObserved,
  place: LevelPlace,
): Decimal | Problem {
  const declared = source.figure.unit;
  const unit = statedUnit(item, source.figure, data.unit);
  const detail = { location: place.location, quantity: data.quantity, unit, base: item.unit };
  if (declared !== undefined && unit !== declared) {
    return stockProblem(
      "inventory.unit-mismatch",
      event,
      placeName(place),
      `${source.system} sent a figure of ${item.sku} in ${unit}; its figures are declared to be in ${declared}.`,
      { ...detail, declared },
    );
  }
  try {
    return toBaseUnit(item, data.quantity, unit);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return stockProblem(
      error.code === "inventory.unit-unknown" ? "inventory.unit-unknown" : "inventory.unit-mismatch",
      event,
      `${placeName(place)}:${unit}`,
      `${data.quantity} ${unit} of ${item.sku} at ${place.location} cannot be counted in ${item.unit}.`,
      { ...detail, reason: error.message },
    );
  }
}

const NONE: never[] = [];

/**
 * Completes a new level that holds an observation's figure with the movements after it. Where the source nets
 * its allocations (`reservations` given), what it had netted but not yet shipped still stands there and is
 * added. In one step of the clock with the observation, a movement out is counted and one in is not.
 */
function combine(
  level: StockLevel,
  movements: StockRows["movements"],
  reservations: StockRows["reservations"] | undefined,
  at: Time,
  resolutionMs: number,
): void {
  let moved = 0n;
  for (const movement of movements) {
    if (!isAt(movement, level.location, level.status, level.owner, level.lot)) continue;
    const order = compareMovement(movement.occurredAt, movement.sequence, at, level.sequence, resolutionMs);
    if (order < 0) continue;
    level.movementsAfter += 1;
    if (order === 0 && movement.quantity > 0n) continue;
    moved += movement.quantity;
    if (reservations !== undefined) level.base += nettedAt(movement.netted, at, resolutionMs);
  }
  for (const { location, netted } of reservations ?? NONE) {
    if (location === level.location) level.base += nettedAt(netted, at, resolutionMs);
  }
  level.onHand = checkRange(checkRange(level.base) + moved);
}

/**
 * The one level of a place that allocations are added back to: they name no lot and no owner, so figures by
 * lot stay as they came, which is lower, never higher.
 */
const isNetted = (place: LevelPlace): boolean =>
  place.status === "available" && place.owner === "" && place.lot === "";

/** A figure below zero is kept: it happened. It is over when a figure that is not below zero comes. */
export function reportNegative(
  change: StockChange,
  event: StockEvent,
  before: StockLevel | undefined,
  after: StockLevel,
): void {
  if (after.onHand < 0n) {
    if (before?.onHand === after.onHand) return;
    change.problems.push(
      stockProblem(
        "inventory.negative",
        event,
        placeName(after),
        `${formatDecimal(after.onHand)} ${change.item.unit} of ${change.item.sku} stand at ${after.location}.`,
        { location: after.location, status: after.status, onHand: formatDecimal(after.onHand) },
      ),
    );
  } else if (before !== undefined && before.onHand < 0n) {
    change.solved.push(fingerprint("inventory.negative", event.key, placeName(after)));
  }
}

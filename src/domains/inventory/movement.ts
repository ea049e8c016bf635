// Goods moved. A movement is a fact: recorded late, impossible or unordered, and told to the ledger once. One
// in a unit that cannot be converted throws and holds its SKU back until the unit is known.
import { checkRange, type Decimal, formatDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import type { MovementPayload, Outbound } from "../outbound.ts";
import { statedUnit, toBaseUnit } from "./base-unit.ts";
import type { MovementRow, StockChange, StockSource } from "./change.ts";
import type { MovementRecorded } from "./contract.ts";
import { receiveInbound } from "./inbound.ts";
import { isFuture, reportNegative } from "./level.ts";
import { findLevel, newLevel, replaceLevel } from "./levels.ts";
import { rebaseNetted, takeNetted } from "./netted.ts";
import { placeName, refusedPlace, stockProblem } from "./problem.ts";
import { findReservation, takeFrom } from "./reservation.ts";
import type { Reservation, StockItem, StockLevel, StockRows } from "./state.ts";
import { compareMovement } from "./statement-order.ts";
import { changeOf, quarantine, type StockEvent } from "./stock-event.ts";

export function recordMovement(
  item: StockItem,
  rows: StockRows,
  event: StockEvent,
  source: StockSource,
): StockChange {
  const data = event.data as MovementRecorded;
  const unit = statedUnit(item, source.figure, data.unit);
  const statedAt = parseTime(data.occurredAt);
  if (source.owners[data.location] !== source.system) {
    const said = {
      movementId: data.movementId,
      quantity: data.quantity,
      unit,
      reason: data.reason,
      occurredAt: statedAt,
    };
    const refusal = refusedPlace(item, event, source, data.location, `movement/${data.movementId}`, said);
    if (refusal !== undefined) return quarantine(item, refusal);
  }
  const quantity = toBaseUnit(item, data.quantity, unit);
  // It has moved by now, whatever its source's clock says; a time to come would escape every later observation.
  const occurredAt = isFuture(statedAt, event.recordedAt, source) ? event.recordedAt : statedAt;

  const change = changeOf(item, "applied");
  const held = shippedReservation(rows, data, quantity);
  const consumed = held === undefined ? 0n : held.quantity < -quantity ? held.quantity : -quantity;
  // What went beyond the allocation was in no net figure.
  const { taken, left } = takeNetted(held?.netted ?? [], consumed);
  if (held !== undefined) takeFrom(change, held, consumed, left);
  const movement: MovementRow = {
    ...placeOf(data),
    sku: item.sku,
    quantity,
    occurredAt,
    sequence: data.sequence ?? "",
    reason: data.reason,
    document: data.document ?? "",
    netted: taken,
  };
  change.movement = movement;
  moveLevel(change, event, source, movement);
  if (data.reason === "receipt" && data.inbound !== undefined) {
    const inbound = receiveInbound(
      item.inbound,
      data.inbound,
      data.location,
      quantity,
      occurredAt,
      event.recordedAt,
    );
    if (inbound !== item.inbound) change.item = { ...change.item, inbound };
  }
  change.outbound.push(forLedger(item, event, data, movement));
  reportOddities(change, event, source, data, unit, statedAt);
  return change;
}

function placeOf(data: MovementRecorded): Pick<MovementRow, "location" | "status" | "owner" | "lot"> {
  return {
    location: data.location,
    status: data.status ?? "available",
    owner: data.owner ?? "",
    lot: data.lot ?? "",
  };
}

/** A goods issue for an order consumes the order's promise at that place. */
function shippedReservation(
  rows: StockRows,
  data: MovementRecorded,
  quantity: Decimal,
): Reservation | undefined {
  if (data.reason !== "issue" || data.order === undefined || quantity >= 0n) return undefined;
  return findReservation(rows, data.order.orderId, data.order.lineId, data.location);
}

function moveLevel(change: StockChange, event: StockEvent, source: StockSource, movement: MovementRow): void {
  const { item } = change;
  const { resolutionMs } = source.clock;
  const index = findLevel(item.levels, movement.location, movement.status, movement.owner, movement.lot);
  const before = index < 0 ? newLevel(movement) : item.levels[index]!;
  const order =
    before.observedAt === ""
      ? 1
      : compareMovement(
          movement.occurredAt,
          movement.sequence,
          before.observedAt,
          before.sequence,
          resolutionMs,
        );
  if (order < 0) {
    // The observation has seen it already; but a net figure's base took these units for allocated and there.
    const levels = rebaseNetted(item.levels, movement.location, movement.netted, [], resolutionMs);
    if (levels === item.levels) return;
    change.item = { ...item, levels };
    const after = levels[index]!;
    reportNegative(change, event, before, after);
    return;
  }
  const counts = order > 0 || movement.quantity < 0n;
  const after: StockLevel = {
    ...before,
    onHand: counts ? checkRange(before.onHand + movement.quantity) : before.onHand,
    movementsAfter: before.movementsAfter + 1,
  };
  change.item = { ...item, levels: replaceLevel(item.levels, index, after) };
  reportNegative(change, event, before, after);
}

function forLedger(
  item: StockItem,
  event: StockEvent,
  data: MovementRecorded,
  movement: MovementRow,
): Outbound<MovementPayload> {
  const payload: MovementPayload = {
    company: item.company,
    movementId: data.movementId,
    sku: item.sku,
    location: movement.location,
    status: movement.status,
    quantity: formatDecimal(movement.quantity),
    unit: item.unit,
    reason: data.reason,
    note: data.note ?? "",
    occurredAt: movement.occurredAt,
    document: movement.document,
  };
  if (data.order !== undefined) payload.order = data.order;
  if (data.inbound !== undefined) payload.inbound = data.inbound;
  return {
    type: "inventory.movement",
    lane: event.key,
    key: data.movementId,
    reportedBy: event.source,
    payload,
  };
}

/** What is odd about a movement is said beside it; the movement stands. */
function reportOddities(
  change: StockChange,
  event: StockEvent,
  source: StockSource,
  data: MovementRecorded,
  unit: string,
  statedAt: Time,
): void {
  const place = placeName(placeOf(data));
  if (change.movement!.occurredAt !== statedAt) {
    change.problems.push(
      stockProblem(
        "inventory.future-observation",
        event,
        `movement/${data.movementId}`,
        `${source.system} dated movement ${data.movementId} ${statedAt}, later than it was received; it counts from its receipt.`,
        {
          location: data.location,
          movementId: data.movementId,
          occurredAt: statedAt,
          recordedAt: event.recordedAt,
        },
      ),
    );
  }
  const declared = source.figure.unit;
  if (declared !== undefined && unit !== declared) {
    change.problems.push(
      stockProblem(
        "inventory.unit-mismatch",
        event,
        `${place}:movement`,
        `${source.system} moved ${change.item.sku} in ${unit}; its figures are declared to be in ${declared}.`,
        { location: data.location, movementId: data.movementId, quantity: data.quantity, unit, declared },
      ),
    );
  }
}

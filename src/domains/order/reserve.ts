// Holds stock for an order-to-be: all of it or none, since a hold that has to wait holds nothing. It ends by the
// order's submission, by its channel, or by its time; only what is still held is given back.
import { formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { type Result, refuse } from "../../core/result.ts";
import { addMs, parseTime, type Time } from "../../core/time.ts";
import { type AllocationLine, allocate } from "./allocate.ts";
import { baseQuantities } from "./base-quantities.ts";
import type { OrderEventData } from "./contract.ts";
import { cover } from "./coverage.ts";
import type { Decision, Promised } from "./decision.ts";
import { explainKept, explainMissing } from "./explain.ts";
import { heldUnits, heldUntil } from "./reservation.ts";
import { isSubmitted } from "./status.ts";
import { QueuedSupply } from "./supply.ts";

type Requested = OrderEventData<"order.reservation.requested">;

interface Refused {
  code: string;
  reason: string;
}

export function decideReservation(d: Decision, data: Requested): void {
  if (isSubmitted(d.order)) return;
  if (heldUntil(d.order) !== "" && d.event.source !== d.order.channel) {
    sayTaken(d);
    return;
  }
  const expiresAt = expiryOf(d, data);
  const held = expiresAt.ok ? hold(d, data, expiresAt.value) : expiresAt;
  if (held.ok) return;
  const { code, reason } = held.refusal;
  d.decide("order.reservation.refused", { code, reason: reason.slice(0, 1000) });
}

/** Another channel's hold is not taken over: as with orders, somebody has to look at it. */
function sayTaken(d: Decision): void {
  const { order, event } = d;
  d.problem("order.duplicate-suspected", {
    about: event.source,
    title: `${event.source} asks to hold stock for order ${order.orderId}, for which ${order.channel} holds some.`,
    detail: { channel: order.channel, other: event.source },
  });
}

/** By the database's clock alone: a channel whose clock is wrong says for how long, not until when. */
function expiryOf(d: Decision, { expiresAt, expiresInSeconds }: Requested): Result<Time, Refused> {
  const { reservationExpiryMs, reservationExpiryMaxMs } = d.context.orders;
  const forMs = expiresInSeconds === undefined ? reservationExpiryMs : expiresInSeconds * 1000;
  const until = expiresAt === undefined ? addMs(d.now, forMs) : parseTime(expiresAt);
  const latest = addMs(d.now, reservationExpiryMaxMs);
  if (until > d.now && until <= latest) return { ok: true, value: until };
  const reason =
    until > latest ? `Stock is held until ${latest} at most.` : `${until} is over: it is ${d.now}.`;
  return refuse({ code: "reservation.expiry-refused", reason });
}

function hold(d: Decision, data: Requested, expiresAt: Time): Result<undefined, Refused> {
  const asked = readLines(d, data);
  if (!asked.ok) return asked;
  const { kept, wanted, surplus } = cover(asked.value, heldUnits(d.order));
  const supply = new QueuedSupply(d.context, d.order, { standingOf: () => "new", lost: surplus });
  const serving = [...new Set(kept.map((one) => one.location))];
  const found = allocate({ lines: wanted, shipComplete: false, serving }, supply, d.context.allocation);
  if (found.backordered.length > 0) {
    return refuse({ code: "reservation.short", reason: explainMissing(asked.value, found.backordered) });
  }
  d.decide("order.reserved", {
    expiresAt,
    allocations: withUnits(d, [...kept, ...found.allocations]),
    explanation: [...explainKept("Held on", kept), ...found.explanation],
  });
  for (const promised of surplus) d.giveBack(promised, "cancelled");
  for (const promised of kept) d.keep(promised, { kind: "expiring", expiresAt });
  for (const promised of found.allocations) d.reserve(promised, "", expiresAt);
  return { ok: true, value: undefined };
}

function readLines(d: Decision, { lines }: Requested): Result<AllocationLine[], Refused> {
  const asked = lines.map(({ lineId, sku, quantity, unit = "" }) => ({
    lineId,
    sku,
    ordered: parseDecimal(quantity),
    orderedUnit: unit,
  }));
  const units = baseQuantities(asked, d.context);
  if (!units.ok) {
    const { sku, quantity, unit, base } = units.refusal;
    const reason = `${quantity} ${unit} are asked for of ${sku}, which is counted in ${base}.`;
    return refuse({ code: "reservation.unit-unknown", reason });
  }
  const value = asked.map(({ lineId, sku }, index) => ({
    lineId,
    sku,
    quantity: units.value[index]!.quantity,
  }));
  return { ok: true, value };
}

/** What a line got on top, at a place that held some of it, is one reservation with it. */
function withUnits(d: Decision, units: readonly Promised[]): OrderEventData<"order.reserved">["allocations"] {
  const sums = new Map<string, Promised>();
  for (const one of units) {
    const name = JSON.stringify([one.lineId, one.sku, one.location]);
    sums.set(name, { ...one, quantity: one.quantity + (sums.get(name)?.quantity ?? ZERO) });
  }
  return [...sums.values()].map(({ lineId, sku, location, quantity }) => {
    const { unit } = d.context.stock(sku);
    return { lineId, sku, location, quantity: formatDecimal(quantity), unit };
  });
}

/** The schedule says that a time has come; a hold that was prolonged meanwhile, or became firm, is not meant. */
export function decideExpiry(d: Decision, data: OrderEventData<"order.reservation.due">): void {
  if (heldUntil(d.order) === parseTime(data.expiresAt)) endReservation(d, "expired");
}

/** Gives back what is still held; nothing, where nothing is. */
export function endReservation(d: Decision, outcome: "expired" | "withdrawn"): void {
  const units = heldUnits(d.order);
  if (units.length === 0) return;
  d.decide("order.reservation.ended", { outcome });
  for (const promised of units) d.giveBack(promised, outcome === "expired" ? "expired" : "cancelled");
}

/** The time at which the hold ends by itself. */
export function planExpiry(d: Decision): void {
  const expiresAt = heldUntil(d.order);
  if (expiresAt === heldUntil(d.before)) return;
  const due = expiresAt === "" ? undefined : { dueAt: expiresAt, payload: { expiresAt } };
  d.reaction.tasks.push({ kind: "expire-reservation", key: d.key, ...due });
}

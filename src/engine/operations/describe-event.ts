// One line of what an event says, for a person who reads a trace. Pure; what it does not know it names by its type.

type Data = Record<string, unknown>;
type Line = { lineId?: string; sku?: string; quantity?: string; location?: string };

const SHOWN_MAX = 4;

const describers: Record<string, (data: Data) => string> = {
  "inventory.level.observed": (d) => `${d.location} holds ${d.quantity}${unit(d)}${status(d)}`,
  "inventory.set.observed": (d) => `full set of ${d.location} ended with ${d.count} levels`,
  "inventory.movement.recorded": (d) =>
    `${d.location} ${signed(d.quantity)}${unit(d)}${status(d)}, ${d.reason}${document(d)}`,
  "inventory.reserved": (d) => `${d.quantity} reserved ${place(d.location)} for ${d.orderId}`,
  "inventory.reservation.changed": (d) =>
    d.kind === "firm"
      ? `what is held ${place(d.location)} for ${d.orderId} is firm`
      : `held ${place(d.location)} for ${d.orderId} until ${d.expiresAt}`,
  "inventory.released": (d) => `${d.quantity ?? "all"} released ${place(d.location)} of ${d.orderId}`,
  "inventory.inbound.expected": (d) => `${d.quantity} due at ${d.location} on ${day(d.dueAt)}${document(d)}`,
  "inventory.allocation.confirmed": (d) => `${d.location} nets the allocation of ${d.orderId}`,
  "inventory.item.defined": (d) => `counted in ${d.unit}`,
  "order.reservation.requested": (d) => `to be held: ${units(d.lines)}`,
  "order.reservation.withdrawn": (d) => `what is held is given back${reason(d)}`,
  "order.reservation.due": (d) => `the time of the hold has come: ${d.expiresAt}`,
  "order.reserved": (d) => `held until ${d.expiresAt}: ${units(d.allocations)}`,
  "order.reservation.refused": (d) => `not held: ${d.reason}`,
  "order.reservation.ended": (d) =>
    d.outcome === "expired" ? "the hold expired" : "the hold is over: given back",
  "order.submitted": (d) =>
    `${count(d.lines, "line")} ordered by ${(d.customer as { id?: string } | undefined)?.id ?? "nobody"}`,
  "order.accepted": () => "accepted",
  "order.held": (d) => `held: ${d.reason}`,
  "order.rejected": (d) => `rejected: ${d.reason}`,
  "order.allocated": allocated,
  "order.released": (d) => `released to ${d.location}: ${units(d.lines)}`,
  "order.booked": (d) => `booked in ${d.system} as ${d.document}`,
  "order.booking.refused": (d) => `${d.system} refuses the booking: ${d.reason}`,
  "order.release.confirmed": (d) => `${d.location} took it${document(d)}`,
  "order.release.refused": (d) => `${d.location} refuses it: ${d.reason}`,
  "order.pick.short": (d) => `${d.location} is short of ${units(d.lines)}`,
  "order.cancellation.requested": (d) =>
    `cancellation requested${d.lines === undefined ? "" : ` of ${units(d.lines)}`}${reason(d)}`,
  "order.cancellation.asked": (d) => `${d.location} is asked to give back ${units(d.lines)}`,
  "order.cancellation.confirmed": (d) => `${d.location} gives back ${units(d.lines)}`,
  "order.cancellation.refused": (d) => `${d.location} keeps ${units(d.lines)}: ${d.reason}`,
  "order.lines.cancelled": (d) => `cancelled: ${units(d.lines)}${reason(d)}`,
  "order.cancelled": (d) => `cancelled${reason(d)}`,
  "order.hold.released": (d) => `hold released by ${d.by}${reason(d)}`,
  "order.reallocation.due": () => "looked at again",
  "order.closed": () => "closed",
  "shipment.shipped": (d) => `shipment ${d.shipmentId} left ${d.location}: ${units(d.lines)}`,
  "shipment.delivered": (d) => `shipment ${d.shipmentId} delivered`,
  "invoice.posted": (d) => `${d.kind} ${d.invoice} over ${d.total} ${d.currency}`,
  "return.requested": (d) => `return ${d.returnId} requested: ${units(d.lines)}`,
  "return.received": (d) => `return ${d.returnId} received at ${d.location}: ${units(d.lines)}`,
};

export function describeEvent(type: string, data: unknown): string {
  const describe = Object.hasOwn(describers, type) ? describers[type] : undefined;
  return describe === undefined || typeof data !== "object" || data === null ? type : describe(data as Data);
}

/** Why a decision was taken, in the words that were stored with it. */
export function explanationOf(data: unknown): string[] {
  const explanation = (data as { explanation?: unknown } | null)?.explanation;
  return Array.isArray(explanation) ? explanation.filter((line) => typeof line === "string") : [];
}

function allocated(data: Data): string {
  const parts: string[] = [];
  const byPlace = new Map<string, Line[]>();
  for (const line of (data.allocations as Line[] | undefined) ?? [])
    byPlace.set(line.location!, [...(byPlace.get(line.location!) ?? []), line]);
  for (const [location, lines] of byPlace) parts.push(`from ${location} ${units(lines)}`);
  const waiting = (data.backordered as Line[] | undefined) ?? [];
  if (waiting.length > 0) parts.push(`backordered ${units(waiting)}`);
  const withdrawn = (data.withdrawn as Line[] | undefined) ?? [];
  if (withdrawn.length > 0) parts.push(`withdrawn ${units(withdrawn)}`);
  return parts.length === 0 ? "nothing allocated" : `allocated ${parts.join("; ")}`;
}

function units(lines: unknown): string {
  const list = Array.isArray(lines) ? (lines as Line[]) : [];
  const shown = list.slice(0, SHOWN_MAX).map((line) => `${line.quantity} × ${line.sku}`);
  const more = list.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

function count(list: unknown, noun: string): string {
  const length = Array.isArray(list) ? list.length : 0;
  return `${length} ${noun}${length === 1 ? "" : "s"}`;
}

const unit = (data: Data): string => (data.unit === undefined ? "" : ` ${data.unit}`);
const status = (data: Data): string =>
  data.status === undefined || data.status === "available" ? "" : ` ${data.status}`;
const document = (data: Data): string =>
  data.document === undefined || data.document === "" ? "" : ` (${data.document})`;
const reason = (data: Data): string =>
  data.reason === undefined || data.reason === "" ? "" : `: ${data.reason}`;
const place = (location: unknown): string =>
  location === "" || location === undefined ? "as backorder" : `at ${location}`;
const signed = (quantity: unknown): string =>
  String(quantity).startsWith("-") ? String(quantity) : `+${quantity}`;
const day = (time: unknown): string => String(time).slice(0, 10);

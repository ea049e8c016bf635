// What an order in Vendure still lacks of the status that it should have: units to be fulfilled, units to be cancelled,
// fulfilments to be moved on, and one that was made twice.
import type { OrderStatusPayload } from "../../connector/index.ts";
import { refused, VendureFailed } from "./failure.ts";
import type { StockLevel } from "./shelf.ts";

export interface Line {
  id: string;
  quantity: bigint;
  placed: bigint;
  levels: StockLevel[];
}
export interface Fulfilment {
  id: string;
  state: string;
  method: string;
  createdAt: string;
  units: Map<string, bigint>;
}
export interface ShopOrder {
  id: string;
  code: string;
  lines: Line[];
  fulfilments: Fulfilment[];
}

interface Units {
  line: string;
  quantity: bigint;
}
export interface Plan {
  fulfil?: { lines: Units[]; method: string; tracking: string };
  cancel: Units[];
  /** The state that each fulfilment should come to; `Cancelled` of one that was made twice. */
  move: { fulfilment: string; to: "Shipped" | "Delivered" | "Cancelled" }[];
}

const LENGTH_MAX = 255;

export const isNothing = ({ fulfil, cancel, move }: Plan): boolean =>
  fulfil === undefined && cancel.length === 0 && move.length === 0;

/** Throws VendureFailed where Vendure cannot hold what is said. */
export function planOf(order: ShopOrder, payload: OrderStatusPayload): Plan {
  const live = order.fulfilments.filter(({ state }) => state !== "Cancelled");
  const twice = secondsOf(live, payload);
  const kept = live.filter((one) => !twice.includes(one));
  const lines = shippedUnits(order, kept, payload);
  return {
    ...(lines.length === 0 ? undefined : { fulfil: { lines, ...labelOf(kept, payload) } }),
    cancel: cancelledUnits(order, payload),
    move: [
      ...twice.map(({ id }) => ({ fulfilment: id, to: "Cancelled" as const })),
      ...movesOf(kept, payload),
    ],
  };
}

/** Two that name the same shipments hold more than was shipped: a create whose answer was lost came twice. */
function secondsOf(live: Fulfilment[], payload: OrderStatusPayload): Fulfilment[] {
  const inTime = live.toSorted((a, b) =>
    a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0,
  );
  return inTime.filter((one, index) => {
    const isFirst = !inTime.slice(0, index).some(({ method }) => method === one.method);
    if (isFirst || namedIn(one).length === 0) return false;
    return payload.lines.some(
      (line) => one.units.has(line.lineId) && sumOf(live, line.lineId) > whole(line, "shipped"),
    );
  });
}

function shippedUnits(order: ShopOrder, kept: Fulfilment[], payload: OrderStatusPayload): Units[] {
  return payload.lines.flatMap((line) => {
    const missing = whole(line, "shipped") - sumOf(kept, line.lineId);
    if (missing <= 0n) return [];
    mustHold(order, line.lineId);
    return [{ line: line.lineId, quantity: missing }];
  });
}

/** Of an order that was rejected, all. */
function cancelledUnits(order: ShopOrder, payload: OrderStatusPayload): Units[] {
  return payload.lines.flatMap((line) => {
    const stated = payload.status === "rejected" ? whole(line, "quantity") : whole(line, "cancelled");
    if (stated === 0n) return [];
    const { placed, quantity } = mustHold(order, line.lineId);
    const missing = stated - (placed - quantity);
    return missing > 0n ? [{ line: line.lineId, quantity: missing }] : [];
  });
}

function movesOf(kept: Fulfilment[], { shipments }: OrderStatusPayload): Plan["move"] {
  const delivered = new Set(shipments.flatMap((one) => (one.deliveredAt === "" ? [] : [one.shipmentId])));
  const known = new Set(shipments.map(({ shipmentId }) => shipmentId));
  return kept.flatMap((one) => {
    const named = namedIn(one);
    if (named.length === 0 || !named.every((id) => known.has(id))) return [];
    const arrived = named.every((id) => delivered.has(id));
    const shipped = one.state === "Pending" ? [{ fulfilment: one.id, to: "Shipped" as const }] : [];
    const last =
      arrived && one.state !== "Delivered" ? [{ fulfilment: one.id, to: "Delivered" as const }] : [];
    return [...shipped, ...last];
  });
}

/** The shipments that no fulfilment names yet; where all are named, the last one holds more by now. */
function labelOf(
  kept: Fulfilment[],
  { shipments, orderId }: OrderStatusPayload,
): { method: string; tracking: string } {
  const named = new Set(kept.flatMap(namedIn));
  const fresh = shipments.filter(({ shipmentId }) => !named.has(shipmentId));
  const meant = fresh.length > 0 ? fresh : shipments.slice(-1);
  const words = (texts: string[]) => [...new Set(texts.filter((text) => text !== ""))].join(", ");
  const carriers = words(meant.map(({ carrier }) => carrier));
  const ids = meant.map(({ shipmentId }) => encodeURIComponent(shipmentId)).join(" ");
  const method = `${carriers === "" ? "Shipment" : carriers} [${ids}]`;
  const tracking = words(meant.map((one) => one.tracking));
  if (meant.length === 0)
    throw new VendureFailed(
      refused("no-shipment", `Units of ${orderId} have shipped, and no shipment is named.`),
    );
  const long = [method, tracking].find((text) => text.length > LENGTH_MAX);
  if (long === undefined) return { method, tracking };
  throw new VendureFailed(refused("too-long", `${long.slice(0, 60)}… is longer than ${LENGTH_MAX} letters.`));
}

/** The shipments that a fulfilment of ours names behind its carrier. */
function namedIn({ method }: Fulfilment): string[] {
  const ids = /\[([^[\]]+)\]$/.exec(method)?.[1];
  try {
    return ids === undefined ? [] : ids.split(" ").map(decodeURIComponent);
  } catch {
    return [];
  }
}

const sumOf = (fulfilments: Fulfilment[], line: string): bigint =>
  fulfilments.reduce((sum, { units }) => sum + (units.get(line) ?? 0n), 0n);

function mustHold(order: ShopOrder, lineId: string): Line {
  const line = order.lines.find(({ id }) => id === lineId);
  if (line !== undefined) return line;
  throw new VendureFailed(refused("line-unknown", `The order ${order.code} has no line ${lineId}.`));
}

function whole(
  line: OrderStatusPayload["lines"][number],
  name: "quantity" | "shipped" | "cancelled",
): bigint {
  const text = line[name];
  if (/^\d+$/.test(text)) return BigInt(text);
  throw new VendureFailed(
    refused("not-whole", `${text} of ${line.sku} is ${name}: Vendure counts whole pieces.`),
  );
}

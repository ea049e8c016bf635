// What is still to be told of an order, from how it stands here and how it stands in Medusa: one step at a time, so
// that what is there already is never told again. A fulfilment names our shipments in its metadata.
import { NumberText, numberText, type OrderStatusPayload } from "../../connector/index.ts";
import { type Fields, fieldsOf, fieldsOr, isTrue, listOf, listOr, textOf, unexpected } from "./fields.ts";

/** What is asked of an order whose status is told. */
export const STATUS_FIELDS =
  "id,status,canceled_at,*items,*items.detail,*fulfillments,*fulfillments.items,*fulfillments.labels";
/** In a fulfilment's metadata: the numbers of the shipments that it stands for. */
export const SHIPMENTS = "crossdock_shipments";

export interface Step {
  /** Below `/orders/ID`. */
  path: string;
  body: Fields;
}
/** Never possible, with the reason. */
export interface Impossible {
  impossible: string;
}

type Shipment = OrderStatusPayload["shipments"][number];

/** Undefined: Medusa stands as told. */
export function nextStep(
  order: Fields,
  payload: OrderStatusPayload,
  location: string,
): Step | Impossible | undefined {
  const canceled = typeof order.canceled_at === "string";
  if (payload.status === "cancelled" || payload.status === "rejected") {
    if (canceled) return undefined;
    return { path: "/cancel", body: {} };
  }
  const own = listOr(order, "fulfillments").filter(
    (one) => one.canceled_at === null && namesOf(one).length > 0,
  );
  const step = fulfilment(order, payload, own, location) ?? shipment(payload, own) ?? delivery(payload, own);
  if (step === undefined || "impossible" in step) return step;
  return canceled ? { impossible: "The order is cancelled in Medusa, and goods of it were shipped." } : step;
}

/** Units that shipped and that no fulfilment has. They go into one with the shipments that none names yet. */
function fulfilment(
  order: Fields,
  payload: OrderStatusPayload,
  own: Fields[],
  location: string,
): Step | Impossible | undefined {
  const items = new Map(listOf(order, "items").map((item) => [textOf(item, "id"), item]));
  const open: { id: string; quantity: NumberText; travels: boolean }[] = [];
  for (const { lineId, sku, shipped } of payload.lines) {
    if (isZero(shipped)) continue;
    const item = items.get(lineId);
    if (item === undefined) return { impossible: `The order has no item ${lineId} (${sku}) in Medusa.` };
    const fulfilled = numberText(fieldsOf(item.detail, "detail").fulfilled_quantity);
    const left = difference(shipped, fulfilled);
    if (left === undefined)
      return { impossible: `${shipped} of ${sku} cannot be told: it has too many digits for Medusa.` };
    if (!left.startsWith("-") && !isZero(left)) {
      open.push({ id: lineId, quantity: new NumberText(left), travels: isTrue(item, "requires_shipping") });
    }
  }
  if (open.length === 0) return undefined;
  // Goods that need shipping and others have fulfilments of their own.
  const travels = open[0]!.travels;
  const lines = open.filter((line) => line.travels === travels).map(({ id, quantity }) => ({ id, quantity }));
  const named = new Set(own.flatMap(namesOf));
  const fresh = payload.shipments.filter(({ shipmentId }) => !named.has(shipmentId));
  // More units of a shipment that was told belong to it.
  const names = (fresh.length > 0 ? fresh : payload.shipments).map(({ shipmentId }) => shipmentId);
  if (names.length === 0) return undefined;
  return {
    path: "/fulfillments",
    body: { location_id: location, items: lines, metadata: { [SHIPMENTS]: names } },
  };
}

function shipment({ shipments }: OrderStatusPayload, own: Fields[]): Step | undefined {
  const open = own.find((one) => one.shipped_at === null);
  if (open === undefined) return undefined;
  const labels = named(open, shipments)
    .filter(({ tracking }) => tracking !== "")
    .map(({ tracking }) => ({ tracking_number: tracking, tracking_url: "", label_url: "" }));
  const items = listOf(open, "items").map((item) => ({
    id: textOf(item, "line_item_id"),
    quantity: new NumberText(numberText(item.quantity)),
  }));
  return { path: `/fulfillments/${textOf(open, "id")}/shipments`, body: { items, labels } };
}

function delivery({ shipments }: OrderStatusPayload, own: Fields[]): Step | undefined {
  const open = own.find((one) => {
    const its = named(one, shipments);
    return one.delivered_at === null && its.length > 0 && its.every(({ deliveredAt }) => deliveredAt !== "");
  });
  return open === undefined
    ? undefined
    : { path: `/fulfillments/${textOf(open, "id")}/mark-as-delivered`, body: {} };
}

const named = (fulfilled: Fields, shipments: readonly Shipment[]): Shipment[] => {
  const names = new Set(namesOf(fulfilled));
  return shipments.filter(({ shipmentId }) => names.has(shipmentId));
};

function namesOf(fulfilled: Fields): string[] {
  const names = fieldsOr(fulfilled, "metadata")?.[SHIPMENTS];
  if (names === undefined || names === null) return [];
  if (Array.isArray(names)) return names.map(String);
  throw unexpected(`metadata.${SHIPMENTS}`, "a list of shipments", names);
}

const isZero = (text: string): boolean => !/[1-9]/.test(text);

const SCALE = 6;
/** a − b, exactly; undefined where the binary numbers of Medusa's JSON cannot hold it. */
export function difference(a: string, b: string): string | undefined {
  const text = unscaled(scaled(a) - scaled(b));
  return text.replace(/\D/g, "").length > 15 ? undefined : text;
}

function scaled(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const units = BigInt(whole + fraction.padEnd(SCALE, "0"));
  return text.startsWith("-") ? -units : units;
}

function unscaled(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -SCALE)}${fraction === "" ? "" : `.${fraction}`}`;
}

// What is still to be told of an order, from how it stands here and how it stands in Medusa: one step at a time, so
// that what is there already is never told again. A fulfilment names our shipments in its metadata.
import {
  type Decimal,
  formatDecimal,
  NumberText,
  numberText,
  type OrderStatusPayload,
  parseDecimal,
} from "../../connector/index.ts";
import { sumDecimals, ZERO } from "../../core/decimal.ts";
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
/** Medusa is at work on a step that nobody waits for any more. */
export interface Pending {
  pending: string;
}
/** Never possible, with the reason. */
export interface Impossible {
  impossible: string;
}
export type Next = Step | Pending | Impossible | undefined;

type Shipment = OrderStatusPayload["shipments"][number];

/** Undefined: Medusa stands as told. */
export function nextStep(order: Fields, payload: OrderStatusPayload, location: string): Next {
  const canceled = typeof order.canceled_at === "string";
  if (payload.status === "cancelled" || payload.status === "rejected") {
    return canceled ? undefined : { path: "/cancel", body: {} };
  }
  const alive = listOr(order, "fulfillments").filter((one) => one.canceled_at === null);
  const own = alive.filter((one) => namesOf(one).length > 0);
  const step =
    fulfilment({ order, payload, alive, own, location }) ?? shipment(payload, own) ?? delivery(payload, own);
  if (step === undefined || !("path" in step)) return step;
  return canceled ? { impossible: "The order is cancelled in Medusa, and goods of it were shipped." } : step;
}

interface Standing {
  order: Fields;
  payload: OrderStatusPayload;
  /** Fulfilments that were not cancelled, and those of them that are ours. */
  alive: Fields[];
  own: Fields[];
  location: string;
}
interface OpenLine {
  id: string;
  quantity: string;
  travels: boolean;
}

/** Units that shipped and that no fulfilment has. They go into one with the shipments that none names yet. */
function fulfilment(standing: Standing): Next {
  const { order, payload, alive, own, location } = standing;
  const items = new Map(listOf(order, "items").map((item) => [textOf(item, "id"), item]));
  const open: OpenLine[] = [];
  for (const { lineId, sku, shipped } of payload.lines) {
    if (parseDecimal(shipped) === ZERO) continue;
    const item = items.get(lineId);
    if (item === undefined) return { impossible: `The order has no item ${lineId} (${sku}) in Medusa.` };
    const registered = quantityOf(fieldsOf(item.detail, "detail").fulfilled_quantity);
    const begun = unitsIn(alive, lineId);
    // A fulfilment is there before its units are counted: what was given up may still be under way.
    if (begun > registered) {
      const counted = `${formatDecimal(registered)} of ${sku}`;
      return { pending: `Medusa counts ${counted} and has begun ${formatDecimal(begun)}.` };
    }
    const left = parseDecimal(shipped) - registered;
    if (left <= ZERO) continue;
    const quantity = formatDecimal(left);
    if (isTooLong(quantity))
      return { impossible: `${quantity} of ${sku} has more digits than Medusa holds.` };
    open.push({ id: lineId, quantity, travels: isTrue(item, "requires_shipping") });
  }
  if (open.length === 0) return undefined;
  // Goods that need shipping and others have fulfilments of their own.
  const together = open.filter((line) => line.travels === open[0]!.travels);
  const told = new Set(own.flatMap(namesOf));
  const fresh = payload.shipments.filter(({ shipmentId }) => !told.has(shipmentId));
  // More units of a shipment that was told belong to it.
  const names = (fresh.length > 0 ? fresh : payload.shipments).map(({ shipmentId }) => shipmentId);
  if (names.length === 0) return { impossible: "Units were shipped, and no shipment is named." };
  const lines = together.map(({ id, quantity }) => ({ id, quantity: new NumberText(quantity) }));
  return {
    path: "/fulfillments",
    body: { location_id: location, items: lines, metadata: { [SHIPMENTS]: names } },
  };
}

/** Of one line, in all these fulfilments. */
const unitsIn = (fulfilments: Fields[], lineId: string): Decimal =>
  sumDecimals(
    fulfilments
      .flatMap((one) => listOf(one, "items"))
      .filter((item) => item.line_item_id === lineId)
      .map((item) => quantityOf(item.quantity)),
  );

const quantityOf = (value: unknown): Decimal => parseDecimal(numberText(value));

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

/** More digits than the binary numbers of its JSON hold for sure. */
const isTooLong = (text: string): boolean => text.replace(/\D/g, "").length > 15;

// An order as the process layer shows it, and the decision that answers its submission. Figures are decimal texts
// in base units, what was ordered stands beside.
import { type Static, Type } from "typebox";
import { type Decimal, formatDecimal } from "../../core/decimal.ts";
import { Party } from "../../domains/order/contract.ts";
import type { Order, OrderLine } from "../../domains/order/state.ts";
import { DecimalText, object, oneOf, TimeText } from "../../domains/schema.ts";

const Text = Type.String();
const OptionalTime = Type.Union([TimeText, Type.Null()]);

export const OrderStatusText = oneOf(
  "submitted",
  "held",
  "rejected",
  "accepted",
  "booked",
  "released",
  "partially-shipped",
  "shipped",
  "delivered",
  "invoiced",
  "closed",
  "cancelled",
);

const Refusal = Type.Union([object({ code: Text, reason: Text }), Type.Null()]);

export const OrderDecision = object({
  orderId: Text,
  status: OrderStatusText,
  allocations: Type.Array(object({ lineId: Text, sku: Text, location: Text, quantity: DecimalText })),
  backordered: Type.Array(
    object({ lineId: Text, sku: Text, quantity: DecimalText, promisedAt: OptionalTime }),
  ),
  hold: Refusal,
  rejection: Refusal,
  explanation: Type.Array(Text),
});

const Place = object({ location: Text, allocated: DecimalText, released: DecimalText, shipped: DecimalText });
const Units = Type.Array(object({ lineId: Text, sku: Text, quantity: DecimalText }));
const Line = object({
  lineId: Text,
  sku: Text,
  description: Text,
  ordered: object({ quantity: DecimalText, unit: Text }),
  quantity: DecimalText,
  unit: Text,
  price: DecimalText,
  priceUnit: Type.Integer(),
  places: Type.Array(Place),
  backordered: DecimalText,
  promisedAt: OptionalTime,
  cancelled: DecimalText,
  shipped: DecimalText,
  invoiced: DecimalText,
  returned: DecimalText,
  credited: DecimalText,
});

export const OrderDocument = object({
  company: Text,
  orderId: Text,
  status: OrderStatusText,
  channel: Text,
  reference: Text,
  customer: Type.Union([Party, Type.Null()]),
  purchaseOrder: Text,
  currency: Text,
  placedAt: TimeText,
  requestedShipAt: OptionalTime,
  shipComplete: Type.Boolean(),
  priority: Type.Integer(),
  lines: Type.Array(Line),
  charges: Type.Array(
    object({ chargeId: Text, kind: Text, description: Text, amount: DecimalText, invoiced: Type.Boolean() }),
  ),
  hold: Refusal,
  rejection: Refusal,
  booking: Type.Union([object({ system: Text, document: Text }), Type.Null()]),
  releases: Type.Array(
    object({ location: Text, number: Type.Integer(), state: Text, document: Text, lines: Units }),
  ),
  cancelling: Type.Array(object({ location: Text, lines: Units })),
  shipments: Type.Array(
    object({
      shipmentId: Text,
      location: Text,
      carrier: Text,
      tracking: Text,
      shippedAt: OptionalTime,
      deliveredAt: OptionalTime,
      lines: Units,
    }),
  ),
  invoices: Type.Array(object({ invoice: Text, kind: Text, total: DecimalText, postedAt: TimeText })),
  returns: Type.Array(
    object({
      returnId: Text,
      lines: Type.Array(object({ lineId: Text, sku: Text, requested: DecimalText, received: DecimalText })),
    }),
  ),
  explanation: Type.Array(Text),
});

const shown = (value: Decimal): string => formatDecimal(value);
const timeOrNull = (time: string): string | null => (time === "" ? null : time);
const units = (lines: readonly { lineId: string; sku: string; quantity: Decimal }[]) =>
  lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity: shown(quantity) }));

/** What nobody has submitted is shown as a reservation, and never here. */
const statusOf = (order: Order) => order.status as Static<typeof OrderStatusText>;

export function orderDecision(order: Order): Static<typeof OrderDecision> {
  return {
    orderId: order.orderId,
    status: statusOf(order),
    allocations: order.lines.flatMap(({ lineId, sku, places }) =>
      places
        .filter(({ allocated }) => allocated > 0n)
        .map(({ location, allocated }) => ({ lineId, sku, location, quantity: shown(allocated) })),
    ),
    backordered: order.lines
      .filter(({ backordered }) => backordered > 0n)
      .map(({ lineId, sku, backordered, promisedAt }) => ({
        lineId,
        sku,
        quantity: shown(backordered),
        promisedAt: timeOrNull(promisedAt),
      })),
    hold: order.hold,
    rejection: order.rejection,
    explanation: order.explanation,
  };
}

export function orderDocument(order: Order): Static<typeof OrderDocument> {
  const {
    company,
    orderId,
    channel,
    reference,
    customer,
    purchaseOrder,
    currency,
    placedAt,
    shipComplete,
    priority,
  } = order;
  return {
    company,
    orderId,
    status: statusOf(order),
    channel,
    reference,
    customer,
    purchaseOrder,
    currency,
    placedAt,
    requestedShipAt: timeOrNull(order.requestedShipAt),
    shipComplete,
    priority,
    lines: order.lines.map(lineDocument),
    charges: order.charges.map((charge) => ({ ...charge, amount: shown(charge.amount) })),
    hold: order.hold,
    rejection: order.rejection,
    booking: order.booking,
    releases: order.releases.map((release) => ({ ...release, lines: units(release.lines) })),
    cancelling: order.cancelling.map(({ location, lines }) => ({ location, lines: units(lines) })),
    shipments: order.shipments.map(({ system: _system, ...shipment }) => ({
      ...shipment,
      shippedAt: timeOrNull(shipment.shippedAt),
      deliveredAt: timeOrNull(shipment.deliveredAt),
      lines: units(shipment.lines),
    })),
    invoices: order.invoices.map((invoice) => ({ ...invoice, total: shown(invoice.total) })),
    returns: order.returns.map(({ returnId, lines }) => ({
      returnId,
      lines: lines.map(({ lineId, sku, requested, received }) => ({
        lineId,
        sku,
        requested: shown(requested),
        received: shown(received),
      })),
    })),
    explanation: order.explanation,
  };
}

function lineDocument(line: OrderLine): Static<typeof Line> {
  const { lineId, sku, description, unit, priceUnit } = line;
  return {
    lineId,
    sku,
    description,
    ordered: { quantity: shown(line.ordered), unit: line.orderedUnit || unit },
    quantity: shown(line.quantity),
    unit,
    price: shown(line.price),
    priceUnit,
    places: line.places.map(({ location, allocated, released, shipped }) => ({
      location,
      allocated: shown(allocated),
      released: shown(released),
      shipped: shown(shipped),
    })),
    backordered: shown(line.backordered),
    promisedAt: timeOrNull(line.promisedAt),
    cancelled: shown(line.cancelled),
    shipped: shown(line.shipped),
    invoiced: shown(line.invoiced),
    returned: shown(line.returned),
    credited: shown(line.credited),
  };
}

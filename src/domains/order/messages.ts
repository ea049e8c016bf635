// What is told to whom about an order. Every message travels in the order's lane, so that a place hears of a release
// before it is asked to give it back.
import { type Decimal, formatDecimal, ZERO } from "../../core/decimal.ts";
import { businessKey } from "../../core/identifiers.ts";
import type {
  BookingPayload,
  CancellationPayload,
  OrderStatusPayload,
  ReleasePayload,
  ReturnAdvicePayload,
} from "../outbound.ts";
import type { Party } from "./contract.ts";
import type { Decision } from "./decision.ts";
import { linesById, type StatedUnits } from "./lines.ts";
import type { LineUnits, Order, OrderRelease } from "./state.ts";

const keyOf = (order: Order): string => businessKey(order.company, order.orderId);

/** The system that ships from a place; where none is declared, whoever a flow names. */
const ownerOf = (d: Decision, location: string): { addressee?: string } => {
  const addressee = d.context.owners[location];
  return addressee === undefined ? {} : { addressee };
};

const partyOf = ({ id, name, country }: Party) => ({
  id,
  ...(name === undefined ? undefined : { name }),
  ...(country === undefined ? undefined : { country }),
});

export function sendBooking(d: Decision, ledger: string): void {
  const { order } = d;
  const customer = order.customer!;
  const payload: BookingPayload = {
    company: order.company,
    orderId: order.orderId,
    channel: order.channel,
    customer: {
      ...partyOf(customer),
      ...(customer.class === undefined ? undefined : { class: customer.class }),
    },
    purchaseOrder: order.purchaseOrder,
    currency: order.currency,
    placedAt: order.placedAt,
    lines: order.lines.map((line) => ({
      lineId: line.lineId,
      sku: line.sku,
      description: line.description,
      quantity: formatDecimal(line.ordered),
      unit: line.orderedUnit === "" ? line.unit : line.orderedUnit,
      price: formatDecimal(line.price),
      priceUnit: String(line.priceUnit),
    })),
    charges: order.charges.map(({ chargeId, kind, description, amount }) => ({
      chargeId,
      kind,
      description,
      amount: formatDecimal(amount),
    })),
  };
  d.send({
    type: "order.booking",
    key: keyOf(order),
    addressee: ledger,
    requires: [{ domain: "customer", key: businessKey(order.company, customer.id) }],
    payload,
  });
}

export function sendRelease(d: Decision, release: OrderRelease): void {
  const { order } = d;
  const lines = linesById(order);
  const payload: ReleasePayload = {
    company: order.company,
    orderId: order.orderId,
    location: release.location,
    releasedAt: d.now,
    customer: order.customer === null ? null : partyOf(order.customer),
    lines: release.lines.map(({ lineId, sku, quantity }) => {
      const { description, unit } = lines.get(lineId)!;
      return { lineId, sku, description, quantity: formatDecimal(quantity), unit };
    }),
  };
  const key = `${keyOf(order)}@${release.location}#${release.number}`;
  d.send({ type: "order.release", key, ...ownerOf(d, release.location), payload });
}

/** Asks a place to give units back. The order's cancellation count numbers the message. */
export function sendCancellation(
  d: Decision,
  location: string,
  lines: CancelledUnits[],
  reason: string,
): void {
  const { order } = d;
  const release = order.releases.findLast((held) => held.location === location && held.document !== "");
  const key = `${keyOf(order)}@${location}/cancellation#${order.cancellationCount}`;
  const payload = cancellationOf(order, location, release?.document ?? "", lines, reason);
  d.send({ type: "order.cancellation", key, ...ownerOf(d, location), payload });
}

/** Tells the ledger of units that will not ship. */
export function sendLedgerCancellation(
  d: Decision,
  ledger: string,
  lines: CancelledUnits[],
  reason: string,
): void {
  const { order } = d;
  const key = `${keyOf(order)}/cancellation#${order.cancellationCount}`;
  const payload = cancellationOf(order, "", order.booking?.document ?? "", lines, reason);
  // Totals, so that the ledger can be told as often as it takes.
  const held = linesById(order);
  const totals = payload.lines.map((line) => ({
    ...line,
    cancelled: formatDecimal(held.get(line.lineId)!.cancelled),
  }));
  d.send({ type: "order.cancellation", key, addressee: ledger, payload: { ...payload, lines: totals } });
}

export type CancelledUnits = Pick<LineUnits, "lineId" | "sku" | "quantity">;

function cancellationOf(
  order: Order,
  location: string,
  document: string,
  lines: CancelledUnits[],
  reason: string,
): CancellationPayload {
  return {
    company: order.company,
    orderId: order.orderId,
    location,
    document,
    reason,
    lines: sumByLine(lines),
  };
}

function sumByLine(lines: readonly CancelledUnits[]): StatedUnits[] {
  const sums = new Map<string, { sku: string; quantity: Decimal }>();
  for (const { lineId, sku, quantity } of lines) {
    sums.set(lineId, { sku, quantity: (sums.get(lineId)?.quantity ?? ZERO) + quantity });
  }
  return [...sums].map(([lineId, { sku, quantity }]) => ({
    lineId,
    sku,
    quantity: formatDecimal(quantity),
  }));
}

/** To whoever shipped the goods, and to the ledger, unless it was one of them who said so. */
export function sendReturnAdvice(
  d: Decision,
  returned: { returnId: string; location: string; lines: LineUnits[]; reason: string },
): void {
  const { order } = d;
  const payload: ReturnAdvicePayload = {
    company: order.company,
    orderId: order.orderId,
    returnId: returned.returnId,
    location: returned.location,
    document: order.booking?.document ?? "",
    reason: returned.reason,
    lines: sumByLine(returned.lines),
  };
  const key = `${keyOf(order)}/return/${returned.returnId}@${returned.location}`;
  const { ledger } = d.context;
  const told = [ownerOf(d, returned.location), ...(ledger === undefined ? [] : [{ addressee: ledger }])];
  for (const to of told) {
    if (to.addressee === d.event.source) continue;
    d.send({ type: "return.advice", key, ...to, reportedBy: d.event.source, payload });
  }
}

/** To the channel that the order came from. The ledger knows its own orders by its own documents. */
export function sendStatus(d: Decision): void {
  const { order } = d;
  if (order.channel === d.context.ledger || !hasNews(d.before, order)) return;
  const payload: OrderStatusPayload = {
    company: order.company,
    orderId: order.orderId,
    reference: order.reference,
    status: order.status,
    lines: order.lines.map((line) => ({
      lineId: line.lineId,
      sku: line.sku,
      quantity: formatDecimal(line.quantity),
      backordered: formatDecimal(line.backordered),
      shipped: formatDecimal(line.shipped),
      invoiced: formatDecimal(line.invoiced),
      cancelled: formatDecimal(line.cancelled),
      returned: formatDecimal(line.returned),
    })),
    shipments: order.shipments.flatMap(({ shipmentId, carrier, tracking, shippedAt, deliveredAt }) =>
      shippedAt === "" ? [] : [{ shipmentId, carrier, tracking, shippedAt, deliveredAt }],
    ),
  };
  d.send({ type: "order.status", key: keyOf(order), addressee: order.channel, payload });
}

function hasNews(before: Order | null, after: Order): boolean {
  if (before === null || before.status !== after.status || before.shipments !== after.shipments) return true;
  if (before.lines === after.lines) return false;
  if (before.lines.length !== after.lines.length) return true;
  return after.lines.some((line, index) => {
    const held = before.lines[index]!;
    return (
      line !== held &&
      (line.quantity !== held.quantity ||
        line.backordered !== held.backordered ||
        line.shipped !== held.shipped ||
        line.invoiced !== held.invoiced ||
        line.cancelled !== held.cancelled ||
        line.returned !== held.returned)
    );
  });
}

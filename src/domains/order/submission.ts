// What a submission makes an order of, and whether another one says the same. Quantities are as ordered until
// the order is accepted; the conversion to base units is a decision.
import { type Decimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import { parseTime } from "../../core/time.ts";
import type { OrderSubmitted, Party } from "./contract.ts";
import type { Order, OrderCharge, OrderLine, OrderReservation } from "./state.ts";

export interface Submission {
  data: OrderSubmitted;
  source: string;
  company: string;
}

/** `reservation`: what was held for it before. */
export function newOrder(
  { data, source, company }: Submission,
  reservation: OrderReservation | null = null,
): Order {
  return {
    ...untouched(),
    company: data.company ?? company,
    orderId: data.orderId,
    status: "submitted",
    channel: source,
    reference: data.reference ?? "",
    customer: data.customer ?? null,
    purchaseOrder: data.purchaseOrder ?? "",
    currency: data.currency,
    placedAt: parseTime(data.placedAt),
    requestedShipAt: data.requestedShipAt === undefined ? "" : parseTime(data.requestedShipAt),
    shipComplete: data.shipComplete ?? false,
    priority: data.priority ?? 0,
    lines: data.lines.map(newLine),
    charges: (data.charges ?? []).map(newCharge),
    booking: data.booked ?? null,
    bookedAtSource: data.booked !== undefined,
    reservation,
  };
}

/** Nothing has happened to it yet. */
export function untouched() {
  return {
    hold: null,
    rejection: null,
    releases: [],
    cancellation: null,
    cancelling: [],
    cancellationCount: 0,
    shipments: [],
    invoices: [],
    returns: [],
    reports: [],
    explanation: [],
  };
}

function newLine(line: OrderSubmitted["lines"][number]): OrderLine {
  const ordered = parseDecimal(line.quantity);
  return {
    lineId: line.lineId,
    sku: line.sku,
    description: line.description ?? "",
    ordered,
    orderedUnit: line.unit ?? "",
    quantity: ordered,
    unit: "",
    price: parseDecimal(line.price),
    priceUnit: Number(line.priceUnit ?? "1") as OrderLine["priceUnit"],
    cancelled: ZERO,
    backordered: ZERO,
    promisedAt: "",
    shipped: ZERO,
    invoiced: ZERO,
    returned: ZERO,
    credited: ZERO,
    places: [],
  };
}

function newCharge(charge: NonNullable<OrderSubmitted["charges"]>[number]): OrderCharge {
  return {
    chargeId: charge.chargeId,
    kind: charge.kind,
    description: charge.description ?? "",
    amount: parseDecimal(charge.amount),
    invoiced: false,
  };
}

/** Whether a submission asks for what the order was accepted for; descriptions and references aside. */
export function saysTheSame(order: Order, data: OrderSubmitted): boolean {
  return (
    sameCustomer(order.customer, data.customer) &&
    order.purchaseOrder === (data.purchaseOrder ?? "") &&
    order.currency === data.currency &&
    order.requestedShipAt === (data.requestedShipAt === undefined ? "" : parseTime(data.requestedShipAt)) &&
    order.shipComplete === (data.shipComplete ?? false) &&
    sameLines(order.lines, data.lines) &&
    sameCharges(order.charges, data.charges ?? [])
  );
}

/** A customer that was named while the order was held is no contradiction to a submission without one. */
function sameCustomer(held: Party | null, said: Party | undefined): boolean {
  return said === undefined || held?.id === said.id;
}

function sameLines(held: readonly OrderLine[], said: OrderSubmitted["lines"]): boolean {
  return (
    held.length === said.length &&
    held.every((line, index) => {
      const other = said[index]!;
      return (
        line.lineId === other.lineId &&
        line.sku === other.sku &&
        line.orderedUnit === (other.unit ?? "") &&
        line.priceUnit === Number(other.priceUnit ?? "1") &&
        sameDecimal(line.ordered, other.quantity) &&
        sameDecimal(line.price, other.price)
      );
    })
  );
}

function sameCharges(held: readonly OrderCharge[], said: NonNullable<OrderSubmitted["charges"]>): boolean {
  return (
    held.length === said.length &&
    held.every((charge, index) => {
      const other = said[index]!;
      return (
        charge.chargeId === other.chargeId &&
        charge.kind === other.kind &&
        sameDecimal(charge.amount, other.amount)
      );
    })
  );
}

const sameDecimal = (held: Decimal, said: string): boolean => held === parseDecimal(said);

/**
 * A channel may correct what it submitted while the order is held, as long as nothing has happened to it. The same
 * again, or another channel's submission, replaces nothing.
 */
export function canReplace(order: Order, { data, source }: Submission): boolean {
  return (
    order.status === "held" &&
    order.channel === source &&
    !saysTheSame(order, data) &&
    order.cancellation === null &&
    order.shipments.length === 0 &&
    order.invoices.length === 0 &&
    order.returns.length === 0 &&
    (order.booking === null || order.bookedAtSource)
  );
}

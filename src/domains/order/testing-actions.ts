// Anything that can be said of three orders over two SKUs and three places, in any order and more than once, for
// properties that must hold whatever is said.
import fc from "fast-check";
import { formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { OrderEventType } from "./contract.ts";
import type { OrderOccurrence } from "./evolve.ts";
import { amountOf } from "./money.ts";
import { day, House } from "./testing.ts";

const SKUS = ["A", "B"] as const;
export const PLACES = ["EAST", "WEST", "3PL"] as const;
export const SYSTEM = { EAST: "east", WEST: "west", "3PL": "partner" } as const;

const sku = fc.constantFrom(...SKUS);
const place = fc.constantFrom(...PLACES);
const orderId = fc.constantFrom("O-1", "O-2", "O-3");
export const count = fc.integer({ min: 1, max: 8 });
/** Line 1 is of A, line 2 of B, line 3 of A again; line 9 is in no order. */
const stated = fc.array(
  fc
    .tuple(fc.constantFrom("1", "2", "3", "3", "1", "2", "9"), count)
    .map(([lineId, quantity]) => ({ lineId, sku: lineId === "2" ? "B" : "A", quantity: String(quantity) })),
  { minLength: 1, maxLength: 3 },
);

export type Action = (house: House) => void;
export const said = (
  type: OrderEventType,
  source: string | ((house: House) => string),
  data: (house: House) => object,
): Action => {
  return (house) => {
    const from = typeof source === "string" ? source : source(house);
    house.say(type, from, data(house) as never);
  };
};

const submitted = fc
  .record({
    orderId,
    quantities: fc.tuple(count, count, count),
    customer: fc.oneof(
      { weight: 6, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    booked: fc.boolean(),
    shipComplete: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    later: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    source: fc.constantFrom("portal", "portal", "crm"),
    unit: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constantFrom("CS", "PF")),
  })
  .map(({ orderId, quantities, customer, booked, shipComplete, later, source, unit }) =>
    said("order.submitted", source, (house) => ({
      orderId,
      ...(customer ? { customer: { id: "C-1" } } : {}),
      currency: "GBP",
      placedAt: house.now,
      shipComplete,
      ...(later ? { requestedShipAt: day(26) } : {}),
      ...(booked ? { booked: { system: "erp", document: `SO-${orderId}` } } : {}),
      lines: quantities.map((quantity, index) => ({
        lineId: String(index + 1),
        sku: index === 1 ? "B" : "A",
        quantity: String(quantity),
        price: "1.255",
        ...(unit === undefined || index !== 1 ? {} : { unit }),
      })),
    })),
  );

const reservation = fc
  .record({
    orderId,
    quantities: fc.tuple(count, count),
    expiresInSeconds: fc.constantFrom(60, 3_600, 999_999),
    source: fc.constantFrom("portal", "portal", "portal", "crm"),
  })
  .map(({ orderId, quantities, expiresInSeconds, source }) =>
    said("order.reservation.requested", source, () => ({
      orderId,
      expiresInSeconds,
      // Lines 1 and 2 are those of the orders; line 4 is in none.
      lines: quantities.flatMap((quantity, index) => [
        { lineId: String(index + 1), sku: index === 1 ? "B" : "A", quantity: String(quantity) },
        ...(quantity === 3 ? [{ lineId: "4", sku: "A", quantity: "1" }] : []),
      ]),
    })),
  );

/** The schedule says that the time has come: of the hold as it is, or of an earlier one. */
const expiry = fc.tuple(orderId, fc.boolean()).map(([orderId, isOld]) =>
  said("order.reservation.due", "crossdock", (house) => ({
    orderId,
    expiresAt: (isOld ? undefined : house.orders.get(orderId)?.reservation?.expiresAt) ?? day(1),
  })),
);

const booking = fc.tuple(orderId, fc.constantFrom("1", "1", "1", "2")).map(([orderId, number]) =>
  said("order.booked", "erp", (house) => ({
    orderId,
    system: "erp",
    document: `SO-${orderId}-${number}`,
    bookedAt: house.now,
  })),
);

const shipment = fc
  .record({
    orderId,
    location: place,
    shipmentId: fc.constantFrom("S-1", "S-2", "S-3"),
    lines: stated,
    cumulative: fc.boolean(),
  })
  .map((data) =>
    said("shipment.shipped", SYSTEM[data.location], (house) => ({ ...data, shippedAt: house.now })),
  );

const placeSays = (type: OrderEventType, timeField: string) =>
  fc
    .record({ orderId, location: place, lines: stated })
    .map((data) => said(type, SYSTEM[data.location], (house) => ({ ...data, [timeField]: house.now })));

const facts = fc.oneof(
  { weight: 4, arbitrary: submitted },
  { weight: 3, arbitrary: reservation },
  { weight: 2, arbitrary: expiry },
  orderId.map((orderId) => said("order.reservation.withdrawn", "portal", () => ({ orderId }))),
  { weight: 4, arbitrary: booking },
  { weight: 5, arbitrary: shipment },
  { weight: 2, arbitrary: placeSays("order.pick.short", "reportedAt") },
  { weight: 3, arbitrary: placeSays("order.cancellation.confirmed", "confirmedAt") },
  fc
    .record({ orderId, location: place, lines: stated, reason: fc.constant("packed") })
    .map((data) => said("order.cancellation.refused", SYSTEM[data.location], () => data)),
  fc.record({ orderId, location: place }).map((data) =>
    said("order.release.confirmed", SYSTEM[data.location], (house) => ({
      ...data,
      confirmedAt: house.now,
    })),
  ),
  fc
    .record({ orderId, location: place, code: fc.constant("NO"), reason: fc.constant("no") })
    .map((data) => said("order.release.refused", SYSTEM[data.location], () => data)),
  fc
    .record({ orderId, code: fc.constant("NO"), reason: fc.constant("no"), system: fc.constant("erp") })
    .map((data) => said("order.booking.refused", "erp", () => data)),
  {
    weight: 3,
    arbitrary: fc
      .record({
        orderId,
        lines: fc.option(stated, { nil: undefined }),
        from: fc.constantFrom("portal", "erp"),
      })
      .map(({ from, lines, orderId }) =>
        said("order.cancellation.requested", from, (house) => ({
          orderId,
          ...(lines === undefined ? {} : { lines }),
          requestedAt: house.now,
        })),
      ),
  },
  fc
    .record({ orderId, shipmentId: fc.constantFrom("S-1", "S-2", "S-3") })
    .map((data) => said("shipment.delivered", "east", (house) => ({ ...data, deliveredAt: house.now }))),
  fc
    .record({ orderId, customer: fc.constant({ id: "C-2" }), by: fc.constant("service") })
    .map((data) => said("order.hold.released", "service", () => data)),
  {
    weight: 3,
    arbitrary: orderId.map((orderId) => said("order.reallocation.due", "crossdock", () => ({ orderId }))),
  },
  fc
    .record({ orderId, returnId: fc.constantFrom("R-1", "R-2"), lines: stated })
    .map((data) => said("return.requested", "portal", (house) => ({ ...data, requestedAt: house.now }))),
  fc
    .record({ orderId, returnId: fc.constantFrom("R-1", "R-2"), location: place, lines: stated })
    .map((data) =>
      said("return.received", SYSTEM[data.location], (house) => ({ ...data, receivedAt: house.now })),
    ),
  { weight: 2, arbitrary: orderId.map(invoiceWhatShipped) },
);

export function invoiceWhatShipped(orderId: string): Action {
  return (house) => {
    const order = house.orders.get(orderId);
    if (order === undefined) return;
    const lines = order.lines
      .filter((line) => line.shipped > line.invoiced)
      .map((line) => {
        const open = line.shipped - line.invoiced;
        const amount = formatDecimal(amountOf(order, line, open));
        return { lineId: line.lineId, quantity: formatDecimal(open), amount };
      });
    const total = formatDecimal(lines.reduce((sum, line) => sum + parseDecimal(line.amount), ZERO));
    const number = `I-${order.invoices.length}`;
    said("invoice.posted", "erp", () => ({
      orderId,
      invoice: number,
      kind: "invoice",
      currency: "GBP",
      postedAt: house.now,
      lines,
      total,
    }))(house);
  };
}

const supply = fc.oneof(
  fc.tuple(sku, place, fc.integer({ min: 0, max: 20 })).map(
    ([what, where, quantity]): Action =>
      (house) => {
        house.stock(what, where, quantity);
      },
  ),
  fc.tuple(sku, fc.integer({ min: 0, max: 10 }), fc.integer({ min: 24, max: 28 })).map(
    ([what, quantity, when]): Action =>
      (house) => {
        house.inbound(what, quantity, day(when), "EAST", `PO-${what}`);
      },
  ),
  fc.constant<Action>((house) => house.tick(6 * 3_600_000)),
);

/** The same event once more, under another receipt. */
const again = fc.nat().map(
  (at): Action =>
    (house) => {
      const said = house.log.filter((event): event is OrderOccurrence => !("key" in event));
      const event = said[at % Math.max(1, said.length)];
      if (event === undefined) return;
      house.tick();
      house.apply(event);
    },
);

export const actions = fc.array(
  fc.oneof({ weight: 8, arbitrary: facts }, { weight: 3, arbitrary: supply }, again),
  {
    minLength: 5,
    maxLength: 40,
  },
);

export const newHouse = (): House =>
  new House({ units: { B: { base: "EA", ratios: { CS: { numerator: 6n, denominator: 1n } } } } })
    .stock("A", "EAST", 12)
    .stock("A", "WEST", 6)
    .stock("B", "WEST", 8)
    .stock("B", "3PL", 9);

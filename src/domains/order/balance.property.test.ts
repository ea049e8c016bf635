import fc from "fast-check";
import { expect, test } from "vitest";
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { MovementRecorded } from "../inventory/contract.ts";
import type { OrderEventType } from "./contract.ts";
import { evolveOrder, type OrderOccurrence } from "./evolve.ts";
import { askedBackOf, findLine, openUnits, promisedUnits, releasedAt } from "./lines.ts";
import { amountOf } from "./money.ts";
import type { Order } from "./state.ts";
import { isAccepted } from "./status.ts";
import { day, House, units } from "./testing.ts";
import { transitionOf } from "./transitions.ts";
import { lineUnits } from "./units.ts";

const SKUS = ["A", "B"] as const;
const PLACES = ["EAST", "WEST", "3PL"] as const;
const SYSTEM = { EAST: "east", WEST: "west", "3PL": "partner" } as const;

const sku = fc.constantFrom(...SKUS);
const place = fc.constantFrom(...PLACES);
const orderId = fc.constantFrom("O-1", "O-2", "O-3");
const count = fc.integer({ min: 1, max: 8 });
/** Line 1 is of A, line 2 of B, line 3 of A again; line 9 is in no order. */
const stated = fc.array(
  fc
    .tuple(fc.constantFrom("1", "2", "3", "3", "1", "2", "9"), count)
    .map(([lineId, quantity]) => ({ lineId, sku: lineId === "2" ? "B" : "A", quantity: String(quantity) })),
  { minLength: 1, maxLength: 3 },
);

type Action = (house: House) => void;
const said = (
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

function invoiceWhatShipped(orderId: string): Action {
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

const actions = fc.array(fc.oneof({ weight: 8, arbitrary: facts }, { weight: 3, arbitrary: supply }, again), {
  minLength: 5,
  maxLength: 40,
});

const house = (): House =>
  new House({ units: { B: { base: "EA", ratios: { CS: { numerator: 6n, denominator: 1n } } } } })
    .stock("A", "EAST", 12)
    .stock("A", "WEST", 6)
    .stock("B", "WEST", 8)
    .stock("B", "3PL", 9);

const live = (order: Order): boolean =>
  isAccepted(order) && order.status !== "cancelled" && order.status !== "closed";

function expectBalance(order: Order): void {
  for (const line of order.lines) {
    const books = lineUnits(line, isAccepted(order));
    expect(books.accepted + books.overShipped).toBe(books.invoiced + books.cancelled + books.open);
    const [needed, promised] = [openUnits(line), promisedUnits(line)];
    if (live(order)) {
      // Never less than is still needed; more only where a place has it that will not, or not yet, give it back.
      const released = line.places.reduce((sum, place) => sum + releasedAt(place), ZERO);
      expect(promised).toBeGreaterThanOrEqual(needed);
      expect(promised - needed).toBeLessThanOrEqual(released);
      expect(askedBackOf(order, line.lineId)).toBeLessThanOrEqual(released);
    } else expect(promised).toBe(ZERO);
    for (const { allocated, released, shipped } of line.places) {
      expect(allocated >= released && released >= shipped && shipped >= ZERO).toBe(true);
    }
    const atPlaces = line.places.reduce((sum, { shipped }) => sum + shipped, ZERO);
    expect(atPlaces).toBe(line.shipped);
    const inShipments = order.shipments
      .flatMap((one) => one.lines)
      .filter((one) => one.lineId === line.lineId);
    expect(inShipments.reduce((sum, one) => sum + one.quantity, ZERO)).toBe(line.shipped);
  }
}

/** What is reserved in stock is what the orders say is promised. */
function expectReservations(house: House): void {
  const promised = new Map<string, Decimal>();
  const add = (name: string, quantity: Decimal) => {
    if (quantity !== ZERO) promised.set(name, (promised.get(name) ?? ZERO) + quantity);
  };
  for (const order of house.orders.values()) {
    for (const { lineId, backordered, places } of order.lines) {
      add(`${order.orderId} ${lineId} `, backordered);
      for (const { location, allocated, shipped } of places)
        add(`${order.orderId} ${lineId} ${location}`, allocated - shipped);
    }
  }
  const reserved = new Map<string, Decimal>();
  for (const reservations of house.reservations.values()) {
    for (const held of reservations)
      reserved.set(`${held.orderId} ${held.lineId} ${held.location}`, held.quantity);
  }
  expect(Object.fromEntries([...reserved].sort())).toEqual(Object.fromEntries([...promised].sort()));
}

/** Every unit that shipped left its place once, and no unit of an order came back twice. */
function expectMovements(house: House): void {
  const moved = new Map<string, Decimal>();
  const ordered = new Map<string, Decimal>();
  const ids = new Set<string>();
  for (const event of house.log) {
    if (event.type !== ("inventory.movement.recorded" as string)) continue;
    const data = event.data as unknown as MovementRecorded;
    // Nothing is kept of an order that nobody knows: the same shipment said twice has the same number twice.
    if (data.note === "of an order that is not known") continue;
    expect(ids, data.movementId).not.toContain(data.movementId);
    ids.add(data.movementId);
    if (data.reason !== "issue") continue;
    const [, , orderId, lineId] = data.movementId.split(/[/@+]/);
    const name = `${orderId} ${lineId}`;
    moved.set(name, (moved.get(name) ?? ZERO) - parseDecimal(data.quantity));
    if (data.order === undefined) continue;
    expect([data.order.orderId, data.order.lineId]).toEqual([orderId, lineId]);
    ordered.set(name, (ordered.get(name) ?? ZERO) - parseDecimal(data.quantity));
  }
  for (const order of house.orders.values()) {
    for (const line of order.lines) {
      const name = `${order.orderId} ${line.lineId}`;
      expect(moved.get(name) ?? ZERO).toBe(line.shipped);
      // The ledger may bill no more than was ordered.
      expect((ordered.get(name) ?? ZERO) <= line.quantity).toBe(true);
    }
  }
}

function expectReplay(house: House): void {
  const replayed = new Map<string, Order>();
  for (const event of house.log) {
    if (!event.type.match(/^(order|shipment|invoice|return)\./)) continue;
    const occurrence = event as OrderOccurrence;
    const { orderId } = occurrence.data;
    const before = replayed.get(orderId) ?? null;
    if (before === null && occurrence.type !== "order.submitted") continue;
    replayed.set(orderId, evolveOrder(before, occurrence));
  }
  expect(replayed).toEqual(house.orders);
}

/** A failure tells what was said and decided up to it. */
function told(world: House, run: () => void): void {
  try {
    run();
  } catch (error) {
    const story = world.log.map((event) => `${event.source}: ${event.type} ${JSON.stringify(event.data)}`);
    throw new Error([...story, String(error)].join("\n"), { cause: error });
  }
}

/** Applies an action, and holds the state machine to what it declares. */
function act(house: House, action: Action): void {
  const before = new Map([...house.orders].map(([id, order]) => [id, order.status]));
  const length = house.log.length;
  action(house);
  house.applyWaiting();
  const event = house.log[length] as OrderOccurrence | undefined;
  if (event === undefined || !("orderId" in event.data)) return;
  const { orderId } = event.data;
  const from = before.get(orderId) ?? "none";
  const after = house.orders.get(orderId)?.status;
  const declared = transitionOf(from, event.type)!;
  if (after !== undefined) expect(declared.to ?? [from], `${event.type} in ${from}`).toContain(after);
}

test("whatever is said in whatever order, units, promises, reservations and movements balance", () => {
  fc.assert(
    fc.property(actions, (sequence) => {
      const world = house();
      told(world, () => {
        for (const action of sequence) {
          act(world, action);
          for (const order of world.orders.values()) expectBalance(order);
          expectReservations(world);
        }
        expectMovements(world);
        expectReplay(world);
      });
    }),
    { numRuns: 400 },
  );
});

test("the same in any order of stock facts: movements that come late end the same reservations", () => {
  fc.assert(
    fc.property(actions, (sequence) => {
      const world = house();
      world.holdFollowUps = true;
      told(world, () => {
        for (const action of sequence) {
          action(world);
          for (const order of world.orders.values()) expectBalance(order);
        }
        world.applyWaiting();
        expectReservations(world);
      });
    }),
    { numRuns: 150 },
  );
});

test("looking again comes to rest: orders that wait do not take from each other for ever", () => {
  fc.assert(
    fc.property(actions, (sequence) => {
      const world = house();
      told(world, () => {
        for (const action of sequence) action(world);
        const look = (orderId: string) =>
          world.say("order.reallocation.due", "crossdock", { orderId }).decided.length;
        const lookAtAll = () => [...world.orders.keys()].reduce((sum, orderId) => sum + look(orderId), 0);
        for (let round = 0; round < 6 && lookAtAll() > 0; round++);
        expect(lookAtAll()).toBe(0);
      });
    }),
    { numRuns: 150 },
  );
});

function cancelEverything(world: House, orderId: string): void {
  said("order.cancellation.requested", "portal", (h) => ({ orderId, requestedAt: h.now }))(world);
  for (const location of PLACES) {
    const lines = world.order(orderId).lines.map(({ lineId, sku }) => ({ lineId, sku, quantity: "99" }));
    const answer = (h: House) => ({ orderId, location, lines, confirmedAt: h.now });
    said("order.cancellation.confirmed", SYSTEM[location], answer)(world);
  }
  const done = world.order(orderId);
  expectBalance(done);
  // Goods that left while it was held: somebody has to look at it.
  if (done.status === "held") expect(done.lines.some((line) => line.shipped > ZERO)).toBe(true);
  else expect(["rejected", "cancelled", "closed", "shipped", "delivered", "invoiced"]).toContain(done.status);
}

test("once everything is cancelled and every place has answered, nothing is reserved", () => {
  fc.assert(
    fc.property(actions, (sequence) => {
      const world = house();
      told(world, () => {
        for (const action of sequence) act(world, action);
        for (const orderId of world.orders.keys()) cancelEverything(world, orderId);
        expect([...world.reservations.values()].flat()).toEqual([]);
      });
    }),
    { numRuns: 150 },
  );
});

test("shipping all that was asked for, in parts, ends every reservation and invoices every unit", () => {
  const parts = fc.array(fc.tuple(fc.constantFrom("1", "2", "3"), count), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.tuple(count, count, count), parts, (quantities, sequence) => {
      const world = new House().stock("A", "EAST", 20).stock("B", "EAST", 20);
      world.submit({
        lines: quantities.map((quantity, index) => ({
          lineId: String(index + 1),
          sku: index === 1 ? "B" : "A",
          quantity: String(quantity),
          price: "0.335",
        })),
      });
      world.say("order.booked", "erp", { system: "erp", document: "1", bookedAt: world.now });
      let number = 0;
      const ship = (lineId: string, quantity: Decimal) => {
        number += 1;
        const line = findLine(world.order(), lineId)!;
        const sent = quantity < openUnits(line) ? quantity : openUnits(line);
        if (sent === ZERO) return;
        world.say("shipment.shipped", "east", {
          location: "EAST",
          shipmentId: `S-${number}`,
          shippedAt: world.now,
          lines: [{ lineId, sku: line.sku, quantity: formatDecimal(sent) }],
        });
      };
      for (const [lineId, quantity] of sequence) ship(lineId, units(quantity));
      for (const lineId of ["1", "2", "3"]) ship(lineId, units(99));
      invoiceWhatShipped("O-1")(world);
      for (const { shipmentId } of world.order().shipments) {
        world.say("shipment.delivered", "east", { shipmentId, deliveredAt: world.now });
      }
      expect(world.order().status).toBe("closed");
      expect(world.reserved()).toEqual({});
      expect(world.problems).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Decimal, formatDecimal, parseDecimal, ZERO } from "../../core/decimal.ts";
import type { MovementRecorded } from "../inventory/contract.ts";
import { evolveOrder, type OrderOccurrence, opensOrder } from "./evolve.ts";
import { askedBackOf, findLine, openUnits, promisedUnits, releasedAt } from "./lines.ts";
import { heldUnits } from "./reservation.ts";
import type { Order } from "./state.ts";
import { isAccepted, isSubmitted } from "./status.ts";
import { House, units } from "./testing.ts";
import {
  type Action,
  actions,
  count,
  invoiceWhatShipped,
  newHouse,
  PLACES,
  SYSTEM,
  said,
} from "./testing-actions.ts";
import { transitionOf } from "./transitions.ts";
import { lineUnits } from "./units.ts";

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
    for (const { lineId, location, quantity } of heldUnits(order)) {
      add(`${order.orderId} ${lineId} ${location}`, quantity);
    }
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
    if (before === null && !opensOrder(occurrence.type)) continue;
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
      const world = newHouse();
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
      const world = newHouse();
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
      const world = newHouse();
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
  said("order.reservation.withdrawn", "portal", () => ({ orderId }))(world);
  if (!isSubmitted(world.order(orderId))) return;
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
      const world = newHouse();
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

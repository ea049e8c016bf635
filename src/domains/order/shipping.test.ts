import { describe, expect, test } from "vitest";
import type { MovementRecorded } from "../inventory/contract.ts";
import type { Reaction } from "../reaction.ts";
import { House, line } from "./testing.ts";
import { orderUnits } from "./units.ts";

const of = (lineId: string, sku: string, quantity: number) => ({ lineId, sku, quantity: String(quantity) });

function released(): House {
  const house = new House().stock("A", "EAST", 20).stock("B", "EAST", 20).stock("A", "WEST", 20);
  house.submit({ lines: [line("1", "A", 10), line("2", "B", 4)] });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  return house;
}

const ship = (house: House, what: ReturnType<typeof of>[], more: Record<string, unknown> = {}) =>
  house.say("shipment.shipped", more.location === "WEST" ? "west" : "east", {
    location: "EAST",
    shipmentId: "S-1",
    shippedAt: house.now,
    lines: what,
    ...more,
  });

const moved = ({ followUps }: Reaction) =>
  followUps.map(({ data }) => {
    const { sku, quantity, location } = data as MovementRecorded;
    return `${sku} ${quantity} ${location}`;
  });

test("a shipment is one goods issue a line, at its own time, said by the place that shipped", () => {
  const house = released();
  const { followUps } = ship(house, [of("1", "A", 10), of("2", "B", 4)]);
  expect(followUps[0]).toMatchObject({
    type: "inventory.movement.recorded",
    source: "east",
    key: "stock:main/A",
    data: {
      sku: "A",
      location: "EAST",
      movementId: "EAST/S-1/O-1/1",
      quantity: "-10",
      unit: "EA",
      reason: "issue",
      document: "O-1",
      order: { orderId: "O-1", lineId: "1", shipmentId: "S-1" },
    },
  });
  expect(followUps[0]!.time).toBe((followUps[0]!.data as MovementRecorded).occurredAt);
  expect(house.problems).toEqual([]);
});

test("in parts: each shipment moves its own units, and the order is complete with the last", () => {
  const house = released();
  expect(moved(ship(house, [of("1", "A", 4)]))).toEqual(["A -4 EAST"]);
  expect(house.order().status).toBe("partially-shipped");
  expect(moved(ship(house, [of("1", "A", 6), of("2", "B", 4)], { shipmentId: "S-2" }))).toEqual([
    "A -6 EAST",
    "B -4 EAST",
  ]);
  expect(house.order().status).toBe("shipped");
  expect(house.reserved()).toEqual({});
});

describe("the same shipment again", () => {
  test("moves nothing", () => {
    const house = released();
    ship(house, [of("1", "A", 4)]);
    const before = house.order();
    expect(Object.values(ship(house, [of("1", "A", 4)])).flat()).toEqual([]);
    expect(house.order()).toBe(before);
  });

  test("with another line adds that line", () => {
    const house = released();
    ship(house, [of("1", "A", 4)]);
    expect(moved(ship(house, [of("1", "A", 4), of("2", "B", 1)]))).toEqual(["B -1 EAST"]);
  });

  test("with another quantity is a contradiction where quantities are increments, a difference where they are totals", () => {
    const house = released();
    ship(house, [of("1", "A", 4)]);
    expect(ship(house, [of("1", "A", 6)]).problems).toMatchObject([
      { code: "event.conflict", detail: { lines: [{ held: "4", said: "6" }] } },
    ]);
    const grown = ship(house, [of("1", "A", 6)], { cumulative: true });
    expect(moved(grown)).toEqual(["A -2 EAST"]);
    expect(grown.followUps[0]!.data).toMatchObject({ movementId: "EAST/S-1/O-1/1@6" });
  });

  test("totals that arrive out of order add up to the largest", () => {
    const house = released();
    const cumulative = true;
    const at = house.now;
    ship(house, [of("1", "A", 7)], { cumulative, shippedAt: at });
    expect(Object.values(ship(house, [of("1", "A", 3)], { cumulative, shippedAt: at })).flat()).toEqual([]);
    // Later, and fewer: the place takes units back, which a person has to see.
    expect(ship(house, [of("1", "A", 5)], { cumulative }).problems).toMatchObject([
      { code: "event.conflict" },
    ]);
    expect(house.order().lines[0]!.shipped).toBe(7_000_000n);
  });

  test("is another shipment where another place counts alike", () => {
    const house = released();
    ship(house, [of("1", "A", 4)]);
    const there = ship(house, [of("1", "A", 4)], { location: "WEST" });
    expect(moved(there)).toEqual(["A -4 WEST"]);
    expect(there.followUps[0]!.data).toMatchObject({ movementId: "WEST/S-1/O-1/1" });
  });
});

test("a line that a message names twice is summed", () => {
  const house = released();
  expect(moved(ship(house, [of("1", "A", 4), of("1", "A", 3)]))).toEqual(["A -7 EAST"]);
});

test("cases that ship are counted in pieces", () => {
  const house = new House()
    .define("A", "EA", { CS: { numerator: 12, denominator: 1 } })
    .stock("A", "EAST", 24);
  house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
  expect(moved(ship(house, [{ ...of("1", "A", 1), unit: "CS" } as never]))).toEqual(["A -12 EAST"]);
  expect(moved(ship(house, [of("1", "A", 1)], { shipmentId: "S-2" }))).toEqual(["A -1 EAST"]);
});

describe("more than was ordered", () => {
  test("is recorded, moved apart from the order, and at risk", () => {
    const house = released();
    const { followUps, problems } = ship(house, [of("1", "A", 12)]);
    expect(moved({ followUps } as Reaction)).toEqual(["A -10 EAST", "A -2 EAST"]);
    expect(followUps[1]!.data).toMatchObject({ note: "more than the order needed" });
    expect(followUps[1]!.data).not.toHaveProperty("order");
    expect(problems).toMatchObject([{ code: "shipment.over-shipped", moneyAtRisk: 5_000_000n }]);
    expect([house.onHand("A", "EAST"), house.reserved()]).toEqual(["8", { "2@EAST": "4" }]);
    expect(orderUnits(house.order())).toMatchObject({ overShipped: 2_000_000n, open: 16_000_000n });
  });

  test("lines, SKUs and units that the order does not have move all the same", () => {
    const house = released();
    // How many pieces a pallet holds nobody knows: the SKU waits for that, the order does not.
    house.holdFollowUps = true;
    const { problems, followUps } = ship(house, [
      of("9", "A", 1),
      of("1", "Z", 2),
      { ...of("2", "B", 3), unit: "PF" } as never,
    ]);
    expect(moved({ followUps } as Reaction)).toEqual(["A -1 EAST", "Z -2 EAST", "B -3 EAST"]);
    expect(followUps[2]!.data).toMatchObject({ unit: "PF" });
    expect(new Set(followUps.map(({ data }) => (data as MovementRecorded).movementId)).size).toBe(3);
    expect(problems).toMatchObject([{ code: "shipment.over-shipped" }]);
    expect(house.order().status).toBe("released");
  });
});

test("another place ships it: the first is asked to give it back, and keeps its reservation until it does", () => {
  const house = released();
  ship(house, [of("1", "A", 10)], { location: "WEST" });
  expect(house.sent("order.cancellation")).toEqual(["order.cancellation → east"]);
  expect(house.reserved()).toEqual({ "1@EAST": "10", "2@EAST": "4" });
  house.say("order.cancellation.confirmed", "east", {
    location: "EAST",
    confirmedAt: house.now,
    lines: [of("1", "A", 10)],
  });
  expect(house.reserved()).toEqual({ "2@EAST": "4" });
  // Nobody cancelled a unit: the buyer got them all.
  expect(house.order().lines[0]).toMatchObject({ cancelled: 0n, shipped: 10_000_000n });
  expect(house.problems).toEqual([]);
});

test("a place that ships what another has shipped too gives its reservation up with it", () => {
  const house = released();
  ship(house, [of("1", "A", 10)], { location: "WEST" });
  const { problems } = ship(house, [of("1", "A", 10)]);
  expect(problems).toMatchObject([{ code: "shipment.over-shipped", moneyAtRisk: 25_000_000n }]);
  expect(house.reserved()).toEqual({ "2@EAST": "4" });
});

test("a place that finds more than it was thought to have ends the backorder", () => {
  const house = new House().stock("A", "EAST", 6);
  house.submit({ lines: [line("1", "A", 10)] });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
  ship(house, [of("1", "A", 10)]);
  expect([house.reserved(), house.order().status]).toEqual([{}, "shipped"]);
});

test("an unknown order: the goods moved, and a person has to find out whose they are", () => {
  const house = new House().stock("A", "EAST", 20);
  const { followUps, problems } = ship(house, [of("1", "A", 3)]);
  expect(moved({ followUps } as Reaction)).toEqual(["A -3 EAST"]);
  expect(followUps[0]!.data).not.toHaveProperty("order");
  expect(problems).toMatchObject([{ code: "shipment.order-unknown", key: "order:main/O-1" }]);
  expect(house.onHand("A", "EAST")).toBe("17");
});

test("one shipment of two orders is two movements", () => {
  const house = released();
  house.submit({ orderId: "O-2", lines: [line("1", "A", 2)] });
  const first = ship(house, [of("1", "A", 1)]).followUps[0]!.data as MovementRecorded;
  const second = ship(house, [of("1", "A", 1)], { orderId: "O-2" }).followUps[0]!.data as MovementRecorded;
  expect(first.movementId).not.toBe(second.movementId);
});

test("a movement's number fits its field, however long the numbers it is made of", () => {
  const orderId = "O".repeat(128);
  const house = new House().stock("A", "EAST", 20);
  house.submit({ orderId, lines: [line("1".repeat(128), "A", 5), line("1".repeat(127), "A", 5)] });
  const { followUps } = ship(house, [of("1".repeat(128), "A", 5), of("1".repeat(127), "A", 5)], {
    orderId,
    shipmentId: "S".repeat(128),
  });
  const ids = followUps.map(({ data }) => (data as MovementRecorded).movementId);
  expect(ids.map((id) => id.length)).toEqual([128, 128]);
  expect(new Set(ids).size).toBe(2);
});

describe("delivery", () => {
  const deliver = (house: House, shipmentId = "S-1") =>
    house.say("shipment.delivered", "east", { shipmentId, deliveredAt: house.now });

  test("an order is delivered once every shipment is", () => {
    const house = released();
    ship(house, [of("1", "A", 10)]);
    ship(house, [of("2", "B", 4)], { shipmentId: "S-2" });
    deliver(house);
    expect(house.order().status).toBe("shipped");
    deliver(house, "S-2");
    expect(house.order().status).toBe("delivered");
  });

  test("overtakes its shipment: kept, and the problem is solved when the shipment comes", () => {
    const house = released();
    const early = deliver(house);
    expect(early.problems).toMatchObject([{ code: "shipment.order-unknown" }]);
    expect(house.order().status).toBe("released");
    const { solved, problems } = ship(house, [of("1", "A", 10), of("2", "B", 4)]);
    expect(solved).toContain(early.problems[0]!.fingerprint);
    expect([problems, house.order().status]).toEqual([[], "delivered"]);
  });

  test("of one of two shipments with one number is the one of whoever says so", () => {
    const house = released();
    ship(house, [of("1", "A", 4)]);
    ship(house, [of("1", "A", 4)], { location: "WEST" });
    deliver(house);
    expect(house.order().shipments.map((one) => [one.location, one.deliveredAt !== ""])).toEqual([
      ["EAST", true],
      ["WEST", false],
    ]);
  });
});

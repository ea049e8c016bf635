import { describe, expect, test } from "vitest";
import type { CancellationPayload } from "../outbound.ts";
import { House, line } from "./testing.ts";
import { orderUnits } from "./units.ts";

const lines = [line("1", "A", 10), line("2", "B", 4)];
const of = (lineId: string, sku: string, quantity: number) => ({ lineId, sku, quantity: String(quantity) });
const everything = [of("1", "A", 10), of("2", "B", 4)];

function booked(east = 20): House {
  const house = new House().stock("A", "EAST", east).stock("B", "EAST", 20);
  house.submit({ lines });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  return house;
}

const ask = (house: House, what?: { lineId: string; sku: string; quantity: string }[], source = "portal") =>
  house.say("order.cancellation.requested", source, {
    requestedAt: house.now,
    reason: "changed my mind",
    ...(what === undefined ? {} : { lines: what }),
  });
const confirm = (house: House, what = everything) =>
  house.say("order.cancellation.confirmed", "east", {
    location: "EAST",
    confirmedAt: house.now,
    lines: what,
  });
const ship = (house: House, what = everything, shipmentId = "S-1") =>
  house.say("shipment.shipped", "east", { location: "EAST", shipmentId, shippedAt: house.now, lines: what });

function expectBalanced(house: House): void {
  const units = orderUnits(house.order());
  expect(units.accepted + units.overShipped).toBe(units.invoiced + units.cancelled + units.open);
}

describe("before anything is released", () => {
  function accepted(): House {
    const house = new House().stock("A", "EAST", 6).stock("B", "EAST", 20);
    house.submit({ lines });
    return house;
  }

  test("all of it is cancelled at once, its reservations are free, and the ledger is told in the same lane", () => {
    const house = accepted();
    ask(house);
    expect(house.order().status).toBe("cancelled");
    expect(house.reserved()).toEqual({});
    const [told] = house.outbound.filter((one) => one.type === "order.cancellation");
    expect(told).toMatchObject({
      addressee: "erp",
      lane: "order:main/O-1",
      payload: { location: "", reason: "changed my mind", lines: everything },
    });
    // The ledger books it after that was on its way: recorded, and nothing is released.
    house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
    expect(house.sent("order.release")).toEqual([]);
    expect(house.problems).toEqual([]);
  });

  test("a part of a line takes what waits first", () => {
    const house = accepted();
    ask(house, [of("1", "A", 5)]);
    expect(house.reserved()).toEqual({ "1@EAST": "5", "2@EAST": "4" });
    expect(house.order()).toMatchObject({ status: "accepted", lines: [{ backordered: 0n }, {}] });
    expectBalanced(house);
  });

  test("the ledger is not told of what it asked for itself", () => {
    const house = accepted();
    ask(house, undefined, "erp");
    expect(house.sent("order.cancellation")).toEqual([]);
    expect(house.order().status).toBe("cancelled");
  });

  test("nor when the place agrees to what the ledger asked for", () => {
    const house = booked();
    ask(house, undefined, "erp");
    confirm(house);
    expect(house.sent("order.cancellation")).toEqual(["order.cancellation → east"]);
  });

  test("two cancellations are two messages", () => {
    const house = accepted();
    ask(house, [of("1", "A", 1)]);
    ask(house, [of("1", "A", 1)]);
    const keys = house.outbound.filter((one) => one.type === "order.cancellation").map((one) => one.key);
    expect(new Set(keys).size).toBe(2);
  });
});

describe("after release", () => {
  test("its place is asked, and nothing is free before it agrees", () => {
    const house = booked();
    ask(house);
    expect(house.order().status).toBe("released");
    expect(house.reserved()).toEqual({ "1@EAST": "10", "2@EAST": "4" });
    expect(house.sent("order.cancellation")).toEqual(["order.cancellation → east"]);
    confirm(house);
    expect(house.order().status).toBe("cancelled");
    expect(house.reserved()).toEqual({});
    expect(house.sent("order.cancellation")).toEqual([
      "order.cancellation → east",
      "order.cancellation → erp",
    ]);
  });

  test("the place is asked by its own document", () => {
    const house = booked();
    house.say("order.release.confirmed", "east", {
      location: "EAST",
      confirmedAt: house.now,
      document: "E-5",
    });
    ask(house);
    expect((house.outbound.at(-1)!.payload as CancellationPayload).document).toBe("E-5");
  });

  test("what waits is cancelled at once, the rest asked for", () => {
    const house = booked(6);
    ask(house);
    expect(house.reserved()).toEqual({ "1@EAST": "6", "2@EAST": "4" });
    expect(house.order().lines[0]).toMatchObject({ cancelled: 4_000_000n });
  });

  test("an answer counts once, however often it comes", () => {
    const house = booked();
    ask(house, [of("1", "A", 4)]);
    ask(house, [of("1", "A", 2)]);
    const event = { location: "EAST", confirmedAt: house.now, lines: [of("1", "A", 4)] };
    house.say("order.cancellation.confirmed", "east", event);
    const at = house.now;
    house.apply({
      ...(house.log.findLast((one) => one.type === "order.cancellation.confirmed") as never as object),
      time: at,
    } as never);
    expect(house.order().lines[0]).toMatchObject({ cancelled: 4_000_000n });
    expect(house.reserved()).toEqual({ "1@EAST": "6", "2@EAST": "4" });
  });

  test("asking twice asks once", () => {
    const house = booked();
    ask(house);
    const { decided, problems } = ask(house);
    expect([decided, problems]).toEqual([[], []]);
    expect(house.sent("order.cancellation")).toEqual(["order.cancellation → east"]);
  });

  test("the place refuses: a problem with the money, and the goods stay reserved and ship", () => {
    const house = booked();
    ask(house, [of("1", "A", 10)]);
    const refused = { location: "EAST", lines: [of("1", "A", 10)], reason: "packed" };
    const { problems } = house.say("order.cancellation.refused", "east", refused);
    expect(problems).toMatchObject([{ code: "order.cancellation-refused", moneyAtRisk: 25_000_000n }]);
    expect(house.order().cancelling).toEqual([]);
    ship(house);
    expect(house.order().status).toBe("shipped");
  });

  test("what nobody asked for is a conflict, and nothing is cancelled", () => {
    const house = booked();
    expect(confirm(house).problems).toMatchObject([{ code: "event.conflict" }]);
    expect(house.reserved()).toEqual({ "1@EAST": "10", "2@EAST": "4" });
  });

  test("a short pick of what was to be cancelled is not found elsewhere", () => {
    const house = booked();
    house.stock("A", "WEST", 50);
    ask(house, [of("1", "A", 10)]);
    house.say("order.pick.short", "east", {
      location: "EAST",
      reportedAt: house.now,
      lines: [of("1", "A", 10)],
    });
    expect(house.order().lines[0]).toMatchObject({ cancelled: 10_000_000n });
    expect(house.reserved()).toEqual({ "2@EAST": "4" });
  });
});

describe("a cancellation races a ship confirmation", () => {
  test("the goods were gone: the late answer cancels nothing and is a problem", () => {
    const house = booked();
    ask(house);
    ship(house);
    expect(house.order()).toMatchObject({ status: "shipped", cancelling: [] });
    expect(confirm(house).problems).toMatchObject([{ code: "event.conflict" }]);
    expect(house.order().status).toBe("shipped");
    expect(house.reserved()).toEqual({});
    expectBalanced(house);
  });

  test("the place agreed and shipped all the same: recorded, moved, at risk, and billed to nobody by itself", () => {
    const house = booked();
    ask(house);
    confirm(house);
    const { problems, followUps } = ship(house);
    expect(house.order()).toMatchObject({ status: "cancelled", lines: [{ shipped: 10_000_000n }, {}] });
    expect(problems).toMatchObject([{ code: "shipment.after-cancel", moneyAtRisk: 35_000_000n }]);
    expect(house.onHand("A", "EAST")).toBe("10");
    for (const { data } of followUps) expect(data).not.toHaveProperty("order");
    expectBalanced(house);
    expect(orderUnits(house.order())).toMatchObject({
      cancelled: 14_000_000n,
      overShipped: 14_000_000n,
      open: 14_000_000n,
    });
  });

  test("a part shipped: the rest is cancelled when the place agrees", () => {
    const house = booked();
    ask(house);
    ship(house, [of("1", "A", 3)]);
    confirm(house, [of("1", "A", 7), of("2", "B", 4)]);
    expect(house.order()).toMatchObject({
      status: "shipped",
      lines: [{ cancelled: 7_000_000n, shipped: 3_000_000n }, { cancelled: 4_000_000n }],
    });
    expect([house.reserved(), house.problems]).toEqual([{}, []]);
    expectBalanced(house);
  });
});

test("cancelling all of an order that shipped in part cancels the rest and says what is gone", () => {
  const house = booked();
  ship(house, [of("1", "A", 10)]);
  const { problems } = ask(house);
  expect(problems).toMatchObject([
    {
      code: "order.cancellation-refused",
      moneyAtRisk: 25_000_000n,
      detail: { lines: [{ lineId: "1", quantity: "10" }] },
    },
  ]);
  expect(house.order().cancelling).toMatchObject([{ location: "EAST", lines: [{ lineId: "2" }] }]);
});

test("a held order is cancelled at once, and its problem is solved", () => {
  const house = new House();
  const held = house.say("order.submitted", "portal", { currency: "GBP", placedAt: house.now, lines });
  const { solved } = ask(house);
  expect(house.order()).toMatchObject({ status: "cancelled", hold: null });
  expect(solved).toContain(held.problems[0]!.fingerprint);
  expect(house.sent("order.cancellation")).toEqual([]);
});

test("what was cancelled while an order was held is not promised, and the ledger hears of it after the booking", () => {
  const house = new House().stock("A", "EAST", 20).stock("B", "EAST", 20);
  house.say("order.submitted", "portal", { currency: "GBP", placedAt: house.now, lines });
  ask(house, [of("1", "A", 4)]);
  house.say("order.hold.released", "service", { by: "anna", customer: { id: "C-1" } });
  expect(house.reserved()).toEqual({ "1@EAST": "6", "2@EAST": "4" });
  expect(house.sent().slice(2)).toEqual([
    "order.booking → erp",
    "order.cancellation → erp",
    "order.status → portal",
  ]);
});

describe("totals that the ledger states", () => {
  const state = (house: House, ...totals: [string, string, number][]) =>
    house.say("order.cancellation.requested", "erp", {
      requestedAt: house.now,
      cumulative: true,
      lines: totals.map(([lineId, sku, total]) => of(lineId, sku, total)),
    });

  test("cancel what they add, once, however often they are said", () => {
    const house = new House().stock("A", "EAST", 20).stock("B", "EAST", 20);
    house.submit({ lines });
    for (const total of [2, 2, 5, 2, 5]) state(house, ["1", "A", total]);
    expect(house.order().lines[0]).toMatchObject({ cancelled: 5_000_000n });
    expect(house.problems).toEqual([]);
    expectBalanced(house);
  });

  test("are an echo where we told the ledger, and change nothing", () => {
    const house = new House().stock("A", "EAST", 20).stock("B", "EAST", 20);
    house.submit({ lines });
    ask(house, [of("1", "A", 3)]);
    const before = house.order();
    state(house, ["1", "A", 3]);
    expect(house.order()).toBe(before);
    ask(house, [of("1", "A", 1)]);
    const told = house.outbound.filter((one) => one.type === "order.cancellation");
    expect(told.map(({ payload }) => (payload as CancellationPayload).lines[0])).toEqual([
      { lineId: "1", sku: "A", quantity: "3", cancelled: "3" },
      { lineId: "1", sku: "A", quantity: "1", cancelled: "4" },
    ]);
  });

  test("ask a place for no more than once", () => {
    const house = booked();
    for (const _ of [1, 2, 3]) state(house, ["1", "A", 4]);
    expect(house.order().cancelling).toMatchObject([{ location: "EAST", lines: [{ quantity: 4_000_000n }] }]);
    confirm(house, [of("1", "A", 4)]);
    state(house, ["1", "A", 4]);
    expect(house.order().lines[0]).toMatchObject({ cancelled: 4_000_000n });
    expectBalanced(house);
  });
});

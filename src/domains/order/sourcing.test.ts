import { describe, expect, test } from "vitest";
import { House, line } from "./testing.ts";

const of = (lineId: string, sku: string, quantity: number) => ({ lineId, sku, quantity: String(quantity) });

function released(east: number, west: number): House {
  const house = new House().stock("A", "EAST", east).stock("A", "WEST", west);
  house.submit({ lines: [line("1", "A", 10)] });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  return house;
}

const short = (house: House, quantity: number) =>
  house.say("order.pick.short", "east", {
    location: "EAST",
    reportedAt: house.now,
    lines: [of("1", "A", quantity)],
  });
const refuse = (house: House, location = "EAST") =>
  house.say("order.release.refused", location.toLowerCase(), {
    location,
    code: "NO",
    reason: "unknown item",
  });
const look = (house: House) => house.say("order.reallocation.due", "crossdock", {});

test("a confirmed release tells the stock of each SKU that its place nets it", () => {
  const house = released(20, 0);
  const { followUps } = house.say("order.release.confirmed", "east", {
    location: "EAST",
    confirmedAt: house.now,
    document: "E-1",
  });
  expect(followUps).toMatchObject([
    {
      type: "inventory.allocation.confirmed",
      source: "east",
      key: "stock:main/A",
      data: { sku: "A", location: "EAST", orderId: "O-1", lineId: "1", quantity: "10" },
    },
  ]);
  const again = { location: "EAST", confirmedAt: house.now, document: "E-1" };
  expect(Object.values(house.say("order.release.confirmed", "east", again)).flat()).toEqual([]);
  const other = house.say("order.release.confirmed", "east", { ...again, document: "E-2" });
  expect(other.problems).toMatchObject([{ code: "event.conflict" }]);
});

describe("a release that its place could not allocate whole", () => {
  const confirm = (house: House, allocated: number, document = "E-1") =>
    house.say("order.release.confirmed", "east", {
      location: "EAST",
      confirmedAt: house.now,
      document,
      allocated: allocated === 0 ? [] : [of("1", "A", allocated)],
    });
  const netted = (reaction: { followUps: { data: unknown }[] }) =>
    reaction.followUps.map(({ data }) => (data as { quantity: string }).quantity);

  test("tells its stock what it did allocate", () => {
    expect(netted(confirm(released(20, 0), 4))).toEqual(["4"]);
    expect(netted(confirm(released(20, 0), 0))).toEqual([]);
  });

  test("without what left before it was heard that the place had taken it", () => {
    const house = released(20, 0);
    house.say("shipment.shipped", "east", {
      shipmentId: "E-1/1",
      location: "EAST",
      lines: [of("1", "A", 3)],
      shippedAt: house.now,
    });
    expect(netted(confirm(house, 8))).toEqual(["5"]);
  });
});

test("what a place gives up carries the place's own time, and what it never took does not", () => {
  const house = released(20, 20);
  const reportedAt = house.now;
  const given = ({ decided }: { decided: { type: string; data: unknown }[] }) =>
    decided.flatMap(({ type, data }) =>
      type === "inventory.released" ? [(data as { freedAt?: string }).freedAt] : [],
    );
  const lines = [of("1", "A", 4)];
  expect(given(house.say("order.pick.short", "east", { location: "EAST", reportedAt, lines }))).toEqual([
    reportedAt,
  ]);
  expect(given(refuse(house, "WEST"))).toEqual([undefined]);
  house.say("order.cancellation.requested", "portal", { requestedAt: house.now });
  const confirmedAt = house.now;
  const back = { location: "EAST", confirmedAt, lines: [of("1", "A", 6)] };
  expect(given(house.say("order.cancellation.confirmed", "east", back))).toEqual([confirmedAt]);
});

describe("a short pick", () => {
  test("is found elsewhere and released there, with the reason", () => {
    const house = released(20, 20);
    short(house, 4);
    expect(house.reserved()).toEqual({ "1@EAST": "6", "1@WEST": "4" });
    expect(house.order().explanation).toEqual([
      "EAST could not pick everything.",
      "EAST refused A; WEST had everything.",
    ]);
    expect(house.outbound.filter((one) => one.type === "order.release").map((one) => one.key)).toEqual([
      "main/O-1@EAST#1",
      "main/O-1@WEST#1",
    ]);
    expect(house.problems).toEqual([]);
  });

  test("waits where nobody has it, as a shortfall with its money, solved by the next supply", () => {
    const house = released(10, 0);
    const { problems } = short(house, 4);
    expect(problems).toMatchObject([{ code: "inventory.shortfall", moneyAtRisk: 10_000_000n }]);
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
    house.stock("A", "WEST", 9);
    expect(look(house).solved).toContain(problems[0]!.fingerprint);
    expect(house.reserved()).toEqual({ "1@EAST": "6", "1@WEST": "4" });
    expect(house.sent("order.release")).toEqual(["order.release → east", "order.release → west"]);
  });

  test("is not sent back to a place whose figure still says that it is there, and is once that changes", () => {
    const house = released(10, 0);
    short(house, 4);
    look(house);
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
    house.stock("A", "EAST", 6);
    look(house);
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
    house.stock("A", "EAST", 12);
    look(house);
    expect(house.reserved()).toEqual({ "1@EAST": "10" });
  });

  test("comes before those who only wait", () => {
    const house = released(10, 0);
    house.submit({ orderId: "O-2", lines: [line("1", "A", 5)] });
    house.stock("A", "WEST", 4);
    short(house, 4);
    expect([house.reserved(), house.reserved("O-2")]).toEqual([
      { "1@EAST": "6", "1@WEST": "4" },
      { "1@": "5" },
    ]);
  });

  test("counts once, whichever way it is reported", () => {
    const house = released(20, 20);
    const report = { location: "EAST", reportedAt: house.now, lines: [of("1", "A", 4)] };
    house.say("order.pick.short", "east", report);
    const before = house.order();
    const event = house.log.findLast((one) => one.type === "order.pick.short") as never;
    expect(Object.values(house.apply(event)).flat()).toEqual([]);
    expect(house.order()).toBe(before);
    // Another report of as many is another short pick.
    short(house, 4);
    expect(house.reserved()).toEqual({ "1@EAST": "2", "1@WEST": "8" });
  });

  test("of more than the place has is a conflict as far as it goes beyond", () => {
    const house = released(20, 20);
    expect(short(house, 12).problems).toMatchObject([{ code: "event.conflict" }]);
    expect(house.reserved()).toEqual({ "1@WEST": "10" });
  });

  test("after a part has shipped leaves what shipped alone", () => {
    const house = released(20, 20);
    house.say("shipment.shipped", "east", {
      location: "EAST",
      shipmentId: "S-1",
      shippedAt: house.now,
      lines: [of("1", "A", 6)],
    });
    short(house, 4);
    expect(house.reserved()).toEqual({ "1@WEST": "4" });
    expect(house.order().status).toBe("partially-shipped");
  });
});

describe("a refused release", () => {
  test("is a problem, and its lines go elsewhere", () => {
    const house = released(20, 20);
    const { problems } = refuse(house);
    expect(problems).toMatchObject([
      {
        code: "order.release-refused",
        moneyAtRisk: 25_000_000n,
        detail: { location: "EAST", reason: "unknown item" },
      },
    ]);
    expect(house.reserved()).toEqual({ "1@WEST": "10" });
    expect(house.order()).toMatchObject({
      status: "released",
      releases: [{ state: "refused" }, { state: "asked" }],
    });
    const done = house.say("shipment.shipped", "west", {
      location: "WEST",
      shipmentId: "S-1",
      shippedAt: house.now,
      lines: [of("1", "A", 10)],
    });
    expect(done.solved).toContain(problems[0]!.fingerprint);
  });

  test("is not sent there again, however much that place has", () => {
    const house = released(50, 0);
    refuse(house);
    expect([house.reserved(), house.order().status]).toEqual([{ "1@": "10" }, "booked"]);
    look(house);
    expect(house.reserved()).toEqual({ "1@": "10" });
    expect(house.sent("order.release")).toEqual(["order.release → east"]);
  });

  test("concerns the release that has no answer yet, not the one that was confirmed", () => {
    const house = released(6, 0);
    house.say("order.release.confirmed", "east", { location: "EAST", confirmedAt: house.now });
    house.stock("A", "EAST", 10);
    look(house);
    expect(house.order().releases.map((one) => one.number)).toEqual([1, 2]);
    refuse(house);
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
  });

  test("of nothing is a conflict", () => {
    const house = released(20, 20);
    expect(refuse(house, "WEST").problems).toMatchObject([{ code: "event.conflict" }]);
    expect(house.reserved()).toEqual({ "1@EAST": "10" });
  });
});

test("nothing is re-sourced while a place says nothing, whatever happens to its stock", () => {
  const house = released(10, 50);
  house.stock("A", "EAST", 0);
  look(house);
  expect(house.reserved()).toEqual({ "1@EAST": "10" });
  expect(house.sent("order.release")).toEqual(["order.release → east"]);
});

test("what no place was told of yet goes elsewhere once its place has lost it", () => {
  const house = new House().stock("A", "EAST", 10).stock("A", "WEST", 3);
  house.submit({ lines: [line("1", "A", 4), line("2", "A", 5)] });
  expect(house.reserved()).toEqual({ "1@EAST": "4", "2@EAST": "5" });
  house.stock("A", "EAST", 6);
  const { problems } = look(house);
  expect(problems).toEqual([]);
  expect(house.reserved()).toEqual({ "1@EAST": "1", "1@WEST": "3", "2@EAST": "5" });
  expect(house.order().explanation[0]).toBe("EAST no longer had what was promised from there.");
  house.stock("A", "EAST", 0);
  expect(look(house).problems).toMatchObject([{ code: "inventory.shortfall" }]);
  expect(house.reserved()).toEqual({ "1@": "1", "1@WEST": "3", "2@": "5" });
});

test("two orders on lost stock give up what is missing once, not twice", () => {
  const house = new House().stock("A", "EAST", 10);
  house.submit({ lines: [line("1", "A", 5)] });
  house.submit({ orderId: "O-2", lines: [line("1", "A", 5)] });
  house.stock("A", "EAST", 7);
  look(house);
  house.say("order.reallocation.due", "crossdock", { orderId: "O-2" });
  expect([house.reserved(), house.reserved("O-2")]).toEqual([
    { "1@": "3", "1@EAST": "2" },
    { "1@EAST": "5" },
  ]);
});

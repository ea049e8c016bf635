import { describe, expect, test } from "vitest";
import { clock, codes, day, StockHistory, sourceOf } from "./testing.ts";

test("commitments are the sums of promises by place and day", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  stock.reserve("S2", 4);
  stock.reserve("S3", 3, { dueAt: day(28) });
  stock.reserve("S4", 2, { location: "", kind: "backorder" });
  stock.reserve("S1", 1, { location: "WEST" });
  const expected = { "EAST|": "9", [`EAST|${day(28)}`]: "3", "WEST|": "1", "|": "2" };
  expect(stock.committed()).toEqual(expected);
  expect(stock.reserved()).toEqual(expected);
});

test.each([
  ["a place", "EAST", undefined, 28, day(28)],
  ["a place", "EAST", 28, undefined, day(28)],
  ["a place", "EAST", 28, 26, day(28)],
  ["backorder", "", undefined, 28, day(28)],
  ["backorder", "", 28, undefined, ""],
  ["backorder", "", 28, 26, day(26)],
])(
  "made again for the same line, %s (%j): day %s and %s, it adds up on the later, or a backorder's new, day",
  (...given) => {
    const [, location, first, second, due] = given;
    const dated = (number: number | undefined) => (number === undefined ? {} : { dueAt: day(number) });
    const stock = new StockHistory();
    stock.reserve("S1", 5, { location, ...dated(first) }, clock("08:00"));
    stock.reserve("S1", 2, { location, ...dated(second) }, clock("09:00"));
    expect(stock.committed()).toEqual({ [`${location}|${due}`]: "7" });
    expect(stock.reservations).toHaveLength(1);
    expect(stock.reservations[0]!.madeAt).toBe(clock("08:00"));
  },
);

test("a backorder that is made again for another day, and then given back by what it was, keeps its age", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 6, { location: "", kind: "backorder", dueAt: day(28) }, clock("08:00"));
  stock.reserve("S1", 4, { location: "", kind: "backorder", dueAt: day(26) }, clock("09:00"));
  stock.release("S1", 6, "");
  expect(stock.committed()).toEqual({ [`|${day(26)}`]: "4" });
  expect(stock.reservations[0]!.madeAt).toBe(clock("08:00"));
});

describe("a hold", () => {
  const until = (time: string) => ({ kind: "expiring", expiresAt: clock(time) });

  test("that turns firm stays reserved, keeps its age and has no end any more", () => {
    const stock = new StockHistory();
    stock.reserve("S1", 5, until("09:00"), clock("08:00"));
    stock.keep("S1", "firm", { priority: 3 });
    expect(stock.committed()).toEqual({ "EAST|": "5" });
    expect(stock.reservations).toEqual([
      expect.objectContaining({ kind: "firm", quantity: 5_000_000n, madeAt: clock("08:00"), priority: 3 }),
    ]);
    expect(stock.reservations[0]).not.toHaveProperty("expiresAt");
  });

  test("of now that turns firm for a later day is owed at that day; never earlier than it was", () => {
    const stock = new StockHistory();
    stock.reserve("S1", 5, until("09:00"));
    stock.reserve("S2", 2, { dueAt: day(28) });
    stock.keep("S1", "firm", { dueAt: day(28) });
    expect(stock.committed()).toEqual({ [`EAST|${day(28)}`]: "7" });
    stock.keep("S1", "firm", { dueAt: day(26) });
    expect(stock.committed()).toEqual({ [`EAST|${day(28)}`]: "7" });
  });

  test("is prolonged, and gives back what is no longer wanted", () => {
    const stock = new StockHistory();
    stock.reserve("S1", 5, until("09:00"));
    stock.release("S1", 2);
    stock.keep("S1", "expiring", { expiresAt: clock("10:00") });
    expect(stock.committed()).toEqual({ "EAST|": "3" });
    expect(stock.reservations).toMatchObject([{ kind: "expiring", expiresAt: clock("10:00") }]);
  });

  test("that a fact has ended does not come back by turning firm", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.reserve("S1", 5, until("09:00"));
    stock.ship("S1", 5, clock("08:30"));
    expect(stock.keep("S1", "firm").outcome).toBe("stale");
    expect([stock.committed(), stock.reservations]).toEqual([{}, []]);
  });
});

test("given back in part, then all", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  stock.release("S1", 2);
  expect(stock.committed()).toEqual({ "EAST|": "3" });
  stock.release("S1");
  expect(stock.committed()).toEqual({});
  expect(stock.reservations).toEqual([]);
});

test("more given back than there was: what there was, and a problem", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  const change = stock.release("S1", 8);
  expect(codes(change)).toEqual(["inventory.over-released"]);
  expect(change.problems[0]!.detail).toMatchObject({ requested: "8", released: "5" });
  expect(stock.committed()).toEqual({});
});

test("all of nothing given back is no problem; some of nothing is one", () => {
  const stock = new StockHistory();
  const held = stock.item;
  expect(codes(stock.release("S1"))).toEqual([]);
  expect(codes(stock.release("S1", 1))).toEqual(["inventory.over-released"]);
  expect(stock.item).toBe(held);
});

describe("a place whose figure nets its own allocations", () => {
  const place = (): StockHistory => new StockHistory(sourceOf("partner", { net: true }), sourceOf("erp"));
  const at3pl = { location: "3PL" };

  test("given 10 there and 3 allocated, when it says 7, then 10 stand there: the promise is not taken off twice", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.observe(7, clock("08:05"), at3pl);
    expect(stock.onHand("3PL")).toBe("10");
    stock.ship("S1", 3, clock("08:10"), at3pl);
    expect(stock.onHand("3PL")).toBe("7");
    expect(stock.observe(7, clock("08:15"), at3pl).outcome).toBe("confirmed");
  });

  test("an allocation in flight: promised but not confirmed before the figure, so not in it", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.observe(10, clock("08:05"), at3pl);
    stock.allocate("S1", clock("08:06"), "3PL");
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("the confirmation comes after the figure that nets it", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.observe(7, clock("08:05"), at3pl);
    expect(stock.onHand("3PL")).toBe("7");
    stock.allocate("S1", clock("08:00"), "3PL");
    expect(stock.onHand("3PL")).toBe("10");
    expect(stock.allocate("S1", clock("08:00"), "3PL").outcome).toBe("confirmed");
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("the figure comes after the shipment that it does not know of yet", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.ship("S1", 3, clock("08:10"), at3pl);
    stock.observe(7, clock("08:05"), at3pl);
    expect(stock.item.levels[0]).toMatchObject({ base: 10_000_000n, onHand: 7_000_000n });
  });

  test("the shipment comes after the figure that knows of it", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.observe(7, clock("08:20"), at3pl);
    stock.ship("S1", 3, clock("08:10"), at3pl);
    expect(stock.onHand("3PL")).toBe("7");
  });

  test("a part of the allocation is shipped before the figure and a part after it", () => {
    const stock = place();
    stock.reserve("S1", 5, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.ship("S1", 2, clock("08:10"), at3pl);
    stock.observe(5, clock("08:20"), at3pl);
    expect(stock.onHand("3PL")).toBe("8");
    stock.ship("S1", 3, clock("08:30"), at3pl);
    expect(stock.onHand("3PL")).toBe("5");
  });

  test("given back by us: the goods still stand there", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.observe(7, clock("08:05"), at3pl);
    stock.release("S1", undefined, "3PL");
    expect(stock.onHand("3PL")).toBe("10");
    stock.observe(10, clock("08:30"), at3pl);
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("promised more after the confirmation: as much as was confirmed is netted, and the rest once it is", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL", 3);
    stock.reserve("S1", 2, at3pl);
    stock.observe(7, clock("08:05"), at3pl);
    expect(stock.onHand("3PL")).toBe("10");
    stock.allocate("S1", clock("08:10"), "3PL", 2);
    expect(stock.onHand("3PL")).toBe("10");
    stock.observe(5, clock("08:15"), at3pl);
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("asked for 7 and able to allocate 2: only those are in its figure, and the other 5 are nowhere", () => {
    const stock = place();
    stock.reserve("S1", 7, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL", 2);
    stock.observe(0, clock("08:05"), at3pl);
    expect(stock.onHand("3PL")).toBe("2");
    stock.release("S1", 5, "3PL", clock("08:10"));
    expect(stock.onHand("3PL")).toBe("2");
    stock.ship("S1", 2, clock("08:15"), at3pl);
    expect(stock.onHand("3PL")).toBe("0");
  });

  test.each([
    ["before", "08:03", "10"],
    ["after", "08:07", "7"],
    ["in one moment with", "08:05", "7"],
  ])("given up by the place %s its figure of 7 or 10 came: they stand there once", (_, freedAt, figure) => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL", 3);
    stock.observe(figure, clock("08:05"), at3pl);
    stock.release("S1", undefined, "3PL", clock(freedAt));
    // In one moment with it nobody knows: the lower figure.
    expect(stock.onHand("3PL")).toBe(freedAt === "08:05" ? "7" : "10");
  });

  test("a coarse clock does not tell a figure from what was given up in the same second: the lower figure", () => {
    const stock = new StockHistory(sourceOf("partner", { net: true, resolutionMs: 1000 }));
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL", 3);
    stock.observe(10, clock("08:05:00.2"), at3pl);
    stock.release("S1", undefined, "3PL", clock("08:05:00.7"));
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("shipped beyond the allocation: what the figure had not netted is not added back", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.observe(7, clock("08:05"), at3pl);
    stock.ship("S1", 5, clock("08:10"), at3pl);
    expect(stock.onHand("3PL")).toBe("5");
  });

  test("shipped beyond the allocation before the figure came: what had been allocated is added back, no more", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.ship("S1", 5, clock("08:10"), at3pl);
    stock.observe(7, clock("08:05"), at3pl);
    expect(stock.onHand("3PL")).toBe("5");
    stock.observe(5, clock("08:15"), at3pl);
    expect(stock.onHand("3PL")).toBe("5");
  });

  test("confirmed again for an earlier time: it was in the figure already, and is not added twice", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:10"), "3PL");
    stock.observe(7, clock("08:20"), at3pl);
    expect(stock.allocate("S1", clock("08:00"), "3PL").outcome).toBe("applied");
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("goods on hold, and lots, are not what allocations are added to", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00"), "3PL");
    stock.observe(4, clock("08:05"), { ...at3pl, status: "held" });
    stock.observe(4, clock("08:05"), { ...at3pl, lot: "L1" });
    expect(stock.item.levels.map((level) => level.onHand)).toEqual([4_000_000n, 4_000_000n]);
  });

  test("within one second of a coarse clock nobody knows whether it was netted: the lower figure", () => {
    const stock = new StockHistory(sourceOf("partner", { net: true, resolutionMs: 1000 }));
    stock.reserve("S1", 3, at3pl);
    stock.allocate("S1", clock("08:00:01"), "3PL");
    stock.observe(7, clock("08:00:01"), at3pl);
    expect(stock.onHand("3PL")).toBe("7");
    stock.observe(7, clock("08:00:02"), at3pl);
    expect(stock.onHand("3PL")).toBe("10");
  });

  test("only the place itself confirms, and not for the future", () => {
    const stock = place();
    stock.reserve("S1", 3, at3pl);
    const data = { orderId: "S1", lineId: "1", location: "3PL", confirmedAt: clock("08:00") };
    expect(codes(stock.apply("inventory.allocation.confirmed", "east", data))).toEqual([
      "inventory.not-owner",
    ]);
    expect(codes(stock.allocate("S1", "2099-01-01T00:00:00.000000Z", "3PL"))).toEqual([
      "inventory.future-observation",
    ]);
    expect(stock.reservations[0]!.netted).toEqual([]);
  });
});

test("a place with physical figures nets nothing, whatever it confirms", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:05"));
  stock.reserve("S1", 3);
  expect(stock.allocate("S1", clock("08:00")).outcome).toBe("confirmed");
  expect(stock.onHand()).toBe("10");
  stock.observe(10, clock("08:10"));
  expect(stock.onHand()).toBe("10");
});

import { describe, expect, test } from "vitest";
import { clock, codes, day, StockHistory, sourceOf } from "./testing.ts";

describe("a snapshot is combined with the movements after it", () => {
  test("given a snapshot, when goods move later, then the movement counts", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.move(-3, clock("08:05"));
    expect(stock.onHand()).toBe("7");
  });

  test("given a movement after it arrived first, when the snapshot comes, then the movement counts once", () => {
    const stock = new StockHistory();
    stock.move(-3, clock("08:05"));
    stock.observe(10, clock("08:00"));
    expect(stock.onHand()).toBe("7");
  });

  test("given a snapshot, when a movement from before it comes late, then it is recorded and on hand stays", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const change = stock.move(-3, clock("07:55"));
    expect(stock.onHand()).toBe("10");
    expect(change.movement?.quantity).toBe(-3_000_000n);
    expect(change.outbound).toHaveLength(1);
  });

  test("given movements, when a snapshot older than one and newer than another comes, then it parts them", () => {
    const stock = new StockHistory();
    stock.move(50, clock("07:00"));
    stock.move(-3, clock("09:00"));
    stock.observe(40, clock("08:00"));
    expect(stock.onHand()).toBe("37");
    expect(stock.item.levels[0]!.movementsAfter).toBe(1);
  });

  test("given a snapshot, when an older one comes late, then it is stale", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    expect(stock.observe(99, clock("07:59:59.999999")).outcome).toBe("stale");
    expect(stock.onHand()).toBe("10");
  });

  test("given the source's sequence, then it decides and not the clock", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"), { sequence: "9" });
    expect(stock.observe(8, clock("07:00"), { sequence: "10" }).outcome).toBe("applied");
    expect(stock.observe(99, clock("09:00"), { sequence: "8" }).outcome).toBe("stale");
    stock.move(-1, clock("06:00"), { sequence: "11" });
    stock.move(-1, clock("09:00"), { sequence: "10" });
    expect(stock.onHand()).toBe("7");
  });

  test("given 5, then 7, then 5 again, then each is a change", () => {
    const stock = new StockHistory();
    for (const [quantity, at] of [
      [5, "08:00"],
      [7, "08:01"],
      [5, "08:02"],
    ] as const) {
      stock.observe(quantity, clock(at));
    }
    expect(stock.changes.map((change) => change.outcome)).toEqual(["applied", "applied", "applied"]);
    expect(stock.onHand()).toBe("5");
  });

  test("given the same figure anew, then it is confirmed and its time advances", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    expect(stock.observe(10, clock("09:00")).outcome).toBe("confirmed");
    expect(stock.item.levels[0]!.observedAt).toBe(clock("09:00"));
    stock.move(-2, clock("08:30"));
    expect(stock.onHand()).toBe("10");
  });

  test("given our figure by movements, when the source says the same, then it is confirmed and becomes the base", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.move(-3, clock("08:05"));
    expect(stock.observe(7, clock("08:10")).outcome).toBe("confirmed");
    expect(stock.item.levels[0]).toMatchObject({ base: 7_000_000n, movementsAfter: 0 });
  });

  test("given the very same statement twice, then the item itself is kept", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const held = stock.item;
    expect(stock.observe(10, clock("08:00")).outcome).toBe("confirmed");
    expect(stock.item).toBe(held);
  });

  test("an observed zero is kept as a row", () => {
    const stock = new StockHistory();
    stock.observe(0, clock("08:00"));
    expect(stock.item.levels).toHaveLength(1);
    expect(stock.onHand()).toBe("0");
  });

  test("places, conditions, owners and lots are levels of their own", () => {
    const stock = new StockHistory();
    stock.observe(1, clock("08:00"));
    stock.observe(2, clock("08:00"), { location: "WEST" });
    stock.observe(3, clock("08:00"), { status: "held" });
    stock.observe(4, clock("08:00"), { owner: "ACME" });
    stock.observe(5, clock("08:00"), { lot: "L1" });
    expect(stock.item.levels.map((level) => level.onHand / 1_000_000n)).toEqual([1n, 2n, 3n, 4n, 5n]);
  });
});

describe("a clock that cannot tell", () => {
  const coarse = (): StockHistory => new StockHistory(sourceOf("east", { resolutionMs: 1000 }));

  test("two figures in one second: what is available is the lower one, whichever comes first", () => {
    for (const figures of [
      [10, 8],
      [8, 10],
    ]) {
      const stock = coarse();
      for (const figure of figures) stock.observe(figure, clock("08:00:01"));
      expect(stock.onHand()).toBe("8");
    }
  });

  test("two figures in one second of goods on hold: the later in the log", () => {
    const stock = coarse();
    for (const figure of [8, 10]) stock.observe(figure, clock("08:00:01"), { status: "held" });
    expect(stock.onHand("EAST", "held")).toBe("10");
  });

  test("within the second of the figure goods out are counted and goods in are not", () => {
    for (const order of ["before", "after"]) {
      const stock = coarse();
      if (order === "after") stock.observe(10, clock("08:00:01"));
      stock.move(-2, clock("08:00:01.4"));
      stock.move(5, clock("08:00:01.6"));
      if (order === "before") stock.observe(10, clock("08:00:01"));
      expect(stock.onHand()).toBe("8");
    }
  });

  test("figures that come faster than the clock counts do not hold the lowest for ever", () => {
    const stock = coarse();
    for (const [at, figure] of [
      ["08:00:00.0", 10],
      ["08:00:00.6", 12],
      ["08:00:01.2", 14],
      ["08:00:01.8", 16],
      ["08:00:02.4", 18],
    ] as const) {
      stock.observe(figure, clock(at));
    }
    expect(stock.onHand()).toBe("18");
  });
});

describe("what is not believed changes nothing", () => {
  test("an observation time in 2099 is quarantined and never freezes newer stock", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const change = stock.observe(500, "2099-01-01T00:00:00.000000Z");
    expect(change.outcome).toBe("quarantined");
    expect(codes(change)).toEqual(["inventory.future-observation"]);
    expect(stock.observe(9, clock("09:00")).outcome).toBe("applied");
    expect(stock.onHand()).toBe("9");
  });

  test("a clock that runs ahead by less than its skew is believed", () => {
    const stock = new StockHistory();
    stock.recordedAt = clock("08:00");
    expect(stock.observe(10, clock("08:01")).outcome).toBe("applied");
    expect(stock.observe(10, clock("08:01:00.001")).outcome).toBe("quarantined");
  });

  test("a movement dated 2099 has happened by now: it counts from its receipt, and the next figure includes it", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.recordedAt = clock("09:00");
    const change = stock.move(-3, "2099-01-01T00:00:00.000000Z");
    expect(codes(change)).toEqual(["inventory.future-observation"]);
    expect(stock.onHand()).toBe("7");
    stock.recordedAt = clock("10:00");
    stock.observe(7, clock("10:00"));
    expect(stock.onHand()).toBe("7");
  });

  test("another system's figure is kept as a proposal in the problem", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const change = stock.apply("inventory.level.observed", "west", {
      location: "EAST",
      quantity: "12",
      observedAt: clock("09:00"),
    });
    expect(change.outcome).toBe("quarantined");
    expect(change.problems[0]).toMatchObject({
      code: "inventory.not-owner",
      system: "west",
      detail: { quantity: "12", location: "EAST", system: "west", owner: "east" },
    });
    expect(stock.onHand()).toBe("10");
  });

  test.each(["NORTH", "constructor", "__proto__"])("a place that nobody keeps: %s", (location) => {
    const stock = new StockHistory();
    const data = { location, quantity: "12", observedAt: clock("09:00") };
    const change = stock.apply("inventory.level.observed", "east", data);
    expect(codes(change)).toEqual(["inventory.unknown-location"]);
    expect(stock.item.levels).toEqual([]);
  });

  test("a figure below zero is kept, said, and over when it is no longer so", () => {
    const stock = new StockHistory();
    const change = stock.observe(-2, clock("08:00"));
    expect(codes(change)).toEqual(["inventory.negative"]);
    expect(stock.onHand()).toBe("-2");
    expect(stock.observe(3, clock("09:00")).solved).toEqual([change.problems[0]!.fingerprint]);
  });
});

describe("units", () => {
  const cases = (unit?: string): StockHistory => {
    const stock = new StockHistory(sourceOf("east", unit === undefined ? {} : { unit }), sourceOf("erp"));
    stock.apply("inventory.item.defined", "erp", {
      unit: "EA",
      ratios: { CS: { numerator: 12, denominator: 1 } },
    });
    return stock;
  };

  test("a case of twelve is twelve each", () => {
    const stock = cases();
    stock.observe(3, clock("08:00"), { unit: "CS" });
    expect(stock.onHand()).toBe("36");
  });

  test("cases sent as each: a figure in another unit than declared is not believed", () => {
    const stock = cases("CS");
    const change = stock.observe(3, clock("08:00"), { unit: "EA" });
    expect(change.outcome).toBe("quarantined");
    expect(codes(change)).toEqual(["inventory.unit-mismatch"]);
    expect(stock.onHand()).toBe("none");
  });

  test("a figure without a unit is in the declared one", () => {
    const stock = cases("CS");
    stock.observe(3, clock("08:00"));
    stock.move(-1, clock("08:30"));
    expect(stock.onHand()).toBe("24");
  });

  test("a unit that nobody defined is not guessed", () => {
    const stock = cases();
    const change = stock.observe(3, clock("08:00"), { unit: "PF" });
    expect(codes(change)).toEqual(["inventory.unit-unknown"]);
    expect(change.problems[0]!.detail).toMatchObject({ quantity: "3", unit: "PF", base: "EA" });
  });

  test("a figure that is no exact count of base units is not rounded", () => {
    const stock = new StockHistory();
    stock.apply("inventory.item.defined", "erp", {
      unit: "EA",
      ratios: { KGM: { numerator: 1, denominator: 3 } },
    });
    expect(codes(stock.observe(1, clock("08:00"), { unit: "KGM" }))).toEqual(["inventory.unit-mismatch"]);
    stock.observe(3, clock("08:00"), { unit: "KGM" });
    expect(stock.onHand()).toBe("1");
  });
});

describe("times with an offset", () => {
  test("the hour that daylight saving repeats: two readings of 01:30 keep their order", () => {
    const stock = new StockHistory();
    stock.recordedAt = day(1);
    const second = stock.observe(7, "2026-10-25T01:30:00+00:00");
    const first = stock.observe(9, "2026-10-25T01:30:00+01:00");
    expect([second.outcome, first.outcome]).toEqual(["applied", "stale"]);
    expect(stock.onHand()).toBe("7");
    expect(stock.item.levels[0]!.observedAt).toBe("2026-10-25T01:30:00.000000Z");
    stock.move(-1, "2026-10-25T01:45:00+01:00");
    expect(stock.onHand()).toBe("7");
    stock.move(-1, "2026-10-25T01:45:00+00:00");
    expect(stock.onHand()).toBe("6");
  });
});

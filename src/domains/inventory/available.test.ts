import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import {
  type AvailabilityQuery,
  availableToPromise,
  describeShortfall,
  onHandAt,
  reservedAt,
  sellable,
} from "./available.ts";
import type { StockPolicy } from "./policy.ts";
import { clock, day, noPolicy, SKU, StockHistory, units } from "./testing.ts";

const now = day(24);

function atp(
  stock: StockHistory,
  query: Partial<AvailabilityQuery> = {},
  policy: StockPolicy = noPolicy,
): string {
  return formatDecimal(availableToPromise(stock.item, { now, ...query }, policy));
}

/** Stock at EAST, and what else a test says. */
function given(onHand: number): StockHistory {
  const stock = new StockHistory();
  stock.recordedAt = now;
  stock.observe(onHand, clock("08:00"));
  return stock;
}

describe("available to promise", () => {
  test("is on hand less what is promised", () => {
    const stock = given(10);
    stock.reserve("S1", 4);
    expect(atp(stock)).toBe("6");
    expect(atp(stock, { location: "EAST" })).toBe("6");
    expect(atp(stock, { location: "WEST" })).toBe("0");
  });

  test("is never below zero, and of an unknown SKU zero", () => {
    const stock = given(-4);
    expect(atp(stock)).toBe("0");
    expect(atp(new StockHistory())).toBe("0");
  });

  test("by date: supply counts from its day on", () => {
    const stock = given(10);
    stock.expect("PO1", 90, day(28));
    expect(atp(stock)).toBe("10");
    expect(atp(stock, { at: day(27) })).toBe("10");
    expect(atp(stock, { at: day(28) })).toBe("100");
  });

  test("what is promised for a later day is not sold today, unless supply comes in between", () => {
    const stock = given(10);
    stock.reserve("S1", 8, { dueAt: day(28) });
    expect(atp(stock)).toBe("2");
    stock.expect("PO1", 5, day(27));
    expect(atp(stock)).toBe("7");
    stock.expect("PO2", 50, day(29));
    expect(atp(stock)).toBe("7");
    expect(atp(stock, { at: day(29) })).toBe("57");
  });

  test("supply and promise of the same instant count together", () => {
    const stock = given(0);
    stock.expect("PO1", 20, day(28));
    stock.reserve("S1", 20, { location: "", kind: "backorder", dueAt: day(28) });
    stock.observe(3, clock("09:00"));
    expect(atp(stock)).toBe("3");
    expect(atp(stock, { at: day(28) })).toBe("3");
  });

  test("goods on hold, damaged, in transit or of another owner are promised to nobody", () => {
    const stock = given(1);
    for (const status of ["held", "damaged", "in-transit"]) stock.observe(50, clock("08:00"), { status });
    stock.observe(50, clock("08:00"), { owner: "ACME" });
    stock.observe(2, clock("08:00"), { owner: "main" });
    stock.observe(3, clock("08:00"), { lot: "L1" });
    expect(atp(stock)).toBe("6");
    expect(formatDecimal(onHandAt(stock.item, "EAST"))).toBe("6");
    expect(formatDecimal(onHandAt(stock.item, "EAST", "held"))).toBe("50");
  });

  test("a place never promises more than all places together", () => {
    const stock = given(10);
    stock.observe(0, clock("08:00"), { location: "WEST" });
    stock.reserve("S1", 7, { location: "WEST" });
    expect(atp(stock, { location: "EAST" })).toBe("3");
    expect(atp(stock, { location: "WEST" })).toBe("0");
  });
});

describe("supply that does not come", () => {
  test("overdue supply counts zero until it is dated anew", () => {
    const stock = given(0);
    stock.expect("PO1", 20, day(23));
    expect(atp(stock, { at: day(30) })).toBe("0");
    stock.expect("PO1", 20, day(26));
    expect(atp(stock, { at: day(30) })).toBe("20");
  });

  test("a purchase order cancelled under promised backorders: nothing more is promised, and stock goes to them", () => {
    const stock = given(0);
    stock.expect("PO1", 50, day(28));
    stock.reserve("S1", 30, { location: "", kind: "backorder", dueAt: day(28) });
    expect(atp(stock, { at: day(28) })).toBe("20");
    stock.expect("PO1", 0, day(28));
    expect(atp(stock, { at: day(28) })).toBe("0");
    stock.observe(35, clock("09:00"));
    expect(atp(stock)).toBe("5");
  });

  test("a purchase order dated anew under promised backorders: the gap between the days is not promised", () => {
    const stock = given(5);
    stock.expect("PO1", 50, day(26));
    stock.reserve("S1", 30, { location: "", kind: "backorder", dueAt: day(26) });
    stock.expect("PO1", 50, day(29));
    expect(atp(stock)).toBe("0");
    expect(atp(stock, { at: day(27) })).toBe("0");
    expect(atp(stock, { at: day(29) })).toBe("25");
  });

  test("an overdue promise is owed now", () => {
    const stock = given(10);
    stock.reserve("S1", 4, { location: "", kind: "backorder", dueAt: day(23) });
    expect(atp(stock)).toBe("6");
  });
});

describe("those who wait without a date", () => {
  test("have what comes next, as far as it goes", () => {
    const stock = given(0);
    stock.reserve("S1", 30, { location: "", kind: "backorder" });
    stock.expect("PO1", 20, day(26));
    stock.expect("PO2", 100, day(28));
    expect(atp(stock, { at: day(26) })).toBe("0");
    expect(atp(stock, { at: day(28) })).toBe("90");
  });

  test("have what is on hand, where nothing is to come", () => {
    const stock = given(10);
    stock.reserve("S1", 6, { location: "", kind: "backorder" });
    expect(atp(stock)).toBe("4");
  });

  test("leave what is on hand to others, where enough is to come", () => {
    const stock = given(10);
    stock.reserve("S1", 6, { location: "", kind: "backorder" });
    stock.expect("PO1", 6, day(26));
    expect(atp(stock)).toBe("10");
  });

  test("are not in each other's way: asked for one of them, the others are left out", () => {
    const stock = given(10);
    for (const order of ["S1", "S2"]) stock.reserve(order, 6, { location: "", kind: "backorder" });
    expect(atp(stock)).toBe("0");
    expect(atp(stock, { forBackorder: true })).toBe("10");
    stock.reserve("S3", 3, { dueAt: day(28) });
    expect(atp(stock, { forBackorder: true })).toBe("7");
  });
});

describe("safety stock", () => {
  const safety = (...rules: [string, string, number][]): StockPolicy => ({
    ...noPolicy,
    safety: rules.map(([sku, location, count]) => ({ sku, location, quantity: units(count) })),
  });

  test("is never promised; the most specific rule holds", () => {
    const stock = given(10);
    expect(atp(stock, {}, safety(["*", "*", 1]))).toBe("9");
    expect(atp(stock, {}, safety(["*", "*", 1], ["*", "EAST", 2]))).toBe("8");
    expect(atp(stock, {}, safety(["*", "EAST", 2], [SKU, "*", 3]))).toBe("7");
    expect(atp(stock, {}, safety([SKU, "*", 3], [SKU, "EAST", 4], ["OTHER", "EAST", 9]))).toBe("6");
    expect(atp(stock, { location: "EAST" }, safety([SKU, "EAST", 4]))).toBe("6");
  });

  test("a place keeps what it has of it and takes nothing from another for it", () => {
    const stock = given(10);
    stock.observe(2, clock("08:00"), { location: "WEST" });
    expect(atp(stock, {}, safety(["*", "*", 5]))).toBe("5");
  });

  test("supply fills it first", () => {
    const stock = given(2);
    stock.expect("PO1", 10, day(28));
    expect(atp(stock, { at: day(28) }, safety(["*", "*", 5]))).toBe("7");
    stock.reserve("S1", 6, { dueAt: day(29) });
    expect(atp(stock, { at: day(28) }, safety(["*", "*", 5]))).toBe("1");
  });
});

describe("what a channel may sell", () => {
  const sells = (stock: StockHistory, policy: Partial<StockPolicy>, at = now) => {
    const { quantity, asOf } = sellable(stock.item, "portal", { ...noPolicy, ...policy }, at);
    return [formatDecimal(quantity), asOf];
  };
  const buffer = (channel: string, sku: string, count: number, percent: number) => ({
    channel,
    sku,
    quantity: units(count),
    percent,
  });

  test("is what may be promised less buffers, cut to whole units", () => {
    const stock = given(10);
    expect(sells(stock, {})).toEqual(["10", clock("08:00")]);
    expect(sells(stock, { buffers: [buffer("portal", SKU, 2, 0)] })[0]).toBe("8");
    expect(sells(stock, { buffers: [buffer("portal", SKU, 0, 25)] })[0]).toBe("7");
    expect(sells(stock, { buffers: [buffer("portal", SKU, 1, 25)] })[0]).toBe("6");
    expect(sells(stock, { buffers: [buffer("portal", SKU, 20, 0)] })[0]).toBe("0");
    expect(sells(stock, { buffers: [buffer("crm", SKU, 5, 0)] })[0]).toBe("10");
  });

  test("the channel's own rule goes before the SKU's, and that before any", () => {
    const stock = given(10);
    const any = buffer("*", "*", 1, 0);
    const sku = buffer("*", SKU, 2, 0);
    const channel = buffer("portal", "*", 3, 0);
    expect(sells(stock, { buffers: [any] })[0]).toBe("9");
    expect(sells(stock, { buffers: [any, sku] })[0]).toBe("8");
    expect(sells(stock, { buffers: [channel, any, sku] })[0]).toBe("7");
  });

  test("a third of a third is not rounded up", () => {
    const stock = new StockHistory();
    stock.observe("2.999999", clock("08:00"));
    expect(sells(stock, {})[0]).toBe("2");
    expect(sells(stock, { buffers: [buffer("*", "*", 0, 33.333333)] })[0]).toBe("1");
  });

  test("an old observation widens the buffer by its age, and the oldest one is named", () => {
    const stock = given(10);
    stock.observe(100, day(24), { location: "WEST" });
    const ageing = [
      { afterMs: 3_600_000, percent: 20 },
      { afterMs: 6 * 3_600_000, percent: 50 },
    ];
    expect(sells(stock, { ageing }, day(24))).toEqual(["108", clock("08:00")]);
    expect(sells(stock, { ageing }, clock("15:00"))[0]).toBe("85");
  });

  test("stock that was never observed is older than all", () => {
    const stock = new StockHistory();
    stock.move(10, clock("08:00"));
    expect(sells(stock, { ageing: [{ afterMs: 1, percent: 30 }] })).toEqual(["7", ""]);
  });

  test("a place that holds nothing does not make the figure look old, unless none holds anything", () => {
    const stock = given(0);
    stock.observe(5, clock("11:00"), { location: "WEST" });
    expect(sells(stock, {})).toEqual(["5", clock("11:00")]);
    stock.observe(0, clock("11:30"), { location: "WEST" });
    expect(sells(stock, {})).toEqual(["0", clock("08:00")]);
  });
});

test("a shortfall puts the latest promises of the place at risk", () => {
  const stock = given(7);
  stock.reserve("S1", 4, {}, clock("09:00"));
  stock.reserve("S2", 4, {}, clock("09:01"));
  stock.reserve("S3", 4, {}, clock("09:02"));
  stock.reserve("S4", 4, { location: "WEST" }, clock("09:03"));
  stock.reserve("S5", 9, { dueAt: day(29) }, clock("09:04"));
  expect(describeShortfall(stock.item, "EAST", stock.reservations, now)).toEqual([
    { orderId: "S3", lineId: "1", quantity: "4" },
    { orderId: "S2", lineId: "1", quantity: "1" },
  ]);
  expect(formatDecimal(reservedAt(stock.item, "EAST"))).toBe("21");
});

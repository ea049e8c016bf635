import { expect, test } from "vitest";
import { clock, day, StockHistory } from "./testing.ts";

const define = (stock: StockHistory, unit: string, ratios: Record<string, [number, number]>) =>
  stock.apply("inventory.item.defined", "erp", {
    unit,
    ratios: Object.fromEntries(
      Object.entries(ratios).map(([name, [numerator, denominator]]) => [name, { numerator, denominator }]),
    ),
  });

test("units are set, set again without effect, and changed", () => {
  const stock = new StockHistory();
  expect(define(stock, "EA", { CS: [12, 1] }).outcome).toBe("applied");
  expect(define(stock, "EA", { CS: [12, 1] }).outcome).toBe("confirmed");
  expect(define(stock, "EA", { CS: [10, 1], PF: [480, 1] }).outcome).toBe("applied");
  expect(stock.item.ratios).toEqual({
    CS: { numerator: 10n, denominator: 1n },
    PF: { numerator: 480n, denominator: 1n },
  });
});

test("another ratio does not change what is counted in base units", () => {
  const stock = new StockHistory();
  define(stock, "EA", { CS: [12, 1] });
  stock.observe(2, clock("08:00"), { unit: "CS" });
  define(stock, "EA", { CS: [10, 1] });
  expect(stock.onHand()).toBe("24");
});

test.each([
  ["stock", (stock: StockHistory) => stock.observe(1, clock("08:00"))],
  ["supply", (stock: StockHistory) => stock.expect("PO1", 1, day(26))],
  ["a promise", (stock: StockHistory) => stock.reserve("S1", 1, { location: "" })],
])("the base unit does not change under %s: the SKU is held back", (_what, given) => {
  const stock = new StockHistory();
  given(stock);
  expect(() => define(stock, "CS", { EA: [1, 12] })).toThrow(
    expect.objectContaining({ code: "inventory.unit-changed" }),
  );
});

test("the base unit may change while nothing is there", () => {
  const stock = new StockHistory();
  stock.observe(0, clock("08:00"));
  expect(define(stock, "KGM", {}).outcome).toBe("applied");
  expect(stock.item.unit).toBe("KGM");
});

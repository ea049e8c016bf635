import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import { availableToPromise } from "./available.ts";
import { clock, codes, day, noPolicy, StockHistory, sourceOf } from "./testing.ts";

const open = (stock: StockHistory, document = "PO1"): string => {
  const line = stock.item.inbound.find((inbound) => inbound.document === document);
  return line === undefined ? "none" : formatDecimal(line.quantity);
};
const receive = (stock: StockHistory, quantity: number, at = clock("09:00")) =>
  stock.move(quantity, at, { reason: "receipt", inbound: { document: "PO1", line: "1" } });

test("supply is absolute per line: stated again it replaces, dated anew it moves, zero cancels", () => {
  const stock = new StockHistory();
  stock.expect("PO1", 100, day(26));
  stock.expect("PO1", 80, day(28));
  expect(stock.item.inbound).toHaveLength(1);
  expect(stock.item.inbound[0]).toMatchObject({ quantity: 80_000_000n, dueAt: day(28) });
  expect(stock.expect("PO1", 80, day(28)).outcome).toBe("confirmed");
  stock.expect("PO1", 0, day(28));
  expect(open(stock)).toBe("0");
});

test("an older revision is stale, also of a line that was cancelled", () => {
  const stock = new StockHistory();
  stock.expect("PO1", 0, day(26), { revision: "10" });
  expect(stock.expect("PO1", 100, day(26), { revision: "9" }).outcome).toBe("stale");
  expect(open(stock)).toBe("0");
});

test("a receipt closes its line in part, and too much of it leaves nothing to expect", () => {
  const stock = new StockHistory();
  stock.expect("PO1", 100, day(26));
  receive(stock, 40);
  expect(open(stock)).toBe("60");
  receive(stock, 70);
  expect(open(stock)).toBe("-10");
  const query = { now: clock("10:00"), at: day(30) };
  expect(availableToPromise(stock.item, query, noPolicy)).toBe(110_000_000n);
});

test("a receipt closes its line also when the snapshot came first", () => {
  const stock = new StockHistory();
  stock.expect("PO1", 100, day(26));
  stock.observe(140, clock("09:30"));
  receive(stock, 100, clock("09:00"));
  expect(stock.onHand()).toBe("140");
  expect(open(stock)).toBe("0");
  expect(availableToPromise(stock.item, { now: clock("10:00"), at: day(30) }, noPolicy)).toBe(140_000_000n);
});

describe("a receipt is counted once, whether the source knows of it or not", () => {
  test("the same figure again, dated anew: it does not know of the receipt", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26), { revision: "1" });
    receive(stock, 40);
    stock.expect("PO1", 100, day(28), { revision: "2" });
    expect(open(stock)).toBe("60");
  });

  test("the same revision again: it does not know of the receipt", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26), { revision: "1" });
    receive(stock, 40);
    expect(stock.expect("PO1", 100, day(26), { revision: "1" }).outcome).toBe("confirmed");
    expect(open(stock)).toBe("60");
  });

  test("a figure that fell by the receipt: it knows of it, also in two steps", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26), { revision: "1" });
    receive(stock, 20);
    receive(stock, 20, clock("09:10"));
    stock.expect("PO1", 80, day(26), { revision: "2" });
    expect(open(stock)).toBe("60");
    stock.expect("PO1", 60, day(26), { revision: "3" });
    expect(open(stock)).toBe("60");
    receive(stock, 60, clock("09:20"));
    expect(open(stock)).toBe("0");
    stock.expect("PO1", 0, day(26), { revision: "4" });
    expect(open(stock)).toBe("0");
  });

  test("a figure that rose does not know of the receipt", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26));
    receive(stock, 40);
    stock.expect("PO1", 150, day(26));
    expect(open(stock)).toBe("110");
  });

  test("an over-receipt that the buyer then orders after the fact is not expected again", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26));
    receive(stock, 120);
    stock.expect("PO1", 120, day(26));
    expect(open(stock)).toBe("0");
  });

  test("the receipt of a line that was never stated", () => {
    const stock = new StockHistory();
    receive(stock, 40);
    stock.expect("PO1", 100, day(26), { revision: "1" });
    expect(open(stock)).toBe("60");
  });

  test("a reversed receipt opens its line again, and never more than was received", () => {
    const stock = new StockHistory();
    stock.expect("PO1", 100, day(26));
    receive(stock, 40);
    receive(stock, -40, clock("09:05"));
    expect(open(stock)).toBe("100");
    receive(stock, -40, clock("09:06"));
    expect(open(stock)).toBe("100");
  });
});

test("supply in a unit that is not known holds the SKU back: it may take away what is promised", () => {
  const stock = new StockHistory();
  stock.expect("PO1", 100, day(26));
  expect(() => stock.expect("PO1", 1, day(26), { unit: "PF" })).toThrow(
    expect.objectContaining({ code: "inventory.unit-unknown" }),
  );
  stock.expect("PO1", 0, day(26), { unit: "PF" });
  expect(open(stock)).toBe("0");
});

test("supply for a place that nobody keeps is a problem of the configuration", () => {
  const stock = new StockHistory();
  const change = stock.expect("PO1", 100, day(26), { location: "NORTH" });
  expect(codes(change)).toEqual(["inventory.unknown-location"]);
  expect(stock.item.inbound).toEqual([]);
});

test("lines that were closed long ago are let go", () => {
  const stock = new StockHistory(sourceOf("east"), sourceOf("erp"));
  stock.expect("PO1", 100, day(1));
  receive(stock, 100);
  stock.recordedAt = "2027-01-15T00:00:00.000000Z";
  stock.expect("PO2", 10, "2027-02-01T00:00:00.000000Z");
  expect(stock.item.inbound.map((line) => line.document)).toEqual(["PO2"]);
});

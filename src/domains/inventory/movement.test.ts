import { expect, test } from "vitest";
import { clock, codes, KEY, SKU, StockHistory, sourceOf } from "./testing.ts";

test("a goods issue for an order consumes its promise, in parts and to the end", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  stock.reserve("S1", 5);
  stock.ship("S1", 2, clock("09:00"));
  expect(stock.committed()).toEqual({ "EAST|": "3" });
  const last = stock.ship("S1", 3, clock("10:00"));
  expect(last.removed).toEqual([{ sku: SKU, orderId: "S1", lineId: "1", location: "EAST" }]);
  expect(stock.committed()).toEqual({});
  expect(stock.onHand()).toBe("5");
});

test("shipped beyond the promise: recorded, on hand falls by all of it, the promise is used up", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  stock.reserve("S1", 5);
  stock.reserve("S2", 1);
  stock.ship("S1", 7, clock("09:00"));
  expect(stock.onHand()).toBe("3");
  expect(stock.committed()).toEqual({ "EAST|": "1" });
});

test("shipped but unknown: recorded, and nobody else's promise is touched", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  stock.reserve("S1", 5);
  const change = stock.ship("S9", 2, clock("09:00"));
  expect(change.outcome).toBe("applied");
  expect(stock.onHand()).toBe("8");
  expect(stock.committed()).toEqual({ "EAST|": "5" });
});

test("an issue that comes late still consumes its promise", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  stock.observe(10, clock("08:00"));
  stock.ship("S1", 5, clock("07:00"));
  expect(stock.onHand()).toBe("10");
  expect(stock.committed()).toEqual({});
});

test("an issue from another place leaves the promise here", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  stock.ship("S1", 5, clock("09:00"), { location: "WEST" });
  expect(stock.committed()).toEqual({ "EAST|": "5" });
});

test("only an issue consumes: damage and a return for the same order do not", () => {
  const stock = new StockHistory();
  stock.reserve("S1", 5);
  stock.ship("S1", 1, clock("09:00"), { reason: "damage" });
  stock.move(1, clock("09:01"), { reason: "return", order: { orderId: "S1", lineId: "1" } });
  stock.move(1, clock("09:02"), { reason: "issue", order: { orderId: "S1", lineId: "1" } });
  expect(stock.committed()).toEqual({ "EAST|": "5" });
});

test("every movement is told to the ledger once, in base units, by whom it was reported", () => {
  const stock = new StockHistory();
  stock.apply("inventory.item.defined", "erp", {
    unit: "EA",
    ratios: { CS: { numerator: 12, denominator: 1 } },
  });
  const change = stock.ship("S1", 2, clock("09:00"), {
    movementId: "M77",
    unit: "CS",
    note: "PICK",
    document: "S1",
  });
  expect(change.outbound).toEqual([
    {
      type: "inventory.movement",
      lane: KEY,
      key: "M77",
      reportedBy: "east",
      payload: {
        company: "main",
        movementId: "M77",
        sku: SKU,
        location: "EAST",
        status: "available",
        quantity: "-24",
        unit: "EA",
        reason: "issue",
        note: "PICK",
        occurredAt: clock("09:00"),
        document: "S1",
        order: { orderId: "S1", lineId: "1" },
      },
    },
  ]);
});

test("a movement in a unit without a ratio holds its SKU back", () => {
  const stock = new StockHistory();
  expect(() => stock.move(-1, clock("09:00"), { unit: "PF" })).toThrow(
    expect.objectContaining({ code: "inventory.unit-unknown" }),
  );
});

test("a movement of another system than the place's is kept as a problem, and is not told to the ledger", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  const data = {
    location: "EAST",
    movementId: "M1",
    quantity: "-3",
    reason: "adjustment",
    occurredAt: clock("09:00"),
  };
  const change = stock.apply("inventory.movement.recorded", "west", data);
  expect(change.outcome).toBe("quarantined");
  expect(codes(change)).toEqual(["inventory.not-owner"]);
  expect(change.outbound).toEqual([]);
  expect(change.movement).toBeUndefined();
  expect(stock.onHand()).toBe("10");
});

test("more taken than there was: kept below zero, said once a figure, and over when it is mended", () => {
  const stock = new StockHistory();
  stock.observe(1, clock("08:00"));
  const change = stock.move(-3, clock("09:00"));
  expect(stock.onHand()).toBe("-2");
  expect(codes(change)).toEqual(["inventory.negative"]);
  expect(stock.move(2, clock("09:30")).solved).toEqual([change.problems[0]!.fingerprint]);
});

test("a movement in another unit than declared is counted as it says, and said", () => {
  const stock = new StockHistory(sourceOf("east", { unit: "CS" }), sourceOf("erp"));
  stock.apply("inventory.item.defined", "erp", {
    unit: "EA",
    ratios: { CS: { numerator: 12, denominator: 1 } },
  });
  stock.observe(2, clock("08:00"));
  expect(codes(stock.move(-3, clock("09:00"), { unit: "EA" }))).toEqual(["inventory.unit-mismatch"]);
  expect(stock.onHand()).toBe("21");
});

test("quantities beyond what the wire can say hold the SKU back rather than wrap", () => {
  const stock = new StockHistory();
  stock.move("999999999999999", clock("09:00"));
  expect(() => stock.move("999999999999999", clock("09:01"))).toThrow(
    expect.objectContaining({ code: "decimal.out-of-range" }),
  );
});

test("nothing of what was given is changed", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  stock.reserve("S1", 5);
  stock.expect("PO1", 50, clock("18:00"));
  const text = (): string =>
    JSON.stringify([held, rows, moved], (_key, value) => (typeof value === "bigint" ? String(value) : value));
  const [held, rows, moved] = [stock.item, stock.reservations, stock.movements];
  const before = text();
  stock.ship("S1", 3, clock("09:00"));
  stock.move(20, clock("09:00"), { reason: "receipt", inbound: { document: "PO1", line: "1" } });
  stock.observe(4, clock("08:30"));
  stock.release("S1");
  expect(text()).toBe(before);
});

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Agenda } from "./agenda.ts";
import { Dock } from "./dock.ts";
import { Floor, type FloorHooks, type FloorOrder } from "./floor.ts";
import { defaultFloorSettings } from "./floor-settings.ts";
import { seededRandom } from "./random.ts";

function build(changes: Partial<ReturnType<typeof defaultFloorSettings>> = {}, seed = 1) {
  const said: string[] = [];
  const lost = new Map<string, number>();
  let number = 0;
  const hooks: FloorHooks = {
    shipmentNumber: () => String(++number),
    picked: (order) => said.push(`picked ${order.key}`),
    shipped: (order, shipment) => said.push(`shipped ${order.key} ${shipment.lines.length}`),
    delivered: (order) => said.push(`delivered ${order.key}`),
    short: (order) => said.push(`short ${order.key}`),
    adjusted: (sku, change) => lost.set(sku, (lost.get(sku) ?? 0) + change),
  };
  const floor = new Floor(
    hooks,
    new Agenda(() => false),
    { ...defaultFloorSettings(), ...changes },
    seededRandom(seed),
  );
  return { floor, said, lost };
}

function lines(...quantities: Array<[string, number]>) {
  return quantities.map(([sku, quantity], index) => ({ line: String(index + 1), sku, quantity }));
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a warehouse floor", () => {
  it("ships in full, in waves, and takes stock off at the shipment, not at the pick", () => {
    const { floor, said } = build({ waveLinesMax: 2 });
    for (const sku of ["A", "B", "C"]) floor.open(sku, sku, 10, 0);
    floor.submit("O", lines(["A", 1], ["B", 2], ["C", 3]), true);
    vi.advanceTimersByTime(160);
    expect(floor.stock.get("A")).toMatchObject({ available: 10, picked: 1, allocated: 1 });
    vi.advanceTimersByTime(2000);
    expect(said).toEqual(["picked O", "shipped O 2", "shipped O 1", "delivered O", "delivered O"]);
    expect(floor.stock.get("C")).toMatchObject({ available: 7, picked: 0, allocated: 0 });
  });

  it("ships what there is and then reports what was short", () => {
    const { floor, said } = build();
    floor.open("A", "A", 4, 6);
    const order = floor.submit("O", lines(["A", 10]), true);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual(["picked O", "shipped O 1", "short O", "delivered O"]);
    expect(order.lines[0]).toMatchObject({ ordered: 10, shipped: 4, short: 6 });
    expect(floor.stock.get("A")).toMatchObject({ available: 0, held: 6, allocated: 0 });
  });

  it("ships nothing of an order that wants all or nothing, and gives its stock free", () => {
    const { floor, said } = build();
    floor.open("A", "A", 4, 0);
    floor.open("B", "B", 4, 0);
    const order = floor.submit("O", lines(["A", 2], ["B", 5]), false);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual(["short O"]);
    expect(order.state).toBe("short");
    expect(floor.stock.get("A")).toMatchObject({ available: 4, picked: 0, allocated: 0 });
  });

  it("cancels before the pick and not after it", () => {
    const { floor, said } = build();
    floor.open("A", "A", 4, 0);
    const early = floor.submit("early", lines(["A", 3]), true);
    expect(floor.cancel(early)).toBe(true);
    expect(floor.stock.get("A")).toMatchObject({ allocated: 0 });
    const late = floor.submit("late", lines(["A", 3]), true);
    vi.advanceTimersByTime(160);
    expect(floor.cancel(late)).toBe(false);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual(["picked late", "shipped late 1", "delivered late"]);
  });

  it("does not count away what is already picked", () => {
    const { floor } = build();
    floor.open("A", "A", 4, 0);
    floor.submit("O", lines(["A", 3]), true);
    vi.advanceTimersByTime(160);
    expect(floor.adjust("A", -2, "available")).toBe(false);
    expect(floor.adjust("A", -1, "available")).toBe(true);
    expect(floor.adjust("A", -1, "held")).toBe(false);
  });

  it("loses and makes no piece, whatever happens in whatever order", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("order" as const), a: fc.nat(9), b: fc.nat(9), partial: fc.boolean() }),
      fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant("adjust" as const), change: fc.integer({ min: -5, max: 5 }) }),
      fc.record({ kind: fc.constant("receive" as const), quantity: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 400 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(1000), (steps, seed) => {
        const { floor, lost } = build({ shortPickRate: 0.2, waveLinesMax: 1 }, seed);
        const dock = new Dock(floor, { receiptNumber: () => "R", received: () => {} });
        const opening = 12;
        let changed = 0;
        floor.open("A", "A", opening, 0);
        floor.open("B", "B", opening, 0);
        const orders: FloorOrder[] = [];
        for (const step of steps) {
          if (step.kind === "order") {
            const wanted = lines(["A", step.a + 1], ["B", step.b + 1], ["A", 1]);
            orders.push(floor.submit(`O${orders.length}`, wanted, step.partial));
          } else if (step.kind === "cancel" && orders.length > 0) {
            floor.cancel(orders[step.which % orders.length] as FloorOrder);
          } else if (step.kind === "adjust") {
            if (floor.adjust("A", step.change, "available")) changed += step.change;
          } else if (step.kind === "receive") {
            dock.receive("inbound", { reference: "P", lines: [{ sku: "A", quantity: step.quantity }] });
            changed += step.quantity;
          } else if (step.kind === "wait") vi.advanceTimersByTime(step.ms);
          checkPicked(floor, orders);
        }
        vi.advanceTimersByTime(60_000);
        checkPicked(floor, orders);
        for (const sku of ["A", "B"]) {
          const all = orders.flatMap((order) => order.lines).filter((line) => line.sku === sku);
          const shipped = all.reduce((sum, line) => sum + line.shipped, 0);
          const stock = floor.stock.get(sku);
          expect(stock?.available).toBe(
            opening + (sku === "A" ? changed : 0) + (lost.get(sku) ?? 0) - shipped,
          );
          expect(stock).toMatchObject({ picked: 0, allocated: 0 });
        }
        for (const order of orders.filter((order) => order.state !== "cancelled")) {
          for (const line of order.lines) expect(line.shipped + line.short).toBe(line.ordered);
        }
        expect(floor.inWork()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

function checkPicked(floor: Floor, orders: FloorOrder[]): void {
  for (const [sku, stock] of floor.stock) {
    const all = orders.flatMap((order) => order.lines).filter((line) => line.sku === sku);
    const picked = all.reduce((sum, line) => sum + line.picked - line.shipped, 0);
    const allocated = all.reduce((sum, line) => sum + line.allocated - line.shipped, 0);
    expect({ picked: stock.picked, allocated: stock.allocated }).toEqual({ picked, allocated });
    expect(stock.available).toBeGreaterThanOrEqual(stock.picked);
  }
}

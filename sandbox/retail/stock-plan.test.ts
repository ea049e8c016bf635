import { describe, expect, test } from "vitest";
import { SLICE_FILE } from "./make-slice.ts";
import { loadRetail, type RetailInput } from "./orders.ts";
import { LOCATIONS, type PlannedItem, planStock, type StockPlan } from "./stock-plan.ts";

const input = await loadRetail(SLICE_FILE);
const plan = planStock(input);

function openingOf(item: PlannedItem): number {
  return LOCATIONS.reduce((sum, location) => sum + Number(item.opening[location]), 0);
}

/** First come, first served, out of all locations, backorders in their order; cancellations are left out. */
function serve(orders: RetailInput["orders"], stock: StockPlan) {
  const free = new Map(stock.items.map((item) => [item.sku, openingOf(item)]));
  const waiting = new Map<string, { order: string; units: number }[]>();
  const backordered = new Set<string>();
  const take = (sku: string, units: number) => {
    const taken = Math.min(units, free.get(sku)!);
    free.set(sku, free.get(sku)! - taken);
    return taken;
  };
  orders.forEach((order, index) => {
    for (const line of order.customer === undefined ? [] : order.lines) {
      const left = Number(line.quantity) - take(line.sku, Number(line.quantity));
      if (left === 0) continue;
      backordered.add(order.number);
      waiting.set(line.sku, [...(waiting.get(line.sku) ?? []), { order: order.number, units: left }]);
    }
    for (const purchase of stock.purchaseOrders.filter((each) => each.arrivesAfterOrders === index + 1)) {
      for (const line of purchase.lines) {
        free.set(line.sku, free.get(line.sku)! + Number(line.quantity));
        for (const wait of waiting.get(line.sku) ?? []) wait.units -= take(line.sku, wait.units);
      }
    }
  });
  const open = new Set([...waiting.values()].flat().flatMap((wait) => (wait.units > 0 ? wait.order : [])));
  return { accepted: orders.filter((order) => order.customer).length, backordered, open };
}

describe("the stock plan of the slice", () => {
  test("serves most orders at once, some after a purchase order, and leaves a few open", () => {
    const { accepted, backordered, open } = serve(input.orders, plan);
    expect(accepted).toBe(1928);
    expect(backordered.size / accepted).toBeGreaterThan(0.08);
    expect(backordered.size / accepted).toBeLessThan(0.25);
    expect(open.size).toBeGreaterThan(5);
    expect(open.size / backordered.size).toBeLessThan(0.25);
  });

  test("is the same again, whatever was planned in between, and follows from the demand alone", async () => {
    planStock(await loadRetail(SLICE_FILE, { ordersMax: 50 }));
    expect(planStock(await loadRetail(SLICE_FILE))).toEqual(plan);
  });

  test("holds whole units, none below zero, at all three locations", () => {
    const figures = plan.items.flatMap((item) => LOCATIONS.map((location) => item.opening[location]));
    expect(figures.filter((figure) => !/^[0-9]+$/.test(figure))).toEqual([]);
    for (const location of LOCATIONS) {
      expect(plan.items.filter((item) => Number(item.opening[location]) > 0).length).toBeGreaterThan(500);
      expect(plan.items.some((item) => item.home === location)).toBe(true);
    }
  });

  test("is short for the SKUs that it calls short alone, and buys less than the rest where it says so", () => {
    const bought = new Map<string, number>();
    for (const line of plan.purchaseOrders.flatMap((order) => order.lines)) {
      expect(bought.has(line.sku)).toBe(false);
      bought.set(line.sku, Number(line.quantity));
    }
    for (const item of plan.items) {
      const missing = Number(item.demand) - openingOf(item);
      const comes = bought.get(item.sku) ?? 0;
      if (item.cover === "plenty") expect([missing < 0, comes]).toEqual([true, 0]);
      else if (item.cover === "covered") expect([missing > 0, comes >= missing]).toEqual([true, true]);
      else expect([missing > 0, comes < missing]).toEqual([true, true]);
    }
    const short = plan.items.filter((item) => item.cover !== "plenty").length;
    const queued = plan.items.filter((item) => Number(item.demand) > 0).length;
    expect(short / queued).toBeGreaterThan(0.04);
    expect(short / queued).toBeLessThan(0.12);
  });

  test("a home holds what orders and adjustments can take from it at most", () => {
    const lost = new Map<string, number>();
    for (const each of input.adjustments)
      lost.set(each.sku, (lost.get(each.sku) ?? 0) - Number(each.quantity));
    for (const [sku, units] of lost) {
      const item = plan.items.find((each) => each.sku === sku)!;
      expect(Number(item.opening[item.home])).toBeGreaterThanOrEqual(Number(item.demand) + units);
    }
  });

  test("knows every SKU that a line or an adjustment names, and no code that is no product's", () => {
    const known = new Set(plan.items.map((item) => item.sku));
    expect(plan.items.length).toBe(known.size);
    for (const order of input.orders) {
      if (order.customer !== undefined)
        for (const line of order.lines) expect(known.has(line.sku)).toBe(true);
    }
    for (const adjustment of input.adjustments) expect(known.has(adjustment.sku)).toBe(true);
    expect([...known].filter((sku) => !/^\d{5}[A-Za-z]{0,2}$/.test(sku))).toEqual([]);
  });

  test("purchase orders arrive during or at the end of the replay, when the data's clock says so", () => {
    expect(plan.purchaseOrders.length).toBeGreaterThan(10);
    for (const purchase of plan.purchaseOrders) {
      expect(purchase.arrivesAfterOrders).toBeGreaterThan(input.orders.length / 2);
      expect(purchase.arrivesAfterOrders).toBeLessThanOrEqual(input.orders.length);
      expect(purchase.dueAt).toBe(input.orders[purchase.arrivesAfterOrders - 1]!.placedAt);
    }
  });

  test("an input without orders, or with adjustments alone, has a plan too", () => {
    expect(planStock({ orders: [], adjustments: [] })).toEqual({ items: [], purchaseOrders: [] });
    const [item] = planStock({ orders: [], adjustments: input.adjustments.slice(0, 1) }).items;
    expect(openingOf(item!)).toBeGreaterThanOrEqual(-Number(input.adjustments[0]!.quantity));
  });
});

import { describe, expect, test } from "vitest";
import type { Drawn } from "./drawn.ts";
import type { CrossdockLine, Facts, Moment, PurchaseLine, Warehouse } from "./facts.ts";
import { gather } from "./figures.ts";
import type { Expected } from "./input.ts";
import { lessBuffer, oversold, ownAvailable } from "./promise.ts";
import { Trace } from "./trace.ts";

const units = (count: number) => BigInt(count) * 1_000_000n;
const TODAY = "2026-11-24";

interface World {
  onHand?: number;
  ordered?: number;
  backordered?: [units: number, promisedOn: string][];
  purchases?: [units: number, dueOn: string][];
  moments?: [kind: Moment["kind"], atMs: number, units: number][];
  goods?: number[];
  buffers?: Drawn["buffers"];
}

/** One SKU, A, of which order 1 wants some. */
function drawnOf(world: World): Drawn {
  const ordered = units(world.ordered ?? 0);
  const lines = [{ row: 2, sku: "A", quantity: ordered, price: 1n }];
  const expected: Expected = {
    orders: new Map([["1", { number: "1", channel: "portal", customer: "C", lines, freight: [] }]]),
    takenBack: [],
    adjustments: [],
    exceptions: [],
    rows: 1,
    classes: { sale: 1, freight: 0, held: 0, adjustment: 0, cancellation: 0, exception: 0 },
  };
  const purchases = (world.purchases ?? []).map(([quantity, dueOn]): PurchaseLine => {
    return { order: "PO-1", sku: "A", location: "EAST", open: units(quantity), received: 0n, dueOn };
  });
  const backordered = (world.backordered ?? []).map(([quantity, on]) =>
    waitingLine(ordered, units(quantity), on),
  );
  const order = { orderId: "1", status: "accepted", channel: "portal", reference: "", purchaseOrder: "1" };
  const facts: Facts = {
    erp: { orders: [], movements: [], ledger: [], purchases, invoices: [], credits: [] },
    crm: [],
    portal: { orders: [], requests: [], sellable: new Map() },
    warehouses: [warehouseOf(world)],
    crossdock: {
      orders: [{ ...order, lines: backordered, releases: [], shipments: [], invoices: [] }],
      items: [],
      exceptions: [],
      streams: [],
      targets: [],
    },
  };
  const trace = new Trace(expected, facts);
  const figures = gather(expected, facts, trace);
  return { expected, facts, trace, figures, buffers: world.buffers ?? [], today: TODAY };
}

function warehouseOf({ onHand = 0, goods = [], moments = [] }: World): Warehouse {
  const moved = { kind: "issue", sku: "A", isHeld: false, reference: "", reason: "" } as const;
  return {
    location: "EAST",
    stock: new Map([["A", { physical: units(onHand), held: 0n }]]),
    outbound: [],
    goods: goods.map((quantity) => ({ ...moved, quantity: units(quantity) })),
    moments: moments.map(([kind, atMs, quantity]) => {
      return { kind, atMs, sku: "A", quantity: units(quantity), reference: "1" };
    }),
    stated: { what: "events", count: 0n },
    untaken: 0n,
    contradictions: [],
  };
}

function waitingLine(quantity: bigint, backordered: bigint, promisedOn: string): CrossdockLine {
  const none = { cancelled: 0n, shipped: 0n, invoiced: 0n, credited: 0n, places: [] };
  const promisedAt = promisedOn === "" ? "" : `${promisedOn}T00:00:00.000000Z`;
  return {
    lineId: "1",
    sku: "A",
    quantity,
    price: 1n,
    priceUnit: units(1),
    backordered,
    promisedAt,
    ...none,
  };
}

describe("available to promise", () => {
  test.each<[what: string, world: World, available: number]>([
    ["what stands there", { onHand: 10 }, 10],
    ["less what orders want", { onHand: 10, ordered: 4 }, 6],
    ["never below zero", { onHand: 10, ordered: 14 }, 0],
    ["a backorder without supply is owed too", { onHand: 5, ordered: 3, backordered: [[3, ""]] }, 2],
    ["what comes later cannot be promised now", { onHand: 5, purchases: [[20, "2026-12-01"]] }, 5],
    [
      "what comes later is for those who wait first",
      { onHand: 5, ordered: 8, backordered: [[8, ""]], purchases: [[10, "2026-12-01"]] },
      5,
    ],
    [
      "the first that comes is less than what waits",
      {
        onHand: 5,
        ordered: 8,
        backordered: [[8, ""]],
        purchases: [
          [4, "2026-12-01"],
          [9, "2026-12-09"],
        ],
      },
      1,
    ],
    [
      "a backorder with a date is owed on that date",
      {
        onHand: 5,
        ordered: 8,
        backordered: [[8, "2026-12-05"]],
        purchases: [
          [4, "2026-12-01"],
          [9, "2026-12-09"],
        ],
      },
      1,
    ],
    [
      "an overdue purchase order counts for nothing",
      { onHand: 5, ordered: 3, backordered: [[3, ""]], purchases: [[9, "2026-11-20"]] },
      2,
    ],
  ])("%s", (_what, world, available) => {
    expect(ownAvailable(drawnOf(world)).get("A")).toBe(units(available));
  });
});

describe("what the portal may sell", () => {
  test.each<[buffers: Drawn["buffers"], available: string, sellable: number]>([
    [[], "10", 10],
    [[], "10.9", 10],
    [[{ quantity: "3" }], "10", 7],
    [[{ percent: "10" }], "15", 13],
    [[{ quantity: "1", percent: "50" }], "9", 3],
    [[{ quantity: "20" }], "10", 0],
    [[{ quantity: "3" }, { sku: "A", quantity: "1" }], "10", 9],
    [[{ sku: "B", quantity: "3" }], "10", 10],
  ])("%j of %s", (buffers, available, sellable) => {
    const [whole, tenths = "0"] = available.split(".");
    const exact = units(Number(whole)) + BigInt(tenths) * 100_000n;
    expect(lessBuffer(exact, "A", drawnOf({ buffers }))).toBe(units(sellable));
  });

  test("refuses a buffer that is no figure", () => {
    expect(() => lessBuffer(units(1), "A", drawnOf({ buffers: [{ percent: "ten" }] }))).toThrow(
      /ten is no decimal/,
    );
  });
});

describe("oversold", () => {
  // `goods` are all movements, so that what stood there first is what is there now less them.
  test.each<[what: string, world: World, beyond: number]>([
    ["as much as was there", { onHand: 0, goods: [-10], moments: [["demand", 1, 10]] }, 0],
    ["more than was there", { onHand: 0, goods: [-10], moments: [["demand", 1, 12]] }, 2],
    [
      "more than was there yet, though it came",
      {
        onHand: 8,
        goods: [-10, 8],
        moments: [
          ["demand", 1, 12],
          ["supply", 2, 8],
        ],
      },
      2,
    ],
    [
      "what came before",
      {
        onHand: 6,
        goods: [-12, 8],
        moments: [
          ["supply", 1, 8],
          ["demand", 2, 12],
        ],
      },
      0,
    ],
    [
      "what came in the same instant",
      {
        onHand: 6,
        goods: [-12, 8],
        moments: [
          ["demand", 1, 12],
          ["supply", 1, 8],
        ],
      },
      0,
    ],
    [
      "what was given up may be promised again",
      {
        onHand: 0,
        goods: [-10],
        moments: [
          ["demand", 1, 10],
          ["given-up", 2, 4],
          ["demand", 3, 4],
        ],
      },
      0,
    ],
    [
      "the worst moment counts, not the last",
      {
        onHand: 0,
        goods: [-10],
        moments: [
          ["demand", 1, 13],
          ["given-up", 2, 13],
          ["demand", 3, 10],
        ],
      },
      3,
    ],
  ])("%s", (_what, world, beyond) => {
    expect(oversold(drawnOf(world)).total()).toBe(units(beyond));
  });
});

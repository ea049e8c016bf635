import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Decimal, formatDecimal, ZERO } from "../../core/decimal.ts";
import { type AllocationRequest, allocate, type Supply } from "./allocate.ts";
import type { AllocationPolicy } from "./policy.ts";
import { units } from "./testing.ts";

type Stock = Record<string, Record<string, number>>;

const supplyOf = (stock: Stock, totals: Record<string, number> = {}): Supply => ({
  at: (sku, place) => units(stock[sku]?.[place] ?? 0),
  total: (sku) => units(totals[sku] ?? Object.values(stock[sku] ?? {}).reduce((sum, one) => sum + one, 0)),
});

const policy = (more: Partial<AllocationPolicy> = {}): AllocationPolicy => ({
  prefer: ["EAST", "WEST"],
  overflow: ["3PL"],
  split: "minimise",
  ...more,
});

/** `A4 B2` asks for 4 of A and 2 of B. */
function ask(lines: string, more: Partial<AllocationRequest> = {}): AllocationRequest {
  return {
    lines: lines.split(" ").map((text, index) => ({
      lineId: String(index + 1),
      sku: text[0]!,
      quantity: units(Number(text.slice(1))),
    })),
    shipComplete: false,
    ...more,
  };
}

function run(request: AllocationRequest, supply: Supply, using = policy()) {
  const { allocations, backordered, explanation } = allocate(request, supply, using);
  return {
    taken: allocations.map((one) => `${one.lineId} ${one.location} ${formatDecimal(one.quantity)}`),
    waits: backordered.map((one) => `${one.lineId} ${formatDecimal(one.quantity)}`),
    why: explanation,
  };
}

describe("where an order is served from", () => {
  test("the first preferred place that has everything", () => {
    const stock = { A: { EAST: 10, WEST: 10 }, B: { EAST: 5, WEST: 5 } };
    expect(run(ask("A4 B5"), supplyOf(stock))).toEqual({
      taken: ["1 EAST 4", "2 EAST 5"],
      waits: [],
      why: ["EAST had everything."],
    });
  });

  test("one place for the whole order beats the first place for a part of it", () => {
    const stock = { A: { EAST: 10, WEST: 10 }, B: { EAST: 4, WEST: 5 } };
    expect(run(ask("A4 B5"), supplyOf(stock))).toEqual({
      taken: ["1 WEST 4", "2 WEST 5"],
      waits: [],
      why: ["EAST had 4 of 5 B; WEST had everything."],
    });
  });

  test("a line is split where no place has all of it, and the rest of the story is told", () => {
    expect(run(ask("A10"), supplyOf({ A: { EAST: 4, WEST: 9 } }))).toEqual({
      taken: ["1 EAST 4", "1 WEST 6"],
      waits: [],
      why: ["Line 1, A: EAST had 4 of 10; WEST the rest."],
    });
  });

  test("a line that one of several places has wholly is not split", () => {
    const stock = { A: { EAST: 4, WEST: 10 }, B: { EAST: 5 } };
    expect(run(ask("A10 B5"), supplyOf(stock)).taken).toEqual(["1 WEST 10", "2 EAST 5"]);
  });

  test("a partner serves only what the preferred places together cannot", () => {
    const both = { A: { EAST: 4, WEST: 6, "3PL": 100 } };
    expect(run(ask("A10"), supplyOf(both)).taken).toEqual(["1 EAST 4", "1 WEST 6"]);
    const short = { A: { EAST: 4, WEST: 5, "3PL": 100 } };
    // One parcel from the partner instead of two: the fewest places that have it all.
    expect(run(ask("A10"), supplyOf(short))).toMatchObject({
      taken: ["1 3PL 10"],
      why: ["EAST had 4 of 10 A; WEST had 5 of 10 A; 3PL had everything."],
    });
  });

  test("of two sets of places the one with fewer partners wins", () => {
    const stock = { A: { EAST: 5 }, B: { WEST: 5, "3PL": 5 }, C: { "3PL": 1, EAST: 1 } };
    expect(run(ask("A5 B5 C1"), supplyOf(stock)).taken).toEqual(["1 EAST 5", "2 WEST 5", "3 EAST 1"]);
  });

  test("what nobody has waits", () => {
    expect(run(ask("A10 B2"), supplyOf({ A: { EAST: 3, "3PL": 4 } }))).toEqual({
      taken: ["1 EAST 3", "1 3PL 4"],
      waits: ["1 3", "2 2"],
      why: [
        "Line 1, A: EAST had 3 of 10, 3PL 4; 3 wait for stock.",
        "Line 2, B: none of 2 is available; all wait for stock.",
        "EAST serves 1 line, 3PL serves 1 line.",
      ],
    });
  });

  test("two lines of one SKU take from the same stock", () => {
    expect(run(ask("A3 A3"), supplyOf({ A: { EAST: 5 } }))).toMatchObject({
      taken: ["1 EAST 3", "2 EAST 2"],
      waits: ["2 1"],
    });
  });

  test("what is owed elsewhere in the company is not promised, wherever it stands", () => {
    const stock = supplyOf({ A: { EAST: 5, WEST: 5 } }, { A: 6 });
    expect(run(ask("A10"), stock)).toMatchObject({ taken: ["1 EAST 5", "1 WEST 1"], waits: ["1 4"] });
  });

  test("a place that refused a line is not asked for it again, and is for others", () => {
    const request = ask("A3 B3");
    request.lines = request.lines.map((line) => (line.sku === "A" ? { ...line, barred: ["EAST"] } : line));
    const stock = { A: { EAST: 9, WEST: 3 }, B: { EAST: 9 } };
    expect(run(request, supplyOf(stock)).taken).toEqual(["1 WEST 3", "2 EAST 3"]);
  });
});

describe("split", () => {
  test("never: one place, the one that has most of it, and the rest waits", () => {
    const stock = supplyOf({ A: { EAST: 2, WEST: 5, "3PL": 7 } });
    expect(run(ask("A8"), stock, policy({ split: "never" }))).toMatchObject({
      taken: ["1 WEST 5"],
      waits: ["1 3"],
    });
    expect(run(ask("A7"), stock, policy({ split: "never" })).taken).toEqual(["1 3PL 7"]);
  });

  test("never: what waits comes from the place that serves the order already", () => {
    const stock = supplyOf({ A: { EAST: 9, WEST: 9 } });
    const request = ask("A3", { serving: ["WEST"] });
    expect(run(request, stock, policy({ split: "never" })).taken).toEqual(["1 WEST 3"]);
    expect(run(request, stock).taken).toEqual(["1 EAST 3"]);
  });

  test("allow: places give what they have, in their order", () => {
    const stock = supplyOf({ A: { EAST: 4, WEST: 20 }, B: { WEST: 5 } });
    expect(run(ask("A10 B5"), stock, policy({ split: "allow" })).taken).toEqual([
      "1 EAST 4",
      "1 WEST 6",
      "2 WEST 5",
    ]);
  });
});

test("an order that ships complete takes everything or nothing", () => {
  const stock = supplyOf({ A: { EAST: 9 }, B: { WEST: 4 } });
  expect(run(ask("A9 B4", { shipComplete: true }), stock).waits).toEqual([]);
  expect(run(ask("A9 B5", { shipComplete: true }), stock)).toEqual({
    taken: [],
    waits: ["1 9", "2 5"],
    why: ["Line 2, B: WEST had 4 of 5; too few.", "The order ships complete, so all of it waits."],
  });
});

test("no places, no promises", () => {
  const nowhere = policy({ prefer: [], overflow: [] });
  expect(run(ask("A1"), supplyOf({}), nowhere)).toMatchObject({ taken: [], waits: ["1 1"] });
});

test("500 lines over 20 places, all of them short, take milliseconds", () => {
  const places = Array.from({ length: 20 }, (_, index) => `P${index}`);
  const lines = Array.from({ length: 500 }, (_, index) => ({
    lineId: String(index),
    sku: `S${index % 300}`,
    quantity: units(20),
  }));
  const supply: Supply = {
    at: (sku, place) => units((Number(sku.slice(1)) + Number(place.slice(1))) % 4),
    total: () => units(30),
  };
  const started = performance.now();
  const result = allocate(
    { lines, shipComplete: false },
    supply,
    policy({ prefer: places.slice(0, 15), overflow: places.slice(15) }),
  );
  // An exponential search over 20 places would not come back at all.
  expect(performance.now() - started).toBeLessThan(2000);
  expect(result.explanation.length).toBeLessThan(30);
});

const small = fc.integer({ min: 0, max: 6 });
const places = ["EAST", "WEST", "3PL", "4PL"];
const anyStock = fc.dictionary(
  fc.constantFrom("A", "B", "C"),
  fc.record(Object.fromEntries(places.map((place) => [place, small]))),
);
const anyRequest = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom("A", "B", "C"),
        fc.integer({ min: 1, max: 8 }),
        fc.subarray(places, { maxLength: 1 }),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
    fc.boolean(),
  )
  .map(([lines, shipComplete]) => ({
    shipComplete,
    lines: lines.map(([sku, quantity, barred], index) => ({
      lineId: String(index),
      sku,
      quantity: units(quantity),
      barred,
    })),
  }));
const anyPolicy = fc.record({
  prefer: fc.constantFrom<string[][]>(["EAST"], ["EAST", "WEST"], ["WEST", "EAST", "4PL"], []),
  overflow: fc.constantFrom<string[][]>(["3PL"], ["3PL", "4PL"], []),
  split: fc.constantFrom("minimise" as const, "allow" as const, "never" as const),
});

test("whatever there is, no unit is promised twice, none is lost, and no place serves what it may not", () => {
  fc.assert(
    fc.property(
      anyRequest,
      anyStock,
      fc.dictionary(fc.constantFrom("A", "B", "C"), small),
      anyPolicy,
      (request, stock, limits, using) => {
        // A place never has more than all places together.
        const totals = supplyOf(stock, limits);
        const supply: Supply = {
          total: totals.total,
          at: (sku, place) => {
            const there = totals.at(sku, place);
            return there < totals.total(sku) ? there : totals.total(sku);
          },
        };
        const { allocations, backordered } = allocate(request, supply, using);
        const sum = (of: { quantity: Decimal }[]) => of.reduce((left, one) => left + one.quantity, ZERO);
        for (const line of request.lines) {
          const own = [...allocations, ...backordered].filter((one) => one.lineId === line.lineId);
          expect(sum(own)).toBe(line.quantity);
          for (const one of allocations.filter((each) => each.lineId === line.lineId)) {
            expect(line.barred).not.toContain(one.location);
            expect([...using.prefer, ...using.overflow]).toContain(one.location);
            expect(one.quantity > ZERO).toBe(true);
          }
        }
        for (const sku of ["A", "B", "C"]) {
          const own = allocations.filter((one) => one.sku === sku);
          expect(sum(own) <= supply.total(sku)).toBe(true);
          for (const place of places) {
            expect(sum(own.filter((one) => one.location === place)) <= supply.at(sku, place)).toBe(true);
          }
        }
        if (request.shipComplete) expect(allocations.length === 0 || backordered.length === 0).toBe(true);
        if (using.split === "never")
          expect(new Set(allocations.map((one) => one.location)).size).toBeLessThan(2);
      },
    ),
    { numRuns: 500 },
  );
});

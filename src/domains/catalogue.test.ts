import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogue, eventTypes, normalise, validateEvent } from "./catalogue.ts";
import { FAULTS_MAX } from "./explain.ts";
import { inventoryContracts } from "./inventory/contract.ts";
import { orderDecisions, orderFacts } from "./order/contract.ts";

const level = {
  sku: "85123A",
  location: "EAST",
  quantity: "12",
  unit: "EA",
  observedAt: "2026-11-24T07:00:00.000000Z",
};
const line = { lineId: "1", sku: "85123A", quantity: "2", price: "2.55" };
const order = { orderId: "A-1", currency: "GBP", placedAt: "2026-11-24T07:00:00Z", lines: [line] };

const faultsOf = (type: string, data: unknown) =>
  validateEvent(type, data).map(({ path, message }) => `${path} ${message}`);
const levelFaults = (change: object) => faultsOf("inventory.level.observed", { ...level, ...change });
const orderFaults = (change: object) => faultsOf("order.submitted", { ...order, ...change });

describe("the catalogue", () => {
  test("holds every contract of inventory and order, and tells facts from decisions", () => {
    expect([...eventTypes].sort()).toEqual(
      [inventoryContracts, orderFacts, orderDecisions].flatMap((contracts) => Object.keys(contracts)).sort(),
    );
    for (const type of Object.keys(orderDecisions)) expect(catalogue[type]!.decided).toBe(true);
    for (const type of Object.keys(orderFacts)) expect(catalogue[type]!.decided).toBe(false);
    expect(catalogue["inventory.reserved"]!.decided).toBe(true);
    expect(catalogue["inventory.level.observed"]!.decided).toBe(false);
  });

  test("a time field that it names is one that the contract has", () => {
    const datum = Object.fromEntries(
      ["observedAt", "occurredAt", "confirmedAt", "placedAt", "bookedAt", "reportedAt", "requestedAt"]
        .concat([
          "shippedAt",
          "deliveredAt",
          "postedAt",
          "receivedAt",
          "acceptedAt",
          "releasedAt",
          "closedAt",
        ])
        .map((field) => [field, field]),
    );
    for (const type of eventTypes) {
      const field = catalogue[type]!.timeOf(datum);
      if (field === undefined) continue;
      expect(
        Object.keys((catalogue[type]!.schema as unknown as { properties: object }).properties),
      ).toContain(field);
    }
  });

  test("keys put a SKU's, a place's and an order's events in one row each", () => {
    expect(catalogue["inventory.level.observed"]!.keyOf("main", level)).toBe("stock:main/85123A");
    expect(catalogue["inventory.set.observed"]!.keyOf("main", { location: "A/B" })).toBe(
      "location:main/A%2FB",
    );
    for (const type of ["order.submitted", "shipment.shipped", "invoice.posted", "return.received"]) {
      expect(catalogue[type]!.keyOf("main", { orderId: "A-1" })).toBe("order:main/A-1");
    }
  });

  test.each(["constructor", "__proto__", "toString", ""])("%j is no event type", (type) => {
    expect(catalogue[type]).toBeUndefined();
    expect(faultsOf(type, level)).toEqual([expect.stringMatching(/^\$\.type .* is no event type/)]);
  });

  test("an unknown type is answered with what was probably meant", () => {
    expect(faultsOf("inventory.level.observd", level)[0]).toContain(
      'Did you mean "inventory.level.observed"',
    );
    expect(faultsOf("shipment.lost.at.sea", {})[0]).toContain(
      "There are shipment.shipped, shipment.delivered.",
    );
    expect(faultsOf(undefined as unknown as string, {})[0]).toContain("$.type");
  });
});

describe("a fault names its place and says what is expected", () => {
  test("events that fit have none", () => {
    expect(levelFaults({})).toEqual([]);
    expect(orderFaults({})).toEqual([]);
  });

  test.each([
    ["a number for a decimal", { quantity: 12 }, "$.quantity must be a string, not the number 12."],
    ["an exponent", { quantity: "1e3" }, '$.quantity is "1e3"; expected: Exact decimal'],
    ["a comma", { quantity: "1,5" }, '$.quantity is "1,5"; expected: Exact decimal'],
    ["a field that is missing", { sku: undefined }, "$.sku is required."],
    ["a field misspelt", { quantty: "1" }, '$.quantty is not a field here. Did you mean "quantity"?'],
    [
      "an unknown word",
      { status: "avail" },
      '$.status must be one of "available", "held", "damaged", "in-transit"',
    ],
    ["an empty text", { sku: "" }, "$.sku must not be empty."],
    ["a long text", { sku: "x".repeat(129) }, "$.sku must have at most 128 characters, and has 129."],
    ["a control character", { sku: "a\u0007" }, "$.sku has a control character at position 2."],
    ["null", { location: null }, "$.location must be a string, not null."],
    ["a time without an offset", { observedAt: "2026-11-24T07:00:00" }, "$.observedAt is "],
  ])("%s", (_name, change, expected) => {
    expect(levelFaults(change)[0]).toContain(expected);
  });

  test.each([
    ["29 February of a common year", "2026-02-29T00:00:00Z"],
    ["31 November", "2026-11-31T00:00:00Z"],
    ["hour 24", "2026-11-24T24:00:00Z"],
    ["second 60", "2026-11-24T23:59:60Z"],
    ["an offset of 25 hours", "2026-11-24T07:00:00+25:00"],
    ["the year 0", "0000-01-01T00:00:00Z"],
  ])("a time that no calendar has: %s", (_name, observedAt) => {
    expect(levelFaults({ observedAt })).toEqual([
      `$.observedAt is "${observedAt}", a time that no calendar has.`,
    ]);
  });

  test("what a database cannot hold, where the grammar lets it through", () => {
    expect(levelFaults({ lot: "L\u0000" })).toEqual(["$.lot holds a NUL character."]);
    expect(levelFaults({ owner: "\ud800" })).toEqual(["$.owner holds half of a surrogate pair."]);
    expect(orderFaults({ lines: [line, { ...line, lineId: "2", description: "\udc00" }] })).toEqual([
      "$.lines[1].description holds half of a surrogate pair.",
    ]);
    expect(orderFaults({ lines: [{ ...line, description: "a\u0000" }] })[0]).toContain(
      "$.lines[0].description",
    );
  });

  test("in arrays, by index", () => {
    const bad = { ...line, lineId: "3", quantity: "0" };
    expect(orderFaults({ lines: [line, { ...line, lineId: "2" }, bad] })).toEqual([
      '$.lines[2].quantity is "0"; expected: Exact decimal above zero.',
    ]);
    expect(orderFaults({ lines: [] })).toEqual(["$.lines must have 1 or more entries, and has 0."]);
    expect(orderFaults({ lines: "all" })).toEqual(['$.lines must be an array, not "all".']);
    const backordered = [{ lineId: "1", sku: "A", quantity: "1", promisedAt: "2026-02-30T00:00:00Z" }];
    expect(
      faultsOf("order.allocated", { orderId: "A-1", allocations: [], backordered, explanation: [] })[0],
    ).toContain("$.backordered[0].promisedAt is");
  });

  test("a line named twice in the order that defines it, not in a document that refers to it", () => {
    expect(orderFaults({ lines: [line, line] })).toEqual(['$.lines[1].lineId "1" is used twice.']);
    const shipped = { orderId: "A-1", shipmentId: "S", location: "EAST", shippedAt: order.placedAt };
    expect(
      faultsOf("shipment.shipped", { ...shipped, lines: [line, line].map(({ price: _, ...rest }) => rest) }),
    ).toEqual([]);
  });

  test("a currency that does not exist", () => {
    expect(orderFaults({ currency: "GBX" })).toEqual(['$.currency is "GBX", which is no ISO 4217 currency.']);
    expect(orderFaults({ currency: "gbp" })[0]).toContain("$.currency");
  });

  test("units of an item by their code", () => {
    const item = { sku: "A", unit: "EA", ratios: { CS: { numerator: 12, denominator: 1 } } };
    expect(faultsOf("inventory.item.defined", item)).toEqual([]);
    const zero = { ...item, ratios: { CS: { numerator: 0, denominator: 1 } } };
    expect(faultsOf("inventory.item.defined", zero)).toEqual([
      "$.ratios.CS.numerator must be 1 or more, not 0.",
    ]);
  });

  test("however wrong the event, the answer stays short", () => {
    const lines = Array.from({ length: 5000 }, () => ({ nonsense: true }));
    expect(orderFaults({ lines })).toHaveLength(FAULTS_MAX);
    expect(orderFaults({ currency: "x".repeat(100_000) })[0]!.length).toBeLessThan(200);
  });

  test("no value makes it throw, and whatever the compiled check refuses has a fault", () => {
    fc.assert(
      fc.property(fc.constantFrom(...eventTypes), fc.jsonValue(), (type, value) => {
        const faults = validateEvent(type, value);
        expect(faults.length === 0).toBe(catalogue[type]!.validator.Check(value));
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(order), "__proto__"), fc.anything()),
        (change) => {
          expect(Array.isArray(validateEvent("order.submitted", { ...order, ...change }))).toBe(true);
        },
      ),
    );
  });
});

describe("normalising", () => {
  test("leaves canonical data as it is, the same object", () => {
    expect(normalise("inventory.level.observed", level)).toBe(level);
    const withCompany = { ...level, company: "uk" };
    expect(normalise("inventory.level.observed", withCompany, "main")).toBe(withCompany);
  });

  test("turns every time into UTC with six digits, the nested ones too, and changes nothing in place", () => {
    const submitted = {
      ...order,
      placedAt: "2026-11-24T08:00:00+01:00",
      requestedShipAt: "2026-11-25T00:00:00.1234567z",
    };
    const text = JSON.stringify(submitted);
    expect(normalise("order.submitted", submitted)).toEqual({
      ...submitted,
      placedAt: "2026-11-24T07:00:00.000000Z",
      requestedShipAt: "2026-11-25T00:00:00.123456Z",
    });
    expect(JSON.stringify(submitted)).toBe(text);
    const backordered = [{ lineId: "1", sku: "A", quantity: "1", promisedAt: "2026-11-24T08:00:00+01:00" }];
    const allocated = { orderId: "A-1", allocations: [], backordered, explanation: [] };
    expect(normalise("order.allocated", allocated).backordered[0]!.promisedAt).toBe(
      "2026-11-24T07:00:00.000000Z",
    );
  });

  test("fills the company where it is told one and the contract has one", () => {
    expect(normalise<object>("inventory.level.observed", level, "uk")).toEqual({ ...level, company: "uk" });
    expect(normalise("inventory.level.observed", { ...level, company: "us" }, "uk").company).toBe("us");
    const reserved = { sku: "A", orderId: "A-1", lineId: "1", location: "EAST", quantity: "1", kind: "firm" };
    expect(normalise("inventory.reserved", reserved, "uk")).toBe(reserved);
  });

  test("what it made fits the contract and does not change again", () => {
    const text = fc
      .date({ min: new Date("0002-01-01"), max: new Date("9998-12-31"), noInvalidDate: true })
      .chain((date) =>
        fc.constantFrom(
          date.toISOString(),
          date.toISOString().replace("Z", "+05:30"),
          `${date.toISOString().slice(0, 19)}Z`,
        ),
      );
    fc.assert(
      fc.property(text, (placedAt) => {
        const once = normalise("order.submitted", { ...order, placedAt });
        expect(validateEvent("order.submitted", once)).toEqual([]);
        expect(normalise("order.submitted", once)).toBe(once);
        expect(catalogue["order.submitted"]!.timeOf(once)).toBe(once.placedAt);
      }),
    );
  });

  test("an unknown type throws", () => {
    expect(() => normalise("order.shiped", {})).toThrow(
      expect.objectContaining({ code: "event.unknown-type" }),
    );
  });
});

test("a small event is checked and normalised in microseconds", () => {
  const events = Array.from({ length: 20_000 }, (_, index) => ({
    ...level,
    quantity: String(index),
    observedAt: index % 2 === 0 ? level.observedAt : "2026-11-24T08:00:00+01:00",
  }));
  // The best of five rounds: other work on the machine only ever takes away.
  const rounds = Array.from({ length: 5 }, () => {
    const begun = performance.now();
    for (const event of events) {
      if (validateEvent("inventory.level.observed", event).length > 0) throw new Error("does not fit");
      normalise("inventory.level.observed", event);
    }
    return (events.length / (performance.now() - begun)) * 1000;
  });
  expect(Math.max(...rounds)).toBeGreaterThan(50_000);
});

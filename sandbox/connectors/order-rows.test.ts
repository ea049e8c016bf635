import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MappedEvent } from "../../src/connector/index.ts";
import { NumberText } from "../../src/core/json.ts";
import { type NativeCharge, type NativeRow, readRows, submission } from "./order-rows.ts";
import { checkEvent } from "./testing.ts";

const row = (lineId: string, more: Partial<NativeRow> = {}): NativeRow => ({
  lineId,
  code: "85123A",
  description: "",
  quantity: new NumberText("6"),
  price: "2.55",
  ...more,
});
const options = { hasCustomer: true, freightInRows: true };

describe("the rows of an order", () => {
  it("are faulted by their code before their quantity, and by that before their price", () => {
    const bad = { code: "M", quantity: "0", price: "0" };
    const faults = [bad, { ...bad, code: "85123A" }, { ...bad, code: "15056BL", quantity: "1" }].map(
      (more, index) => row(String(index), more),
    );
    const { lines, badRows } = readRows(faults, [], options);
    expect(lines).toEqual([]);
    expect(badRows.map(({ category }) => category)).toEqual(["code", "quantity", "price"]);
  });

  it("hold what six digits and fifteen places can say, and nothing else", () => {
    const quantities = [
      "1",
      "1.000",
      "1e2",
      "+3",
      "0.5",
      "1.0000001",
      "9999999999999999",
      "NaN",
      "",
      null,
      undefined,
      {},
    ];
    const { lines } = readRows(
      quantities.map((quantity, index) => row(String(index), { quantity })),
      [],
      options,
    );
    expect(lines.map(({ quantity }) => quantity)).toEqual(["1", "1", "100", "3"]);
  });

  it("price freight by the row, also per hundred, without rounding", () => {
    const freight = { code: "POST", quantity: "3", price: "18.125" };
    const rows = [
      row("1"),
      row("2", freight),
      row("3", { ...freight, priceUnit: "100" }),
      row("4", { code: "23444", description: "Next Day Carriage", price: "15" }),
    ];
    expect(readRows(rows, [], options).charges.map(({ chargeId, amount }) => [chargeId, amount])).toEqual([
      ["2", "54.375"],
      ["3", "0.54375"],
      ["4", "90"],
    ]);
    const apart = readRows(rows, [], { ...options, freightInRows: false });
    expect(apart.charges).toEqual([]);
    expect(apart.lines.map(({ lineId }) => lineId)).toEqual(["1", "4"]);
  });

  it("are held as they stand where nobody knows whose they are, free of charge too", () => {
    const charge = { chargeId: "c", kind: "fee", description: "DOTCOM POSTAGE", amount: "0.00" } as const;
    const rows = [row("1", { price: "0.0" })];
    const held = readRows(rows, [charge], { hasCustomer: false, freightInRows: false });
    expect(held).toMatchObject({ lines: [{ price: "0" }], charges: [{ amount: "0" }], badRows: [] });
    const known = readRows([...rows, row("2")], [charge], { ...options, freightInRows: false });
    expect(known.badRows.map(({ row: name, category }) => [name, category])).toEqual([
      ["1", "price"],
      ["c", "price"],
    ]);
  });

  it("lose none and double none, whatever was written", () => {
    const text = fc.oneof(
      fc.constantFrom("85123A", "22423", "POST", "DOT", "M", "", "0", "-1", "6", "2.55", "1.5", "x"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    const anyRow = fc.record({
      code: text,
      description: fc.oneof(fc.constant("Carriage"), text),
      quantity: fc.oneof(text, fc.constant(null)),
      price: text,
    });
    const anyCharge = fc.record({ description: text, amount: text });
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 8 }),
        fc.array(anyCharge, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        (rows, charges, hasCustomer, freightInRows) => {
          const native = rows.map((one, index) => row(`r${index}`, one));
          const apart = charges.map(
            (one, index): NativeCharge => ({ chargeId: `c${index}`, kind: "fee", ...one }),
          );
          const read = readRows(native, apart, { hasCustomer, freightInRows });
          const names = [
            ...read.lines.map(({ lineId }) => lineId),
            ...read.charges.map(({ chargeId }) => chargeId),
            ...read.badRows.map(({ row: name }) => name),
          ];
          expect(names.sort()).toEqual(
            [...native.map(({ lineId }) => lineId), ...apart.map(({ chargeId }) => chargeId)].sort(),
          );
          const at = "2026-11-24T07:00:00.000000Z";
          const mapping = submission({ orderId: "1", currency: "GBP", placedAt: at }, read, at);
          if (names.length === 0) expect(mapping).toEqual({ failed: "It has no rows." });
          else
            for (const { type, data } of (mapping as { events: MappedEvent[] }).events)
              checkEvent(type, data);
        },
      ),
      { numRuns: 200 },
    );
  });
});

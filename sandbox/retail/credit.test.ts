import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal, parseDecimal } from "../../src/core/decimal.ts";
import { type CreditedPart, SalesLedger } from "./credit.ts";
import type { RetailLine } from "./orders.ts";

interface Step {
  kind: "sell" | "cancel";
  customer: string;
  sku: string;
  units: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("sell", "cancel"),
    customer: fc.constantFrom("1", "2"),
    sku: fc.constantFrom("10002", "85123A"),
    units: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 60 },
);

function line(row: number, step: Step): RetailLine {
  const price = formatDecimal(parseDecimal(`${row}.125`));
  return { lineId: String(row), row, sku: step.sku, description: "", quantity: String(step.units), price };
}

describe("taking sales back", () => {
  test("never more than was sold, the newest first, of this customer and SKU alone, and nothing is lost", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const ledger = new SalesLedger();
        // The oracle knows single units: each is sold once and taken back once at most.
        const units: { row: number; step: Step; taken: boolean }[] = [];
        history.forEach((step, row) => {
          if (step.kind === "sell") {
            ledger.sell(step.customer, `order-${row}`, line(row, step), parseDecimal(String(step.units)));
            for (let i = 0; i < step.units; i++) units.push({ row, step, taken: false });
            return;
          }
          const { parts, left } = ledger.takeBack(step.customer, step.sku, parseDecimal(String(step.units)));
          const open = units.filter(
            (unit) => !unit.taken && unit.step.customer === step.customer && unit.step.sku === step.sku,
          );
          const expected = open.slice(-step.units).reverse();
          for (const unit of expected) unit.taken = true;
          expect(singleUnits(parts)).toEqual(
            expected.map((unit) => `order-${unit.row}/${unit.row}/${unit.row}.125`),
          );
          expect(formatDecimal(left)).toBe(String(step.units - expected.length));
        });
      }),
      { numRuns: 400 },
    );
  });
});

function singleUnits(parts: CreditedPart[]): string[] {
  return parts.flatMap((part) =>
    Array.from({ length: Number(part.quantity) }, () => `${part.order}/${part.lineId}/${part.creditedPrice}`),
  );
}

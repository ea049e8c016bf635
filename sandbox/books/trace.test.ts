import { describe, expect, test } from "vitest";
import type { CrossdockLine, CrossdockOrder, Facts } from "./facts.ts";
import type { Expected, InputOrder } from "./input.ts";
import { splitKey, Trace } from "./trace.ts";

const units = (count: number) => BigInt(count) * 1_000_000n;
const CRM_ID = "801Q00000000001AAA";

function soldLine(lineId: string, sku: string, quantity: number, price: number): CrossdockLine {
  const none = { cancelled: 0n, backordered: 0n, shipped: 0n, invoiced: 0n, credited: 0n, promisedAt: "" };
  const figures = { quantity: units(quantity), price: units(price), priceUnit: units(1) };
  return { lineId, sku, ...figures, ...none, places: [] };
}

function order(orderId: string, more: Partial<CrossdockOrder>): CrossdockOrder {
  const empty = { lines: [], releases: [], shipments: [], invoices: [] };
  return { orderId, status: "accepted", channel: "", reference: "", purchaseOrder: "", ...empty, ...more };
}

/** Order 540001 keyed in the ERP, 540002 of the portal, 540006 of the CRM with one SKU at two prices. */
function traceOf(): Trace {
  const inputOrder = (number: string, prices: [quantity: number, price: number][]): [string, InputOrder] => {
    const lines = prices.map(([quantity, price], index) => {
      return { row: index + 2, sku: "20001", quantity: units(quantity), price: units(price) };
    });
    return [number, { number, channel: "portal", customer: "C", lines, freight: [] }];
  };
  const expected: Expected = {
    orders: new Map([
      inputOrder("540001", [[1, 1]]),
      inputOrder("540002", [[1, 1]]),
      inputOrder("540006", [
        [144, 2],
        [144, 3],
      ]),
    ]),
    takenBack: [],
    adjustments: [],
    exceptions: [],
    rows: 4,
    classes: { sale: 4, freight: 0, held: 0, adjustment: 0, cancellation: 0, exception: 0 },
  };
  const erpOrder = (number: string, reference: string, purchaseOrder: string) => {
    return { number, salesChannel: "EDI", reference, purchaseOrder, lines: [] };
  };
  const facts: Facts = {
    erp: {
      orders: [
        erpOrder("SO-1", "", "540001"),
        erpOrder("SO-2", "TF-0000001", ""),
        erpOrder("SO-3", "CD-77", ""),
        erpOrder("SO-4", "somebody else", "PO of theirs"),
      ],
      movements: [],
      ledger: [],
      purchases: [],
      invoices: [],
      credits: [],
    },
    crm: [{ names: [CRM_ID, "00000001"], purchaseOrder: "540006", acknowledged: true }],
    portal: {
      orders: [{ names: ["TF-0000001"], purchaseOrder: "540002", acknowledged: true }],
      requests: [],
      sellable: new Map(),
    },
    warehouses: [],
    crossdock: {
      orders: [
        order("SO-1", { purchaseOrder: "540001" }),
        order("TF-0000001", { reference: "TF-0000001" }),
        order("CD-77", {
          reference: CRM_ID,
          lines: [soldLine("802A", "20001", 144, 3), soldLine("802B", "20001", 144, 2)],
        }),
      ],
      items: [],
      exceptions: [],
      streams: [],
      targets: [],
    },
  };
  return new Trace(expected, facts);
}

describe("an order of the input", () => {
  test.each([
    ["540001", "540001"],
    ["SO-1", "540001"],
    ["main/SO-1", "540001"],
    ["TF-0000001", "540002"],
    ["SO-2", "540002"],
    [CRM_ID, "540006"],
    ["00000001", "540006"],
    ["CD-77", "540006"],
    ["SO-3", "540006"],
    ["SO-4", undefined],
    ["TF-0000002", undefined],
    ["main/", undefined],
    ["", undefined],
  ])("is found by the name %s", (name, number) => {
    expect(traceOf().find(name)).toBe(number);
  });

  test.each([
    ["TF-0000001-R1", "540002"],
    ["TF-0000001-R12", "540002"],
    ["CD-77-R1~802A,802B", "540006"],
    ["acme!SO-1-R0", "540001"],
    ["main/SO-1@EAST#2", "540001"],
    ["SO-1", "540001"],
    ["SO-4-R1", undefined],
    ["TF-0000001X-R1", undefined],
    ["-", undefined],
    ["", undefined],
  ])("is found by the name of a release, %s", (reference, number) => {
    expect(traceOf().findReleased(reference)).toBe(number);
  });
});

describe("the price of what was shipped", () => {
  const line = (reference: string, name: string) => ({ reference, line: name, sku: "20001" });
  test("is that of the line, by its name or by the number of a name that rides on the reference", () => {
    const trace = traceOf();
    expect(trace.shippedPrice("540006", line("CD-77-R1", "802A"))).toBe(units(3));
    expect(trace.shippedPrice("540006", line("CD-77-R1", "802B"))).toBe(units(2));
    expect(trace.shippedPrice("540006", line("CD-77-R2~802B,802A", "1"))).toBe(units(2));
  });

  test("is known without a name where all lines of the SKU have one", () => {
    expect(traceOf().shippedPrice("540002", line("TF-0000001-R1", "anything"))).toBe(units(1));
  });

  test("is unknown where nothing tells which line it was, or the SKU was never ordered", () => {
    expect(traceOf().shippedPrice("540006", line("CD-77-R1", "1"))).toBeUndefined();
    expect(traceOf().shippedPrice("540002", { ...line("TF-0000001-R1", "1"), sku: "20009" })).toBeUndefined();
  });
});

test("a key is taken apart, with the signs that were escaped in it", () => {
  expect(splitKey("stock:main/85123A")).toEqual(["stock", "85123A"]);
  expect(splitKey("order:main/a%2Fb%25c")).toEqual(["order", "a/b%c"]);
  expect(splitKey("receipt:1")).toEqual(["receipt", "receipt:1"]);
});

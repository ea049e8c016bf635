import { describe, expect, test } from "vitest";
import type { CrossdockError } from "../../connector/index.ts";
import { type Input, type Stream, settle, stock, stockEvent } from "./testing.ts";

function faults(input: Input): string {
  try {
    settle(input);
    return "";
  } catch (error) {
    return `${(error as CrossdockError).message} ${JSON.stringify((error as CrossdockError).details)}`;
  }
}
const folder = { transport: "folder", path: "/data" } as const;
const inbound = (more: Partial<Stream>) => faults({ at: folder, inbound: { stock: stock(more) } });
const fields = (more: Record<string, unknown>) =>
  inbound({ event: { ...stockEvent, fields: { ...stockEvent.fields, ...more } } as Stream["event"] });

test("what is sound is taken", () => {
  expect(inbound({})).toBe("");
});

describe("a mapping is held against its contract", () => {
  test.each([
    [
      { type: "inventory.level.observd", fields: stockEvent.fields },
      /no event type.*inventory.level.observed/,
    ],
    [{ ...stockEvent, type: "inventory.reserved" }, /a decision that only Crossdock makes/],
    [{ type: stockEvent.type, fields: { sku: { column: "A" } } }, /lacks location.*requires/],
  ])("%#", (event, said) => {
    expect(inbound({ event: event as Stream["event"] })).toMatch(said);
  });

  test.each([
    [{ skuu: { column: "A" } }, /no field of inventory.level.observed.*sku/],
    [{ status: { constant: "lost" } }, /\.constant.*must be one of/],
    [{ status: { column: "C", words: { A: "available", B: "gone" } } }, /\.words.*\\?"gone/],
    [{ observedAt: { column: "T", format: "yyyy-MM-dd" } }, /\.zone.*is required/],
    [{ observedAt: { column: "T", format: "yyyy-MM-dd", zone: "Europe/Londn" } }, /no time zone/],
    [{ observedAt: { column: "T", format: "MM-dd", zone: "UTC" } }, /has no year/],
    [{ observedAt: { column: "T", format: "yyyy-MM-dd hh", zone: "UTC" } }, /no part of a time/],
    [{ sku: { column: "A", constant: "B" } }, /exactly one of/],
    [{ sku: { column: "A", optional: true } }, /requires sku: give a default/],
    [{ sku: { column: "A", decimal: "," } }, /sku\.decimal.*is of figures/],
    [{ sku: { column: "A", match: "(" } }, /is no pattern/],
  ])("%#", (more, said) => {
    expect(fields(more)).toMatch(said);
  });
});

describe("a place, a format and totals are complete", () => {
  test.each([
    [{ transport: "sftp", path: "/", host: "h", user: "u", password: "p" }, /at\.hostKey.*is required/],
    [
      { transport: "sftp", path: "/", host: "h", user: "u", hostKey: `SHA256:${"A".repeat(43)}` },
      /at\.privateKey/,
    ],
    [{ transport: "ftps", path: "/", host: "h", user: "u" }, /at\.password/],
    [{ transport: "folder", path: "/", host: "h" }, /at\.host.*says nothing/],
  ])("%#", (at, said) => {
    expect(faults({ at: at as Input["at"] })).toMatch(said);
  });

  test.each([
    [{ format: { kind: "csv", header: false } }, /format\.columns.*is required/],
    [{ format: { kind: "fixed" } }, /say where each column stands/],
    [{ format: { kind: "fixed", columns: [{ name: "SKU" }] } }, /needs from and length/],
    [
      { format: { kind: "csv", columns: [{ name: "SKU" }, { name: "QTYY" }] } },
      /names the column.*QTY.*QTYY/,
    ],
    [{ format: { kind: "json-lines", separator: ";" } }, /says nothing of json-lines/],
    [{ format: { kind: "csv", separator: "§" } }, /must be an ASCII character/],
    [{ format: { kind: "xml" } }, /format\.record.*is required/],
    [{ totals: { pattern: "TRL" } }, /must have the group/],
    [{ totals: { pattern: "(?<sum>.*)" } }, /totals\.of.*is required/],
    [{ after: "keep", archive: "done" }, /nothing is moved/],
  ])("%#", (more, said) => {
    expect(inbound(more as Partial<Stream>)).toMatch(said);
  });
});

describe("outbound files", () => {
  const level = {
    folder: "in",
    name: "L_{key}.csv",
    format: { kind: "csv" },
    columns: [{ name: "A", field: "sku" }],
  };
  test.each([
    [{ name: "L.csv" }, /must hold \{key\} or \{deliveryId\}/],
    [{ batchMax: 5 }, /cannot be looked up by one/],
    [{ batchMax: 5, write: "none" }, /must hold \{deliveryId\}/],
    [{ columns: [{ name: "A", line: "sku" }] }, /rows is not said/],
    [{ columns: [{ name: "A" }] }, /exactly one of field/],
    [{ columns: [{ name: "A", field: "skuu" }] }, /columns.*field.*inventory.level does not have.*sku/],
    [{ rows: "lines" }, /rows.*is no list of inventory.level/],
    [{ columns: [{ name: "A", field: "observedAt", format: "dd.MM.yyyy" }] }, /zone.*is required/],
    [{ format: { kind: "fixed" } }, /length.*is required of fixed width/],
    [{ format: { kind: "csv", trailer: "T{sum}" } }, /say which column \{sum\} adds up/],
    [{ format: { kind: "xml" } }, /format\.root/],
  ])("%#", (more, said) => {
    const target = { ...level, ...more };
    expect(faults({ at: folder, outbound: { "inventory.level": target } } as Input)).toMatch(said);
  });
});

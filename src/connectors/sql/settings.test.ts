// Settings that would read or write wrongly are refused before anything runs, each at its place.
import { expect, test } from "vitest";
import { resolveIntegration } from "../../connector/resolve.ts";
import type { Integration } from "../../policy/integration.ts";
import { sql } from "./index.ts";

const levels = {
  from: "stock",
  columns: { item: "text", site: "text", qty: "decimal", at: "instant", n: "integer", wall: "local-time" },
  key: ["item"],
  watermark: { column: "at" },
  event: {
    type: "inventory.level.observed",
    fields: {
      sku: { column: "item" },
      location: { column: "site" },
      quantity: { column: "qty" },
      observedAt: { column: "at" },
    },
  },
};
type Loose = Record<string, unknown>;
const fields = (more: Loose) => ({ event: { ...levels.event, fields: { ...levels.event.fields, ...more } } });
const staging = (more: Loose) => ({
  staging: { "order.booking": { table: "so", key: "k", write: "keyed", columns: {}, ...more } },
});

function findings(stream: Loose, more: Loose = {}): string[] {
  const given = { dialect: "postgres", host: "erp", database: "erp", user: "u", timeZone: "Europe/Berlin" };
  const erp = sql({ ...given, streams: { levels: { ...levels, ...stream } }, ...more } as never);
  const { findings: found } = resolveIntegration({ systems: { erp } } as unknown as Integration, {});
  return found.map(({ path, message }) => `${path} ${message}`);
}

test("what is right is right", () => {
  expect(findings({})).toEqual([]);
});

test.each<[string, Loose, Loose, RegExp]>([
  ["no way of reading", { watermark: undefined }, {}, /streams\.levels is read in one way/],
  ["two ways", { changes: { sequence: "n" } }, {}, /is read in one way/],
  ["a view and a query", { query: "select 1 as item" }, {}, /give one of from, query/],
  ["no SELECT", { from: undefined, query: "delete from stock" }, {}, /query must be a SELECT/],
  ["two statements", { from: undefined, query: "select 1; drop table x" }, {}, /without a semicolon/],
  ["a quote in a name", { from: 'stock"; drop table x' }, {}, /streams\.levels\.from/],
  [
    "WITH on SQL Server",
    { from: undefined, query: "with a as (select 1) select * from a" },
    { dialect: "mssql" },
    /make it a view/,
  ],
  ["a key that is not declared", { key: ["nr"] }, {}, /key names the column nr/],
  ["no key", { key: undefined }, {}, /key is required/],
  ["a watermark of text", { watermark: { column: "item" } }, {}, /watermark\.column .*must be integer or/],
  [
    "a wall clock with too little overlap",
    { watermark: { column: "wall" } },
    {},
    /overlapMs must be above an hour/,
  ],
  ["no zone for a wall clock", {}, { timeZone: undefined }, /columns\.wall is a local-time without a zone/],
  ["a zone that nobody knows", {}, { timeZone: "Mars/Base" }, /timeZone is no time zone/],
  [
    "an event that there is not",
    { event: { ...levels.event, type: "inventory.level.observd" } },
    {},
    /event\.type .*Did you mean/i,
  ],
  ["a decision", { event: { ...levels.event, type: "order.accepted" } }, {}, /only Crossdock makes/],
  ["a field that there is not", fields({ colour: { constant: "red" } }), {}, /colour is no field of/],
  ["a required field that nothing says", fields({ quantity: undefined }), {}, /lacks quantity/],
  [
    "a figure from a text",
    fields({ quantity: { column: "item" } }),
    {},
    /takes integer or decimal, and the column item/,
  ],
  [
    "a time from a figure",
    fields({ observedAt: { column: "qty" } }),
    {},
    /takes instant or local-time or date/,
  ],
  ["a constant that does not fit", fields({ unit: { constant: "piece" } }), {}, /unit\.constant is "piece"/],
  [
    "words that do not fit",
    fields({ status: { column: "site", words: { Q: "broken" } } }),
    {},
    /status\.words\.Q must be one of/,
  ],
  [
    "a set with its own time",
    { watermark: undefined, set: { locations: ["EAST"] } },
    {},
    /observedAt is said by the stream itself/,
  ],
  [
    "a mark without a column",
    { watermark: undefined, outbox: { table: "stock", taken: "mark" } },
    {},
    /outbox\.column is required/,
  ],
  [
    "a staged field that there is not",
    {},
    staging({ columns: { no: { field: "orderNo" } } }),
    /columns\.no is filled from orderNo/,
  ],
  ["a staged column from nowhere", {}, staging({ columns: { no: {} } }), /exactly one of field/],
  [
    "a list that there is not",
    {},
    staging({ lines: { each: "rows", table: "l", key: "k", columns: {} } }),
    /each is no list/,
  ],
])("%s is refused", (_name, stream, more, expected) => {
  expect(findings(stream, more).join("\n")).toMatch(expected);
});

test("lines of a document are required where one is begun", () => {
  const submitted = {
    type: "order.submitted",
    fields: {
      orderId: { column: "item" },
      currency: { constant: "EUR" },
      placedAt: { column: "at" },
      "lines[0].sku": { column: "item" },
      "lines[0].lineId": { constant: "1" },
      "lines[0].quantity": { column: "qty" },
    },
  };
  expect(findings({ event: submitted })).toEqual([
    "systems.erp.streams.levels.event.fields lacks lines[0].price, which order.submitted requires: say what fills it.",
  ]);
});

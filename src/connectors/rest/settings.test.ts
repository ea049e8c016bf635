import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bench, faultsOf, openBench } from "./testing.ts";
import { bookingWrite, writing } from "./testing-writes.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe("settings", () => {
  test("say what the system can be sent", () => {
    const { writes } = bench.settle(writing("order.booking", bookingWrite));
    expect(writes).toEqual({ "order.booking": { kind: "lookup", bulkMax: 1 } });
  });

  const at = "systems.target.writes.order.booking";
  const { lookup: _, ...withoutLookup } = bookingWrite;
  test.each([
    [{ ...bookingWrite, path: "/x/{$.orderid}" }, ".path leads nowhere: there is no $.orderid here"],
    [{ ...bookingWrite, path: "/x/{orderId}" }, ".path must be a path"],
    [{ ...bookingWrite, body: { a: { $each: "$.lines", item: "@.skuu" } } }, ".body.a.item leads nowhere"],
    [{ ...bookingWrite, body: { a: { $from: "$.orderId", as: "text" } } }, ".body.a.as must be"],
    [withoutLookup, ".lookup is required"],
    [
      { ...bookingWrite, lookup: { ...bookingWrite.lookup, path: "/all" } },
      ".lookup.path must hold the business key",
    ],
    [{ ...bookingWrite, kind: "keyed" }, ""],
    [{ ...bookingWrite, kind: "keyed", body: "$.orderId" }, ".idempotencyHeader is required"],
    [{ ...bookingWrite, rules: [{ meaning: "done" }] }, ".rules[0] needs a status or a field"],
    [{ ...bookingWrite, rules: [{ status: 404, meaning: "missing" }] }, ".rules[0].references is required"],
    [{ ...bookingWrite, rules: [{ status: 4, meaning: "fine" }] }, ".rules[0]"],
    [{ ...bookingWrite, path: "/x/{@.key}", bulk: { max: 5 } }, ".path cannot hold a record's field"],
    [{ ...bookingWrite, bulk: { max: 5, status: "$.s" } }, ".bulk.results is required"],
  ])("%#: %j", (write, expected) => {
    const faults = faultsOf(bench, writing("order.booking", write)).replaceAll(
      "writes['order.booking']",
      "writes.order.booking",
    );
    if (expected === "") expect(faults).toBe("");
    else expect(faults).toContain(`${at}${expected}`);
  });

  test.each([
    [{ url: "https://user:pw@x" }, "url holds a name or a password"],
    [{ url: "https://x?key=1" }, "url ends with a query"],
    [{ writes: { "order.booked": {} } }, "writes"],
    [
      { reads: { a: { path: "/a", id: "$.id", event: { type: "shipment.delivered", fields: {} } } } },
      "version is required where",
    ],
    [
      {
        reads: {
          a: {
            path: "/a",
            id: "$.id",
            since: { parameter: "s" },
            event: { type: "shipment.delivered", fields: {} },
          },
        },
      },
      "since needs time or sequence",
    ],
    [
      {
        reads: {
          a: {
            path: "/a",
            id: "$.id",
            version: "$.v",
            paging: {},
            event: { type: "shipment.delivered", fields: {} },
          },
        },
      },
      "paging needs page, offset, cursor or link",
    ],
    [
      { webhooks: { a: { id: "$.id", event: { type: "shipment.delivered", fields: {} } } } },
      "webhooks.a needs standard or hmac",
    ],
  ])("%#: %j", (input, expected) => {
    expect(faultsOf(bench, input)).toContain(expected);
  });
});

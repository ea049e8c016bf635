import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, faultsOf, type Input, openBench, readOut } from "./testing.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const read = (type: string, fields: unknown, more: object = {}): Input =>
  ({
    reads: { feed: { path: "/feed", id: "$.id", version: "$.rev", event: { type, fields, ...more } } },
  }) as Input;

/** What the mapping makes of one native text. */
function map(input: Input, body: string) {
  return bench.open(input).map({ topic: "feed", id: "1", contentType: "application/json", body }, noCodes);
}
const native = (more: object) => JSON.stringify({ id: 1, rev: 1, ...more });

const order = {
  orderId: "$.no",
  currency: "GBP",
  placedAt: { $from: "$.placed", zone: "Europe/London" },
  purchaseOrder: { $from: "$.po", optional: true },
  shipComplete: { $from: "$.complete", words: { Y: true, N: false } },
  priority: "$.prio",
  customer: { id: "$.buyer['cust.no']" },
  lines: {
    $each: "$.rows",
    item: {
      lineId: "@.n",
      sku: "@.item",
      quantity: "@.qty",
      unit: { $from: "@.u", words: { "1": "EA", "12": "CS" } },
      price: "@.price",
    },
  },
};
const nativeOrder = `{"id":1,"rev":1,"no":12345678901234567890,"placed":"2026-07-01 12:00:00","po":"","complete":"Y","prio":3,
  "buyer":{"cust.no":"C1"},"rows":[{"n":10,"item":"A","qty":1.50,"u":1,"price":"0.100"},{"n":20,"item":"B","qty":2E1,"u":"12","price":7}]}`;

describe("an item becomes an event", () => {
  test("with exact figures, code words, times of a zone, and without what is optional", () => {
    expect(map(read("order.submitted", order), nativeOrder)).toEqual({
      events: [
        {
          type: "order.submitted",
          data: {
            orderId: "12345678901234567890",
            currency: "GBP",
            placedAt: "2026-07-01T11:00:00.000000Z",
            shipComplete: true,
            priority: 3,
            customer: { id: "C1" },
            lines: [
              { lineId: "10", sku: "A", quantity: "1.5", unit: "EA", price: "0.1" },
              { lineId: "20", sku: "B", quantity: "20", unit: "CS", price: "7" },
            ],
          },
        },
      ],
    });
  });

  test.each([
    ['"no":12345678901234567890', '"no":null', "$.no", /null is no value, and one is required/],
    ['"qty":1.50', '"qty":"1,50"', "$.rows[0].qty", /"1,50".*no number/],
    ['"qty":1.50', '"qty":0.1234567', "$.rows[0].qty", /0.1234567.*fraction digits/],
    ['"qty":1.50', '"qty":-1', "$.rows[0].qty", /order.submitted.*above zero/],
    ['"u":"12"', '"u":"99"', "$.rows[1].u", /"99" is none of the words 1, 12/],
    ['"complete":"Y"', '"complete":"?"', "$.complete", /is none of the words Y, N/],
    ['"placed":"2026-07-01 12:00:00"', '"placed":"2026-02-30 12:00:00"', "$.placed", /2026-02-30/],
    ['"item":"B"', '"item":{}', "$.rows[1].item", /an object is no text/],
    ['"rows":[', '"rows":3,"x":[', "$.rows", /3 is no list/],
    ['"prio":3', '"prio":1.5', "$.prio", /is no whole number/],
    ['"cust.no":"C1"', '"cust.no":"C\\u0000"', "$.buyer['cust.no']", /order.submitted/],
    ['"n":20', '"n":10', undefined, /order.submitted/],
  ])("%s → %s fails with %s", (from, to, path, rule) => {
    const broken = nativeOrder.replace(from, to);
    expect(broken).not.toBe(nativeOrder);
    const mapped = map(read("order.submitted", order), broken) as { failed: string; path?: string };
    expect(mapped.failed).toMatch(rule);
    if (path !== undefined) expect(mapped.path).toBe(path);
  });

  test("what is not meant is ignored with the rule", () => {
    const level = { sku: "$.id", location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z" };
    const only = read("inventory.level.observed", level, { where: { "$.kind": ["STOCK"] } });
    expect(map(only, native({ kind: "OTHER" }))).toEqual({ ignored: "$.kind is OTHER; meant are STOCK" });
    expect(map(only, native({}))).toHaveProperty("ignored");
    expect(map(only, native({ kind: "STOCK" }))).toHaveProperty("events");
  });

  const delivered = (rule: object) =>
    read("shipment.delivered", { orderId: "$.id", shipmentId: "S", deliveredAt: { $from: "$.at", ...rule } });
  test.each([
    ['"2026-11-24T07:00:00+01:00"', {}, "2026-11-24T06:00:00.000000Z"],
    ['"2026-11-24 07:00:00.25Z"', {}, "2026-11-24T07:00:00.250000Z"],
    ["1795500000", { format: "epoch-s" }, "2026-11-24T06:00:00.000000Z"],
    ["1795500000.5", { format: "epoch-s" }, "2026-11-24T06:00:00.500000Z"],
    ['"1795500000123"', { format: "epoch-ms" }, "2026-11-24T06:00:00.123000Z"],
    ['"2026-10-25T01:30:00"', { zone: "Europe/London" }, "2026-10-25T00:30:00.000000Z"],
    ['"2026-07-01"', { zone: "Europe/Berlin" }, "2026-06-30T22:00:00.000000Z"],
  ])("the time %s as %j", (text, rule, expected) => {
    const body = `{"id":1,"rev":1,"at":${text}}`;
    const mapped = map(delivered(rule), body) as { events: { data: { deliveredAt: string } }[] };
    expect(mapped.events[0]!.data.deliveredAt).toBe(expected);
  });
  test.each([
    ['"2026-11-24T07:00:00"', {}],
    ["1e300", { format: "epoch-s" }],
    ["true", {}],
    ['"soon"', { zone: "Europe/London" }],
  ])("%s as %j is no time", (text, rule) => {
    expect(map(delivered(rule), `{"id":1,"rev":1,"at":${text}}`)).toHaveProperty("path", "$.at");
  });

  test("whatever comes, the mapping answers, and the same again", () => {
    const session = bench.open(read("order.submitted", order));
    fc.assert(
      fc.property(fc.json(), (body) => {
        const message = { topic: "feed", id: "1", contentType: "application/json", body };
        const mapped = session.map(message, noCodes);
        expect("events" in mapped || "failed" in mapped).toBe(true);
        expect(session.map(message, noCodes)).toEqual(mapped);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a mapping that cannot hold is refused", () => {
  const level = { sku: "$.s", location: "EAST", quantity: "$.q", observedAt: "$.t" };
  const at = "systems.target.reads.feed";
  test.each([
    [
      read("inventory.level.observd", level),
      `${at}.event.type "inventory.level.observd" is no event type. Did you mean`,
    ],
    [read("order.accepted", {}), `${at}.event.type "order.accepted" is a decision`],
    [
      read("inventory.level.observed", { ...level, quantity: undefined }),
      `${at}.event.fields lacks quantity, which`,
    ],
    [
      read("inventory.level.observed", { ...level, sku: { $from: "$.s", optional: true } }),
      `${at}.event.fields.sku.optional is true, and`,
    ],
    [
      read("inventory.level.observed", { ...level, qty: "$.q" }),
      `${at}.event.fields.qty is no field of inventory.level.observed`,
    ],
    [read("inventory.level.observed", { ...level, sku: "$..s" }), `${at}.event.fields.sku must be a path`],
    [read("inventory.level.observed", { ...level, sku: "@.s" }), `${at}.event.fields.sku begins with @`],
    [
      read("inventory.level.observed", { ...level, status: { $from: "$.x", words: { A: "good" } } }),
      `${at}.event.fields.status.words.A must be one of`,
    ],
    [
      read("inventory.level.observed", { ...level, status: "good" }),
      `${at}.event.fields.status must be one of`,
    ],
    [
      read("inventory.level.observed", { ...level, observedAt: { $from: "$.t", zone: "Mars/Base" } }),
      `${at}.event.fields.observedAt.zone "Mars/Base" is no time zone`,
    ],
    [
      read("inventory.level.observed", { ...level, quantity: { $from: "$.q", zone: "UTC" } }),
      `${at}.event.fields.quantity.zone is of times`,
    ],
    [
      read("inventory.level.observed", { ...level, quantity: { $from: "$.q", as: "number" } }),
      `${at}.event.fields.quantity.as is of what is sent`,
    ],
    [
      read("inventory.level.observed", { ...level, quantity: { $from: "$.q", otherwise: "0" } }),
      `${at}.event.fields.quantity.otherwise is not known`,
    ],
    [
      read("order.submitted", { ...order, lines: "$.rows" }),
      `${at}.event.fields.lines cannot be taken whole`,
    ],
    [
      read("order.submitted", { ...order, lines: { $each: "$.rows" } }),
      `${at}.event.fields.lines.item is required`,
    ],
    [
      read("order.submitted", { ...order, lines: { $each: "$.rows", item: { lineId: "@.n" } } }),
      `${at}.event.fields.lines.item lacks sku`,
    ],
    [read("inventory.level.observed", 5), `${at}.event.fields must say what fills`],
  ])("%#", (input, expected) => {
    expect(faultsOf(bench, input)).toContain(expected);
  });
});

describe("a full set", () => {
  const type = "inventory.level.observed";
  const set = (more: object = {}, full: object = { locations: ["EAST"], asOf: { from: "$.asOf" } }): Input =>
    ({
      reads: {
        feed: {
          path: "/feed",
          items: "$.items",
          id: "$.sku",
          full,
          event: { type: "inventory.level.observed", fields: { sku: "$.sku", quantity: "$.qty" } },
          ...more,
        },
      },
    }) as Input;
  const asOf = "2026-11-24T07:00:00Z";
  const page = (...skus: string[]) => ({ asOf, total: 5, items: skus.map((sku) => ({ sku, qty: 1.5 })) });
  async function readSet(input: Input) {
    const session = bench.open(input);
    const { messages } = await readOut(session, "feed");
    return session.map(messages[0]!, noCodes) as {
      events: { type: string; data: Record<string, unknown> }[];
      problems?: unknown[];
    };
  }

  test("is a level for each item, and its end", async () => {
    bench.server.handle((_, response) => answerJson(response, 200, page("A", "B")));
    const { events } = await readSet(set());
    expect(events.map(({ type }) => type)).toEqual([
      "inventory.level.observed",
      "inventory.level.observed",
      "inventory.set.observed",
    ]);
    const { setId } = events[0]!.data;
    expect(events[0]!.data).toEqual({
      sku: "A",
      location: "EAST",
      quantity: "1.5",
      observedAt: "2026-11-24T07:00:00.000000Z",
      setId,
    });
    expect(events[2]!.data).toMatchObject({ location: "EAST", setId, count: 2 });
    const session = bench.open(set());
    const { cursor } = await readOut(session, "feed");
    expect((await readOut(session, "feed", cursor)).messages).toEqual([]);
  });

  test("an empty one zeroes each of its places, and no other", async () => {
    bench.server.handle((_, response) => answerJson(response, 200, { ...page(), items: [] }));
    const fields = { sku: "$.sku", quantity: "$.qty", location: "$.at" };
    const { events } = await readSet(set({ event: { type, fields } }, { locations: ["EAST", "WEST"] }));
    expect(events.map(({ data }) => [data.location, data.count])).toEqual([
      ["EAST", 0],
      ["WEST", 0],
    ]);
  });

  test("with an item that fails, or twice names a level, or is elsewhere, is not whole", async () => {
    bench.server.handle((_, response) =>
      answerJson(response, 200, {
        asOf,
        items: [
          { sku: "A", qty: "x", at: "EAST" },
          { sku: "B", qty: 1, at: "EAST" },
          { sku: "C", qty: 1, at: "MOON" },
        ],
      }),
    );
    const fields = { sku: "$.sku", quantity: "$.qty", location: "$.at" };
    const { events, problems } = await readSet(
      set({ event: { type, fields } }, { locations: ["EAST", "WEST"] }),
    );
    expect(problems).toEqual([
      { line: 1, reason: expect.stringMatching(/^\$\.qty: "x" is no number/) },
      { line: 3, reason: expect.stringContaining("MOON") },
    ]);
    expect(
      events.filter(({ type }) => type === "inventory.set.observed").map(({ data }) => data.count),
    ).toEqual([3, 2]);
  });

  test("with fewer items than it counts is not whole", async () => {
    bench.server.handle((_, response) => answerJson(response, 200, page("A", "B")));
    const { events } = await readSet(set({ total: "$.total" }));
    expect(events.at(-1)!.data.count).toBe(5);
  });

  test("whose pages move while they are read is read until two readings agree, or is not whole", async () => {
    const paging = { page: { parameter: "p" }, size: { value: 2 } };
    let stock = ["A", "B", "C", "D", "E"];
    let calls = 0;
    let restless = false;
    bench.server.handle(({ url }, response) => {
      const number = Number(new URL(url, "http://x").searchParams.get("p"));
      calls += 1;
      if (calls === 2 || (restless && number === 2)) stock = [...stock.slice(1), `N${calls}`];
      answerJson(response, 200, page(...stock.slice((number - 1) * 2, number * 2)));
    });
    const steady = await readSet(set({ paging }));
    expect(steady.events.slice(0, -1).map(({ data }) => data.sku)).toEqual(["B", "C", "D", "E", "N2"]);
    expect(steady.events.at(-1)!.data.count).toBe(5);
    restless = true;
    const moving = await readSet(set({ paging }));
    expect(moving.events.at(-1)!.data.count).not.toBe(moving.events.length - 1);
  });

  test.each([
    [
      set({ event: { type: "inventory.movement.recorded", fields: {} } }),
      "event.type must be inventory.level.observed",
    ],
    [set({ since: { parameter: "s", sequence: "$.n" } }), "full is all there is"],
    [set({}, { locations: ["EAST", "WEST"] }), "event.fields lacks location"],
  ])("%#: a declaration that cannot hold is refused", (input, expected) => {
    expect(faultsOf(bench, input)).toContain(expected);
  });
});

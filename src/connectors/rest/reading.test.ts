import type { ServerResponse } from "node:http";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, bodies, type Input, openBench, readOut, signal } from "./testing.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

interface Row {
  id: number;
  at: number;
  qty: number;
}
/** A product's table: changes are stamped in whole seconds. */
class Table {
  rows: Row[] = [];
  put(id: number, at: number, qty = id): void {
    this.rows = [...this.rows.filter((row) => row.id !== id), { id, at, qty }];
  }
  drop(id: number): void {
    this.rows = this.rows.filter((row) => row.id !== id);
  }
  page(url: string, sort: "at" | "id" = "at"): Row[] {
    const query = new URL(url, "http://x").searchParams;
    const since = Number(query.get("since") ?? 0);
    const size = Number(query.get("size") ?? 1_000);
    const offset = query.has("page")
      ? (Number(query.get("page")) - 1) * size
      : Number(query.get("offset") ?? 0);
    return this.rows
      .filter(({ at }) => at >= since)
      .sort((a, b) => (sort === "at" ? a.at - b.at : 0) || a.id - b.id)
      .slice(offset, offset + size);
  }
}

const level = {
  id: "$.id",
  event: "inventory.level.observed",
  fields: {
    sku: "$.id",
    location: "EAST",
    quantity: "$.qty",
    observedAt: { $from: "$.at", format: "epoch-s" },
  },
} as const;
const changes = (more: object = {}, size = 3): Input => ({
  reads: {
    stock: {
      path: "/stock",
      items: "$.items",
      paging: { page: { parameter: "page" }, size: { parameter: "size", value: size } },
      since: { parameter: "since", time: { from: "$.at", format: "epoch-s" }, overlap: "10s" },
      ...level,
      ...more,
    },
  },
});
const T = 1_795_500_000; // 2026-11-24T06:00:00Z
const serve = (table: Table, sort: "at" | "id" = "at", before: (url: string) => void = () => undefined) =>
  bench.server.handle(({ url }, response) => {
    before(url);
    answerJson(response, 200, { items: table.page(url, sort) });
  });
const ids = (messages: Parameters<typeof bodies>[0]) => bodies(messages).map(({ id }) => id);

describe("changes by time", () => {
  test("every item of every page once, and then only what changed", async () => {
    const table = new Table();
    for (let id = 1; id <= 20; id++) table.put(id, T + id);
    serve(table);
    const session = bench.open(changes());
    const first = await readOut(session, "stock");
    expect(new Set(ids(first.messages)).size).toBe(20);
    table.put(4, T + 30, 99);
    const second = await readOut(session, "stock", first.cursor);
    expect(bodies(second.messages)).toEqual([{ id: 4, at: T + 30, qty: 99 }]);
    expect((await readOut(session, "stock", second.cursor)).messages).toEqual([]);
  });

  test("more items of one second than pages hold", async () => {
    const table = new Table();
    for (let id = 1; id <= 14; id++) table.put(id, T);
    for (let id = 15; id <= 20; id++) table.put(id, T + 5);
    serve(table);
    const { messages } = await readOut(bench.open(changes()), "stock");
    expect(new Set(ids(messages)).size).toBe(20);
  });

  test("5, then 7, then 5 again within one second are three changes", async () => {
    const table = new Table();
    serve(table);
    const session = bench.open(changes());
    let cursor: string | null = null;
    const seen: string[] = [];
    for (const qty of [5, 7, 7, 5]) {
      table.put(1, T, qty);
      const read = await readOut(session, "stock", cursor);
      cursor = read.cursor;
      seen.push(...read.messages.map(({ id }) => id));
    }
    expect(new Set(seen).size).toBe(3);
    expect(seen).toHaveLength(3);
  });

  test("a commit that lands behind the cursor is found through the overlap", async () => {
    const table = new Table();
    table.put(1, T + 20);
    serve(table);
    const session = bench.open(changes());
    const { cursor } = await readOut(session, "stock");
    table.put(2, T + 12);
    expect(ids((await readOut(session, "stock", cursor)).messages)).toEqual([2]);
  });

  test("an item from the future does not take the reader there", async () => {
    const table = new Table();
    table.put(1, T);
    table.put(2, T + 900_000_000);
    serve(table);
    bench.clock.now = "2026-11-24T07:20:00.000000Z";
    const session = bench.open(changes());
    const { cursor } = await readOut(session, "stock");
    const soon = Date.parse(bench.clock.now) / 1000 + 1;
    table.put(3, soon);
    expect(ids((await readOut(session, "stock", cursor)).messages)).toContain(3);
  });

  test("pages that change while they are read lose nothing, whatever changes", async () => {
    const change = fc.record({
      id: fc.integer({ min: 1, max: 15 }),
      drop: fc.boolean(),
      step: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 15 }),
        fc.array(fc.option(change), { maxLength: 12 }),
        fc.constantFrom("at" as const, "id" as const),
        async (stamps, script, sort) => {
          const table = new Table();
          for (const [index, at] of stamps.entries()) table.put(index + 1, T + at);
          let clock = T + 10;
          const steps = [...script];
          serve(table, sort, () => {
            const next = steps.shift();
            if (!next) return;
            clock += next.step;
            if (next.drop) table.drop(next.id);
            else table.put(next.id, clock, clock);
          });
          const since = { parameter: "since", time: { from: "$.at", format: "epoch-s" }, overlap: "10s" };
          const session = bench.open(
            changes({ since: { ...since, order: sort === "at" ? "ascending" : "any" } }),
          );
          bench.clock.now = new Date((T + 10) * 1000).toISOString().replace("Z", "000Z");
          const known = new Map<number, number>();
          let cursor: string | null = null;
          for (let poll = 0; poll < 6 || steps.length > 0; poll++) {
            const read = await readOut(session, "stock", cursor);
            cursor = read.cursor;
            for (const row of bodies(read.messages)) {
              known.set(row.id, Math.max(known.get(row.id) ?? 0, row.at));
            }
          }
          for (const row of table.rows) expect(known.get(row.id)).toBe(row.at);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("an order that is not the declared one is an error, and nothing is left behind", async () => {
    bench.server.handle((_, response) =>
      answerJson(response, 200, {
        items: [
          { id: 1, at: T + 5, qty: 1 },
          { id: 2, at: T, qty: 1 },
        ],
      }),
    );
    const poll = bench.open(changes()).polls!.stock!;
    await expect(poll.read(null, signal)).rejects.toMatchObject({ code: "rest.out-of-order" });
  });

  test("a wall clock that is put back: everything since is asked for", async () => {
    const since = { parameter: "since", time: { from: "$.at", zone: "Europe/London" }, overlap: "10s" };
    const walls = ["2026-10-25 01:10:00", "2026-10-25 01:50:00"];
    const asked: (string | null)[] = [];
    bench.server.handle(({ url }, response) => {
      const from = new URL(url, "http://x").searchParams.get("since");
      asked.push(from);
      const found = walls.filter((at) => from === null || at.replace(" ", "T") >= from);
      answerJson(response, 200, {
        items: found
          .map((at, id) => ({ id: `${at}/${id}`, at, qty: 1 }))
          .sort((a, b) => (a.at < b.at ? -1 : 1)),
      });
    });
    const session = bench.open(changes({ since, paging: undefined }));
    const { cursor } = await readOut(session, "stock");
    walls.push("2026-10-25 01:05:00"); // In the second pass of that hour.
    const { messages } = await readOut(session, "stock", cursor);
    expect(asked[1]).toBe("2026-10-25T01:00:00");
    expect(bodies(messages).some(({ at }) => at === "2026-10-25 01:05:00")).toBe(true);
  });
});

describe("changes by number", () => {
  const bySequence: Input = changes({
    since: { parameter: "after", sequence: "$.seq", overlap: "5" },
    version: "$.seq",
  });

  test("are read behind the last number, with gaps that are filled late, and numbers beyond a double", async () => {
    const big = 9_007_199_254_740_993n;
    let rows = [0n, 1n, 3n].map((step) => big + step);
    bench.server.handle(({ url }, response) => {
      const after = BigInt(new URL(url, "http://x").searchParams.get("after") ?? "0");
      const found = rows
        .filter((seq) => seq > after)
        .sort((a, b) => (a < b ? -1 : 1))
        .slice(0, 3);
      answerJson(
        response,
        200,
        `{"items":[${found.map((seq) => `{"id":"x","seq":${seq},"qty":1}`).join(",")}]}`,
      );
    });
    const session = bench.open(bySequence);
    const first = await readOut(session, "stock");
    expect(first.messages.map(({ id }) => id)).toEqual(rows.map((seq) => `x@${seq}`));
    rows = [...rows, big + 2n];
    const second = await readOut(session, "stock", first.cursor);
    expect(second.messages.map(({ id }) => id)).toContain(`x@${big + 2n}`);
  });
});

describe("paging", () => {
  const plain = (paging: object, more: object = {}): Input =>
    changes({ since: undefined, version: "$.qty", paging, ...more });
  const three = (response: ServerResponse, from: number, more: object = {}, headers = {}) =>
    answerJson(
      response,
      200,
      { items: [0, 1, 2].map((n) => ({ id: from + n, qty: 1, at: T })), ...more },
      headers,
    );

  test("by a cursor in the body, to the page without one", async () => {
    bench.server.handle(({ url }, response) => {
      const at = new URL(url, "http://x").searchParams.get("c");
      three(response, at === null ? 1 : 4, { next: at === null ? "a b&c" : null });
    });
    const { messages } = await readOut(
      bench.open(plain({ cursor: { parameter: "c", next: "$.next" } })),
      "stock",
    );
    expect(ids(messages)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(bench.server.seen[1]!.url).toBe("/stock?c=a+b%26c");
  });

  test("by offset, twice, since offsets move", async () => {
    const table = new Table();
    for (let id = 1; id <= 7; id++) table.put(id, T);
    let calls = 0;
    // Between the first and the second page, an item on the first one goes.
    serve(table, "id", () => {
      calls += 1;
      if (calls === 2) table.drop(1);
    });
    const paging = { offset: { parameter: "offset" }, size: { parameter: "size", value: 3 } };
    const { messages } = await readOut(bench.open(plain(paging)), "stock");
    expect(new Set(ids(messages))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  });

  test("by Link header, and never to another origin", async () => {
    bench.server.handle(({ url }, response) => {
      const link = { link: `</stock?p=0>; rel="prev", </stock?p=2>; title="a, b"; rel="last next"` };
      three(response, url.endsWith("p=2") ? 4 : 1, {}, url.endsWith("p=2") ? {} : link);
    });
    const session = bench.open(plain({ link: true }));
    expect(new Set(ids((await readOut(session, "stock")).messages)).size).toBe(6);
    bench.server.handle((_, response) =>
      three(response, 1, {}, { link: '<http://127.0.0.1:1/steal>; rel="next"' }),
    );
    await expect(readOut(session, "stock")).rejects.toMatchObject({ code: "rest.foreign-link" });
  });

  test.each([
    ["a cursor that leads to itself", { cursor: { parameter: "c", next: "$.next" } }, { next: "again" }, {}],
    ["a page parameter that nobody knows", { page: { parameter: "p" } }, {}, {}],
    ["an offset that nobody knows", { offset: { parameter: "o" } }, {}, {}],
    ["a link to itself", { link: true }, {}, { link: '</stock>; rel="next"' }],
  ])("%s has an end", async (_name, paging, more, headers) => {
    bench.server.handle((_, response) => three(response, 1, more, headers));
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
  });

  test("a cursor that is always another one and brings nothing new has an end", async () => {
    let n = 0;
    bench.server.handle((_, response) => {
      n += 1;
      three(response, 1, { next: `c${n}` });
    });
    const paging = { cursor: { parameter: "c", next: "$.next" } };
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
    await expect(readOut(bench.open(changes({ paging })), "stock")).rejects.toMatchObject({
      code: "rest.endless",
    });
  });

  test("a cursor that brings empty pages for ever has an end", async () => {
    let n = 0;
    bench.server.handle((_, response) => {
      n += 1;
      answerJson(response, 200, { items: [], next: `c${n}` });
    });
    const paging = { cursor: { parameter: "c", next: "$.next" } };
    await expect(readOut(bench.open(plain(paging)), "stock")).rejects.toMatchObject({ code: "rest.endless" });
    await expect(readOut(bench.open(changes({ paging })), "stock")).rejects.toMatchObject({
      code: "rest.endless",
    });
  });
});

describe("answers that are none", () => {
  test.each([
    [
      "broken JSON",
      (response: ServerResponse) => answerJson(response, 200, '{"items":[{"id":1'),
      "rest.unreadable",
    ],
    ["a page of a proxy", (response: ServerResponse) => void response.end("<html>"), "rest.unreadable"],
    ["no list", (response: ServerResponse) => answerJson(response, 200, { items: {} }), "rest.unreadable"],
    ["an error", (response: ServerResponse) => answerJson(response, 500, {}), "rest.unreadable"],
    [
      "UTF-16 without a word",
      (response: ServerResponse) => void response.end(Buffer.from('{"items":[]}', "utf16le")),
      "rest.unreadable",
    ],
    ["a denial", (response: ServerResponse) => answerJson(response, 403, {}), "rest.denied"],
    ["a broken connection", (response: ServerResponse) => void response.destroy(), "http.broken-off"],
  ])("%s: the reading fails and the cursor stays", async (_name, answer, code) => {
    bench.server.handle((_, response) => answer(response));
    await expect(bench.open(changes()).polls!.stock!.read(null, signal)).rejects.toMatchObject({ code });
  });

  test("429 with Retry-After is waited for; an hour is not", async () => {
    let calls = 0;
    bench.server.handle((_, response) => {
      calls += 1;
      if (calls === 1) answerJson(response, 429, {}, { "retry-after": "0.05" });
      else answerJson(response, 200, { items: [{ id: 1, at: T, qty: 1 }] });
    });
    expect((await readOut(bench.open(changes()), "stock")).messages).toHaveLength(1);
    bench.server.handle((_, response) => answerJson(response, 429, {}, { "retry-after": "3600" }));
    await expect(readOut(bench.open(changes()), "stock")).rejects.toMatchObject({ code: "rest.busy" });
  });

  test("an item that cannot be known fails alone, with its path; the others are read", async () => {
    bench.server.handle((_, response) =>
      answerJson(response, 200, {
        items: [{ id: null, at: T, qty: 1 }, { id: 2, at: "soon", qty: 1 }, 7, { id: 4, at: T, qty: 1 }],
      }),
    );
    const session = bench.open(changes({ paging: undefined }));
    const { messages } = await readOut(session, "stock");
    expect(messages.map((message) => session.map(message, noCodes))).toEqual([
      { failed: expect.stringContaining("is null"), path: "$.id" },
      { failed: expect.stringContaining("soon"), path: "$.at" },
      { failed: expect.any(String), path: "$.id" },
      { events: [expect.objectContaining({ type: "inventory.level.observed" })] },
    ]);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
  });

  test("a byte order mark, and latin-1 that says so, are read", async () => {
    bench.server.handle((_, response) => {
      response.writeHead(200, { "content-type": "application/json; charset=iso-8859-1" });
      response.end(Buffer.from(JSON.stringify({ items: [{ id: "Müsli", at: T, qty: 1 }] }), "latin1"));
    });
    expect(ids((await readOut(bench.open(changes()), "stock")).messages)).toEqual(["Müsli"]);
    bench.server.handle((_, response) => void response.end('\ufeff{"items":[]}'));
    expect((await readOut(bench.open(changes()), "stock")).messages).toEqual([]);
  });

  test("latin-1 that does not say so is not believed", async () => {
    bench.server.handle(
      (_, response) =>
        void response.end(Buffer.from(JSON.stringify({ items: [{ id: "Müsli", at: T, qty: 1 }] }), "latin1")),
    );
    const session = bench.open(changes());
    const [message] = (await readOut(session, "stock")).messages;
    expect(session.map(message!, noCodes)).toEqual({
      failed: expect.stringContaining("encoding"),
      path: "$.id",
    });
  });
});

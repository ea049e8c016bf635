import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerJson } from "../../connector/testing-server.ts";
import { type Bench, bodies, type Input, openBench, readOut, signal } from "./testing.ts";
import { changes, ids, serve, T, Table } from "./testing-table.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe("changes by time", () => {
  test("every item of every page once, and then only what changed", async () => {
    const table = new Table();
    for (let id = 1; id <= 20; id++) table.put(id, T + id);
    serve(bench, table);
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
    serve(bench, table);
    const { messages } = await readOut(bench.open(changes()), "stock");
    expect(new Set(ids(messages)).size).toBe(20);
  });

  test("5, then 7, then 5 again within one second are three changes", async () => {
    const table = new Table();
    serve(bench, table);
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
    serve(bench, table);
    const session = bench.open(changes());
    const { cursor } = await readOut(session, "stock");
    table.put(2, T + 12);
    expect(ids((await readOut(session, "stock", cursor)).messages)).toEqual([2]);
  });

  test("an item from the future does not take the reader there", async () => {
    const table = new Table();
    table.put(1, T);
    table.put(2, T + 900_000_000);
    serve(bench, table);
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
          serve(bench, table, sort, () => {
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

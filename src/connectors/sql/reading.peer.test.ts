// Reading from real servers by watermark, and what cannot be read.
import { describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { Stream } from "./settings.ts";
import { onEachServer, withStockTables } from "./testing-each.ts";
import { eventsIn, type Input, ids } from "./testing-session.ts";

const never = new AbortController().signal;

onEachServer((on) => {
  const { isMySql, openWith } = on;
  withStockTables(on);

  const levels: Stream = {
    from: "stock",
    columns: { item: "text", site: "text", qty: "decimal", changed: "local-time" },
    key: ["item"],
    watermark: { column: "changed", overlapMs: 7_200_000 },
    pageSize: 3,
    event: {
      type: "inventory.level.observed",
      fields: {
        sku: { column: "item" },
        location: { column: "site", words: { "01": "EAST" } },
        quantity: { column: "qty" },
        observedAt: { column: "changed" },
      },
    },
  };
  const put = (item: string, qty: string, changed: string) =>
    `insert into stock (item, site, qty, changed) values ('${item}', '01', ${qty}, '${changed}')`;

  describe("by watermark", () => {
    test("rows of one stamp across page boundaries come once each, in the order of the key", async () => {
      const items = Array.from({ length: 10 }, (_, index) => `A${index}`);
      await on.server.run(...items.map((item) => put(item, "1", "2026-11-24 08:00:00")));
      const { messages, pages } = await openWith({ streams: { levels } }).drain("levels");
      expect(ids(messages)).toEqual(items.map((item) => `${item}@2026-11-24 08:00:00`));
      expect(pages).toBe(4);
    });

    test("figures keep all their digits, times their zone, words are ours", async () => {
      await on.server.run(put("A", "123456789012345.123456", "2026-07-01 08:00:00"));
      const session = openWith({ streams: { levels } });
      const { messages } = await session.drain("levels");
      expect(eventsIn(session.map(messages[0]!, noCodes))).toEqual([
        {
          sku: "A",
          location: "EAST",
          quantity: "123456789012345.123456",
          observedAt: "2026-07-01T06:00:00.000000Z",
        },
      ]);
    });

    test("a row that commits late behind the scan is found by a later one", async () => {
      const session = openWith({ streams: { levels } });
      const slow = await on.server.session();
      await slow.run("start transaction");
      await slow.run(put("LATE", "1", "2026-11-24 08:00:00"));
      await on.server.run(put("A", "1", "2026-11-24 08:30:00"));
      const first = await session.drain("levels");
      expect(ids(first.messages)).toEqual(["A@2026-11-24 08:30:00"]);
      await slow.run("commit");
      await slow.end();
      const second = await session.drain("levels", first.cursor);
      expect(ids(second.messages)).toContain("LATE@2026-11-24 08:00:00");
    });

    test("a row that commits late behind a scan of many pages is found by the scan after it", async () => {
      const session = openWith({ streams: { levels } });
      // An hour between rows: the end of the scan lies far beyond the overlap from where it began.
      await on.server.run(...[1, 2, 3, 4].map((hour) => put(`A${hour}`, "1", `2026-11-24 0${hour}:00:00`)));
      const read = session.polls!.levels!.read;
      const one = await read(null, never);
      expect(one.more).toBe(true);
      await on.server.run(put("LATE", "1", "2026-11-24 02:30:00"), put("B", "1", "2026-11-24 09:00:00"));
      const rest = await session.drain("levels", one.cursor);
      expect(ids(rest.messages)).toEqual(["A4@2026-11-24 04:00:00", "B@2026-11-24 09:00:00"]);
      const next = await session.drain("levels", rest.cursor);
      expect(ids(next.messages)).toContain("LATE@2026-11-24 02:30:00");
    });

    test("a row that is dated in the future does not carry the scans with it", async () => {
      const session = openWith({ streams: { levels } });
      await on.server.run(put("FUTURE", "1", "2099-01-01 00:00:00"));
      const { cursor } = await session.drain("levels");
      await on.server.run(put("A", "1", "2026-11-24 12:30:00"));
      expect(ids((await session.drain("levels", cursor)).messages)).toContain("A@2026-11-24 12:30:00");
    });

    test("an instant is compared to the microsecond, and a sequence by its overlap", async () => {
      const seen: Stream = {
        ...levels,
        columns: { item: "text", site: "text", qty: "decimal", seen: "instant" },
        watermark: { column: "seen", overlapMs: 0 },
        event: { ...levels.event, fields: { ...levels.event.fields, observedAt: { column: "seen" } } },
      };
      await on.server.run(
        ...[1, 2, 3, 4, 5].map(
          (at) => `insert into stock values ('A${at}', '01', 1, null, '2026-11-24 08:00:00.00000${at}')`,
        ),
      );
      const session = openWith({ streams: { seen } });
      const { messages, cursor } = await session.drain("seen");
      expect(messages).toHaveLength(5);
      expect(eventsIn(session.map(messages[4]!, noCodes))).toMatchObject([
        { observedAt: "2026-11-24T08:00:00.000005Z" },
      ]);
      expect((await session.drain("seen", cursor)).messages).toHaveLength(1);

      await on.server.run(...[1, 2, 3, 4].map((n) => `insert into log values (${n}, 'I', 'A${n}', ${n})`));
      const numbered: Stream = {
        ...seen,
        from: "log",
        columns: { n: "integer", item: "text", qty: "decimal" },
        key: ["n"],
        watermark: { column: "n", overlap: 2 },
        event: {
          type: "inventory.level.observed",
          fields: {
            sku: { column: "item" },
            location: { constant: "EAST" },
            quantity: { column: "qty" },
            observedAt: { constant: "2026-11-24T08:00:00Z" },
          },
        },
      };
      const sequence = openWith({ streams: { numbered } });
      const all = await sequence.drain("numbered");
      expect(ids(all.messages)).toEqual(["1@1", "2@2", "3@3", "4@4"]);
      expect(ids((await sequence.drain("numbered", all.cursor)).messages)).toEqual(["2@2", "3@3", "4@4"]);
    });

    test("a query in place of a view, with a comment at its end; values are never part of a statement", async () => {
      await on.server.run(
        put("O''Neil; drop table stock", "1", "2026-11-24 08:00:00"),
        put("P", "2", "2026-11-24 08:00:00"),
      );
      const { from: _, ...rest } = levels;
      const query = "select item, site, qty, changed from stock where qty > 0 -- all that stands";
      const session = openWith({ streams: { levels: { ...rest, query, pageSize: 1 } } });
      const { messages } = await session.drain("levels");
      expect(ids(messages)).toEqual([
        "O'Neil; drop table stock@2026-11-24 08:00:00",
        "P@2026-11-24 08:00:00",
      ]);
    });
  });

  describe("what cannot be read", () => {
    test.each([
      [
        "weight",
        isMySql ? "double" : "float8",
        "decimal",
        /weight is declared as decimal and is a binary fraction/,
      ],
      ["picture", isMySql ? "blob" : "bytea", "text", /picture is declared as text and is binary/],
      [
        "seen_at",
        isMySql ? "timestamp null" : "timestamptz",
        "local-time",
        /seen_at is declared as local-time and is instant/,
      ],
    ] as const)("a column %s of type %s is refused by its name", async (column, type, kind, message) => {
      await on.server.run(`alter table stock add column ${column} ${type}`);
      const stream: Stream = { ...levels, columns: { ...levels.columns, [column]: kind } };
      await expect(openWith({ streams: { stream } }).drain("stream")).rejects.toThrow(message);
    });

    test("a key that is null is refused by its name; a row without a stamp is in no scan", async () => {
      await on.server.run(
        "insert into stock (item, site, qty, changed) values ('A', null, 1, '2026-11-24 08:00:00'), ('B', '01', 1, null)",
      );
      const stream: Stream = { ...levels, key: ["item", "site"] };
      await expect(openWith({ streams: { stream } }).drain("stream")).rejects.toMatchObject({
        code: "sql.null-key",
        message: expect.stringContaining("column site is null"),
      });
      expect(ids((await openWith({ streams: { levels } }).drain("levels")).messages)).toHaveLength(1);
    });

    test("nothing is written while reading, whatever the query calls", async () => {
      const writes = isMySql
        ? [
            "drop function if exists noting",
            "create function noting() returns int modifies sql data begin insert into log values (9, 'X', 'A', 1); return 1; end",
          ]
        : [
            "create or replace function noting() returns int language sql as $$ insert into log values (9, 'X', 'A', 1) returning 1 $$",
          ];
      await on.server.run(...writes, put("A", "1", "2026-11-24 08:00:00"));
      const { from: _, ...rest } = levels;
      const query = "select item, site, qty, changed from stock where noting() = 1";
      await expect(openWith({ streams: { levels: { ...rest, query } } }).drain("levels")).rejects.toThrow(
        /read.only/i,
      );
      expect(await on.server.run("select n from log")).toEqual([]);
    });

    test("a statement that takes too long is stopped", async () => {
      await on.server.run(put("A", "1", "2026-11-24 08:00:00"));
      const wait = isMySql ? "sleep(30)" : "(select 1 from pg_sleep(30))";
      const query = `select item, site, qty, changed, ${wait} as waited from stock`;
      const { from: _, ...rest } = levels;
      const columns = { ...levels.columns, waited: "integer" as const };
      const stream: Stream = { ...rest, query, columns };
      const session = openWith({ streams: { stream }, statementTimeoutMs: 1_000 });
      await expect(session.drain("stream")).rejects.toMatchObject({ code: "sql.busy" });
    });

    test("a reading that is given up ends at once", async () => {
      await on.server.run(put("A", "1", "2026-11-24 08:00:00"));
      const wait = isMySql ? "sleep(30)" : "(select 1 from pg_sleep(30))";
      const { from: _, ...rest } = levels;
      const query = `select item, site, qty, changed, ${wait} as waited from stock`;
      const stream: Stream = { ...rest, query, columns: { ...levels.columns, waited: "integer" } };
      const session = openWith({ streams: { stream } });
      const stop = new AbortController();
      const read = session.polls!.stream!.read(null, stop.signal);
      setTimeout(() => stop.abort(), 200);
      await expect(read).rejects.toThrow();
    });
  });

  test("health is well, denied, or not there", async () => {
    await openWith({}).health(never);
    await expect(openWith({ database: "nowhere" }).health(never)).rejects.toMatchObject({
      code: "sql.denied",
    });
    await expect(openWith({ host: "127.0.0.1", port: 1 }).health(never)).rejects.toMatchObject({
      code: "sql.lost",
    });
  });

  test("the census of a window is by the zone's wall clock", async () => {
    const made = ["2026-10-25 01:30:00", "2026-10-25 02:30:00", "2026-10-25 03:30:00"];
    await on.server.run(...made.map((at, index) => put(`SO-${index}`, "1", at)));
    const census = [
      {
        domain: "order",
        from: "stock",
        columns: { item: "text", changed: "local-time" },
        key: "item",
        time: "changed",
      },
    ] as Input["census"];
    const take = openWith({ census: census! }).census!;
    const window = { from: "2026-10-25T00:00:00.000000Z", to: "2026-10-25T02:30:00.000000Z" };
    expect(await take(window)).toEqual([{ domain: "order", ids: ["SO-1"] }]);
    expect(await take({ ...window, to: "2026-10-25T02:30:00.000001Z" })).toEqual([
      { domain: "order", ids: ["SO-1", "SO-2"] },
    ]);
  });
});

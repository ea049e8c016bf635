// Reading from real servers: by watermark, from a log of changes, from an outbox, as a whole set.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { Stream } from "./settings.ts";
import { noMariaDb, type TestedServer, testedMariaDb, testedPostgres } from "./testing.ts";
import { eventsIn, type Input, ids, type Opened, openOn } from "./testing-session.ts";

const never = new AbortController().signal;
const starts = { PostgreSQL: testedPostgres, MariaDB: testedMariaDb };
if (noMariaDb !== undefined) console.warn(`MariaDB is left out of these tests: ${noMariaDb}.`);

describe.each(Object.entries(starts))("%s", (name, start) => {
  let server: TestedServer;
  let open: Opened[] = [];
  const isMySql = name === "MariaDB";
  if (isMySql && noMariaDb !== undefined) {
    test.skip(noMariaDb, () => undefined);
    return;
  }
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    await server.run(
      "drop table if exists stock",
      "drop table if exists log",
      "drop table if exists ready",
      `create table stock (item varchar(40) primary key, site varchar(8), qty decimal(21,6), ${
        isMySql ? "changed datetime" : "changed timestamp(0)"
      }, seen ${isMySql ? "timestamp(6) null" : "timestamptz"})`,
      `create table log (n ${isMySql ? "bigint primary key" : "bigint primary key"}, op char(3), item varchar(40), qty decimal(21,6))`,
      `create table ready (id bigint primary key, item varchar(40), qty decimal(21,6), taken_at ${isMySql ? "datetime(6)" : "timestamptz"})`,
    );
  });
  afterEach(async () => {
    await Promise.all(open.map((session) => session.close()));
    open = [];
  });
  const openWith = (input: Input): Opened => {
    const session = openOn(server, { timeZone: "Europe/Berlin", ...input });
    open.push(session);
    return session;
  };

  const levels: Stream = {
    from: "stock",
    columns: { item: "text", site: "text", qty: "decimal", changed: "local-time" },
    key: ["item"],
    watermark: { column: "changed", overlapMs: 7_200_000 },
    pageSize: 3,
    map: {
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
      await server.run(...items.map((item) => put(item, "1", "2026-11-24 08:00:00")));
      const { messages, pages } = await openWith({ streams: { levels } }).drain("levels");
      expect(ids(messages)).toEqual(items.map((item) => `${item}@2026-11-24 08:00:00`));
      expect(pages).toBe(4);
    });

    test("figures keep all their digits, times their zone, words are ours", async () => {
      await server.run(put("A", "123456789012345.123456", "2026-07-01 08:00:00"));
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
      const slow = await server.session();
      await slow.run("start transaction");
      await slow.run(put("LATE", "1", "2026-11-24 08:00:00"));
      await server.run(put("A", "1", "2026-11-24 08:30:00"));
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
      await server.run(...[1, 2, 3, 4].map((hour) => put(`A${hour}`, "1", `2026-11-24 0${hour}:00:00`)));
      const read = session.polls!.levels!.read;
      const one = await read(null, never);
      expect(one.more).toBe(true);
      await server.run(put("LATE", "1", "2026-11-24 02:30:00"), put("B", "1", "2026-11-24 09:00:00"));
      const rest = await session.drain("levels", one.cursor);
      expect(ids(rest.messages)).toEqual(["A4@2026-11-24 04:00:00", "B@2026-11-24 09:00:00"]);
      const next = await session.drain("levels", rest.cursor);
      expect(ids(next.messages)).toContain("LATE@2026-11-24 02:30:00");
    });

    test("a row that is dated in the future does not carry the scans with it", async () => {
      const session = openWith({ streams: { levels } });
      await server.run(put("FUTURE", "1", "2099-01-01 00:00:00"));
      const { cursor } = await session.drain("levels");
      await server.run(put("A", "1", "2026-11-24 12:30:00"));
      expect(ids((await session.drain("levels", cursor)).messages)).toContain("A@2026-11-24 12:30:00");
    });

    test("an instant is compared to the microsecond, and a sequence by its overlap", async () => {
      const seen: Stream = {
        ...levels,
        columns: { item: "text", site: "text", qty: "decimal", seen: "instant" },
        watermark: { column: "seen", overlapMs: 0 },
        map: { ...levels.map, fields: { ...levels.map.fields, observedAt: { column: "seen" } } },
      };
      await server.run(
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

      await server.run(...[1, 2, 3, 4].map((n) => `insert into log values (${n}, 'I', 'A${n}', ${n})`));
      const numbered: Stream = {
        ...seen,
        from: "log",
        columns: { n: "integer", item: "text", qty: "decimal" },
        key: ["n"],
        watermark: { column: "n", overlap: 2 },
        map: {
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
      await server.run(
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

  describe("from a log of changes", () => {
    const changes: Stream = {
      from: "log",
      columns: { n: "integer", op: "text", item: "text", qty: "decimal" },
      changes: { sequence: "n", gapWaitMs: 30_000, gapForgetMs: 60_000, startAfter: "0" },
      pageSize: 10,
      map: {
        type: "inventory.movement.recorded",
        only: { column: "op", words: ["ISS", "RCV"] },
        fields: {
          movementId: { column: "n" },
          sku: { column: "item" },
          location: { constant: "EAST" },
          quantity: { column: "qty" },
          reason: { column: "op", words: { ISS: "issue", RCV: "receipt" } },
          occurredAt: { constant: "2026-11-24T08:00:00Z" },
        },
      },
    };
    const log = (n: number, op = "ISS") => `insert into log values (${n}, '${op}', 'A', -1)`;

    test("a number of a transaction that has not committed holds back what follows it, and then comes in order", async () => {
      const session = openWith({ streams: { changes } });
      const slow = await server.session();
      await slow.run("start transaction");
      await slow.run(log(2));
      await server.run(log(1), log(3));
      const first = await session.polls!.changes!.read(null, never);
      expect(ids(first.messages)).toEqual(["1"]);
      expect(first).toMatchObject({ more: false, missing: [{ stream: "changes.n", numbers: "" }] });
      await slow.run("commit");
      await slow.end();
      expect(ids((await session.drain("changes", first.cursor)).messages)).toEqual(["2", "3"]);
    });

    test("one that does not come is reported and passed, is taken late, and is forgotten in the end", async () => {
      const session = openWith({ streams: { changes } });
      await server.run(log(1), log(4), log(5), log(8));
      const first = await session.drain("changes");
      session.pass(29_000);
      expect((await session.drain("changes", first.cursor)).messages).toEqual([]);
      session.pass(1_000);
      const passed = await session.polls!.changes!.read(first.cursor, never);
      expect(ids(passed.messages)).toEqual(["4", "5", "8"]);
      expect(passed.missing).toEqual([{ stream: "changes.n", numbers: "2-3, 6-7" }]);
      await server.run(log(3));
      const late = await session.polls!.changes!.read(passed.cursor, never);
      expect(ids(late.messages)).toEqual(["3"]);
      expect(late.missing).toEqual([{ stream: "changes.n", numbers: "2, 6-7" }]);
      session.pass(60_000);
      const forgotten = await session.polls!.changes!.read(late.cursor, never);
      expect(forgotten.missing).toEqual([{ stream: "changes.n", numbers: "" }]);
      expect(session.logged).toMatchObject([{ facts: { numbers: "2, 6-7" } }]);
    });

    test("rows of another kind mean nothing, and say which rule says so", async () => {
      const session = openWith({ streams: { changes } });
      await server.run(log(1, "X"), log(2, "RCV"));
      const [strange, received] = (await session.drain("changes")).messages;
      expect(session.map(strange!, noCodes)).toEqual({ ignored: 'op is "X".' });
      expect(eventsIn(session.map(received!, noCodes))).toMatchObject([
        { reason: "receipt", quantity: "-1" },
      ]);
    });
  });

  describe("from an outbox", () => {
    const outbox: Stream = {
      from: "ready",
      columns: { id: "integer", item: "text", qty: "decimal", taken_at: isMySql ? "local-time" : "instant" },
      key: ["id"],
      version: ["qty"],
      outbox: { table: "ready", taken: "delete" },
      pageSize: 2,
      map: {
        type: "inventory.level.observed",
        fields: {
          sku: { column: "item" },
          location: { constant: "EAST" },
          quantity: { column: "qty" },
          observedAt: { constant: "2026-11-24T08:00:00Z" },
        },
      },
    };
    const wait = (...rows: number[]) =>
      rows.map((id) => `insert into ready values (${id}, 'A', ${id}, null)`);

    test("rows go when they are acknowledged, and doing it again does nothing", async () => {
      await server.run(...wait(1, 2, 3));
      const session = openWith({ streams: { outbox } });
      const page = await session.polls!.outbox!.read(null, never);
      expect(ids(page.messages)).toEqual(["1@1.000000", "2@2.000000"]);
      expect(await server.run("select count(*) from ready")).toEqual([[isMySql ? 3 : "3"]]);
      await page.acknowledge!();
      await page.acknowledge!();
      expect((await server.run("select id from ready")).map(([id]) => String(id))).toEqual(["3"]);
    });

    test("a row that was changed since it was read waits on", async () => {
      await server.run(...wait(1, 2));
      const session = openWith({ streams: { outbox } });
      const page = await session.polls!.outbox!.read(null, never);
      await server.run("update ready set qty = 7 where id = 1");
      await page.acknowledge!();
      expect(ids((await session.polls!.outbox!.read(page.cursor, never)).messages)).toEqual(["1@7.000000"]);
    });

    test("rows are marked where they must stay", async () => {
      await server.run(...wait(1, 2, 3));
      const marked: Stream = { ...outbox, outbox: { table: "ready", taken: "mark", column: "taken_at" } };
      const session = openWith({ streams: { marked } });
      expect((await session.drain("marked")).messages).toHaveLength(3);
      expect((await session.drain("marked")).messages).toEqual([]);
      expect((await server.run("select id from ready where taken_at is not null")).length).toBe(3);
    });
  });

  describe("a whole set", () => {
    const set: Stream = {
      from: "stock",
      columns: { item: "text", site: "text", qty: "decimal" },
      key: ["item"],
      set: { locations: ["EAST", "WEST"], rowsMax: 6 },
      pageSize: 2,
      map: {
        type: "inventory.level.observed",
        fields: {
          sku: { column: "item" },
          location: { column: "site", words: { "01": "EAST", "02": "WEST" } },
          quantity: { column: "qty" },
        },
      },
    };
    const row = (item: string, site = "01") =>
      `insert into stock (item, site, qty) values ('${item}', '${site}', 5)`;

    test("says every level and how many they are, of each place, the empty one too", async () => {
      await server.run(row("A"), row("B"), row("C"));
      const session = openWith({ streams: { set } });
      const first = await session.drain("set");
      const events = first.messages.flatMap((message) => eventsIn(session.map(message, noCodes))) as {
        setId: string;
        location: string;
        sku?: string;
        count?: number;
        observedAt: string;
      }[];
      expect(events.map(({ location, sku, count }) => [location, sku ?? count])).toEqual([
        ["EAST", "A"],
        ["EAST", "B"],
        ["EAST", "C"],
        ["EAST", 3],
        ["WEST", 0],
      ]);
      expect(new Set(events.map(({ observedAt }) => observedAt)).size).toBe(1);
      expect(new Set(events.slice(0, 4).map(({ setId }) => setId)).size).toBe(1);
      await server.run("delete from stock where item = 'B'");
      const second = await session.drain("set", first.cursor);
      expect(second.cursor > first.cursor).toBe(true);
      expect(second.messages.flatMap((message) => eventsIn(session.map(message, noCodes)))).toContainEqual(
        expect.objectContaining({ location: "EAST", count: 2 }),
      );
    });

    test("a row that fails is a problem of its line, and the count says that the set is not whole", async () => {
      await server.run(row("A"), "insert into stock (item, site, qty) values ('B', '01', null)");
      const session = openWith({ streams: { set } });
      const { messages } = await session.drain("set");
      expect(session.map(messages[0]!, noCodes)).toMatchObject({
        events: [{ data: { sku: "A" } }],
        problems: [
          {
            line: 2,
            reason: expect.stringMatching(
              /stream set, row B, column qty = null, for \$\.quantity: is required/,
            ),
          },
        ],
      });
      expect(eventsIn(session.map(messages[1]!, noCodes))).toMatchObject([{ count: 2 }]);
    });

    test("a row at a place that nobody named, or too many rows, are no set", async () => {
      await server.run(row("A", "99"));
      const session = openWith({ streams: { set } });
      await expect(session.drain("set")).rejects.toMatchObject({ code: "sql.set-place" });
      await server.run("delete from stock", ...[1, 2, 3, 4, 5, 6, 7].map((n) => row(`A${n}`)));
      await expect(session.drain("set")).rejects.toMatchObject({ code: "sql.set-too-large" });
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
      await server.run(`alter table stock add column ${column} ${type}`);
      const stream: Stream = { ...levels, columns: { ...levels.columns, [column]: kind } };
      await expect(openWith({ streams: { stream } }).drain("stream")).rejects.toThrow(message);
    });

    test("a key that is null is refused by its name; a row without a stamp is in no scan", async () => {
      await server.run(
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
      await server.run(...writes, put("A", "1", "2026-11-24 08:00:00"));
      const { from: _, ...rest } = levels;
      const query = "select item, site, qty, changed from stock where noting() = 1";
      await expect(openWith({ streams: { levels: { ...rest, query } } }).drain("levels")).rejects.toThrow(
        /read.only/i,
      );
      expect(await server.run("select n from log")).toEqual([]);
    });

    test("a statement that takes too long is stopped", async () => {
      await server.run(put("A", "1", "2026-11-24 08:00:00"));
      const wait = isMySql ? "sleep(30)" : "(select 1 from pg_sleep(30))";
      const query = `select item, site, qty, changed, ${wait} as waited from stock`;
      const { from: _, ...rest } = levels;
      const columns = { ...levels.columns, waited: "integer" as const };
      const stream: Stream = { ...rest, query, columns };
      const session = openWith({ streams: { stream }, statementTimeoutMs: 1_000 });
      await expect(session.drain("stream")).rejects.toMatchObject({ code: "sql.busy" });
    });

    test("a reading that is given up ends at once", async () => {
      await server.run(put("A", "1", "2026-11-24 08:00:00"));
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
    await server.run(...made.map((at, index) => put(`SO-${index}`, "1", at)));
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

// Reading from real servers: from a log of changes, from an outbox, as a whole set.
import { describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { Stream } from "./settings.ts";
import { onEachServer, withStockTables } from "./testing-each.ts";
import { eventsIn, ids } from "./testing-session.ts";

const never = new AbortController().signal;

onEachServer((on) => {
  const { isMySql, openWith } = on;
  withStockTables(on);

  describe("from a log of changes", () => {
    const changes: Stream = {
      from: "log",
      columns: { n: "integer", op: "text", item: "text", qty: "decimal" },
      changes: { sequence: "n", gapWaitMs: 30_000, gapForgetMs: 60_000, startAfter: "0" },
      pageSize: 10,
      event: {
        type: "inventory.movement.recorded",
        where: { op: ["ISS", "RCV"] },
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
      const slow = await on.server.session();
      await slow.run("start transaction");
      await slow.run(log(2));
      await on.server.run(log(1), log(3));
      const first = await session.polls!.changes!.read(null, never);
      expect(ids(first.messages)).toEqual(["1"]);
      expect(first).toMatchObject({ more: false, missing: [{ stream: "changes.n", numbers: "" }] });
      await slow.run("commit");
      await slow.end();
      expect(ids((await session.drain("changes", first.cursor)).messages)).toEqual(["2", "3"]);
    });

    test("one that does not come is reported and passed, is taken late, and is forgotten in the end", async () => {
      const session = openWith({ streams: { changes } });
      await on.server.run(log(1), log(4), log(5), log(8));
      const first = await session.drain("changes");
      session.pass(29_000);
      expect((await session.drain("changes", first.cursor)).messages).toEqual([]);
      session.pass(1_000);
      const passed = await session.polls!.changes!.read(first.cursor, never);
      expect(ids(passed.messages)).toEqual(["4", "5", "8"]);
      expect(passed.missing).toEqual([{ stream: "changes.n", numbers: "2-3, 6-7" }]);
      await on.server.run(log(3));
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
      await on.server.run(log(1, "X"), log(2, "RCV"));
      const [strange, received] = (await session.drain("changes")).messages;
      expect(session.map(strange!, noCodes)).toEqual({ ignored: 'op is "X"; meant are ISS, RCV' });
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
    const wait = (...rows: number[]) =>
      rows.map((id) => `insert into ready values (${id}, 'A', ${id}, null)`);

    test("rows go when they are acknowledged, and doing it again does nothing", async () => {
      await on.server.run(...wait(1, 2, 3));
      const session = openWith({ streams: { outbox } });
      const page = await session.polls!.outbox!.read(null, never);
      expect(ids(page.messages)).toEqual(["1@1.000000", "2@2.000000"]);
      expect(await on.server.run("select count(*) from ready")).toEqual([[isMySql ? 3 : "3"]]);
      await page.acknowledge!();
      await page.acknowledge!();
      expect((await on.server.run("select id from ready")).map(([id]) => String(id))).toEqual(["3"]);
    });

    test("a row that was changed since it was read waits on", async () => {
      await on.server.run(...wait(1, 2));
      const session = openWith({ streams: { outbox } });
      const page = await session.polls!.outbox!.read(null, never);
      await on.server.run("update ready set qty = 7 where id = 1");
      await page.acknowledge!();
      expect(ids((await session.polls!.outbox!.read(page.cursor, never)).messages)).toEqual(["1@7.000000"]);
    });

    test("rows are marked where they must stay", async () => {
      await on.server.run(...wait(1, 2, 3));
      const marked: Stream = { ...outbox, outbox: { table: "ready", taken: "mark", column: "taken_at" } };
      const session = openWith({ streams: { marked } });
      expect((await session.drain("marked")).messages).toHaveLength(3);
      expect((await session.drain("marked")).messages).toEqual([]);
      expect((await on.server.run("select id from ready where taken_at is not null")).length).toBe(3);
    });
  });

  describe("a whole set", () => {
    const set: Stream = {
      from: "stock",
      columns: { item: "text", site: "text", qty: "decimal" },
      key: ["item"],
      set: { locations: ["EAST", "WEST"], rowsMax: 6 },
      pageSize: 2,
      event: {
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
      await on.server.run(row("A"), row("B"), row("C"));
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
      await on.server.run("delete from stock where item = 'B'");
      const second = await session.drain("set", first.cursor);
      expect(second.cursor > first.cursor).toBe(true);
      expect(second.messages.flatMap((message) => eventsIn(session.map(message, noCodes)))).toContainEqual(
        expect.objectContaining({ location: "EAST", count: 2 }),
      );
    });

    test("a row that fails is a problem of its line, and the count says that the set is not whole", async () => {
      await on.server.run(row("A"), "insert into stock (item, site, qty) values ('B', '01', null)");
      const session = openWith({ streams: { set } });
      const { messages } = await session.drain("set");
      expect(session.map(messages[0]!, noCodes)).toMatchObject({
        events: [{ data: { sku: "A" } }],
        problems: [
          {
            line: 2,
            reason: expect.stringMatching(
              /stream set, row B, column qty: null does not fit .*\$\.quantity: is required/,
            ),
          },
        ],
      });
      expect(eventsIn(session.map(messages[1]!, noCodes))).toMatchObject([{ count: 2 }]);
    });

    test("a row at a place that nobody named, or too many rows, are no set", async () => {
      await on.server.run(row("A", "99"));
      const session = openWith({ streams: { set } });
      await expect(session.drain("set")).rejects.toMatchObject({ code: "sql.set-place" });
      await on.server.run("delete from stock", ...[1, 2, 3, 4, 5, 6, 7].map((n) => row(`A${n}`)));
      await expect(session.drain("set")).rejects.toMatchObject({ code: "sql.set-too-large" });
    });
  });
});

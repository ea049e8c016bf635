import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../domains/reaction.ts";
import type { Queryable } from "../postgres/pool.ts";
import { type TestDatabase, testDatabase } from "../postgres/testing.ts";
import { insertDeliveries, type NewDelivery } from "./delivery.ts";
import { loadLanes, scanWaiting } from "./delivery-load.ts";
import { recordFailures, settleDone } from "./delivery-settle.ts";
import { refreshStatistics } from "./delivery-statistics.ts";
import { deliveryBooks, sumTallies } from "./delivery-tally.ts";
import { ensureDays } from "./event.ts";
import { countExceptions, pageExceptions, raiseProblems, solveProblems } from "./exception.ts";

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await ensureDays(test.db);
});
afterAll(() => test.drop());
beforeEach(() =>
  test.db.query(
    "truncate delivery, delivery_done, delivery_attempt, delivery_tally, delivery_count, exception",
  ),
);

const row = (lane: string, more: Partial<NewDelivery> = {}): NewDelivery => ({
  target: "erp",
  lane,
  class: 1,
  type: "order.booking",
  flow: "flow",
  key: lane,
  causeSeq: 1,
  payload: "{}",
  merge: false,
  ...more,
});
const insert = (rows: NewDelivery[]) => test.db.transaction((tx) => insertDeliveries(tx, rows));
const done = (id: number, reason: string | null = null) => ({
  id,
  outcome: "delivered" as const,
  attempts: 1,
  durationMs: 1.5,
  reference: null,
  reason,
});

const QUIET = { report: false, repeatable: true };
const TELLING = { report: true, repeatable: false };

describe("inserted deliveries", () => {
  it("have ids in their order, and each knows the one before it in its lane", async () => {
    const first = await insert([row("A"), row("B"), row("A"), row("A", { target: "crm" })]);
    const ids = first.map((r) => r.id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(first.map((r) => r.previous)).toEqual([null, null, ids[0], null]);
    const second = await insert([row("A"), row("C")]);
    expect(second.map((r) => r.previous)).toEqual([ids[2], null]);
    await settleDone(test.db, [done(second[0]!.id), done(ids[2]!)], [], QUIET);
    expect((await insert([row("A")]))[0]!.previous).toBe(ids[0]);
  });

  it("of a very long lane name one before them that nobody can have seen", async () => {
    const long = await insert(Array.from({ length: 100 }, () => row("A")));
    const [next] = await insert([row("A")]);
    expect(next!.previous).toBe(next!.id - 1);
    expect(next!.previous).toBeGreaterThanOrEqual(long.at(-1)!.id);
  });

  it("keep payloads, names and requirements as they are", async () => {
    const payload = '{"a": "quote \\" backslash \\\\ {brace} ünï", "n": 1.10}';
    const requires = [{ domain: "customer" as const, key: 'C "1"' }];
    await insert([
      row('lane "x", {y}\\z', { payload, requires, correlationId: "NULL", merge: true, verify: true }),
    ]);
    const { rows } = await test.db.query(
      "select lane, payload, requires, correlation_id, merge, verify from delivery",
    );
    expect(rows).toEqual([
      {
        lane: 'lane "x", {y}\\z',
        payload,
        requires: '[{"key": "C \\"1\\"", "domain": "customer"}]',
        correlation_id: "NULL",
        merge: true,
        verify: true,
      },
    ]);
  });
});

describe("settling", () => {
  it("twice happens once, in the table and in the books", async () => {
    const [a, b] = await insert([row("A"), row("B")]);
    expect(await settleDone(test.db, [done(a!.id)], [], TELLING)).toEqual([{ id: a!.id, problem: null }]);
    expect(await settleDone(test.db, [done(a!.id), done(b!.id)], [], TELLING)).toEqual([
      { id: b!.id, problem: null },
    ]);
    expect((await test.db.query("select id from delivery_done")).rows).toHaveLength(2);
    expect(await deliveryBooks(test.db)).toMatchObject([
      { routed: 2, delivered: 2, waiting: 0, balanced: true },
    ]);
  });

  it("waits for the disk unless all of it may be lost and sent again, and never changes what others wait for", async () => {
    const [a, b] = await insert([row("A"), row("B")]);
    const setting = async (db: Queryable) =>
      (await db.query<{ synchronous_commit: string }>("show synchronous_commit")).rows[0]!.synchronous_commit;
    const during = (id: number, how: { report: boolean; repeatable: boolean }) =>
      test.db.transaction(async (tx) => {
        await settleDone(tx, [done(id)], [], how);
        return setting(tx);
      });
    expect(await during(a!.id, QUIET)).toBe("off");
    expect(await during(b!.id, TELLING)).toBe("on");
    const everywhere = await Promise.all(Array.from({ length: 8 }, () => setting(test.db)));
    expect(new Set(everywhere)).toEqual(new Set(["on"]));
  });

  it("bears what no text column can hold", async () => {
    const [a] = await insert([row("A")]);
    await settleDone(
      test.db,
      [done(a!.id, `NUL \u0000 and half a pair \ud800, ${"x".repeat(5_000)}`)],
      [],
      QUIET,
    );
    const { rows } = await test.db.query<{ reason: string }>("select reason from delivery_done");
    expect(rows[0]!.reason).toMatch(/^NUL \ufffd and half a pair \ufffd, x+…$/);
    expect(rows[0]!.reason.length).toBeLessThan(2_100);
  });

  it("notes failures once, however often it is said", async () => {
    const [a] = await insert([row("A")]);
    const failure = {
      id: a!.id,
      attempt: 1,
      answer: "ill",
      reason: "500",
      startedAgoMs: 20,
      durationMs: 5,
      dueInMs: 100,
      claim: 3,
    };
    await recordFailures(test.db, [failure, { ...failure, attempt: 2 }]);
    await recordFailures(test.db, [failure]);
    expect((await test.db.query("select attempt from delivery_attempt order by attempt")).rows).toEqual([
      { attempt: 1 },
      { attempt: 2 },
    ]);
    expect((await test.db.query("select attempts, answered_claim from delivery")).rows).toEqual([
      { attempts: 2, answered_claim: "3" },
    ]);
  });
});

describe("the books", () => {
  it("stay balanced while tallies are summed beside writers, and show what is missing", async () => {
    const write = async (lane: string) => {
      for (let n = 0; n < 15; n++) {
        const pending = await insert([row(lane), row(lane, { flow: "other" })]);
        if (n % 2 === 0) await settleDone(test.db, [done(pending[0]!.id)], [], QUIET);
      }
    };
    let over = false;
    const sum = async () => {
      while (!over) {
        await sumTallies(test.db);
        expect((await deliveryBooks(test.db)).every((book) => book.balanced)).toBe(true);
      }
    };
    const summing = Promise.all([sum(), sum()]);
    await Promise.all(["A", "B", "C", "D"].map(write)).finally(() => {
      over = true;
    });
    await summing;
    await sumTallies(test.db);
    expect((await test.db.query("select from delivery_tally")).rows).toHaveLength(0);
    expect(await deliveryBooks(test.db)).toMatchObject([
      { flow: "flow", routed: 60, delivered: 32, waiting: 28, balanced: true },
      { flow: "other", routed: 60, delivered: 0, waiting: 60, balanced: true },
    ]);
    // A row that disappears without a settlement is what the equation is for.
    await test.db.query("delete from delivery where id = (select min(id) from delivery)");
    expect((await deliveryBooks(test.db)).map((book) => book.balanced)).toContain(false);
  });
});

describe("statistics", () => {
  it("are refreshed when the table has outgrown what is known of it, and then not again", async () => {
    expect(await refreshStatistics(test.db)).toBe(false);
    await insert(
      Array.from({ length: 10_000 }, (_, n) => row(`lane-${n}`, { payload: `"${"x".repeat(800)}"` })),
    );
    expect(await refreshStatistics(test.db)).toBe(true);
    expect(await refreshStatistics(test.db)).toBe(false);
  });
});

describe("exceptions", () => {
  const problem = (fingerprint: string, more: Partial<Problem> = {}): Problem => ({
    code: "delivery.refused",
    fingerprint,
    title: `problem ${fingerprint}`,
    detail: { big: 10n, text: "NUL \u0000 \ud800" },
    system: "erp",
    key: "order:main/O-1",
    ...more,
  });
  const raise = (problems: Problem[]) => test.db.transaction((tx) => raiseProblems(tx, problems));

  it("are one a fingerprint while open, and a new one after they were solved", async () => {
    await raise([problem("b"), problem("a"), problem("b")]);
    await raise([problem("a", { title: "again", moneyAtRisk: 1_500_000n, currency: "GBP" })]);
    const open = await pageExceptions(test.db, { open: true, limit: 10 });
    expect(open.map((e) => [e.fingerprint, e.occurrences])).toEqual(
      expect.arrayContaining([
        ["a", 2],
        ["b", 2],
      ]),
    );
    expect(open.find((e) => e.fingerprint === "a")).toMatchObject({
      title: "again",
      category: "business-rule",
      domain: "delivery",
      moneyAtRisk: "1.500000",
      currency: "GBP",
      detail: { big: "10", text: "NUL \ufffd \ufffd" },
    });
    expect(await test.db.transaction((tx) => solveProblems(tx, ["a", "none"], "mended"))).toBe(1);
    await raise([problem("a")]);
    const all = await pageExceptions(test.db, { limit: 10 });
    expect(all).toHaveLength(3);
    expect(all[0]).toMatchObject({ fingerprint: "a", occurrences: 1, resolvedAt: null });
    expect(await countExceptions(test.db)).toEqual({ "business-rule": 2 });
  });

  it("raised by many at once, in any order, are counted each", async () => {
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        raise([...names.slice(n % 5), ...names.slice(0, n % 5)].map((name) => problem(name))),
      ),
    );
    const open = await pageExceptions(test.db, { open: true, limit: 10 });
    expect(open.map((e) => e.occurrences)).toEqual([20, 20, 20, 20, 20]);
  });
});

describe("a long backlog", () => {
  it("costs nothing to who looks for another class, or for one lane", async () => {
    await test.db.query(
      `insert into delivery (id, target, lane, class, type, flow, key, merge, cause_seq, payload)
       select nextval('delivery_id'), 'erp', 'lane-' || n, 1, 'order.booking', 'flow', 'key-' || n, false, 1, '{}'
         from generate_series(1, 30000) n`,
    );
    await test.db.query("analyze delivery");
    // Entries of indexes and rows behind them, by this connection's own count.
    const countOf = async (tx: Queryable): Promise<number> => {
      const { rows } = await tx.query<{ tuples: string }>({
        text: `select sum(pg_stat_get_xact_tuples_fetched(indexrelid) + pg_stat_get_xact_tuples_returned(indexrelid)) as tuples
                 from pg_index where indrelid = 'delivery'::regclass`,
        values: [],
      });
      return Number(rows[0]!.tuples);
    };
    const read = (look: (db: Queryable) => Promise<unknown>) =>
      test.db.transaction(async (tx) => {
        const before = await countOf(tx);
        await look(tx);
        return (await countOf(tx)) - before;
      });
    const ranges = [0, 2, 3].map((other) => ({ class: other, after: 0, limit: 100 }));
    expect(await read((db) => scanWaiting(db, "erp", ranges))).toBeLessThan(100);
    const some = [{ class: 1, after: 0, limit: 100 }];
    expect(
      await read(async (db) => expect(await scanWaiting(db, "erp", some)).toHaveLength(100)),
    ).toBeLessThan(500);
    expect(await read((db) => loadLanes(db, "erp", ["lane-29999", "lane-nowhere"], 10))).toBeLessThan(100);
  });
});

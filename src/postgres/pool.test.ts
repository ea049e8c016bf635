import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CrossdockError } from "../core/errors.ts";
import { sqlState, violatedConstraint } from "./failure.ts";
import { checkDurability, type Database, openDatabase } from "./pool.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let test: TestDatabase;
let db: Database;
beforeAll(async () => {
  test = await testDatabase({ migrated: false });
  db = test.db;
  await db.query("create table item (id integer primary key, name text not null)");
});
afterAll(() => test.drop());

async function failure(promise: Promise<unknown>): Promise<CrossdockError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CrossdockError);
  return error as CrossdockError;
}

async function count(): Promise<number> {
  return Number((await db.query<{ n: string }>("select count(*) as n from item")).rows[0]!.n);
}

describe("what comes back is exact", () => {
  it.each([
    ["timestamptz '2026-11-24 08:00:00+01'", "2026-11-24T07:00:00.000000Z"],
    ["timestamptz '2026-11-24 07:00:00.1+00'", "2026-11-24T07:00:00.100000Z"],
    ["timestamptz '2026-11-24 07:00:00.000001+00'", "2026-11-24T07:00:00.000001Z"],
    ["timestamptz '0001-01-01 00:00:00+00'", "0001-01-01T00:00:00.000000Z"],
    ["timestamptz '9999-12-31 23:59:59.999999+00'", "9999-12-31T23:59:59.999999Z"],
    ["9223372036854775807::bigint", "9223372036854775807"],
    ["'-9223372036854775808'::bigint", "-9223372036854775808"],
    ["123456789012345.654321::numeric(21,6)", "123456789012345.654321"],
    ["0.1::numeric + 0.2", "0.3"],
    ['\'{"a": 1.10, "a": 2}\'::json', '{"a": 1.10, "a": 2}'],
    ["'[1.10]'::jsonb", "[1.10]"],
    ["'null'::jsonb", "null"],
    ["date '2026-03-29'", "2026-03-29"],
    ["timestamp '2026-03-29 02:30:00'", "2026-03-29 02:30:00"],
    ["7::integer", 7],
    ["1.5::double precision", 1.5],
    ["true", true],
    ["null::timestamptz", null],
    ["'\\x00ff'::bytea", Buffer.from([0, 255])],
    ["array[timestamptz '2026-11-24 07:00:00+00', null]", ["2026-11-24T07:00:00.000000Z", null]],
    ["array[1.10, 2]::numeric[]", ["1.10", "2"]],
    ["array[9007199254740993]::bigint[]", ["9007199254740993"]],
    ["array['{\"a\": 1}']::jsonb[]", ['{"a": 1}']],
  ])("%s", async (expression, expected) => {
    expect((await db.query<{ v: unknown }>(`select ${expression} as v`)).rows[0]!.v).toEqual(expected);
  });

  it.each([
    "timestamptz 'infinity'",
    "timestamptz '10000-01-01 00:00:00+00'",
    "timestamptz '0044-03-15 12:00+00 BC'",
  ])("%s is refused, and the connection lives on", async (expression) => {
    expect((await failure(db.query(`select ${expression} as v`))).code).toBe("postgres.time-unreadable");
    expect((await db.query<{ n: number }>("select 1 as n")).rows[0]!.n).toBe(1);
  });

  it("on a server whose zone, date style and encoding differ", async () => {
    const name = new URL(test.url).pathname.slice(1);
    await db.query(`alter database ${name} set timezone = 'America/New_York'`);
    await db.query(`alter database ${name} set datestyle = 'German'`);
    await db.query(`alter database ${name} set client_encoding = 'LATIN1'`);
    const other = openDatabase(test.url, { applicationName: name });
    const { rows } = await other.query(
      "select timestamptz '2026-07-01 12:00:00+00' as t, date '2026-07-01' as d, 'ж€' as s",
    );
    expect(rows[0]).toEqual({ t: "2026-07-01T12:00:00.000000Z", d: "2026-07-01", s: "ж€" });
    await other.close();
    for (const setting of ["timezone", "datestyle", "client_encoding"])
      await db.query(`alter database ${name} reset ${setting}`);
  });
});

describe("a transaction", () => {
  it("commits what ran in it, and gives its result", async () => {
    const before = await count();
    const answer = await db.transaction(async (tx) => {
      await tx.query("insert into item values ($1, $2)", [1, "one"]);
      return "done";
    });
    expect([answer, await count()]).toEqual(["done", before + 1]);
  });

  it("rolls back when its function throws, and passes the error on", async () => {
    const before = await count();
    const own = new Error("no");
    const run = db.transaction(async (tx) => {
      await tx.query("insert into item values (2, 'two')");
      throw own;
    });
    await expect(run).rejects.toBe(own);
    expect(await count()).toBe(before);
  });

  it("never claims a commit after a failure that its function caught", async () => {
    const before = await count();
    const run = db.transaction(async (tx) => {
      await tx.query("insert into item values (3, 'three')");
      await tx.query("select 1/0").catch(() => undefined);
    });
    expect((await failure(run)).code).toBe("postgres.rolled-back");
    expect(await count()).toBe(before);
  });

  it("sends its last statements with the commit: all of them or none", async () => {
    const before = await count();
    const done = await db.transaction((tx) =>
      tx.finish(() =>
        Promise.all([
          tx.query("insert into item values (31, 'a')"),
          tx.query("insert into item values (32, 'b')"),
        ]),
      ),
    );
    expect([done.length, await count()]).toEqual([2, before + 2]);
    const failing = db.transaction((tx) =>
      tx.finish(() =>
        Promise.all([tx.query("insert into item values (33, 'c')"), tx.query("select 1/0 as division")]),
      ),
    );
    expect((await failure(failing)).message).toContain("division");
    expect(await count()).toBe(before + 2);
    await db.query("delete from item where id in (31, 32)");
  });

  it("whose begin is cancelled asks nothing more", async () => {
    const before = await count();
    const run = db.transaction(
      async (tx) => {
        await tx.query("select 1");
        await tx.query("insert into item values (36, 'f')");
      },
      // Refused by the server as it begins.
      { isolation: "wrong" as never, readsFirst: true },
    );
    await failure(run);
    expect(await count()).toBe(before);
  });

  it("cannot be used when it is over", async () => {
    let late: Promise<unknown> | undefined;
    await db.transaction(async (tx) => {
      setTimeout(() => {
        late = tx.query("insert into item values (4, 'late')");
        late.catch(() => undefined);
      }, 20);
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await failure(late!)).code).toBe("postgres.transaction-over");
  });

  it("runs queries asked together in their order", async () => {
    const results = await db.transaction((tx) =>
      Promise.all(
        [1, 2, 3, 4, 5].map((n) =>
          tx.query<{ n: number }>({ name: "echo", text: "select $1::integer as n", values: [n] }),
        ),
      ),
    );
    expect(results.map((result) => result.rows[0]!.n)).toEqual([1, 2, 3, 4, 5]);
  });

  it("a failure among queries asked together leaves the connection clean", async () => {
    const before = await count();
    const run = db.transaction((tx) =>
      Promise.all([
        tx.query("insert into item values (5, 'five')"),
        tx.query({ name: "broken", text: "select $1::integer / 0", values: [1] }),
        tx.query("insert into item values (6, 'six')"),
      ]),
    );
    expect(sqlState(await failure(run))).toBe("22012");
    expect(await count()).toBe(before);
    expect((await db.query("select 1")).rowCount).toBe(1);
  });

  it("tells a serialization failure apart, to be tried again", async () => {
    await db.query("insert into item values (10, 'ten') on conflict do nothing");
    const blocked = db.transaction(
      async (tx) => {
        await tx.query("select * from item");
        await db.query("update item set name = name || '!' where id = 10");
        await tx.query("update item set name = name || '?' where id = 10");
      },
      { isolation: "repeatable read" },
    );
    expect(await failure(blocked)).toMatchObject({ code: "postgres.serialization", retry: "later" });
  });

  it("tells a deadlock apart, and the other one goes on", async () => {
    await db.query("insert into item values (11, 'a'), (12, 'b') on conflict do nothing");
    const cross = (first: number, second: number) =>
      db.transaction(async (tx) => {
        await tx.query("update item set name = 'x' where id = $1", [first]);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await tx.query("update item set name = 'y' where id = $1", [second]);
      });
    const outcomes = await Promise.allSettled([cross(11, 12), cross(12, 11)]);
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed.map((outcome) => outcome.reason.code)).toEqual(["postgres.serialization"]);
  });
});

describe("failures", () => {
  it("name the constraint that refused a row", async () => {
    await db.query("insert into item values (20, 'x') on conflict do nothing");
    const error = await failure(db.query("insert into item values (20, 'x')"));
    expect([error.code, sqlState(error), violatedConstraint(error)]).toEqual([
      "postgres.constraint",
      "23505",
      "item_pkey",
    ]);
    expect(JSON.stringify(error.details)).not.toContain("(20)");
  });

  it("a NUL byte is refused by the server, and the connection lives on", async () => {
    expect(sqlState(await failure(db.query("select $1::text", ["a\u0000b"])))).toBe("22021");
    expect((await db.query("select 1")).rowCount).toBe(1);
  });

  it("a value that cannot be written leaves the connection usable", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await expect(db.query("select $1::json", [circle])).rejects.toThrow(/circular/i);
    expect((await db.query("select 1")).rowCount).toBe(1);
  });

  it("a statement that runs too long ends", async () => {
    const hasty = openDatabase(test.url, { statementTimeoutMs: 50 });
    expect(await failure(hasty.query("select pg_sleep(5)"))).toMatchObject({
      code: "postgres.timeout",
      retry: "later",
    });
    expect((await hasty.query("select 1")).rowCount).toBe(1);
    await hasty.close();
  });

  it("a killed connection is told as such, in the middle of a query and of a transaction", async () => {
    const killed = async (tx: { query: Database["query"] }) => {
      const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      const kill = db.query("select pg_terminate_backend($1)", [rows[0]!.pid]);
      await Promise.all([tx.query("select pg_sleep(5)"), kill]);
    };
    expect(await failure(db.transaction(killed))).toMatchObject({
      code: "postgres.unavailable",
      retry: "later",
    });
    expect((await db.query("select 1")).rowCount).toBe(1);
  });

  it("a connection that dies between two queries neither ends the process nor comes back", async () => {
    const lost: CrossdockError[] = [];
    const name = new URL(test.url).pathname.slice(1);
    const other = openDatabase(test.url, {
      applicationName: name,
      onConnectionLost: (error) => lost.push(error),
    });
    const { rows } = await other.query<{ pid: number }>("select pg_backend_pid() as pid");
    await db.query("select pg_terminate_backend($1)", [rows[0]!.pid]);
    await expect.poll(() => lost.length).toBe(1);
    expect((await other.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid).not.toBe(
      rows[0]!.pid,
    );
    await other.close();
  });

  it("a commit whose answer is lost is told as unknown", async () => {
    const run = db.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      // Runs within the commit, after everything else.
      await tx.query("create temp table at_commit (id integer) on commit drop");
      await tx.query(`create function pg_temp.stop() returns trigger language plpgsql as
        'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end'`);
      await tx.query(
        "create constraint trigger stop after insert on at_commit deferrable initially deferred for each row execute function pg_temp.stop()",
      );
      await tx.query("insert into at_commit values ($1)", [rows[0]!.pid]);
    });
    expect(await failure(run)).toMatchObject({ code: "postgres.commit-unknown", retry: "later" });
  });

  it("nobody listening, and a wrong password, differ", async () => {
    const nobody = openDatabase("postgres://a:b@127.0.0.1:1/x");
    expect(await failure(nobody.query("select 1"))).toMatchObject({
      code: "postgres.unavailable",
      retry: "later",
    });
    await nobody.close();
    const url = new URL(test.url);
    url.username = "nobody_known";
    url.password = "wrong";
    const refused = openDatabase(url.href);
    expect((await failure(refused.query("select 1"))).code).toMatch(/^postgres\.refused$/);
    await refused.close();
  });

  it("a pool whose connections are all in use says so", async () => {
    const name = new URL(test.url).pathname.slice(1);
    const small = openDatabase(test.url, {
      applicationName: name,
      connectionsMax: 1,
      connectTimeoutMs: 1_000,
    });
    const busy = small.query("select pg_sleep(1.5)");
    expect(await failure(small.query("select 1"))).toMatchObject({
      code: "postgres.unavailable",
      message: expect.stringContaining("pool"),
    });
    await busy;
    await small.close();
  });

  it("a prepared statement that a migration outdated works again at the next try", async () => {
    await db.query("create table changing (a integer)");
    const name = new URL(test.url).pathname.slice(1);
    const other = openDatabase(test.url, { applicationName: name, connectionsMax: 1 });
    const read = () => other.query({ name: "read-changing", text: "select * from changing" });
    await read();
    await db.query("alter table changing add b integer");
    expect(await failure(read())).toMatchObject({ code: "postgres.plan-outdated", retry: "later" });
    await read();
    await other.close();
  });

  it("a prepared statement that somebody discarded works again at the next try", async () => {
    const name = new URL(test.url).pathname.slice(1);
    const other = openDatabase(test.url, { applicationName: name, connectionsMax: 1 });
    const read = () => other.query({ name: "read-one", text: "select 1" });
    await read();
    await other.query("deallocate all");
    expect(await failure(read())).toMatchObject({ code: "postgres.plan-outdated", retry: "later" });
    await read();
    await other.close();
  });

  it("what is not ready, and a server that takes no writes, are temporary", async () => {
    expect(await failure(db.query("select lastval()"))).toMatchObject({
      code: "postgres.not-ready",
      retry: "later",
      details: { sqlState: "55000" },
    });
    const writing = db.transaction((tx) => tx.query("delete from item"), { readOnly: true });
    expect(await failure(writing)).toMatchObject({ code: "postgres.unavailable", retry: "later" });
  });

  it("a closed database refuses, and closing twice is fine", async () => {
    const other = openDatabase(test.url);
    await Promise.all([other.close(), other.close()]);
    expect((await failure(other.query("select 1"))).code).toBe("postgres.closed");
    expect((await failure(other.connection())).code).toBe("postgres.closed");
  });
});

describe("a session of its own", () => {
  it("hears notifications", async () => {
    const session = await db.connection();
    const heard: string[] = [];
    session.onNotification((channel, payload) => heard.push(`${channel}=${payload}`));
    await session.query("listen news");
    await db.query("select pg_notify('news', 'one')");
    await expect.poll(() => heard).toEqual(["news=one"]);
    await session.close();
    await session.close();
  });

  it("tells its loss once, and queries fail as unavailable", async () => {
    const session = await db.connection();
    const lost: string[] = [];
    session.onLost((error) => lost.push(error.code));
    await db.query("select pg_terminate_backend($1)", [session.processId]);
    await expect.poll(() => lost).toEqual(["postgres.unavailable"]);
    expect((await failure(session.query("select 1"))).code).toBe("postgres.unavailable");
    await session.close();
  });
});

describe("what is demanded of a server", () => {
  const answering = (server: Record<string, string>) => ({
    query: async () => ({
      rows: [
        {
          version: "150004",
          fsync: "on",
          full_page_writes: "on",
          synchronous_commit: "on",
          encoding: "UTF8",
          ...server,
        },
      ],
      rowCount: 1,
    }),
  });

  it("the test's own server fulfils it", () => checkDurability(db));

  it("is refused for a database with synchronous_commit off", async () => {
    const name = new URL(test.url).pathname.slice(1);
    await db.query(`alter database ${name} set synchronous_commit = off`);
    const other = openDatabase(test.url);
    const error = await failure(checkDurability(other));
    expect([error.code, error.details.off]).toEqual(["postgres.not-durable", ["synchronous_commit"]]);
    await other.close();
    await db.query(`alter database ${name} reset synchronous_commit`);
  });

  it.each([
    [{ fsync: "off" }, "postgres.not-durable"],
    [{ full_page_writes: "off" }, "postgres.not-durable"],
    [{ version: "140012" }, "postgres.version-too-old"],
    [{ encoding: "LATIN1" }, "postgres.wrong-encoding"],
  ])("%o is refused", async (server, code) => {
    expect((await failure(checkDurability(answering(server) as never))).code).toBe(code);
  });
});

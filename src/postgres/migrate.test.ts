import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { CrossdockError } from "../core/errors.ts";
import { checkSchema, currentLevel, migrate } from "./migrate.ts";
import { openDatabase } from "./pool.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let test: TestDatabase;
const folders: string[] = [];
beforeAll(async () => {
  test = await testDatabase({ migrated: false });
});
beforeEach(async () => {
  await test.db.query("drop schema public cascade; create schema public");
});
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  await test.drop();
});

/** Numbered from 1 in the order given; `oldest` and the text of each. */
async function folderOf(...files: [oldest: number, text: string][]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-migrate-"));
  folders.push(folder);
  for (const [index, [oldest, text]] of files.entries())
    await writeFile(
      join(folder, `${String(index + 1).padStart(4, "0")}_step.sql`),
      `-- oldest-node: ${oldest}\n${text}\n`,
    );
  return folder;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: CrossdockError) => error.code,
  );
}

async function tables(): Promise<string[]> {
  const { rows } = await test.db.query<{ relname: string }>(
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  );
  return rows.map((row) => row.relname);
}

it("applies what is missing, in order, once", async () => {
  const one = await folderOf([1, "create table a (id integer)"]);
  const two = await folderOf(
    [1, "create table a (id integer)"],
    [1, "alter table a add b text; insert into a values (1, 'x')"],
  );
  expect(await migrate(test.db, one)).toEqual({ level: 1, applied: ["0001_step.sql"] });
  expect(await migrate(test.db, two)).toEqual({ level: 2, applied: ["0002_step.sql"] });
  expect(await migrate(test.db, two)).toEqual({ level: 2, applied: [] });
  expect((await test.db.query("select * from a")).rows).toEqual([{ id: 1, b: "x" }]);
  expect(await currentLevel(two)).toBe(2);
});

it("is safe when five nodes start at once", async () => {
  const folder = await folderOf(
    [1, "create table a (id integer); select pg_sleep(0.2)"],
    [1, "insert into a values (1)"],
    [1, "insert into a values (2)"],
  );
  const nodes = Array.from({ length: 5 }, () => openDatabase(test.url));
  const results = await Promise.all(nodes.map((node) => migrate(node, folder)));
  await Promise.all(nodes.map((node) => node.close()));
  expect(results.map((result) => result.level)).toEqual([3, 3, 3, 3, 3]);
  expect(results.flatMap((result) => result.applied).sort()).toEqual([
    "0001_step.sql",
    "0002_step.sql",
    "0003_step.sql",
  ]);
  expect((await test.db.query("select id from a order by id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

it("waits for another's migration whatever the time limit of a statement is", async () => {
  const folder = await folderOf([1, "create table a (id integer); select pg_sleep(0.5)"]);
  const nodes = [1, 2].map(() => openDatabase(test.url, { statementTimeoutMs: 100 }));
  const results = await Promise.all(nodes.map((node) => migrate(node, folder)));
  await Promise.all(nodes.map((node) => node.close()));
  expect(results.map((result) => result.level)).toEqual([1, 1]);
});

it("goes on after a migrating node was killed", async () => {
  const folder = await folderOf([1, "create table a (id integer); select pg_sleep(30)"]);
  const dying = openDatabase(test.url, { applicationName: "dying" });
  const death = codeOf(migrate(dying, folder));
  await expect
    .poll(
      async () =>
        (
          await test.db.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dying' and query like '%pg_sleep(30)%'",
          )
        ).rowCount,
    )
    .toBeGreaterThan(0);
  expect(await death).toBe("postgres.unavailable");
  await dying.close();
  expect(await tables()).toEqual(["schema_migration"]);
  const mended = await folderOf([1, "create table a (id integer)"]);
  expect((await migrate(test.db, mended)).level).toBe(1);
});

it("keeps the files before a failing one, nothing of that one, and names its line", async () => {
  const folder = await folderOf(
    [1, "create table a (id integer)"],
    [1, "create table b (id integer);\n\ncreate table b (id nonsense);"],
  );
  const error = await migrate(test.db, folder).catch((reason: CrossdockError) => reason);
  expect(error).toMatchObject({ code: "schema.failed", message: expect.stringContaining("0002_step.sql:4") });
  expect(await tables()).toEqual(["a", "schema_migration"]);
  expect((await test.db.query("select level from schema_migration")).rows).toEqual([{ level: 1 }]);
});

it("refuses a file that was changed after it was applied, and one that was taken away and replaced", async () => {
  await migrate(test.db, await folderOf([1, "create table a (id integer)"]));
  expect(await codeOf(migrate(test.db, await folderOf([1, "create table a (id bigint)"])))).toBe(
    "schema.changed",
  );
  expect(await codeOf(checkSchema(test.db, await folderOf([1, "create table a (id bigint)"])))).toBe(
    "schema.changed",
  );
});

it("takes a file with other line ends for the same", async () => {
  await migrate(test.db, await folderOf([1, "create table a (\nid integer\n)"]));
  expect(await migrate(test.db, await folderOf([1, "create table a (\r\nid integer\r\n)"]))).toEqual({
    level: 1,
    applied: [],
  });
});

it("a node older than the schema refuses, says so, and changes nothing", async () => {
  const old: [number, string] = [1, "create table a (id integer)"];
  const node = await folderOf(old);
  await migrate(test.db, await folderOf(old, [2, "alter table a rename id to key"]));
  const error = await migrate(test.db, node).catch((reason: CrossdockError) => reason);
  expect(error).toMatchObject({
    code: "schema.newer-than-node",
    message: expect.stringMatching(/level 2.*knows 1.*Upgrade/),
  });
  expect(await codeOf(checkSchema(test.db, node))).toBe("schema.newer-than-node");
});

it("a node that the newer schema tolerates goes on", async () => {
  const old: [number, string] = [1, "create table a (id integer)"];
  const node = await folderOf(old);
  await migrate(test.db, await folderOf(old, [1, "alter table a add b integer"]));
  expect(await migrate(test.db, node)).toEqual({ level: 2, applied: [] });
  await checkSchema(test.db, node);
});

it("a node that starts on a schema it has yet to migrate is told", async () => {
  expect(await codeOf(checkSchema(test.db, await folderOf([1, "select 1"])))).toBe("schema.older-than-node");
});

it("refuses a file that commits by itself", async () => {
  const folder = await folderOf([1, "create table a (id integer); commit;"]);
  expect(await codeOf(migrate(test.db, folder))).toBe("schema.invalid-file");
});

it.each([
  ["0002_gap.sql", "-- oldest-node: 1"],
  ["0001_no_header.sql", "select 1"],
  ["0001_future.sql", "-- oldest-node: 2"],
  ["1_short.sql", "-- oldest-node: 1"],
  ["0001_Shouting.sql", "-- oldest-node: 1"],
])("refuses %s with %s", async (name, text) => {
  const folder = await folderOf();
  await writeFile(join(folder, name), text);
  await writeFile(join(folder, "schema.sql"), "this one is drawn and left alone");
  expect(await codeOf(migrate(test.db, folder))).toBe("schema.invalid-file");
  expect(await tables()).toEqual([]);
});

it("leaves no lock behind", async () => {
  await migrate(test.db, await folderOf([1, "create table a (id integer)"]));
  const { rows } = await test.db.query(
    "select * from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  );
  expect(rows).toEqual([]);
});

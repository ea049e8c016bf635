import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "./pool.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

it("is migrated, and the test's own", async () => {
  const { rows } = await test.db.query<{ level: number }>("select max(level) as level from schema_migration");
  expect(rows[0]!.level).toBeGreaterThan(0);
  await test.assertNoLeaks();
});

it("runs on a server that keeps what it commits", async () => {
  const { rows } = await test.db.query<{ fsync: string }>("show fsync");
  expect(rows).toEqual([{ fsync: "on" }]);
});

it("fails a file that leaves a connection behind", async () => {
  const other = await testDatabase({ migrated: false });
  const forgotten = openDatabase(other.url, { applicationName: "forgotten" });
  await forgotten.query("select 1");
  await expect(other.drop()).rejects.toThrow(/forgotten/);
  await forgotten.close();
});

it("fails a file that leaves a transaction open", async () => {
  const other = await testDatabase({ migrated: false });
  const session = await other.db.connection();
  await session.query("begin");
  await expect(other.assertNoLeaks()).rejects.toThrow(/idle in transaction/);
  await session.close();
  await other.drop();
});

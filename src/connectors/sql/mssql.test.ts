// SQL Server cannot be run here: its statements, its types and its errors are held against the documentation.
import { expect, test } from "vitest";
import type { Connection } from "./dialect.ts";
import { mssql } from "./mssql.ts";
import { factOf, optionsOf } from "./mssql-connection.ts";
import type { SqlSettings } from "./settings.ts";
import { behind, sourceOf } from "./source.ts";

test("a page is asked for with its names quoted and every value bound and cast", async () => {
  const asked: { sql: string; values: readonly (string | null)[] }[] = [];
  const session = {
    async query(sql: string, values: readonly (string | null)[]) {
      asked.push({ sql, values });
      return { rows: [], columns: [], affected: 0 };
    },
  } as unknown as Connection;
  const source = sourceOf(
    "levels",
    { from: "dbo.stock", columns: { item: "text", changed: "local-time", price: "decimal" } },
    mssql,
  );
  const binder = source.binder();
  const where = behind(source, ["changed", "item"], ["2026-11-24T08:00:00.0033333", "A'; drop"], binder);
  await source.select(session, { where, order: ["changed", "item"], limit: 500, binder });
  expect(asked[0]!.sql).toBe("select top (0) q.[item], q.[changed], q.[price] from [dbo].[stock] as q");
  expect(asked[1]).toEqual({
    sql:
      "select top (500) convert(nvarchar(max), q.[item]) as [item], " +
      "convert(nvarchar(40), cast(q.[changed] as datetime2(7)), 126) as [changed], " +
      "convert(nvarchar(60), cast(q.[price] as decimal(38,10))) as [price] from [dbo].[stock] as q " +
      "where (q.[changed] > cast(@p1 as datetime2(7)) or (q.[changed] = cast(@p2 as datetime2(7)) and q.[item] > @p3)) " +
      "order by q.[changed], q.[item]",
    values: ["2026-11-24T08:00:00.0033333", "2026-11-24T08:00:00.0033333", "A'; drop"],
  });
});

test("names are quoted, a set is read in a snapshot, stored values are cast", () => {
  expect(mssql.quote("a]b")).toBe("[a]]b]");
  expect(mssql.begin("snapshot")[0]).toBe("set transaction isolation level snapshot");
  expect(mssql.store(2, "instant")).toBe("cast(@p2 as datetimeoffset(7))");
  expect(mssql.uniqueIndexes.values(["dbo", "so"], "k")).toEqual(["[dbo].[so]", "k"]);
});

test.each([
  [
    { number: 2627, code: "EREQUEST", message: "Violation of UNIQUE KEY constraint 'UQ_so'." },
    "duplicate",
    undefined,
  ],
  [
    { number: 515, message: "Cannot insert the value NULL into column 'order_no', table 'erp.dbo.so'" },
    "refused",
    "order_no",
  ],
  [
    {
      number: 2628,
      message: "String would be truncated in table 'erp.dbo.so', column 'buyer'. Truncated value",
    },
    "refused",
    "buyer",
  ],
  [
    { number: 547, message: 'The INSERT statement conflicted with the CHECK constraint "CK_qty".' },
    "refused",
    "CK_qty",
  ],
  [{ number: 1205, message: "deadlock victim" }, "busy", undefined],
  [{ number: 1222, message: "Lock request time out" }, "busy", undefined],
  [{ code: "ETIMEOUT", message: "Timeout: Request failed to complete in 15000ms" }, "busy", undefined],
  [{ code: "ETIMEOUT", message: "Failed to connect to erp:1433 in 15000ms" }, "lost", undefined],
  [{ code: "ESOCKET", message: "Connection lost" }, "lost", undefined],
  [{ code: "ELOGIN", message: "Login failed for user 'x'." }, "denied", undefined],
  [{ number: 229, message: "The INSERT permission was denied on the object 'so'" }, "denied", undefined],
  [{ number: 208, message: "Invalid object name 'so'." }, "ill", undefined],
])("%j is %s", (error, kind, column) => {
  const failure = mssql.failureOf(error);
  expect([failure.kind, failure.column]).toEqual([kind, column]);
});

test("what a column is comes from the metadata, and the options from the settings", () => {
  const fact = (name: string, more = {}) => factOf({ colName: "c", type: { name }, ...more });
  expect(fact("DecimalN", { scale: 3 })).toEqual({ name: "c", family: "decimal", scale: 3 });
  expect(fact("MoneyN")).toEqual({ name: "c", family: "decimal", scale: 4 });
  expect(fact("NVarChar", { dataLength: 40 })).toEqual({ name: "c", family: "text", length: 20 });
  expect(fact("NVarChar", { dataLength: 65_535 })).toEqual({ name: "c", family: "text" });
  expect(["FloatN", "VarBinary", "DateTimeN", "DateTimeOffset"].map((name) => fact(name).family)).toEqual([
    "float",
    "binary",
    "local-time",
    "instant",
  ]);
  const settings = { host: "erp", tls: "verify", user: "u", password: "p", database: "d" } as SqlSettings;
  expect(optionsOf(settings).options).toMatchObject({
    port: 1433,
    encrypt: true,
    trustServerCertificate: false,
  });
});

test("the driver is there, and a server that is not is lost", async () => {
  const settings = { host: "127.0.0.1", port: 1, tls: "off", user: "u", password: "p", database: "d" };
  const timeouts = { connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 };
  const error = await mssql
    .connect({ ...settings, ...timeouts } as SqlSettings)
    .catch((failed: unknown) => failed);
  expect(mssql.failureOf(error)).toMatchObject({ kind: "lost" });
});

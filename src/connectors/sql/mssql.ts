// SQL Server: values are named @p1, @p2 …, and every one is cast, since the driver sends texts. It has no word for a
// session that only reads: what was read is rolled back.
import type { ColumnKind } from "./columns.ts";
import type { Dialect, Failure, FailureKind } from "./dialect.ts";
import { isConnectionError } from "./dialect.ts";
import { connectMssql } from "./mssql-connection.ts";

const CASTS: Partial<Record<ColumnKind, string>> = {
  integer: "bigint",
  decimal: "decimal(38,10)",
  boolean: "bit",
  instant: "datetimeoffset(7)",
  "local-time": "datetime2(7)",
  date: "date",
};
const cast = (n: number, kind: ColumnKind) =>
  CASTS[kind] === undefined ? `@p${n}` : `cast(@p${n} as ${CASTS[kind]})`;

export const mssql: Dialect = {
  name: "mssql",
  defaultPort: 1433,
  quote: (name) => `[${name.replaceAll("]", "]]")}]`,
  bind: cast,
  store: cast,
  asText(column, kind) {
    switch (kind) {
      // money has a text of two digits, as a decimal it has all four.
      case "decimal":
        return `convert(nvarchar(60), cast(${column} as decimal(38,10)))`;
      // datetime counts 300ths of a second: as datetime2 its text is what it is compared as.
      case "local-time":
        return `convert(nvarchar(40), cast(${column} as datetime2(7)), 126)`;
      case "instant":
        return `convert(nvarchar(40), switchoffset(cast(${column} as datetimeoffset(7)), '+00:00'), 126)`;
      case "date":
        return `convert(nvarchar(10), cast(${column} as date), 23)`;
      default:
        return `convert(nvarchar(max), ${column})`;
    }
  },
  limited: (select, rest, rows) => `select top (${rows}) ${select} ${rest}`,
  now: (kind) => (kind === "instant" ? "sysdatetimeoffset()" : "sysutcdatetime()"),
  begin: (kind) => [
    `set transaction isolation level ${kind === "snapshot" ? "snapshot" : "read committed"}`,
    "begin transaction",
  ],
  uniqueIndexes: {
    sql: `select convert(nvarchar(20), count(*)) from sys.indexes i
            join sys.index_columns k on k.object_id = i.object_id and k.index_id = i.index_id and k.is_included_column = 0
            join sys.columns c on c.object_id = k.object_id and c.column_id = k.column_id
           where i.object_id = object_id(@p1) and i.is_unique = 1 and i.has_filter = 0 and c.name = @p2
             and (select count(*) from sys.index_columns o where o.object_id = i.object_id
                   and o.index_id = i.index_id and o.is_included_column = 0) = 1`,
    values: (table, column) => [table.map((part) => `[${part.replaceAll("]", "]]")}]`).join("."), column],
  },
  failureOf,
  connect: connectMssql,
};

const BY_NUMBER: Record<number, FailureKind> = {
  2601: "duplicate",
  2627: "duplicate",
  // Null, constraints, cut off, conversions, overflows.
  515: "refused",
  547: "refused",
  2628: "refused",
  8152: "refused",
  220: "refused",
  232: "refused",
  241: "refused",
  242: "refused",
  245: "refused",
  8114: "refused",
  8115: "refused",
  1205: "busy",
  1222: "busy",
  3960: "busy",
  10928: "busy",
  40501: "busy",
  229: "denied",
  230: "denied",
  262: "denied",
  916: "denied",
  4060: "denied",
  18452: "denied",
  18456: "denied",
  18486: "denied",
  18487: "denied",
  18488: "denied",
};

function failureOf(error: unknown): Failure {
  const { number, code, message } = error as { number?: number; code?: string; message?: string };
  const text = message ?? String(error);
  const facts = { code: String(number ?? code ?? "connection"), message: text };
  const kind = number === undefined ? undefined : BY_NUMBER[number];
  if (kind === undefined) {
    if (code === "ELOGIN") return { kind: "denied", ...facts };
    // A request that took too long was taken back by the server; a connection that did was none.
    if (code === "ETIMEOUT") return { kind: /connect/i.test(text) ? "lost" : "busy", ...facts };
    if (code === "ESOCKET" || code === "ECONNCLOSED" || code === "EINVALIDSTATE" || isConnectionError(code))
      return { kind: "lost", ...facts };
    return { kind: "ill", ...facts };
  }
  const named = /column '([^']+)'/.exec(text)?.[1] ?? /constraint "([^"]+)"/.exec(text)?.[1];
  return { kind, ...facts, ...(kind === "refused" && named !== undefined ? { column: named } : {}) };
}

// MySQL and MariaDB: a text that meets a number would be compared as a binary fraction, so every value is bound
// with its type. The duplicate of a key is caught and looked at, since an ignored insert ignores too much.
import type { ColumnKind } from "./columns.ts";
import type { Dialect, Failure, FailureKind } from "./dialect.ts";
import { isConnectionError } from "./dialect.ts";
import { connectMysql } from "./mysql-connection.ts";

const CASTS: Partial<Record<ColumnKind, string>> = {
  integer: "signed",
  decimal: "decimal(65,30)",
  instant: "datetime(6)",
  "local-time": "datetime(6)",
  date: "date",
};

export const mysql: Dialect = {
  name: "mysql",
  defaultPort: 3306,
  quote: (name) => `\`${name.replaceAll("`", "``")}\``,
  bind: (_, kind) => (CASTS[kind] === undefined ? "?" : `cast(? as ${CASTS[kind]})`),
  // In strict mode the server itself refuses a text that is no value of the column.
  store: () => "?",
  asText: (column) => `cast(${column} as char)`,
  limited: (select, rest, rows) => `select ${select} ${rest} limit ${rows}`,
  now: () => "utc_timestamp(6)",
  begin: (kind) =>
    kind === "write"
      ? ["set transaction isolation level read committed", "start transaction read write"]
      : [
          "set transaction isolation level repeatable read",
          "start transaction with consistent snapshot, read only",
        ],
  uniqueIndexes: {
    sql: `select cast(count(*) as char) from (
            select index_name, max(column_name) as only_column, count(*) as column_count
              from information_schema.statistics
             where table_schema = coalesce(nullif(?, ''), database()) and table_name = ? and non_unique = 0
             group by index_name) as i
           where i.column_count = 1 and i.only_column = ?`,
    values: (table, column) => [table.length > 1 ? table[0]! : "", table.at(-1)!, column],
  },
  failureOf,
  connect: connectMysql,
};

const BY_NUMBER: Record<number, FailureKind> = {
  1022: "duplicate",
  1062: "duplicate",
  1586: "duplicate",
  // Null, no default, out of range, cut off, wrong value, too long, foreign keys, checks (MySQL, MariaDB).
  1048: "refused",
  1364: "refused",
  1264: "refused",
  1265: "refused",
  1366: "refused",
  1292: "refused",
  1406: "refused",
  1451: "refused",
  1452: "refused",
  1216: "refused",
  1217: "refused",
  3819: "refused",
  4025: "refused",
  1367: "refused",
  3140: "refused",
  1205: "busy",
  1213: "busy",
  1020: "busy",
  1040: "busy",
  1203: "busy",
  1226: "busy",
  1317: "busy",
  1969: "busy",
  3024: "busy",
  1044: "denied",
  1045: "denied",
  1049: "denied",
  1142: "denied",
  1143: "denied",
  1227: "denied",
  1370: "denied",
  1698: "denied",
  1792: "denied",
  1053: "lost",
  1077: "lost",
  1078: "lost",
  1079: "lost",
  1927: "lost",
};

function failureOf(error: unknown): Failure {
  const { errno, code, message } = error as { errno?: number; code?: string; message?: string };
  const text = message ?? String(error);
  const facts = {
    code: String(typeof errno === "number" && errno > 0 ? errno : (code ?? "connection")),
    message: text,
  };
  if (code?.startsWith("PROTOCOL_") || isConnectionError(code) || typeof errno !== "number" || errno < 0) {
    return { kind: "lost", ...facts };
  }
  const kind = BY_NUMBER[errno] ?? "ill";
  const column = /[Cc]olumn [`']?(?:[^`'\s]+`\.`)*([^`'\s]+)[`']?/.exec(text)?.[1];
  const constraint = /CONSTRAINT `([^`]+)`/.exec(text)?.[1];
  const at = kind === "refused" ? (column ?? constraint) : undefined;
  return { kind, ...facts, ...(at === undefined ? {} : { column: at }) };
}

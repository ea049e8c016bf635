// PostgreSQL: values are bound untyped and take the type of the column that they meet; SQLSTATE says what failed.
import type { Dialect, Failure, FailureKind } from "./dialect.ts";
import { isConnectionError } from "./dialect.ts";
import { connectPostgres } from "./postgres-connection.ts";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

export const postgres: Dialect = {
  name: "postgres",
  defaultPort: 5432,
  quote,
  bind: (n) => `$${n}`,
  store: (n) => `$${n}`,
  // money has a text of the server's locale; as numeric it is exact.
  asText: (column, kind) => (kind === "decimal" ? `${column}::numeric::text` : `${column}::text`),
  limited: (select, rest, rows) => `select ${select} ${rest} limit ${rows}`,
  now: (kind) => (kind === "instant" ? "now()" : "(now() at time zone 'UTC')"),
  begin: (kind) =>
    kind === "write"
      ? ["begin transaction isolation level read committed read write"]
      : ["begin transaction isolation level repeatable read read only"],
  ignoreDuplicate: (key) => `on conflict (${key}) do nothing`,
  replaceDuplicate: (key, columns) =>
    `on conflict (${key}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`,
  uniqueIndexes: {
    sql: `select count(*)::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
           where i.indrelid = $1::regclass and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
             and a.attname = $2`,
    values: (table, column) => [table.map(quote).join("."), column],
  },
  failureOf,
  connect: connectPostgres,
};

const BY_CODE: Record<string, FailureKind> = {
  "23505": "duplicate",
  "40P01": "busy",
  "40001": "busy",
  "55P03": "busy",
  "57014": "busy",
  "53300": "busy",
  "28000": "denied",
  "28P01": "denied",
  "42501": "denied",
  "3D000": "denied",
  "25006": "denied",
};

function failureOf(error: unknown): Failure {
  const { code, message, column, constraint, where } = error as Record<string, string | undefined>;
  const text = message ?? String(error);
  const named = column ?? /column "([^"]+)"/.exec(text)?.[1];
  const facts = {
    code: code ?? "connection",
    message: constraint === undefined ? text : `${text} (${constraint})`,
  };
  // Without a SQLSTATE it is the connection that failed, or its time-out.
  if (code === undefined || isConnectionError(code) || /^(08|57P0)/.test(code))
    return { kind: "lost", ...facts };
  const known = BY_CODE[code];
  if (known !== undefined) return { kind: known, ...facts };
  if (!/^2[23]|^428C9|^42804/.test(code)) return { kind: "ill", ...facts };
  const parameter = /portal parameter \$(\d+)/.exec(where ?? "")?.[1];
  const at = named ?? (parameter === undefined ? undefined : `$${parameter}`);
  return { kind: "refused", ...facts, ...(at === undefined ? {} : { column: at }) };
}

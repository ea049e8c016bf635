// What differs between databases: how a name is quoted, a value bound, a column turned into exact text; how a
// transaction begins; and what an error means. One file a database says it.
import type { ColumnKind } from "./columns.ts";
import type { SqlSettings } from "./settings.ts";

export type DialectName = SqlSettings["dialect"];

/** What a column really is, by the database's own word. */
export type ColumnFamily =
  | "text"
  | "integer"
  | "decimal"
  | "float"
  | "boolean"
  | "instant"
  | "local-time"
  | "date"
  | "json"
  | "binary"
  | "other";

export interface ColumnFact {
  name: string;
  family: ColumnFamily;
  /** Of a decimal: fraction digits that it keeps. */
  scale?: number;
  /** Of a text: characters that it holds. */
  length?: number;
}

export interface QueryResult {
  /** By place; every value is a text that the statement asked for. */
  rows: (string | null)[][];
  columns: ColumnFact[];
  /** Rows that were changed, or met by an update. */
  affected: number;
}

/** One session. A call that fails throws the driver's error; `isBroken` says whether the session outlived it. */
export interface Connection {
  query(sql: string, values: readonly (string | null)[]): Promise<QueryResult>;
  isBroken(): boolean;
  /** Ends it at once, whatever is under way. */
  kill(): void;
  close(): Promise<void>;
}

/** `snapshot`: every statement sees the same moment. */
export type TransactionKind = "read" | "snapshot" | "write";

export type FailureKind =
  /** A row with one of its unique values is there. */
  | "duplicate"
  | "refused"
  | "busy"
  | "denied"
  | "ill"
  /** The connection broke: what was not committed is undone. */
  | "lost";

export interface Failure {
  kind: FailureKind;
  /** The database's own code. */
  code: string;
  message: string;
  column?: string;
}

export interface Dialect {
  name: DialectName;
  defaultPort: number;
  quote(name: string): string;
  /** The place of the n-th value, from 1, as a value that is compared with a column of this kind. */
  bind(n: number, kind: ColumnKind): string;
  /** The place of the n-th value, from 1, as a value that is stored. */
  store(n: number, kind: ColumnKind): string;
  /** The exact text of a column. */
  asText(column: string, kind: ColumnKind): string;
  /** A statement that gives at most so many rows. */
  limited(select: string, rest: string, rows: number): string;
  /** The present moment in UTC, as a value for a column of this kind. */
  now(kind: "instant" | "local-time"): string;
  begin(kind: TransactionKind): string[];
  /** An insert that does nothing where the key is there; absent: the duplicate has to be caught. */
  ignoreDuplicate?(key: string): string;
  /** An insert that replaces where the key is there; absent: update, then insert. */
  replaceDuplicate?(key: string, columns: readonly string[]): string;
  /** Counts the unique indexes of exactly this column: table as it is quoted, then the column's name. */
  uniqueIndexes: { sql: string; values(table: readonly string[], column: string): string[] };
  failureOf(error: unknown): Failure;
  connect(settings: SqlSettings): Promise<Connection>;
}

export function quoteTable(dialect: Dialect, table: string): string {
  return table.split(".").map(dialect.quote).join(".");
}

/** Network errors of Node, which every driver passes on. */
export function isConnectionError(code: unknown): boolean {
  return (
    typeof code === "string" &&
    /^(ECONN|EPIPE|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_|ETIMEDOUT|ENOENT$)/.test(code)
  );
}

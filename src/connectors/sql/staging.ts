// A staging table and the table of its lines: the statements that put one message into them, inside a transaction
// that somebody else holds.
import type { OutboundMessage } from "../../connector/index.ts";
import type { ColumnKind } from "./columns.ts";
import { type ColumnFact, type Connection, type Dialect, quoteTable } from "./dialect.ts";
import type { StagedColumn, Staging } from "./settings.ts";
import { refuseUnfit, type StagedLine, stagedText } from "./staged-values.ts";

export interface StagingTables {
  /** Looks at the tables, once. Throws RecordRefused or the driver's error; `unfit` where the key is not unique. */
  check(session: Connection): Promise<string | undefined>;
  /** The values of a message, before anything is asked of the database. Throws RecordRefused. */
  rowsOf(message: OutboundMessage): StagedRows;
  put(session: Connection, rows: StagedRows): Promise<void>;
  holds(session: Connection, key: string): Promise<boolean>;
}

type Texts = (string | null)[];
export interface StagedRows {
  key: string;
  header: Texts;
  lines: Texts[];
}

/** One of the tables. */
interface Table {
  quoted: string;
  key: string;
  names: string[];
  columns: StagedColumn[];
}

const KEY: StagedColumn = { message: "key" };

export function stagingTables(
  staging: Staging,
  dialect: Dialect,
  timeZone: string | undefined,
): StagingTables {
  const header = tableOf(dialect, staging);
  const lines = staging.lines === undefined ? undefined : tableOf(dialect, staging.lines);
  let facts: { header: ColumnFact[]; lines: ColumnFact[] } | undefined;

  const textsOf = (
    table: Table,
    message: OutboundMessage,
    known: ColumnFact[] | undefined,
    line?: StagedLine,
  ) =>
    table.columns.map((column, index) => {
      const text = stagedText(message, table.names[index]!, column, timeZone, line);
      refuseUnfit(known?.[index], text);
      return text;
    });

  return {
    async check(session) {
      if (facts !== undefined) return undefined;
      const unfit = await refuseRepeatable(session, dialect, staging);
      if (unfit !== undefined) return unfit;
      facts = {
        header: await factsOf(session, dialect, header),
        lines: lines === undefined ? [] : await factsOf(session, dialect, lines),
      };
      return undefined;
    },
    rowsOf(message) {
      const list = staging.lines === undefined ? [] : listOf(message, staging.lines.each);
      return {
        key: message.key,
        header: textsOf(header, message, facts?.header),
        lines: list.map((line, index) => textsOf(lines!, message, facts?.lines, { line, number: index + 1 })),
      };
    },
    async put(session, rows) {
      if (staging.write === "keyed") {
        if (!(await insertOnce(session, dialect, header, rows))) return;
      } else {
        await replace(session, dialect, header, rows);
        if (lines !== undefined) await deleteByKey(session, dialect, lines, rows.key);
      }
      if (lines === undefined) return;
      for (const texts of rows.lines) await session.query(insertText(dialect, lines), texts);
    },
    holds: (session, key) => holds(session, dialect, header, key),
  };
}

function tableOf(
  dialect: Dialect,
  { table, key, columns }: { table: string; key: string; columns: Record<string, StagedColumn> },
): Table {
  const names = Object.keys(columns).filter((name) => name !== key);
  return {
    quoted: quoteTable(dialect, table),
    key: dialect.quote(key),
    names: [key, ...names],
    columns: [KEY, ...names.map((name) => columns[name]!)],
  };
}

function listOf(message: OutboundMessage, each: string): Record<string, unknown>[] {
  const list = (message.payload as Record<string, unknown>)[each];
  return Array.isArray(list) ? list : [];
}

const kindOf = (column: StagedColumn): ColumnKind => column.kind ?? "text";

function insertText(dialect: Dialect, { quoted, names, columns }: Table): string {
  const values = columns.map((column, index) => dialect.store(index + 1, kindOf(column)));
  return `insert into ${quoted} (${names.map(dialect.quote).join(", ")}) values (${values.join(", ")})`;
}

/** False where the key was there. */
async function insertOnce(
  session: Connection,
  dialect: Dialect,
  table: Table,
  rows: StagedRows,
): Promise<boolean> {
  const insert = insertText(dialect, table);
  if (dialect.ignoreDuplicate !== undefined) {
    return (await session.query(`${insert} ${dialect.ignoreDuplicate(table.key)}`, rows.header)).affected > 0;
  }
  try {
    await session.query(insert, rows.header);
    return true;
  } catch (error) {
    if (dialect.failureOf(error).kind !== "duplicate") throw error;
    // Ours, or another unique column of theirs?
    if (await holds(session, dialect, table, rows.key)) return false;
    throw error;
  }
}

async function replace(session: Connection, dialect: Dialect, table: Table, rows: StagedRows): Promise<void> {
  const others = table.names.slice(1);
  const insert = insertText(dialect, table);
  if (dialect.replaceDuplicate !== undefined) {
    const columns = (others.length === 0 ? table.names : others).map(dialect.quote);
    await session.query(`${insert} ${dialect.replaceDuplicate(table.key, columns)}`, rows.header);
    return;
  }
  const assignments = table.names.map((name, index) => {
    const column = table.columns[index]!;
    return `${dialect.quote(name)} = ${dialect.store(index + 1, kindOf(column))}`;
  });
  const where = `${table.key} = ${dialect.bind(table.names.length + 1, "text")}`;
  const update = `update ${table.quoted} set ${assignments.join(", ")} where ${where}`;
  const { affected } = await session.query(update, [...rows.header, rows.key]);
  if (affected === 0) await session.query(insert, rows.header);
}

async function deleteByKey(session: Connection, dialect: Dialect, table: Table, key: string): Promise<void> {
  await session.query(`delete from ${table.quoted} where ${table.key} = ${dialect.bind(1, "text")}`, [key]);
}

async function holds(session: Connection, dialect: Dialect, table: Table, key: string): Promise<boolean> {
  const rest = `from ${table.quoted} where ${table.key} = ${dialect.bind(1, "text")}`;
  return (await session.query(dialect.limited(table.key, rest, 1), [key])).rows.length > 0;
}

async function factsOf(session: Connection, dialect: Dialect, table: Table): Promise<ColumnFact[]> {
  const rest = `from ${table.quoted} where 1 = 0`;
  return (await session.query(dialect.limited(table.names.map(dialect.quote).join(", "), rest, 1), []))
    .columns;
}

async function refuseRepeatable(
  session: Connection,
  dialect: Dialect,
  { table, key }: Staging,
): Promise<string | undefined> {
  const { sql, values } = dialect.uniqueIndexes;
  const { rows } = await session.query(sql, values(table.split("."), key));
  if (Number(rows[0]?.[0] ?? "0") > 0) return undefined;
  return `The column ${key} of ${table} has no unique index of its own, so that a repeat could not be recognised: add one.`;
}

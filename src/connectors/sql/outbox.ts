// Takes rows that wait: they are read, recorded, and then deleted or marked, each only as it was read: a row that
// was changed meanwhile waits on. Doing it twice does it once.
import { CrossdockError } from "../../connector/index.ts";
import type { Row } from "./columns.ts";
import { type Connection, type Dialect, quoteTable } from "./dialect.ts";
import { messageOf, pageSizeOf, type Read, type Reading } from "./reading.ts";
import { rollBack } from "./sessions.ts";
import { binderOf, identityOf, present } from "./source.ts";

/** Rows that one statement settles: far below the 2100 values of SQL Server. */
const ROWS_MAX = 100;

export function outboxRead(reading: Reading): Read {
  const { source, stream, sessions } = reading;
  const { taken, column } = stream.outbox!;
  const key = stream.key!;
  const version = stream.version ?? [];
  const size = pageSizeOf(reading);
  const where = taken === "mark" ? { where: `${source.column(column!)} is null` } : {};
  return (cursor, signal) =>
    sessions.read("read", signal, async (session) => {
      const rows = await source.select(session, {
        ...where,
        order: key,
        limit: size,
        binder: source.binder(),
      });
      return {
        messages: rows.map((row) => messageOf(source.name, identityOf(source, row, key, version), row)),
        // There is no place to keep: what is not taken yet is what is still there.
        cursor: cursor ?? "",
        more: rows.length === size,
        ...(rows.length === 0 ? {} : { acknowledge: () => acknowledge(reading, rows) }),
      };
    });
}

async function acknowledge({ source, stream, sessions }: Reading, rows: Row[]): Promise<void> {
  const { dialect } = source;
  const { taken, column, table } = stream.outbox!;
  const told = [...stream.key!, ...(stream.version ?? [])];
  const what = quoteTable(dialect, table);
  const kind = column === undefined ? undefined : source.kindOf(column);
  const mark = column === undefined ? "" : `${dialect.quote(column)} = ${dialect.now(kind as "instant")}`;
  await sessions.lease((session) =>
    inWrite(dialect, session, async () => {
      for (let from = 0; from < rows.length; from += ROWS_MAX) {
        const binder = binderOf(dialect);
        const these = rows.slice(from, from + ROWS_MAX).map((row) => {
          const parts = told.map(
            (name) =>
              `${dialect.quote(name)} = ${binder.bind(source.kindOf(name), present(source, row, name))}`,
          );
          return `(${parts.join(" and ")})`;
        });
        const which = these.join(" or ");
        const statement =
          taken === "delete"
            ? `delete from ${what} where ${which}`
            : `update ${what} set ${mark} where ${dialect.quote(column!)} is null and (${which})`;
        await session.query(statement, binder.values);
      }
    }),
  );
}

async function inWrite(dialect: Dialect, session: Connection, work: () => Promise<void>): Promise<void> {
  try {
    for (const statement of dialect.begin("write")) await session.query(statement, []);
    await work();
    await session.query("commit", []);
  } catch (error) {
    await rollBack(session);
    throw new CrossdockError("sql.not-acknowledged", dialect.failureOf(error).message, {
      retry: "later",
      cause: error,
    });
  }
}

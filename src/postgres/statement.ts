// A statement and its answer, the same on a pool, in a transaction and on a session.
import type pg from "pg";

export interface Statement {
  /** Prepared once a connection under this name; the text of a name never changes. */
  name?: string;
  text: string;
  values?: readonly unknown[];
}

export interface QueryResult<Row> {
  rows: Row[];
  /** Rows returned or changed. */
  rowCount: number;
}

export interface Queryable {
  query<Row = Record<string, unknown>>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** One query on a connection; several statements in one text answer with the last one's result. */
export async function runOn<Row>(
  client: pg.ClientBase,
  statement: string | Statement,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> {
  const {
    name,
    text,
    values: own,
  } = typeof statement === "string" ? { name: undefined, text: statement } : statement;
  const parameters = (values ?? own) as unknown[] | undefined;
  const query: pg.QueryConfig = { text };
  if (name !== undefined) query.name = name;
  if (parameters !== undefined) query.values = parameters;
  const answer = (await client.query(query)) as pg.QueryResult | pg.QueryResult[];
  const last = Array.isArray(answer) ? answer.at(-1)! : answer;
  return { rows: last.rows as Row[], rowCount: last.rowCount ?? 0 };
}

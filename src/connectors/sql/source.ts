// What is read: a view, or the user's SELECT in its place. Its columns are looked at once, so that one that is not
// what it was declared to be is refused by name before a value of it is believed.
import { CrossdockError } from "../../connector/index.ts";
import type { ColumnKind, Row } from "./columns.ts";
import { type ColumnFamily, type Connection, type Dialect, quoteTable } from "./dialect.ts";
import type { Readable } from "./settings.ts";

/** Values on their way into one statement. */
export interface Binder {
  values: (string | null)[];
  /** The place of a value that is compared with a column of this kind. */
  bind(kind: ColumnKind, value: string): string;
}

export interface Source {
  name: string;
  dialect: Dialect;
  columns: Readonly<Record<string, ColumnKind>>;
  /** A column as the statement names it. */
  column(name: string): string;
  kindOf(name: string): ColumnKind;
  binder(): Binder;
  /** Rows in the order of `order`, at most `limit`. */
  select(
    session: Connection,
    query: { where?: string; order: readonly string[]; limit: number; binder: Binder },
  ): Promise<Row[]>;
  /** The greatest value of a column; null where there is no row. */
  greatest(session: Connection, column: string, where: string, binder: Binder): Promise<string | null>;
}

const ALLOWED: Record<ColumnKind, readonly ColumnFamily[]> = {
  text: ["text", "integer", "other"],
  integer: ["integer", "decimal"],
  decimal: ["decimal", "integer"],
  boolean: ["boolean", "integer"],
  instant: ["instant"],
  "local-time": ["local-time"],
  date: ["date"],
  json: ["json", "text"],
};

export function sourceOf(name: string, readable: Readable, dialect: Dialect): Source {
  const { columns, query, from } = readable;
  const names = Object.keys(columns);
  const column = (of: string) => `q.${dialect.quote(of)}`;
  // On a line of its own: a comment at the end of the query must not take the bracket with it.
  const origin = from === undefined ? `(${query}\n) as q` : `${quoteTable(dialect, from)} as q`;
  const list = names
    .map((of) => `${dialect.asText(column(of), columns[of]!)} as ${dialect.quote(of)}`)
    .join(", ");
  let checked = false;
  const check = async (session: Connection) => {
    if (checked) return;
    const plain = dialect.limited(names.map(column).join(", "), `from ${origin}`, 0);
    const facts = (await session.query(plain, [])).columns;
    for (const [index, of] of names.entries())
      refuseMisdeclared(name, of, columns[of]!, facts[index]?.family);
    checked = true;
  };
  return {
    name,
    dialect,
    columns,
    column,
    kindOf: (of) => columns[of]!,
    binder: () => binderOf(dialect),
    async select(session, { where, order, limit, binder }) {
      await check(session);
      const rest = `from ${origin}${where === undefined ? "" : ` where ${where}`} order by ${order.map(column).join(", ")}`;
      const { rows } = await session.query(dialect.limited(list, rest, limit), binder.values);
      return rows.map((row) => Object.fromEntries(names.map((of, index) => [of, row[index] ?? null])));
    },
    async greatest(session, of, where, binder) {
      const text = dialect.asText(`max(${column(of)})`, columns[of]!);
      const { rows } = await session.query(`select ${text} from ${origin} where ${where}`, binder.values);
      return rows[0]?.[0] ?? null;
    },
  };
}

export function binderOf(dialect: Dialect): Binder {
  const values: (string | null)[] = [];
  return {
    values,
    bind(kind, value) {
      values.push(value);
      return dialect.bind(values.length, kind);
    },
  };
}

function refuseMisdeclared(
  stream: string,
  column: string,
  kind: ColumnKind,
  family: ColumnFamily | undefined,
): void {
  if (family === undefined || ALLOWED[kind].includes(family)) return;
  const mend =
    family === "float"
      ? "a binary fraction, which has no exact figure: cast it to a decimal in the view"
      : family === "binary"
        ? "binary: give it as hexadecimal text in the view"
        : `${family === "other" ? "of another type" : family}: declare it so, or cast it in the view`;
  throw new CrossdockError(
    "sql.column-type",
    `${stream}: the column ${column} is declared as ${kind} and is ${mend}.`,
  );
}

/** Rows behind a place in the order of some columns: (a, b) > (1, 2), in words that every database has. */
export function behind(
  source: Source,
  columns: readonly string[],
  place: readonly string[],
  binder: Binder,
): string {
  const [column, ...others] = columns;
  const [value, ...rest] = place;
  const kind = source.kindOf(column!);
  const greater = `${source.column(column!)} > ${binder.bind(kind, value!)}`;
  if (others.length === 0) return greater;
  const same = `${source.column(column!)} = ${binder.bind(kind, value!)}`;
  return `(${greater} or (${same} and ${behind(source, others, rest, binder)}))`;
}

/** A value that names or orders its row, which cannot be empty. */
export function present(source: Source, row: Row, column: string): string {
  const value = row[column];
  if (value !== null && value !== undefined) return value;
  throw new CrossdockError(
    "sql.null-key",
    `${source.name}: the column ${column} is null in a row; it names or orders rows: leave such rows out of the view.`,
  );
}

/** `key@version`: the object and its version. */
export function identityOf(
  source: Source,
  row: Row,
  key: readonly string[],
  version: readonly string[],
): string {
  const part = (column: string) =>
    present(source, row, column).replace(/[%/@]/g, (character) => encodeURIComponent(character));
  const object = key.map(part).join("/");
  return version.length === 0 ? object : `${object}@${version.map(part).join("/")}`;
}

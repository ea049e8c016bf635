// A row becomes one event by its declaration. What does not fit names the stream, the row, the column, the value and
// the rule that it breaks. Pure.
import {
  CrossdockError,
  excerpt,
  type MappedEvent,
  type Mapping,
  NumberText,
  numberText,
  readExact,
  validateEvent,
} from "../../connector/index.ts";
import { type ColumnKind, misfit, type Row, readBoolean, readFigure, readTime } from "./columns.ts";
import { nodeAt, readPath, setAt } from "./contract-path.ts";
import type { FieldSource, Stream } from "./settings.ts";

export interface RowContext {
  name: string;
  stream: Stream;
  timeZone: string | undefined;
}

export class RowFailed extends Error {
  readonly path: string;

  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

/** Nothing where `only` leaves it out. Throws RowFailed. `given` is what the row does not say itself. */
export function eventOf(
  context: RowContext,
  row: Row,
  given: object = {},
): MappedEvent | { ignored: string } {
  const { map, columns } = context.stream;
  if (map.only !== undefined) {
    const word = row[map.only.column]?.trimEnd() ?? "";
    if (!map.only.words.includes(word)) return { ignored: `${map.only.column} is ${excerpt(word)}.` };
  }
  const data: Record<string, unknown> = {};
  for (const [path, field] of Object.entries(map.fields)) {
    const value = fieldValue(context, row, path, field, columns);
    if (value !== undefined) setAt(data, readPath(path), value);
  }
  Object.assign(data, given);
  const [fault] = validateEvent(map.type, data);
  if (fault === undefined) return { type: map.type, data };
  const at = columnOf(map.fields, fault.path);
  throw failure(context, row, at, fault.path, fault.message);
}

export function mapRow(context: RowContext, row: Row): Mapping {
  try {
    const event = eventOf(context, row);
    return "ignored" in event ? event : { events: [event] };
  } catch (error) {
    if (error instanceof RowFailed) return { failed: error.message, path: error.path };
    throw error;
  }
}

function fieldValue(
  context: RowContext,
  row: Row,
  path: string,
  field: FieldSource,
  columns: Readonly<Record<string, ColumnKind>>,
): unknown {
  if (field.constant !== undefined) return field.constant;
  const column = field.column!;
  try {
    const text = fieldText(field, row, columns);
    if (text === undefined) return undefined;
    const wanted = nodeAt(context.stream.map.type, readPath(path))?.type;
    return converted(columns[column]!, text, wanted, context.timeZone);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw failure(context, row, column, `$.${path}`, error.message);
  }
}

/** The column's text, by its words where it has some; blanks at the end mean nothing, and nothing else is nothing. */
export function fieldText(
  field: FieldSource,
  row: Row,
  columns: Readonly<Record<string, ColumnKind>>,
): string | undefined {
  if (field.constant !== undefined) return String(field.constant);
  const raw = row[field.column!];
  if (raw === null || raw === undefined) return undefined;
  const text = columns[field.column!] === "text" ? raw.trimEnd() : raw;
  if (field.words !== undefined) {
    if (Object.hasOwn(field.words, text)) return field.words[text];
    throw misfit(`is none of the words ${Object.keys(field.words).map(excerpt).join(", ")}`);
  }
  return text === "" ? undefined : text;
}

function converted(
  kind: ColumnKind,
  text: string,
  wanted: string | undefined,
  timeZone: string | undefined,
): unknown {
  switch (kind) {
    case "text":
      return text;
    case "integer": {
      const figure = readFigure(kind, text);
      // The contract's own whole numbers are small counts and ranks.
      return wanted === "integer" && figure.length <= 15 ? Number(figure) : figure;
    }
    case "decimal":
      return readFigure(kind, text);
    case "boolean":
      return wanted === "boolean" ? readBoolean(text) : text;
    case "json":
      return withoutNumbers(readExact(text));
    default:
      return readTime(kind, text, timeZone);
  }
}

/** Figures inside JSON are exact texts, as the contracts have them. */
function withoutNumbers(value: unknown): unknown {
  if (value instanceof NumberText) return numberText(value);
  if (Array.isArray(value)) return value.map(withoutNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, withoutNumbers(item)]),
  );
}

/** `$.lines[0].sku` → the column that was to say it. */
function columnOf(fields: Stream["map"]["fields"], faultPath: string): string | undefined {
  const path = faultPath.replace(/^\$\.?/, "");
  const found = Object.entries(fields)
    .filter(([name]) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
    .sort(([a], [b]) => b.length - a.length)[0];
  return found?.[1].column;
}

function failure(
  context: RowContext,
  row: Row,
  column: string | undefined,
  path: string,
  rule: string,
): RowFailed {
  const { name, stream } = context;
  const names = stream.key ?? (stream.changes === undefined ? [] : [stream.changes.sequence]);
  const key = names.map((of) => row[of] ?? "null").join("/");
  const value =
    column === undefined
      ? ""
      : `, column ${column} = ${row[column] === null ? "null" : excerpt(row[column])}`;
  return new RowFailed(`stream ${name}, row ${key}${value}, for ${path}: ${rule.replace(/\.$/, "")}.`, path);
}

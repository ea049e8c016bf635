// A row becomes one event by its declaration. What does not fit names the stream, the row, the column, the value and
// the rule that it breaks. Pure.
import {
  CrossdockError,
  catalogue,
  contractField,
  converted,
  excerpt,
  type MappedEvent,
  type Mapping,
  putField,
  reader,
  type SchemaNode,
  unfit,
  unfitPath,
  validateEvent,
} from "../../connector/index.ts";
import { type ColumnKind, columnValue, type Row, readColumnTime, TIME_KINDS } from "./columns.ts";
import type { FieldSource, Stream } from "./settings.ts";

export interface RowContext {
  name: string;
  stream: Stream;
  timeZone: string | undefined;
}

/** Nothing where `where` leaves it out. Throws `mapping.unfit`. `given` is what the row does not say itself. */
export function eventOf(
  context: RowContext,
  row: Row,
  given: object = {},
): MappedEvent | { ignored: string } {
  const { event } = context.stream;
  for (const [column, words] of Object.entries(event.where ?? {})) {
    const word = row[column]?.trimEnd() ?? "";
    if (!words.includes(word))
      return { ignored: `${column} is ${excerpt(word)}; meant are ${words.join(", ")}` };
  }
  const contract = catalogue[event.type]!.schema as SchemaNode;
  const data: Record<string, unknown> = {};
  for (const [path, field] of Object.entries(event.fields)) {
    const { path: place, kind } = contractField(contract, path)!;
    const convert = converterOf(context, field, kind);
    const value = fieldValue(context, row, path, field, convert);
    if (value !== undefined) putField(data, place, value);
  }
  Object.assign(data, given);
  const [fault] = validateEvent(event.type, data);
  if (fault === undefined) return { type: event.type, data };
  const column = columnOf(event.fields, fault.path);
  const rule = `does not fit ${event.type} ${fault.path}: ${fault.message}`;
  const place = column === undefined ? "as a whole" : `column ${column}`;
  throw unfit(place, column === undefined ? undefined : row[column], rule, document(context, row));
}

export function mapRow(context: RowContext, row: Row): Mapping {
  try {
    const event = eventOf(context, row);
    return "ignored" in event ? event : { events: [event] };
  } catch (error) {
    const path = unfitPath(error);
    if (path === undefined) throw error;
    return { failed: (error as Error).message, path };
  }
}

type Convert = ReturnType<typeof reader>;

function converterOf(
  { stream, timeZone }: RowContext,
  { column, words }: FieldSource,
  wanted: Parameters<typeof reader>[0],
): Convert {
  if (words !== undefined) return reader(wanted, { words });
  const kind = stream.columns[column ?? ""] ?? "text";
  if (TIME_KINDS.has(kind)) return (text) => readColumnTime(kind, text as string, timeZone);
  if (wanted === "structure") return (text) => columnValue(kind, text as string);
  const read = reader(wanted, {});
  return (text) => read(columnValue(kind, text as string));
}

function fieldValue(
  context: RowContext,
  row: Row,
  path: string,
  field: FieldSource,
  convert: Convert,
): unknown {
  if (field.constant !== undefined) return field.constant;
  const text = columnText(row, field.column!, context.stream.columns);
  if (text === undefined && field.words?.[""] === undefined) return undefined;
  return converted(convert, text ?? "", `column ${field.column}, for ${path}`, document(context, row));
}

/** Blanks at the end mean nothing, and nothing else is nothing. */
function columnText(
  row: Row,
  column: string,
  columns: Readonly<Record<string, ColumnKind>>,
): string | undefined {
  const raw = row[column];
  if (raw === null || raw === undefined) return undefined;
  const text = columns[column] === "text" ? raw.trimEnd() : raw;
  return text === "" ? undefined : text;
}

/** What a field says as a text, by its words where it has some. Undefined where it says nothing that holds. */
export function fieldText(
  field: FieldSource,
  row: Row,
  columns: Readonly<Record<string, ColumnKind>>,
): string | undefined {
  if (field.constant !== undefined) return String(field.constant);
  const text = columnText(row, field.column!, columns);
  if (text === undefined) return undefined;
  try {
    return String(reader("text", { words: field.words })(text));
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** `$.lines[0].sku` → the column that was to say it. */
function columnOf(fields: Stream["event"]["fields"], faultPath: string): string | undefined {
  const path = faultPath.replace(/^\$\.?/, "");
  const found = Object.entries(fields)
    .filter(([name]) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
    .sort(([a], [b]) => b.length - a.length)[0];
  return found?.[1].column;
}

function document({ name, stream }: RowContext, row: Row): string {
  const names = stream.key ?? (stream.changes === undefined ? [] : [stream.changes.sequence]);
  return `stream ${name}, row ${names.map((of) => row[of] ?? "null").join("/")}`;
}

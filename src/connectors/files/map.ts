// What a part of a file says: an event a row, or a group of rows. A row that is wrong is a problem with its line, and the
// others go on; a group with a wrong row is left out as a whole.
import {
  CrossdockError,
  catalogue,
  contractField,
  type MappedEvent,
  type Mapping,
  type NativeMessage,
  putField,
  type RowProblem,
  reader,
  type SchemaNode,
  validateEvent,
} from "../../connector/index.ts";
import { groupKey } from "./group.ts";
import { type FieldMapping, readField } from "./map-field.ts";
import { type Part, readPart, readProblem } from "./message.ts";
import type { Row } from "./rows.ts";
import type { Stream } from "./stream.ts";
import { kindOf } from "./window.ts";

/** `fields` in the order in which they are declared. */
interface EventMapping {
  fields: FieldMapping[];
  columns: string[];
}

export function mapperOf(streams: Readonly<Record<string, Stream>>): (message: NativeMessage) => Mapping {
  const mappings = new Map(Object.values(streams).map((stream) => [stream.name, mappingOf(stream)]));
  return (message) => {
    const problem = readProblem(message);
    if (problem !== undefined) return problem;
    const stream = Object.hasOwn(streams, message.topic) ? streams[message.topic] : undefined;
    const part = readPart(message);
    if (stream === undefined || part === undefined) return { failed: `There is no stream ${message.topic}.` };
    try {
      return mapPart(stream, mappings.get(stream.name)!, part, Buffer.from(message.body as Uint8Array));
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      const { path } = error.details;
      return typeof path === "string" ? { failed: error.message, path } : { failed: error.message };
    }
  };
}

function mappingOf({ event }: Stream): EventMapping {
  const contract = catalogue[event.type]!.schema as SchemaNode;
  const fields = Object.entries(event.fields).map(([path, field]) => {
    const target = contractField(contract, path)!;
    const matcher = field.match === undefined ? undefined : new RegExp(field.match);
    return { ...field, target, matcher, convert: reader(target.kind, field) };
  });
  return { fields, columns: columnsOf(event) };
}

/** Every column that the mapping names. */
export function columnsOf({ fields, id = [], group = [] }: Stream["event"]): string[] {
  const named = Object.values(fields).flatMap(({ column, columns = [] }) =>
    column === undefined ? columns : [column, ...columns],
  );
  return [...new Set([...named, ...id, ...group])];
}

function mapPart(stream: Stream, mapping: EventMapping, part: Part, body: Buffer): Mapping {
  const headBytes = body.subarray(0, part.head);
  const head = stream.reader.head(headBytes, true)!;
  const missing = mapping.columns.filter((column) => head.columns !== undefined && !head.columns.has(column));
  if (missing.length > 0)
    return { failed: `lacks the columns ${missing.join(", ")}, or has them twice.`, path: "line 1" };
  const rows = body.subarray(part.head);
  const events: MappedEvent[] = [];
  const problems: RowProblem[] = [];
  let group: Row[] = [];
  let key: string | undefined;
  const finish = () => {
    if (group.length > 0) mapGroup(stream, mapping, part, group, events, problems);
    group = [];
  };
  for (const row of stream.reader.rows(rows, head, part.line, "part", headBytes)) {
    if (kindOf(stream, row) !== "row") continue;
    const own = stream.event.group === undefined ? undefined : groupKey(row, stream.event.group);
    if (own === undefined || own !== key) finish();
    key = own;
    group.push(row);
  }
  finish();
  if (events.length === 0 && problems.length === 0) return { ignored: "There are no rows in it." };
  return problems.length === 0 ? { events } : { events, problems };
}

function mapGroup(
  { name, event }: Stream,
  { fields }: EventMapping,
  part: Part,
  rows: readonly Row[],
  events: MappedEvent[],
  problems: RowProblem[],
): void {
  const data: Record<string, unknown> = {};
  const before = problems.length;
  for (const [index, row] of rows.entries()) {
    try {
      if (row.fault !== undefined) throw new CrossdockError("files.bad-row", row.fault);
      for (const field of fields) {
        const isOfLine = field.target.path.includes("[]");
        if (index > 0 && !isOfLine) continue;
        const value = readField(field, row, part);
        if (value !== undefined) putField(data, field.target.path, value, index);
      }
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      problems.push({ line: row.line, reason: `${error.message.replace(/\.$/, "")}.` });
    }
  }
  const [first] = rows;
  if (problems.length > before) {
    // The good lines of a group that is left out are said as well: none is lost without a word.
    const told = new Set(problems.slice(before).map(({ line }) => line));
    for (const { line } of rows)
      if (!told.has(line))
        problems.push({ line, reason: "Another row of its group is wrong: the group is left out." });
    return;
  }
  const [fault] = validateEvent(event.type, data);
  if (fault !== undefined) problems.push({ line: first!.line, reason: `${fault.path} ${fault.message}` });
  else events.push({ type: event.type, data, id: eventId(name, event.id, part, first!) });
}

/** What tells the row from every other: its own columns, or its place in its file. */
function eventId(stream: string, columns: readonly string[] | undefined, part: Part, row: Row): string {
  if (columns === undefined) return `${stream}/${part.fileId}:${row.line}`;
  return `${stream}:${columns.map((column) => encodeURIComponent(row.cell(column)?.trim() ?? "")).join("/")}`;
}

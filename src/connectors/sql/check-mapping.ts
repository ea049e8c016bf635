// Holds a declared mapping against the event's contract: every field is one of it and every one that it requires is
// given, by a column whose kind can say it or by a constant or words that fit.
import {
  catalogue,
  explain,
  type Fault,
  jsonPath,
  type SchemaNode,
  validateEvent,
} from "../../connector/index.ts";
import { type ColumnKind, TIME_KINDS } from "./columns.ts";
import { nodeAt, readPath } from "./contract-path.ts";
import type { FieldSource, Stream } from "./settings.ts";

type Wanted = "time" | "figure" | "text" | "words" | "integer" | "boolean" | "structure";

const SAYS: Record<Wanted, readonly ColumnKind[]> = {
  time: [...TIME_KINDS],
  figure: ["integer", "decimal"],
  text: ["text", "integer"],
  words: ["text", "integer"],
  integer: ["integer"],
  boolean: ["boolean"],
  structure: ["json"],
};
/** What a full set says by itself. */
const SET_FIELDS = ["observedAt", "setId"];

export function checkMapping(stream: Stream, path: readonly string[]): Fault[] {
  const { map } = stream;
  const entry = catalogue[map.type];
  if (entry === undefined || entry.decided) {
    const message =
      entry === undefined
        ? validateEvent(map.type, {})[0]!.message
        : "is a decision that only Crossdock makes.";
    return [{ path: jsonPath([...path, "type"]), message }];
  }
  const faults = Object.entries(map.fields).flatMap(([name, field]) =>
    checkField(stream, name, field).map((message) => ({
      path: jsonPath([...path, "fields", name]),
      message,
    })),
  );
  const given = [...Object.keys(map.fields), ...(stream.set === undefined ? [] : SET_FIELDS)];
  for (const name of missingOf(entry.schema as SchemaNode, "", given)) {
    faults.push({
      path: jsonPath([...path, "fields"]),
      message: `must say ${name}, which ${map.type} requires.`,
    });
  }
  return faults;
}

function checkField(stream: Stream, name: string, field: FieldSource): string[] {
  const { type } = stream.map;
  const node = nodeAt(type, readPath(name));
  if (node === undefined) return [`is no field of ${type}.`];
  if (stream.set !== undefined && SET_FIELDS.includes(name))
    return ["is said by the set itself: leave it out."];
  if ((field.column === undefined) === (field.constant === undefined)) {
    return ["names a column or a constant, one of them."];
  }
  if (field.constant !== undefined) {
    return field.words === undefined ? unfit(node, field.constant) : ["is a constant and needs no words."];
  }
  const kind = stream.columns[field.column!];
  if (kind === undefined) return [`names the column ${field.column}, which columns does not declare.`];
  if (field.words !== undefined) {
    if (kind !== "text" && kind !== "integer")
      return [`has words for a column of kind ${kind}: only text has them.`];
    return Object.entries(field.words).flatMap(([word, ours]) =>
      unfit(node, ours).map((message) => `${word}: ${message}`),
    );
  }
  const wanted = wantedBy(node);
  if (SAYS[wanted].includes(kind)) return [];
  return [`takes ${SAYS[wanted].join(" or ")}, and the column ${field.column} is declared as ${kind}.`];
}

const unfit = (node: SchemaNode, value: unknown): string[] =>
  explain(node as Parameters<typeof explain>[0], value).map(({ message }) => message);

function wantedBy(node: SchemaNode): Wanted {
  if (node.anyOf !== undefined || node.const !== undefined || node.enum !== undefined) return "words";
  if (node.type === "integer" || node.type === "boolean") return node.type;
  if (node.type !== "string") return "structure";
  if (node.description?.startsWith("RFC 3339")) return "time";
  return node.description?.startsWith("Exact decimal") ? "figure" : "text";
}

/** Paths that the contract requires and nothing gives. */
function missingOf(node: SchemaNode, prefix: string, given: readonly string[]): string[] {
  return (node.required ?? []).flatMap((name) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (given.includes(path)) return [];
    const inside = node.properties?.[name];
    if (inside?.items !== undefined) {
      const indexes = [...new Set(given.flatMap((other) => indexIn(other, path)))];
      return indexes.length === 0
        ? [path]
        : indexes.flatMap((index) => missingOf(inside.items!, `${path}[${index}]`, given));
    }
    if (given.some((other) => other.startsWith(`${path}.`))) return missingOf(inside!, path, given);
    return [path];
  });
}

function indexIn(path: string, list: string): string[] {
  return path.startsWith(`${list}[`) ? [path.slice(list.length + 1, path.indexOf("]", list.length))] : [];
}

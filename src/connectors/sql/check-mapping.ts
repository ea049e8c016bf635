// What the contract cannot know of a stream's mapping: which columns there are, and whether their kind says what a field
// takes.
import { checkFields, type FieldKind, type Report } from "../../connector/index.ts";
import { type ColumnKind, TIME_KINDS } from "./columns.ts";
import type { FieldSource, Stream } from "./settings.ts";

const SAYS: Record<FieldKind, readonly ColumnKind[]> = {
  time: [...TIME_KINDS],
  decimal: ["integer", "decimal"],
  text: ["text", "integer"],
  code: ["text", "integer"],
  integer: ["integer"],
  boolean: ["boolean"],
  structure: ["json"],
};
/** What a full set says by itself. */
const SET_FIELDS = ["observedAt", "setId"];

export function checkMapping(stream: Stream, at: readonly string[], report: Report): void {
  const { type, fields } = stream.event;
  const filled = stream.set === undefined ? [] : SET_FIELDS;
  const known = checkFields(type, fields, at, report, filled);
  for (const [name, { kind }] of known) {
    const message = misdeclared(stream, kind, fields[name]!);
    if (message !== undefined) report([...at, "fields", name], message);
  }
}

function misdeclared({ columns }: Stream, wanted: FieldKind, field: FieldSource): string | undefined {
  if ((field.column === undefined) === (field.constant === undefined))
    return "must have exactly one of column and constant.";
  if (field.constant !== undefined)
    return field.words === undefined ? undefined : "is a constant and needs no words.";
  const kind = columns[field.column!];
  if (kind === undefined) return `names the column ${field.column}, which columns does not declare.`;
  if (field.words !== undefined) {
    return kind === "text" || kind === "integer"
      ? undefined
      : `has words for a column of kind ${kind}: only text has them.`;
  }
  if (SAYS[wanted].includes(kind)) return undefined;
  return `takes ${SAYS[wanted].join(" or ")}, and the column ${field.column} is declared as ${kind}.`;
}

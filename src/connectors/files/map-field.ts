// One field of an event from one row. What is wrong with it throws `mapping.unfit` with its column.
import {
  brokenRule,
  type ContractField,
  type Convert,
  CrossdockError,
  converted,
  timeFromEpochMs,
  unfit,
} from "../../connector/index.ts";
import type { Part } from "./message.ts";
import type { Row } from "./rows.ts";
import type { FieldSettings } from "./settings.ts";

export interface FieldMapping extends FieldSettings {
  target: ContractField;
  convert: Convert;
  matcher: RegExp | undefined;
}

/** Undefined: the field is left out. */
export function readField(field: FieldMapping, row: Row, part: Part): unknown {
  if (field.constant !== undefined) return field.constant;
  if (field.file === "modified") return timeFromEpochMs(part.modifiedMs);
  const where = field.column ?? field.columns?.join(" ") ?? `file.${field.file}`;
  const cell = cellOf(field, row, part, where);
  const text = converted((found) => matched(field, found as string), cell, where) || field.default || "";
  if (text !== "") return converted(field.convert, text, where);
  if (field.optional) return undefined;
  throw unfit(where, cell, "is no value, and one is required");
}

/** A cell that is no text of the encoding says so itself. */
function cellOf(field: FieldSettings, row: Row, part: Part, where: string): string {
  try {
    return textOf(field, row, part).trim();
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw new CrossdockError(error.code, `${where}: ${error.message}`, { cause: error });
  }
}

function textOf({ column, columns, file }: FieldSettings, row: Row, part: Part): string {
  if (file === "name") return part.fileName;
  if (file === "line") return String(row.line);
  const names = columns ?? [column!];
  return names.map((name) => row.cell(name) ?? "").join(" ");
}

function matched({ matcher }: FieldMapping, text: string): string {
  if (matcher === undefined || text === "") return text;
  const found = matcher.exec(text);
  if (found === null) throw brokenRule(`does not fit ${matcher.source}`);
  return (found[1] ?? found[0]).trim();
}

// One field of an event from one row. What is wrong with it throws `files.bad-cell` with its column.
import { CrossdockError, timeFromEpochMs } from "../../connector/index.ts";
import type { ContractField } from "./contract-field.ts";
import { readDecimal } from "./decimal-cell.ts";
import type { Part } from "./message.ts";
import type { Row } from "./rows.ts";
import type { FieldSettings } from "./settings.ts";
import { readTime } from "./time-cell.ts";

export interface FieldMapping extends FieldSettings {
  target: ContractField;
  matcher: RegExp | undefined;
}

/** Undefined: the field is left out. */
export function readField(field: FieldMapping, row: Row, part: Part): string | number | boolean | undefined {
  if (field.constant !== undefined) return field.constant;
  if (field.file === "modified") return timeFromEpochMs(part.modifiedMs);
  const where = field.column ?? field.columns?.join(" ") ?? `file.${field.file}`;
  try {
    const text = matched(field, textOf(field, row, part).trim()) || (field.default ?? "");
    if (text === "") {
      if (field.optional) return undefined;
      throw bad("is empty");
    }
    return canonicalOf(field, text);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw bad(`${where}: ${error.message.replace(/\.$/, "")}`);
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
  if (found === null) throw bad(`${JSON.stringify(text)} does not fit ${matcher.source}`);
  return (found[1] ?? found[0]).trim();
}

function canonicalOf(field: FieldMapping, text: string): string | number | boolean {
  if (field.words !== undefined) {
    if (!Object.hasOwn(field.words, text)) {
      throw bad(`${JSON.stringify(text)} is none of ${Object.keys(field.words).join(", ")}`);
    }
    return field.words[text]!;
  }
  switch (field.target.kind) {
    case "decimal":
      return readDecimal(text, field);
    case "time":
      return readTime(text, field.format ?? "iso", field.zone);
    case "integer":
      if (!/^[+-]?\d{1,15}$/.test(text)) throw bad(`${JSON.stringify(text)} is no whole number`);
      return Number(text);
    case "boolean":
      if (text !== "true" && text !== "false") throw bad(`${JSON.stringify(text)} is neither true nor false`);
      return text === "true";
    case "text":
      return text;
  }
}

const bad = (message: string): CrossdockError => new CrossdockError("files.bad-cell", message);

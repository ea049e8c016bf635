// What a message says for the columns of a staging table, as the texts that are bound. A value that the column
// cannot hold whole is refused here by name: a database would round a figure without a word.
import {
  CrossdockError,
  canonicalJson,
  excerpt,
  numberText,
  type OutboundMessage,
  parseTime,
  writer,
} from "../../connector/index.ts";
import { timeTextOf } from "./columns.ts";
import type { ColumnFact } from "./dialect.ts";
import type { StagedColumn } from "./settings.ts";

export class RecordRefused extends Error {
  readonly code: string;

  constructor(code: string, column: string, rule: string) {
    super(`column ${column}: ${rule}`);
    this.code = code;
  }
}

export interface StagedLine {
  line: Record<string, unknown>;
  /** From 1. */
  number: number;
}

/** The text for one column, null where the message says nothing. Throws RecordRefused. */
export function stagedText(
  message: OutboundMessage,
  name: string,
  column: StagedColumn,
  timeZone: string | undefined,
  line?: StagedLine,
): string | null {
  const value = sourceValue(message, column, line);
  if (value === undefined || value === null) return null;
  const kind = column.kind ?? "text";
  if (kind === "json") return canonicalJson(value);
  const said = typeof value === "object" ? canonicalJson(value) : String(value);
  const text = column.words === undefined ? said : wordOf(column, said, name);
  if (kind === "text") return text;
  // Messages say an unknown time as an empty text.
  if (text === "") return null;
  try {
    switch (kind) {
      case "integer":
      case "decimal":
        return numberText(text);
      case "boolean":
        return text === "true" || text === "1" ? "1" : "0";
      default:
        return timeTextOf(kind, parseTime(text), timeZone);
    }
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw new RecordRefused("sql.value", name, `${excerpt(text)} is no ${kind}`);
  }
}

function sourceValue(message: OutboundMessage, column: StagedColumn, line: StagedLine | undefined): unknown {
  if (column.message !== undefined) return message[column.message];
  if (column.line !== undefined) return line?.number;
  if (column.constant !== undefined) return column.constant;
  let value: unknown = line?.line ?? message.payload;
  for (const part of column.field!.split("."))
    value = (value as Record<string, unknown> | null | undefined)?.[part];
  return value;
}

function wordOf({ words }: StagedColumn, word: string, name: string): string {
  try {
    return writer({ words })(word) as string;
  } catch (error) {
    throw new RecordRefused("sql.word", name, `${excerpt(word)} ${(error as Error).message}`);
  }
}

/** Throws RecordRefused where the column would cut the text or round the figure. */
export function refuseUnfit(fact: ColumnFact | undefined, text: string | null): void {
  if (fact === undefined || text === null) return;
  const fraction = /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
  if (
    (fact.family === "decimal" && fraction > (fact.scale ?? Infinity)) ||
    (fact.family === "integer" && fraction > 0)
  ) {
    throw new RecordRefused(
      "sql.too-precise",
      fact.name,
      `${text} has more than ${fact.scale ?? 0} fraction digits`,
    );
  }
  if (fact.family === "float" && /^-?\d/.test(text)) {
    throw new RecordRefused(
      "sql.inexact-column",
      fact.name,
      "is a binary fraction, which cannot hold a figure",
    );
  }
  if (fact.length !== undefined && [...text].length > fact.length) {
    throw new RecordRefused(
      "sql.too-long",
      fact.name,
      `${excerpt(text)} is longer than ${fact.length} characters`,
    );
  }
}

// What a file format is to the rest: a head, which every part of the file needs, and rows, each with its place.
import { CrossdockError } from "../../connector/index.ts";

export interface Head {
  /** Bytes before the first row. */
  length: number;
  /** The line of the first row, from 1. */
  line: number;
  /** Column → its place; absent where every row names its own. */
  columns?: ReadonlyMap<string, number>;
}

export interface Row {
  /** In the file, from 1. */
  line: number;
  /** The line after it. */
  next: number;
  /** Bytes of the window up to its end. */
  to: number;
  /** Why it is no row that can be read. */
  fault?: string;
  /** The row as it stands, without its line break; empty where the format has no lines. */
  raw(): string;
  /** A cell's text; undefined where the row has no such column. Throws for what is no text. */
  cell(column: string): string | undefined;
}

/** What follows a window: more of the file, nothing of the part that it is, or nothing of the file. */
export type WindowEnd = "more" | "part" | "file";

export interface RowReader {
  contentType: string;
  /** Of the start of a file. Undefined: it is longer than the window. Throws `files.file-damaged`. */
  head(bytes: Buffer, atEnd: boolean): Head | undefined;
  /** The whole rows of a window that begins at a row. Throws `files.file-damaged`. */
  rows(bytes: Buffer, head: Head, line: number, end: WindowEnd, headBytes: Buffer): Iterable<Row>;
}

/** A file that cannot be read as a whole. */
export function damaged(message: string, line?: number): CrossdockError {
  return new CrossdockError(
    "files.file-damaged",
    message,
    line === undefined ? {} : { details: { path: `line ${line}` } },
  );
}

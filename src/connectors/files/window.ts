// Goes through a file by windows of a fixed size: memory does not grow with the file.
import type { Reading } from "./cursor.ts";
import { BLANK } from "./lines.ts";
import { damaged, type Head, type Row } from "./rows.ts";
import type { Stream } from "./stream.ts";
import type { Source } from "./transport.ts";

/** Also the longest row. */
export const WINDOW_BYTES = 1_048_576;

export interface Window {
  bytes: Buffer;
  atEnd: boolean;
  head: Head;
  headBytes: Buffer;
  /** Of its first row. */
  line: number;
}

/** The window at which a reading stands; its head is read first where it is not known. */
export async function openWindow(stream: Stream, source: Source, reading: Reading): Promise<Window> {
  let { head: length, offset, line } = reading;
  const start = length > 0 ? await source.read(0, length) : await source.read(0, WINDOW_BYTES);
  const head = stream.reader.head(start, length > 0 || start.length < WINDOW_BYTES);
  if (head === undefined) throw damaged(`has a header of more than ${WINDOW_BYTES} bytes.`);
  length = head.length;
  const headBytes = start.subarray(0, length);
  if (offset === 0) {
    offset = length;
    line = head.line;
    reading.head = length;
    reading.offset = offset;
    reading.line = line;
  }
  const bytes = await source.read(offset, WINDOW_BYTES);
  return { bytes, atEnd: bytes.length < WINDOW_BYTES, head, headBytes, line };
}

/** What a row is to the stream. */
export function kindOf(stream: Stream, row: Row): "row" | "blank" | "ignored" | "trailer" {
  if (row.fault === BLANK) return "blank";
  const isTrailer = stream.totals !== undefined && stream.totals.sidecar === undefined;
  if (!isTrailer && stream.ignore === undefined) return "row";
  const raw = rawOf(row);
  if (isTrailer && stream.totals!.matcher.test(raw)) return "trailer";
  return stream.ignore?.test(raw) === true ? "ignored" : "row";
}

function rawOf(row: Row): string {
  try {
    return row.raw();
  } catch {
    // What cannot be decoded is a bad row, and its mapping says so.
    return "";
  }
}

export function* rowsOf(stream: Stream, window: Window): Generator<Row> {
  const end = window.atEnd ? "file" : "more";
  yield* stream.reader.rows(window.bytes, window.head, window.line, end, window.headBytes);
}

export function tooLong(line: number): Error {
  return damaged(`A row, or a group of rows, is longer than ${WINDOW_BYTES} bytes.`, line);
}

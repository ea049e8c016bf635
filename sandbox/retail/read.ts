// The rows of an Online Retail file, gzipped or not, one by one in their order, as text. A file that is
// missing, empty, cut off, not UTF-8 or of another layout throws a CrossdockError `retail.…` with its place.
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CrossdockError } from "../../src/core/errors.ts";
import { CsvParser } from "./csv.ts";

export interface RetailRow {
  /** The line of the file that the row starts on; the header is on line 1. */
  row: number;
  invoiceNo: string;
  stockCode: string;
  description: string;
  quantity: string;
  invoiceDate: string;
  unitPrice: string;
  customerId: string;
  country: string;
}

const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const;

const LINE_BYTES_MAX = 1_048_576;
const NEWLINE = 10;

export async function* readRetailRows(file: string): AsyncGenerator<RetailRow, void, undefined> {
  const parser = new CsvParser(file);
  let columns: number[] | undefined;
  let width = 0;
  let rows = 0;
  for await (const { text, line } of readLines(file)) {
    if (text.includes("\0")) {
      throw new CrossdockError(
        "retail.encoding",
        `${file}:${line} A NUL byte: the file is not text in UTF-8.`,
      );
    }
    const record = parser.push(text, line);
    if (record === undefined) continue;
    if (columns === undefined) {
      columns = locateColumns(file, record.line, record.fields);
      width = record.fields.length;
      continue;
    }
    if (record.fields.length !== width) throw wrongWidth(file, record.line, record.fields, width);
    rows++;
    yield toRow(record.line, record.fields, columns);
  }
  parser.end();
  if (columns === undefined) throw new CrossdockError("retail.empty", `${file}:1 The file is empty.`);
  if (rows === 0) throw new CrossdockError("retail.empty", `${file}:2 No row follows the header.`);
}

function toRow(row: number, fields: string[], columns: number[]): RetailRow {
  return {
    row,
    invoiceNo: fields[columns[0]!]!,
    stockCode: fields[columns[1]!]!,
    description: fields[columns[2]!]!,
    quantity: fields[columns[3]!]!,
    invoiceDate: fields[columns[4]!]!,
    unitPrice: fields[columns[5]!]!,
    customerId: fields[columns[6]!]!,
    country: fields[columns[7]!]!,
  };
}

/** Where each of our columns stands; others may stand between them. */
function locateColumns(file: string, line: number, header: string[]): number[] {
  const names = header.map((name) => name.trim());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new CrossdockError(
      "retail.header",
      `${file}:${line} The header lacks ${missing.join(", ")}; it must name ${COLUMNS.join(", ")}.`,
    );
  }
  const twice = COLUMNS.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined) {
    throw new CrossdockError("retail.header", `${file}:${line} The header names ${twice} twice.`);
  }
  return COLUMNS.map((column) => names.indexOf(column));
}

function wrongWidth(file: string, line: number, fields: string[], width: number): CrossdockError {
  if (fields.length === 1 && fields[0] === "") {
    return new CrossdockError("retail.row", `${file}:${line} The line is empty.`);
  }
  return new CrossdockError(
    "retail.row",
    `${file}:${line} The row has ${fields.length} fields where the header has ${width}.`,
  );
}

interface Line {
  text: string;
  line: number;
}

/** Bytes are cut at line ends before they are decoded, so no character is ever cut. */
async function* readLines(file: string): AsyncGenerator<Line, void, undefined> {
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of readBytes(file)) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(NEWLINE);
      rest = bytes.subarray(end + 1);
      if (rest.length > LINE_BYTES_MAX) {
        throw new CrossdockError("retail.row", `${file}:${line} The line is longer than a mebibyte.`);
      }
      if (end < 0) continue;
      for (const text of decode(file, line, bytes.subarray(0, end)).split("\n")) yield { text, line: line++ };
    }
  } catch (error) {
    throw unreadable(file, line, error);
  }
  if (rest.length > 0) yield { text: decode(file, line, rest), line };
}

function decode(file: string, firstLine: number, bytes: Buffer): string {
  if (isUtf8(bytes)) {
    const text = bytes.toString("utf8");
    return firstLine === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text;
  }
  let line = firstLine;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  throw new CrossdockError(
    "retail.encoding",
    `${file}:${line} The line is not UTF-8: convert the file first.`,
  );
}

/** The file's bytes, unpacked where they start with gzip's magic number, whatever the file's name. */
async function* readBytes(file: string): AsyncGenerator<Buffer, void, undefined> {
  const source = createReadStream(file);
  try {
    const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
    let head: Buffer = Buffer.alloc(0);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      head = Buffer.concat([head, next.value]);
      if (head.length >= 2) break;
    }
    const whole = resume(head, chunks);
    if (head[0] !== 0x1f || head[1] !== 0x8b) {
      yield* whole;
      return;
    }
    const unpacked = createGunzip();
    // pipeline destroys `unpacked` with whatever fails, and the loop below throws that error.
    pipeline(Readable.from(whole), unpacked, () => undefined);
    for await (const chunk of unpacked) yield chunk as Buffer;
  } finally {
    source.destroy();
  }
}

async function* resume(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function unreadable(file: string, line: number, error: unknown): unknown {
  if (error instanceof CrossdockError || !(error instanceof Error)) return error;
  const reason = (error as NodeJS.ErrnoException).code ?? "";
  if (reason === "ENOENT") {
    return new CrossdockError("retail.file-missing", `${file}: There is no such file.`, { cause: error });
  }
  if (reason === "Z_BUF_ERROR") {
    return new CrossdockError("retail.gzip", `${file}:${line} The gzip file is cut off near here.`, {
      cause: error,
    });
  }
  if (reason.startsWith("Z_")) {
    return new CrossdockError(
      "retail.gzip",
      `${file}:${line} The gzip file is damaged near here: ${error.message}.`,
      {
        cause: error,
      },
    );
  }
  const why = reason === "EISDIR" ? "it is a folder" : error.message;
  return new CrossdockError("retail.file-unreadable", `${file}: The file cannot be read: ${why}.`, {
    cause: error,
  });
}

// The rows of an input file, gzipped or not, as cells under the names of its header, each with the line that it
// starts on. A file that is missing, cut off, not UTF-8 or not of the layout throws with its place.
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { BooksError } from "./failure.ts";

export interface FileRow {
  /** The header is on line 1. */
  line: number;
  number: string;
  code: string;
  description: string;
  quantity: string;
  price: string;
  customer: string;
}

const NAMES = {
  number: "InvoiceNo",
  code: "StockCode",
  description: "Description",
  quantity: "Quantity",
  price: "UnitPrice",
  customer: "CustomerID",
} as const;

/** One cell and what ends it: a comma, a line end or the end of the text. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

export async function readRows(file: string): Promise<FileRow[]> {
  const text = decode(file, await unpack(file));
  const rows: FileRow[] = [];
  let columns: Record<keyof typeof NAMES, number> | undefined;
  let width = 0;
  for (const { line, cells } of readRecords(file, text)) {
    if (columns === undefined) {
      columns = findColumns(file, cells);
      width = cells.length;
      continue;
    }
    if (cells.length !== width) {
      throw new BooksError("books.input", `${file}:${line} has ${cells.length} cells, its header ${width}.`);
    }
    const row: Partial<FileRow> = { line };
    for (const [name, at] of Object.entries(columns)) row[name as keyof typeof NAMES] = cells[at]!;
    rows.push(row as FileRow);
  }
  if (rows.length === 0) throw new BooksError("books.input", `${file} has no row.`);
  return rows;
}

async function unpack(file: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new BooksError("books.input", `${file} cannot be read.`, { cause: error });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new BooksError("books.input", `${file} is a damaged or cut gzip file.`, { cause: error });
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new BooksError("books.input", `${file} is not UTF-8.`, { cause: error });
  }
}

function* readRecords(file: string, text: string): Generator<{ line: number; cells: string[] }> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const first = line;
    const cells: string[] = [];
    for (let end = ","; end === ","; ) {
      CELL.lastIndex = at;
      const cell = CELL.exec(text);
      if (cell === null)
        throw new BooksError("books.input", `${file}:${line} has a quote or a line end that does not fit.`);
      const [whole, quoted, plain = "", stop = ""] = cell;
      cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (quoted !== undefined) line += quoted.split("\n").length - 1;
      at += whole.length;
      end = stop;
    }
    line++;
    yield { line: first, cells };
  }
}

function findColumns(file: string, header: string[]): Record<keyof typeof NAMES, number> {
  const titles = header.map((title) => title.trim());
  const found = Object.entries(NAMES).map(([name, title]) => {
    const at = titles.indexOf(title);
    if (at < 0) throw new BooksError("books.input", `${file}:1 has no column ${title}.`);
    return [name, at] as const;
  });
  return Object.fromEntries(found) as Record<keyof typeof NAMES, number>;
}

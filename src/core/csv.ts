// Comma-separated values as spreadsheets write them (RFC 4180): quoted where they must be, with any line ends.
import { type Dialect, readRecord } from "./csv-record.ts";

const DIALECT: Dialect = { separator: ",", quote: '"' };

/** Rows with the line that each begins on, from 1. Empty lines are none. Undefined: a quoted cell does not end. */
export function parseCsv(text: string): { line: number; cells: string[] }[] | undefined {
  const rows: { line: number; cells: string[] }[] = [];
  let line = 1;
  for (let at = text.startsWith("\ufeff") ? 1 : 0; at < text.length; ) {
    // The text is whole: there is always a record.
    const { cells, to, lines, fault } = readRecord(text, at, DIALECT, true)!;
    if (fault !== undefined) return undefined;
    if (cells.length > 1 || cells[0] !== "") rows.push({ line, cells });
    at = to;
    line += lines;
  }
  return rows;
}

export const csvLine = (cells: readonly string[]): string =>
  cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");

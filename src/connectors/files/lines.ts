// Reads the formats that have lines: separated values, fixed width, JSON lines.
import { CrossdockError, readExact } from "../../connector/index.ts";
import { type CsvRecord, readRecord } from "../../core/csv-record.ts";
import { bomUnits, decodeUnits, type Encoding, unitBytes, unitsOf } from "./encoding.ts";
import { textAt } from "./json-cell.ts";
import { damaged, type Head, type Row, type RowReader } from "./rows.ts";
import type { FormatSettings } from "./settings.ts";

type Cells = Pick<Row, "cell"> & { fault?: string };
/** What a record's cells are, in one of the formats. */
type Interpret = (record: CsvRecord, raw: () => string, head: Head) => Cells;

export function lineReader(format: FormatSettings): RowReader {
  const encoding = format.encoding ?? "utf-8";
  const unit = unitBytes(encoding);
  const isCsv = format.kind === "csv";
  const hasHeader = isCsv && (format.header ?? format.columns === undefined);
  const dialect = { separator: format.separator ?? ",", quote: format.quote ?? '"' };
  const interpret = interpreterOf(format, encoding);
  const next = (units: string, from: number, atEnd: boolean): CsvRecord | undefined =>
    isCsv ? readRecord(units, from, dialect, atEnd) : readLine(units, from, atEnd);
  return {
    contentType: `${contentTypes[format.kind as keyof typeof contentTypes]}; charset=${charsetOf(encoding)}`,
    head(bytes, atEnd) {
      const units = unitsOf(bytes, encoding);
      let at = bomUnits(units, encoding);
      let line = 1;
      for (let skipped = 0; skipped < (format.skip ?? 0); skipped++) {
        const record = readLine(units, at, atEnd);
        if (record === undefined) return undefined;
        at = record.to;
        line += 1;
      }
      if (!hasHeader) {
        const columns = format.columns === undefined ? {} : { columns: namedBy(format.columns) };
        return { length: at * unit, line, ...columns };
      }
      const record = next(units, at, atEnd);
      if (record === undefined) return undefined;
      if (record.fault !== undefined || record.to === at) throw damaged("has no header.", line);
      const names = record.cells.map((cell) => decodeHeader(cell, encoding, line));
      return { length: record.to * unit, line: line + record.lines, columns: namedBy(names) };
    },
    *rows(bytes, head, firstLine, end) {
      const atEnd = end !== "more";
      const units = unitsOf(bytes, encoding);
      let at = 0;
      let line = firstLine;
      while (at < units.length) {
        const from = at;
        const record = next(units, from, atEnd);
        if (record === undefined) return;
        at = record.to;
        const place = { line, next: line + record.lines, to: at * unit };
        line += record.lines;
        if (record.cells.length === 1 && record.cells[0]!.trim() === "" && record.fault === undefined) {
          yield { ...place, fault: BLANK, raw: () => "", cell: () => undefined };
          continue;
        }
        const raw = () => decodeUnits(withoutBreak(units.slice(from, record.to)), encoding);
        const cells =
          record.fault === undefined
            ? interpret(record, raw, head)
            : { fault: record.fault, cell: () => undefined };
        yield { ...place, raw, ...cells };
      }
    },
  };
}

/** The fault of a line that says nothing: it is passed over. */
export const BLANK = "blank";

const contentTypes = {
  csv: "text/csv",
  fixed: "text/plain",
  "json-lines": "application/x-ndjson",
} as const;

const charsetOf = (encoding: Encoding): string => (encoding === "latin1" ? "iso-8859-1" : encoding);

const withoutBreak = (units: string): string => units.replace(/\r?\n$/, "");

function readLine(units: string, from: number, atEnd: boolean): CsvRecord | undefined {
  const end = units.indexOf("\n", from);
  if (end < 0 && !atEnd) return undefined;
  const to = end < 0 ? units.length : end + 1;
  return { cells: [withoutBreak(units.slice(from, to))], to, lines: 1 };
}

function decodeHeader(cell: string, encoding: Encoding, line: number): string {
  try {
    return decodeUnits(cell, encoding).trim();
  } catch (error) {
    throw damaged(`The header ${(error as Error).message}`, line);
  }
}

/** A name that comes twice is no name: which of the two is meant cannot be told. */
function namedBy(columns: readonly (string | { name: string })[]): Map<string, number> {
  const places = new Map<string, number>();
  const twice = new Set<string>();
  for (const [index, column] of columns.entries()) {
    const name = typeof column === "string" ? column : column.name;
    if (places.has(name)) twice.add(name);
    places.set(name, index);
  }
  for (const name of twice) places.delete(name);
  return places;
}

function interpreterOf(format: FormatSettings, encoding: Encoding): Interpret {
  switch (format.kind) {
    case "fixed":
      return fixedCells(format.columns ?? []);
    case "json-lines":
      return jsonCells;
    default:
      return (record, _, { columns }) => {
        const expected = format.columns?.length ?? columns?.size ?? 0;
        const extra = record.cells.slice(expected);
        // A separator at the end of each line is usual; text beyond the last column is a row that has slipped.
        if (record.cells.length < expected || extra.some((cell) => cell.trim() !== "")) {
          return { fault: `has ${record.cells.length} cells for ${expected} columns`, cell: () => undefined };
        }
        return {
          cell(column) {
            const place = columns?.get(column);
            const cell = place === undefined ? undefined : record.cells[place];
            return cell === undefined ? undefined : decodeUnits(cell, encoding);
          },
        };
      };
  }
}

/** Places count characters. A line may end early: what is beyond it is empty. */
function fixedCells(columns: readonly { name: string; from?: number; length?: number }[]): Interpret {
  const places = new Map(
    columns.map(({ name, from = 1, length = 0 }) => [name, [from - 1, from - 1 + length]]),
  );
  return (_, raw) => {
    let text: string | undefined;
    return {
      cell(column) {
        const place = places.get(column);
        if (place === undefined) return undefined;
        text ??= raw();
        return text.slice(place[0], place[1]);
      },
    };
  };
}

const jsonCells: Interpret = (_, raw) => {
  try {
    const value = readExact(raw());
    return { cell: (column) => textAt(value, column) };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return { fault: error.message, cell: () => undefined };
  }
};

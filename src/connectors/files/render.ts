// Messages → the bytes of a file. What a file cannot hold as it is throws `files.unwritable` or `mapping.unfit`: nothing is cut short and
// nothing is replaced.
import {
  CrossdockError,
  converted,
  type Decimal,
  formatDecimal,
  NumberText,
  numberText,
  type OutboundMessage,
  parseDecimal,
  writer,
} from "../../connector/index.ts";
import { encodeText } from "./encoding.ts";
import { textAt } from "./json-cell.ts";
import type { CellSettings, OutboundSettings } from "./settings.ts";
import { escapeXml } from "./xml.ts";

export function renderFile(target: OutboundSettings, messages: readonly OutboundMessage[]): Buffer {
  const { format } = target;
  const rows = messages.flatMap((message) => rowsOf(target, message));
  const text = format.kind === "xml" ? xmlText(target, rows) : linesText(target, rows);
  return encodeText(`${format.bom === true ? "\ufeff" : ""}${text}`, format.encoding ?? "utf-8");
}

/** One text a column, in their order: one row a message, or one an element of its list. */
function rowsOf({ rows, columns }: OutboundSettings, message: OutboundMessage): string[][] {
  if (rows === undefined) return [columns.map((column) => textOf(column, message, undefined))];
  const list = (message.payload as Record<string, unknown>)[rows];
  if (!Array.isArray(list)) throw unwritable(`The payload has no list ${rows}.`);
  return list.map((line: unknown) => columns.map((column) => textOf(column, message, line)));
}

function textOf(column: CellSettings, message: OutboundMessage, line: unknown): string {
  if (column.constant !== undefined) return column.constant;
  if (column.message !== undefined) return message[column.message];
  const path = column.field ?? column.line ?? "";
  const text = textAt(column.line === undefined ? message.payload : line, path) || column.default;
  if (text === undefined)
    throw unwritable(`${column.name}: the payload has no ${path}, and there is no default.`);
  if (text === "" && column.words === undefined) return text;
  const written = converted(writer(column), text, column.name);
  return written instanceof NumberText ? written.text : (written as string);
}

function linesText(target: OutboundSettings, rows: readonly string[][]): string {
  const { format, columns } = target;
  const line = lineOf(target);
  const lines = rows.map(line);
  if (format.header ?? format.kind === "csv") lines.unshift(line(columns.map(({ name }) => name)));
  if (format.trailer !== undefined) {
    const sum = format.trailer.includes("{sum}") ? sumOf(target, rows) : "";
    lines.push(format.trailer.replaceAll("{count}", String(rows.length)).replaceAll("{sum}", sum));
  }
  const newline = format.newline === "crlf" ? "\r\n" : "\n";
  return lines.map((text) => `${text}${newline}`).join("");
}

function lineOf({ format, columns }: OutboundSettings): (cells: readonly string[]) => string {
  switch (format.kind) {
    case "fixed":
      return (cells) => cells.map((cell, index) => fixedCell(columns[index]!, cell)).join("");
    case "json-lines":
      return (cells) =>
        JSON.stringify(Object.fromEntries(cells.map((cell, index) => [columns[index]!.name, cell])));
    default: {
      const { separator = ",", quote = '"' } = format;
      return (cells) =>
        cells.map((cell, index) => csvCell(columns[index]!, cell, separator, quote)).join(separator);
    }
  }
}

function csvCell({ name }: CellSettings, text: string, separator: string, quote: string): string {
  const isPlain =
    !text.includes(separator) && !/[\r\n]/.test(text) && (quote === "" || !text.includes(quote));
  if (isPlain) return text;
  if (quote === "")
    throw unwritable(`${name}: ${JSON.stringify(text)} holds what ends a cell, and cells are not quoted.`);
  return `${quote}${text.replaceAll(quote, () => quote + quote)}${quote}`;
}

function fixedCell({ name, length = 0, align = "left", pad = " " }: CellSettings, text: string): string {
  if (text.length > length)
    throw unwritable(`${name}: ${JSON.stringify(text)} is longer than ${length} characters.`);
  if (/[\r\n]/.test(text)) throw unwritable(`${name}: ${JSON.stringify(text)} breaks the line.`);
  return align === "left" ? text.padEnd(length, pad) : text.padStart(length, pad);
}

/** Exact, with the column's own decimal mark. */
function sumOf({ format, columns }: OutboundSettings, rows: readonly string[][]): string {
  const index = columns.findIndex(({ name }) => name === format.sumOf);
  const { decimal = ".", name } = columns[index]!;
  let sum = 0n;
  for (const row of rows) {
    try {
      sum += parseDecimal(numberText(row[index]!.replace(decimal, ".")));
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      throw unwritable(`${name}: ${JSON.stringify(row[index])} is no number that can be added up.`);
    }
  }
  return formatDecimal(sum as Decimal).replace(".", decimal);
}

function xmlText({ format, columns }: OutboundSettings, rows: readonly string[][]): string {
  const records = rows.map((cells) => {
    const elements = cells.map((cell, index) => {
      const { name } = columns[index]!;
      return `    <${name}>${escapeXml(cell)}</${name}>\n`;
    });
    return `  <${format.record}>\n${elements.join("")}  </${format.record}>\n`;
  });
  const encoding = xmlNames[format.encoding ?? "utf-8"];
  return `<?xml version="1.0" encoding="${encoding}"?>\n<${format.root}>\n${records.join("")}</${format.root}>\n`;
}

const xmlNames = {
  "utf-8": "UTF-8",
  latin1: "ISO-8859-1",
  "windows-1252": "windows-1252",
  "utf-16le": "UTF-16LE",
  "utf-16be": "UTF-16BE",
} as const;

function unwritable(message: string): CrossdockError {
  return new CrossdockError("files.unwritable", message);
}

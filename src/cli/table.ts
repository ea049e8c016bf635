// Aligned tables: figures to the right, texts to the left, nothing wider than it has to be.
import { stripVTControlCharacters, styleText } from "node:util";
import { oneLine } from "./one-line.ts";

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Figures are read from the right. */
  right?: boolean;
  style?(row: Row): Parameters<typeof styleText>[0] | undefined;
}

const GAP = "  ";

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => width(row[index]!))),
  );
  const head = columns
    .map((column, index) => pad(column.title, widths[index]!, column.right))
    .join(GAP)
    .trimEnd();
  const lines = cells.map((row, at) =>
    columns
      .map((column, index) => {
        const text = pad(row[index]!, widths[index]!, column.right);
        const style = column.style?.(rows[at]!);
        return style === undefined ? text : paint(style, text);
      })
      .join(GAP)
      .trimEnd(),
  );
  return [paint("dim", head), ...lines].join("\n");
}

/** Names and values below each other. */
export function fields(pairs: readonly (readonly [string, string])[]): string {
  const longest = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${paint("dim", name.padEnd(longest))}${GAP}${value}`).join("\n");
}

export function heading(text: string): string {
  return paint("bold", text);
}

/** Only where standard output is a terminal that wants colours. */
export function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function pad(text: string, to: number, right: boolean | undefined): string {
  const fill = " ".repeat(Math.max(0, to - width(text)));
  return right ? fill + text : text + fill;
}

/** As a terminal shows it, as far as counting code points tells. */
const width = (text: string): number => [...stripVTControlCharacters(text)].length;

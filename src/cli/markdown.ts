// Tables of Markdown that read as well unrendered: cells are padded, figures stand to the right.
import { oneLine } from "./one-line.ts";

export interface MarkdownColumn<Row> {
  title: string;
  value(row: Row): string;
  right?: boolean;
}

export function markdownTable<Row>(columns: readonly MarkdownColumn<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => escaped(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(3, column.title.length, ...cells.map((row) => row[index]!.length)),
  );
  const line = (values: readonly string[]) =>
    `| ${values.map((value, index) => (columns[index]!.right ? value.padStart(widths[index]!) : value.padEnd(widths[index]!))).join(" | ")} |`;
  const rule = `|${columns.map((column, index) => (column.right ? `${"-".repeat(widths[index]! + 1)}:` : `-${"-".repeat(widths[index]!)}-`)).join("|")}|`;
  return [line(columns.map((column) => column.title)), rule, ...cells.map(line)].join("\n");
}

const escaped = (text: string): string => oneLine(text).replaceAll("|", "\\|");

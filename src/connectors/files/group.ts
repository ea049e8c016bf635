// Neighbouring rows that say one thing together: the lines of an order.
import type { Row } from "./rows.ts";

/** The same for rows of one group; a row that cannot be read is alone. */
export function groupKey(row: Row, columns: readonly string[]): string {
  if (row.fault !== undefined) return `line ${row.line}`;
  try {
    return JSON.stringify(columns.map((column) => row.cell(column)?.trim() ?? null));
  } catch {
    // What cannot be decoded is a bad row, and its mapping says so.
    return `line ${row.line}`;
  }
}

// Comma-separated values as spreadsheets write them (RFC 4180): quoted where they must be, with any line ends.

/** Rows with the line that each begins on, from 1. Empty lines are none. Undefined: a quoted cell does not end. */
export function parseCsv(text: string): { line: number; cells: string[] }[] | undefined {
  const rows: { line: number; cells: string[] }[] = [];
  let line = 1;
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const row = { line, cells: [] as string[] };
    for (let more = true; more; ) {
      const cell = readCell(text, at);
      if (cell === undefined) return undefined;
      row.cells.push(cell.value);
      line += cell.value.split("\n").length - 1;
      at = cell.end;
      more = text[at] === ",";
      if (more) at += 1;
    }
    if (text.startsWith("\r\n", at)) at += 2;
    else if (at < text.length) at += 1;
    line += 1;
    if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row);
  }
  return rows;
}

const BARE = /[^,\r\n]*/y;
const QUOTED = /"((?:[^"]|"")*)"/y;

function readCell(text: string, at: number): { value: string; end: number } | undefined {
  const pattern = text[at] === '"' ? QUOTED : BARE;
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const end = at + match[0].length;
  if (pattern === BARE) return { value: match[0], end };
  // What follows a closing quote is the next cell or line, or the quote was none.
  if (end < text.length && !/[,\r\n]/.test(text[end]!)) return undefined;
  return { value: match[1]!.replaceAll('""', '"'), end };
}

export const csvLine = (cells: readonly string[]): string =>
  cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");

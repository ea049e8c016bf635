// Where in a configuration's text a finding belongs: the line that says it, as near as a path can be followed
// through the text. Never fails; without a trace it is the line that it began with.

/** `path` is `systems.erp.url`; `line` is where the thing that holds it is declared, from 1. */
export function lineOf(text: string, path: string, line = 1): number {
  const lines = text.split("\n");
  let at = Math.min(Math.max(line, 1), lines.length) - 1;
  let column = 0;
  for (const segment of segmentsOf(path)) {
    const found = findSegment(lines, segment, at, column);
    if (found === undefined) continue;
    at = found.line;
    column = found.column;
  }
  return at + 1;
}

/** Indexes are left out: a list's entries have no names to look for. */
function segmentsOf(path: string): string[] {
  return path
    .replace(/\[\d+\]/g, "")
    .split(".")
    .filter((segment) => segment !== "");
}

function findSegment(lines: readonly string[], segment: string, from: number, column: number) {
  const word = segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // `url:`, `"3PL":`, `.to(`, `flow("availability"`
  const pattern = new RegExp(`(?:^|[\\s{,.(])(["'\`]?)${word}\\1\\s*(?:[:(,)]|$)`);
  for (let line = from; line < lines.length; line++) {
    const start = line === from ? column : 0;
    const match = pattern.exec(lines[line]!.slice(start));
    if (match !== null) return { line, column: start + match.index + match[0].length };
  }
  return undefined;
}

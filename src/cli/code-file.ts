// Codes as a file that people edit in a spreadsheet: one row a pair, read with what is wrong by its line.
import { csvLine, parseCsv } from "../core/csv.ts";
import { type CodeEntry, type CodePair, type CodeTable, codeTables } from "../policy/codes.ts";

export const COLUMNS = ["system", "table", "native", "canonical", "direction"] as const;
const DIRECTIONS = ["in", "out", "both"] as const;

export interface FileFault {
  line: number;
  message: string;
}
export interface CodeFile {
  pairs: (CodePair & { line: number })[];
  faults: FileFault[];
}

export function readCodeFile(text: string): CodeFile {
  const rows = parseCsv(text);
  if (rows === undefined) return faulty(1, "is no CSV: a quoted cell does not end.");
  const [header, ...body] = rows;
  const names = header?.cells.map((name) => name.trim()) ?? [];
  const lacking = COLUMNS.filter((name) => name !== "direction" && !names.includes(name));
  if (lacking.length > 0) return faulty(header?.line ?? 1, `names no column ${lacking.join(", ")}.`);
  const file: CodeFile = { pairs: [], faults: [] };
  for (const { line, cells } of body) {
    const cell = (name: (typeof COLUMNS)[number]) => (cells[names.indexOf(name)] ?? "").trim();
    const [table, direction] = [cell("table"), cell("direction") || "both"];
    const wrong = wordFault("table", table, codeTables) ?? wordFault("direction", direction, DIRECTIONS);
    if (cells.length > names.length) file.faults.push({ line, message: "has more cells than columns." });
    else if (wrong !== undefined) file.faults.push({ line, message: wrong });
    else
      file.pairs.push({
        line,
        system: cell("system"),
        table: table as CodeTable,
        native: cell("native"),
        canonical: cell("canonical"),
        direction: direction as CodePair["direction"],
      });
  }
  return file;
}

const faulty = (line: number, message: string): CodeFile => ({ pairs: [], faults: [{ line, message }] });

const wordFault = (name: string, word: string, words: readonly string[]): string | undefined =>
  words.includes(word) ? undefined : `${name} is ${word || "empty"}; it is one of ${words.join(", ")}.`;

/** What comes in and goes out as the same pair is one row. */
export function writeCodeFile(entries: readonly CodeEntry[]): string {
  const nameOf = (pair: Omit<CodePair, "direction">) =>
    [pair.system, pair.table, pair.native, pair.canonical].join("\n");
  const pairs = new Map<string, CodePair>();
  for (const { system, table, direction, code, means } of entries) {
    const [native, canonical] = direction === "in" ? [code, means] : [means, code];
    const pair: CodePair = { system, table, native, canonical, direction };
    const other = pairs.get(nameOf(pair));
    if (other === undefined) pairs.set(nameOf(pair), pair);
    else other.direction = "both";
  }
  const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
  return [COLUMNS, ...sorted.map((pair) => COLUMNS.map((name) => pair[name]))]
    .map((cells) => `${csvLine(cells)}\n`)
    .join("");
}

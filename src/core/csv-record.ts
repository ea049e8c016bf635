// One record of separated values. The cutting of files and the reading of rows use the same function, so that they
// never disagree about where a row ends. A quote that is not closed costs its line, never the rest of the file.

export interface Dialect {
  separator: string;
  /** Empty: cells are never quoted. */
  quote: string;
}

export interface CsvRecord {
  cells: string[];
  /** After its line break. */
  to: number;
  /** Lines that it takes. */
  lines: number;
  fault?: string;
}

/** A quoted record that is longer is taken for a quote that was never closed. */
const QUOTED_MAX = 65_536;
const LF = 10;
const CR = 13;

/** Undefined: it goes on beyond the units. */
export function readRecord(
  units: string,
  from: number,
  dialect: Dialect,
  atEnd: boolean,
): CsvRecord | undefined {
  const separator = dialect.separator.charCodeAt(0);
  const quote = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0);
  const cells: string[] = [];
  let at = from;
  let lines = 1;
  for (;;) {
    if (quote >= 0 && units.charCodeAt(at) === quote) {
      const quoted = readQuoted(units, at, from, dialect.quote, atEnd);
      if (quoted === "more") return undefined;
      if (quoted === "open") return spoilt(units, from, atEnd, "a quote is not closed");
      cells.push(quoted.text);
      lines += quoted.breaks;
      at = quoted.to;
      if (at >= units.length && !atEnd) return undefined;
      const end = lineEnd(units, at);
      if (end === "more" && !atEnd) return undefined;
      if (typeof end === "number") return { cells, to: end, lines };
      if (at >= units.length) return { cells, to: at, lines };
      if (units.charCodeAt(at) !== separator)
        return spoilt(units, from, atEnd, "text follows a closing quote");
      at += 1;
      continue;
    }
    const start = at;
    let code = units.charCodeAt(at);
    while (at < units.length && code !== separator && code !== LF) code = units.charCodeAt(++at);
    if (at >= units.length) {
      if (!atEnd) return undefined;
      cells.push(units.slice(start, at));
      return { cells, to: at, lines };
    }
    if (code === separator) {
      cells.push(units.slice(start, at));
      at += 1;
      continue;
    }
    cells.push(units.slice(start, at > start && units.charCodeAt(at - 1) === CR ? at - 1 : at));
    return { cells, to: at + 1, lines };
  }
}

function readQuoted(
  units: string,
  open: number,
  from: number,
  quote: string,
  atEnd: boolean,
): { text: string; to: number; breaks: number } | "more" | "open" {
  let text = "";
  let start = open + 1;
  for (;;) {
    const close = units.indexOf(quote, start);
    if (close < 0) return !atEnd && units.length - from <= QUOTED_MAX ? "more" : "open";
    if (close - from > QUOTED_MAX) return "open";
    text += units.slice(start, close);
    if (units[close + 1] !== quote) {
      // A second quote may follow in what is not read yet.
      if (close + 1 >= units.length && !atEnd) return "more";
      let breaks = 0;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) breaks += 1;
      return { text, to: close + 1, breaks };
    }
    text += quote;
    start = close + 2;
  }
}

/** After the line break that begins here; undefined where none does. */
function lineEnd(units: string, at: number): number | "more" | undefined {
  const code = units.charCodeAt(at);
  if (code === LF) return at + 1;
  if (code !== CR) return undefined;
  if (at + 1 >= units.length) return "more";
  return units.charCodeAt(at + 1) === LF ? at + 2 : undefined;
}

/** The record's first line is given up; what follows is read anew. */
function spoilt(units: string, from: number, atEnd: boolean, fault: string): CsvRecord | undefined {
  const end = units.indexOf("\n", from);
  if (end < 0 && !atEnd) return undefined;
  return { cells: [], to: end < 0 ? units.length : end + 1, lines: 1, fault };
}

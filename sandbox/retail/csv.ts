// RFC 4180 records out of lines, with the line that each record starts on. A quote in the wrong place or
// one that is never closed throws `retail.row` with its place; nothing is guessed.
import { CrossdockError } from "../../src/core/errors.ts";

interface CsvRecord {
  /** The line of the file that the record starts on; the header is on line 1. */
  line: number;
  fields: string[];
}

/** A quoted field may span lines; beyond this a quote was forgotten. */
const RECORD_CHARS_MAX = 65_536;

export class CsvParser {
  readonly #file: string;
  #open: { line: number; text: string } | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** A line without its `\n`. Returns the record that it completes, or undefined inside a quoted field. */
  push(text: string, line: number): CsvRecord | undefined {
    if (this.#open === undefined) {
      if (!text.includes('"')) return { line, fields: withoutReturn(text).split(",") };
      return this.#parse(text, line);
    }
    const joined = `${this.#open.text}\n${text}`;
    if (joined.length > RECORD_CHARS_MAX) throw this.#unclosed();
    return this.#parse(joined, this.#open.line);
  }

  /** The file is at its end. */
  end(): void {
    if (this.#open !== undefined) throw this.#unclosed();
  }

  #parse(text: string, line: number): CsvRecord | undefined {
    this.#open = undefined;
    const fields: string[] = [];
    let at = 0;
    for (;;) {
      const field = text.charCodeAt(at) === QUOTE ? quoted(text, at) : plain(text, at);
      if (field === "open") {
        this.#open = { line, text };
        return undefined;
      }
      if (field === "stray") throw this.#wrongQuote(line);
      fields.push(field.value);
      if (field.end === undefined) return { line, fields };
      at = field.end;
    }
  }

  #unclosed(): CrossdockError {
    return new CrossdockError(
      "retail.row",
      `${this.#file}:${this.#open!.line} A quoted field that starts here is not closed.`,
    );
  }

  #wrongQuote(line: number): CrossdockError {
    return new CrossdockError(
      "retail.row",
      `${this.#file}:${line} A quote stands inside a field: quote the whole field and double the quotes in it.`,
    );
  }
}

const QUOTE = 34;
const COMMA = 44;
const RETURN = 13;

/** `end` is where the next field starts, undefined where the record ends. */
type Field = { value: string; end: number | undefined };

function plain(text: string, start: number): Field | "stray" {
  const comma = text.indexOf(",", start);
  const value = comma < 0 ? withoutReturn(text.slice(start)) : text.slice(start, comma);
  if (value.includes('"')) return "stray";
  return { value, end: comma < 0 ? undefined : comma + 1 };
}

function quoted(text: string, start: number): Field | "open" | "stray" {
  let close = text.indexOf('"', start + 1);
  while (close >= 0 && text.charCodeAt(close + 1) === QUOTE) close = text.indexOf('"', close + 2);
  if (close < 0) return "open";
  const value = text.slice(start + 1, close).replaceAll('""', '"');
  if (text.charCodeAt(close + 1) === COMMA) return { value, end: close + 2 };
  const rest = text.slice(close + 1);
  return rest === "" || (rest.length === 1 && rest.charCodeAt(0) === RETURN)
    ? { value, end: undefined }
    : "stray";
}

function withoutReturn(text: string): string {
  return text.charCodeAt(text.length - 1) === RETURN ? text.slice(0, -1) : text;
}

// Reads XML whose rows are elements at one path. A part of a file is the file's own beginning, up to its first row, and
// the rows that follow: the elements around them stay open. Entities of a DTD are not known, and are refused.
import { SaxesParser } from "saxes";
import { CrossdockError } from "../../connector/index.ts";
import { type Encoding, unitBytes } from "./encoding.ts";
import { damaged, type Row, type RowReader } from "./rows.ts";
import type { FormatSettings } from "./settings.ts";

export function xmlReader(format: FormatSettings): RowReader {
  const encoding = format.encoding ?? "utf-8";
  const path = format.record ?? "/";
  return {
    contentType: `application/xml; charset=${encoding === "latin1" ? "iso-8859-1" : encoding}`,
    head(bytes, atEnd) {
      const text = decode(bytes, encoding, 1);
      const start = firstRecord(text, path);
      if (start === undefined && !atEnd) return undefined;
      const head = start === undefined ? text : text.slice(0, start);
      return {
        length: start === undefined ? bytes.length : bytesOf(head, encoding),
        line: 1 + breaksIn(head),
      };
    },
    *rows(bytes, _, line, end, headBytes) {
      const before = decode(headBytes, encoding, 1);
      yield* readRecords({
        before,
        text: decode(bytes, encoding, line),
        path,
        encoding,
        line,
        isWhole: end === "file",
      });
    },
  };
}

interface Reading {
  before: string;
  text: string;
  path: string;
  encoding: Encoding;
  line: number;
  /** Nothing follows: every element must be closed. */
  isWhole: boolean;
}

/** A character that the end of the bytes cuts in two is left out. */
function decode(bytes: Buffer, encoding: Encoding, line: number): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    throw damaged(`holds bytes that are no ${encoding}.`, line);
  }
}

function bytesOf(text: string, encoding: Encoding): number {
  if (encoding === "utf-8") return Buffer.byteLength(text);
  return text.length * unitBytes(encoding);
}

function breaksIn(text: string): number {
  let breaks = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) breaks += 1;
  return breaks;
}

/** Where the first record's tag begins. */
function firstRecord(text: string, path: string): number | undefined {
  const parser = new SaxesParser({ position: true });
  const open: string[] = [];
  let found: number | undefined;
  parser.on("error", (error) => {
    if (found === undefined) throw damaged(`is no XML: ${error.message}.`);
  });
  parser.on("opentagstart", ({ name }) => {
    open.push(name);
    if (found === undefined && `/${open.join("/")}` === path)
      found = text.lastIndexOf("<", parser.position - 1);
  });
  parser.on("closetag", () => open.pop());
  parser.write(text);
  return found;
}

function readRecords({ before, text, path, encoding, line, isWhole }: Reading): Row[] {
  const parser = new SaxesParser({ position: true });
  const rows: Row[] = [];
  const open: string[] = [];
  const headLines = breaksIn(before);
  const lineNow = () => line + parser.line - 1 - headLines;
  const depth = path.split("/").length - 1;
  let record: Cells | undefined;
  let texts: string[] = [];
  let startLine = line;
  let doneChars = 0;
  let doneBytes = 0;
  parser.on("error", (error) => {
    throw damaged(`is no XML: ${error.message}.`, lineNow());
  });
  parser.on("opentagstart", () => {
    startLine = record === undefined ? lineNow() : startLine;
  });
  parser.on("opentag", ({ name, attributes }) => {
    open.push(name);
    texts = [""];
    if (record === undefined && `/${open.join("/")}` === path) record = new Map();
    if (record === undefined) return;
    const own = open.slice(depth);
    for (const [attribute, value] of Object.entries(attributes))
      put(record, [...own, `@${attribute}`].join("/"), value as string);
  });
  const note = (found: string) => {
    texts.push(found);
  };
  parser.on("text", note);
  parser.on("cdata", note);
  parser.on("closetag", () => {
    if (record !== undefined) put(record, open.slice(depth).join("/") || ".", texts.join("").trim());
    texts = [];
    const isRecord = record !== undefined && open.length === depth;
    open.pop();
    if (!isRecord) return;
    const to = parser.position - before.length;
    doneBytes += bytesOf(text.slice(doneChars, to), encoding);
    const raw = text.slice(doneChars, to);
    doneChars = to;
    rows.push(rowOf(record!, raw, { line: startLine, next: lineNow(), to: doneBytes }));
    record = undefined;
  });
  parser.write(before + text);
  if (isWhole) parser.close();
  return rows;
}

/** Path → text; null where there are several of them. */
type Cells = Map<string, string | null>;

function put(cells: Cells, path: string, text: string): void {
  cells.set(path, cells.has(path) ? null : text);
}

function rowOf(cells: Cells, raw: string, place: { line: number; next: number; to: number }): Row {
  return {
    ...place,
    raw: () => raw,
    cell(column) {
      const text = cells.get(column);
      if (text === null) throw new CrossdockError("files.bad-cell", `${column} comes several times`);
      return text;
    },
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** Text for an element or an attribute; a character that XML cannot hold throws `files.not-encodable`. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML cannot hold.
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text) || !text.isWellFormed()) {
    throw new CrossdockError(
      "files.not-encodable",
      `${JSON.stringify(text)} holds a character that XML cannot.`,
    );
  }
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character]!);
}

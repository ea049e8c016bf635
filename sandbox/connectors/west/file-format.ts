// WEST's files, read and written: header, column names, rows, and a trailer that counts and adds up. A file that is not
// whole throws `west.file-damaged` with the line; a row that is wrong is for whoever reads its cells.
import { CrossdockError } from "../../../src/connector/index.ts";

export type OutKind = "STK" | "SHP" | "RCV" | "ADJ" | "RET" | "ACK";
export type InKind = "ORD" | "CAN" | "RAD";
export type Encoding = "latin1" | "utf8";

const columns: Record<OutKind | InKind, readonly string[]> = {
  STK: ["ARTICLE", "DESCRIPTION", "ON_HAND", "PICKED", "HELD", "LAST_NO", "TIME"],
  SHP: ["NO", "STATUS", "ORDER", "SHIPMENT", "LINE", "ARTICLE", "QTY", "CARRIER", "TIME"],
  RCV: ["NO", "RECEIPT", "PO", "LINE", "ARTICLE", "QTY", "COND", "TIME"],
  ADJ: ["NO", "ARTICLE", "QTY", "COND", "REASON", "TIME"],
  RET: ["NO", "RETURN", "ADVICE", "ORDER", "LINE", "ARTICLE", "QTY", "COND", "TIME"],
  ACK: ["NO", "FILE", "ORDER", "RESULT", "REASON", "TIME"],
  ORD: ["ORDER", "LINE", "ARTICLE", "QTY", "PARTIAL", "NAME", "COUNTRY", "DUE"],
  CAN: ["ORDER"],
  RAD: ["ADVICE", "ORDER", "LINE", "ARTICLE", "QTY"],
};

/** The column that the trailer adds up. */
const summed: Partial<Record<OutKind | InKind, string>> = {
  STK: "ON_HAND",
  SHP: "QTY",
  RCV: "QTY",
  ADJ: "QTY",
  RET: "QTY",
  ORD: "QTY",
  RAD: "QTY",
};

export interface WestFile {
  kind: OutKind | InKind;
  /** Local time of writing and its zone; empty where the header does not say. */
  time: string;
  zone: string;
  /** The last row number that WEST had given when it wrote; 0 where the header does not say. */
  last: number;
  /** Of the rows, also of those that are wrong. */
  numbers: number[];
  /** Rows that the trailer counts. */
  count: number;
  rows: WestRow[];
  /** Rows that have another number of cells than there are columns. */
  problems: RowProblem[];
}

export interface WestRow {
  /** In the file, from 1. */
  line: number;
  cells: Readonly<Record<string, string>>;
}

export interface RowProblem {
  line: number;
  reason: string;
}

export function isKind(text: string | undefined): text is OutKind | InKind {
  return text !== undefined && Object.hasOwn(columns, text);
}

export function parseFile(bytes: Uint8Array | string, encoding: Encoding): WestFile {
  const text = typeof bytes === "string" ? bytes : Buffer.from(bytes).toString(encoding);
  const lines = text.split(/\r?\n/);
  const head = lines[0]?.split(";") ?? [];
  const [mark, kind, , , time = "", zone = "", last = ""] = head;
  if (mark !== "HDR" || !isKind(kind)) throw damaged(1, "is no header of a file of WEST");
  const names = lines[1]?.split(";") ?? [];
  const missing = columns[kind].filter((name) => !names.includes(name));
  if (missing.length > 0) throw damaged(2, `lacks the columns ${missing.join(", ")}`);
  const end = lines.at(-1) === "" ? lines.length - 2 : lines.length - 1;
  const trailer = /^TRL;(\d{1,9});(\d{1,15}-?|-\d{1,15})$/.exec(lines[end] ?? "");
  if (trailer === null || lines.at(-1) !== "") throw damaged(end + 1, "is no trailer: the file is cut off");
  const count = Number(trailer[1]);
  const given = end - 2;
  if (count !== given) throw damaged(end + 1, `counts ${count} rows, and there are ${given}`);
  const rows: WestRow[] = [];
  const problems: RowProblem[] = [];
  const numbers: number[] = [];
  const numberAt = names.indexOf("NO");
  for (let at = 2; at < end; at++) {
    const cells = lines[at]!.split(";");
    const number = cells[numberAt] ?? "";
    if (isNumber(number)) numbers.push(Number(number));
    if (cells.length === names.length) {
      rows.push({
        line: at + 1,
        cells: Object.fromEntries(names.map((name, index) => [name, cells[index]!])),
      });
    } else {
      problems.push({ line: at + 1, reason: `has ${cells.length} cells for ${names.length} columns` });
    }
  }
  checkSum(kind, rows, problems, readSigned(trailer[2]!)!, end + 1);
  return { kind, time, zone, last: isNumber(last) ? Number(last) : 0, numbers, count, rows, problems };
}

const isNumber = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text);

/** A row that is wrong has spoilt the sum already: then the count alone speaks. */
function checkSum(
  kind: OutKind | InKind,
  rows: readonly WestRow[],
  problems: readonly RowProblem[],
  stated: number,
  line: number,
): void {
  const column = summed[kind];
  const figures = column === undefined ? [] : rows.map((row) => readSigned(row.cells[column]!));
  if (problems.length > 0 || figures.includes(undefined)) return;
  const sum = figures.reduce<number>((total, figure) => total + figure!, 0);
  if (sum !== stated) throw damaged(line, `adds up to ${stated}, and the rows to ${sum}`);
}

/** Reads "3", "-3" and "3-"; undefined for anything else. */
export function readSigned(text: string): number | undefined {
  const match = /^(-?)(\d{1,15})(-?)$/.exec(text.trim());
  if (match === null || (match[1] !== "" && match[3] !== "")) return undefined;
  const units = Number(match[2]);
  return units !== 0 && (match[1] !== "" || match[3] !== "") ? -units : units;
}

export function writeFile(
  kind: InKind,
  number: string,
  rows: readonly Record<string, string>[],
  encoding: Encoding,
): Buffer {
  const names = columns[kind];
  const column = summed[kind];
  const sum =
    column === undefined ? 0 : rows.reduce((total, row) => total + (readSigned(row[column]!) ?? 0), 0);
  const lines = [
    `HDR;${kind};CROSSDOCK;${number}`,
    names.join(";"),
    ...rows.map((row) => names.map((name) => plain(row[name] ?? "")).join(";")),
    `TRL;${rows.length};${sum}`,
  ];
  const text = `${lines.join("\r\n")}\r\n`;
  // Latin-1 has no sign for most letters of the world; what must come back is escaped before.
  return encoding === "utf8" ? Buffer.from(text) : Buffer.from(text.replace(/[^\0-\xff]/gu, "?"), "latin1");
}

const plain = (value: string): string => value.replace(/[;\r\n]/g, ",");

function damaged(line: number, what: string): CrossdockError {
  return new CrossdockError("west.file-damaged", `Line ${line} ${what}.`, {
    details: { path: `line ${line}` },
  });
}

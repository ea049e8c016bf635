// WEST's files: HDR line, column names, rows, TRL line with the number of rows and the sum of the
// quantities; semicolons, CRLF, no quoting, no byte order mark, a negative number with the sign behind.

export type OutKind = "STK" | "SHP" | "RCV" | "ADJ" | "RET" | "ACK";
export type InKind = "ORD" | "CAN" | "RAD" | "ASN";
export type Encoding = "latin1" | "utf8";

export const columns: Record<OutKind | InKind, readonly string[]> = {
  STK: ["ARTICLE", "DESCRIPTION", "ON_HAND", "PICKED", "HELD", "LAST_NO", "TIME"],
  SHP: ["NO", "STATUS", "ORDER", "SHIPMENT", "LINE", "ARTICLE", "QTY", "CARRIER", "TIME"],
  RCV: ["NO", "RECEIPT", "PO", "LINE", "ARTICLE", "QTY", "COND", "TIME"],
  ADJ: ["NO", "ARTICLE", "QTY", "COND", "REASON", "TIME"],
  RET: ["NO", "RETURN", "ADVICE", "ORDER", "LINE", "ARTICLE", "QTY", "COND", "TIME"],
  ACK: ["NO", "FILE", "ORDER", "RESULT", "REASON", "TIME"],
  ORD: ["ORDER", "LINE", "ARTICLE", "QTY", "PARTIAL", "NAME", "COUNTRY", "DUE"],
  CAN: ["ORDER"],
  RAD: ["ADVICE", "ORDER", "LINE", "ARTICLE", "QTY"],
  ASN: ["PO", "LINE", "ARTICLE", "QTY", "DUE"],
};

/** The column that the trailer adds up; none where a kind has no quantity. */
const summed: Partial<Record<OutKind | InKind, string>> = {
  STK: "ON_HAND",
  SHP: "QTY",
  RCV: "QTY",
  ADJ: "QTY",
  RET: "QTY",
  ORD: "QTY",
  RAD: "QTY",
  ASN: "QTY",
};

export type Row = Record<string, string>;

export interface FileHead {
  kind: OutKind | InKind;
  partner: string;
  number: string;
  time: string;
  /** Further fields of the header, such as the time zone and the last row number. */
  extra: string[];
}

export function formatFile(head: FileHead, rows: Row[]): string {
  const names = columns[head.kind];
  const lines = [
    ["HDR", head.kind, head.partner, head.number, head.time, ...head.extra].join(";"),
    names.join(";"),
    ...rows.map((row) => names.map((name) => plain(row[name] ?? "")).join(";")),
    `TRL;${rows.length};${signed(total(head.kind, rows))}`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

function plain(value: string): string {
  return value.replace(/[;\r\n]/g, ",");
}

function total(kind: OutKind | InKind, rows: Row[]): number {
  const column = summed[kind];
  return column === undefined ? 0 : rows.reduce((sum, row) => sum + readSigned(row[column] ?? "0"), 0);
}

export function signed(value: number): string {
  return value < 0 ? `${-value}-` : String(value);
}

/** Reads "3", "-3" and "3-"; anything else is NaN. */
export function readSigned(text: string): number {
  const match = /^(-?)(\d+)(-?)$/.exec(text.trim());
  if (!match || (match[1] && match[3])) return Number.NaN;
  return match[1] || match[3] ? -Number(match[2]) : Number(match[2]);
}

export type ParsedFile = { ok: true; rows: Row[] } | { ok: false; reason: string };

export function parseFile(content: string, kind: InKind): ParsedFile {
  const lines = content.split(/\r?\n/).filter((line) => line !== "");
  const head = lines[0]?.split(";");
  if (head?.[0] !== "HDR" || head[1] !== kind) return { ok: false, reason: "BAD HEADER" };
  const names = lines[1]?.split(";") ?? [];
  if (columns[kind].some((name) => !names.includes(name))) return { ok: false, reason: "BAD COLUMNS" };
  const trailer = lines.at(-1)?.split(";");
  if (trailer?.[0] !== "TRL") return { ok: false, reason: "NO TRAILER" };
  const rows = lines.slice(2, -1).map((line): Row => {
    const values = line.split(";");
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
  });
  if (Number(trailer[1]) !== rows.length) return { ok: false, reason: "BAD COUNT" };
  if (readSigned(trailer[2] ?? "") !== total(kind, rows)) return { ok: false, reason: "BAD SUM" };
  return { ok: true, rows };
}

export function encode(text: string, encoding: Encoding): Buffer {
  // Latin-1 has no sign for these; an old system prints a question mark.
  return encoding === "utf8" ? Buffer.from(text) : Buffer.from(text.replace(/[^\0-\xff]/g, "?"), "latin1");
}

// Text of any declared encoding as a string whose index tells the byte: one character a code unit. Where rows and cells
// end is decided on these units; what a cell says is decoded afterwards. Separators are ASCII, so no unit is mistaken.
import { CrossdockError } from "../../connector/index.ts";

export type Encoding = "utf-8" | "latin1" | "windows-1252" | "utf-16le" | "utf-16be";

const BOM_UTF_8 = "\u00ef\u00bb\u00bf";
const BOM_UTF_16 = "\ufeff";

export const unitBytes = (encoding: Encoding): 1 | 2 => (encoding.startsWith("utf-16") ? 2 : 1);

/** An odd last byte of UTF-16 is left out. */
export function unitsOf(bytes: Buffer, encoding: Encoding): string {
  if (unitBytes(encoding) === 1) return bytes.toString("latin1");
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return encoding === "utf-16le" ? even.toString("utf16le") : Buffer.from(even).swap16().toString("utf16le");
}

/** How many units a byte order mark takes at the start. */
export function bomUnits(units: string, encoding: Encoding): number {
  if (encoding === "utf-8") return units.startsWith(BOM_UTF_8) ? BOM_UTF_8.length : 0;
  return units.startsWith(BOM_UTF_16) ? 1 : 0;
}

const ASCII = /^[\0-\x7f]*$/;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const western = new TextDecoder("windows-1252");

/** Throws `files.not-decodable` for what is no text of the encoding. */
export function decodeUnits(units: string, encoding: Encoding): string {
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    if (units.isWellFormed()) return units;
    throw new CrossdockError("files.not-decodable", `holds half a character of ${encoding}.`);
  }
  if (encoding === "latin1" || ASCII.test(units)) return units;
  const bytes = Buffer.from(units, "latin1");
  if (encoding === "windows-1252") return western.decode(bytes);
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw new CrossdockError("files.not-decodable", "holds bytes that are no UTF-8.", { cause });
  }
}

let westernBytes: Map<string, number> | undefined;

/** Throws `files.not-encodable` where the encoding lacks a character: nothing is written as a question mark. */
export function encodeText(text: string, encoding: Encoding): Buffer {
  switch (encoding) {
    case "utf-8":
      if (!text.isWellFormed()) throw notEncodable(text, encoding);
      return Buffer.from(text, "utf8");
    case "utf-16le":
      return Buffer.from(text, "utf16le");
    case "utf-16be":
      return Buffer.from(text, "utf16le").swap16();
    case "latin1":
      for (const character of text)
        if (character.codePointAt(0)! > 0xff) throw notEncodable(character, encoding);
      return Buffer.from(text, "latin1");
    case "windows-1252":
      return encodeWestern(text);
  }
}

function encodeWestern(text: string): Buffer {
  westernBytes ??= new Map(
    Array.from({ length: 256 }, (_, byte) => [western.decode(Uint8Array.of(byte)), byte]),
  );
  const bytes: number[] = [];
  for (const character of text) {
    const byte = westernBytes.get(character);
    if (byte === undefined) throw notEncodable(character, "windows-1252");
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}

function notEncodable(text: string, encoding: Encoding): CrossdockError {
  return new CrossdockError(
    "files.not-encodable",
    `${JSON.stringify(text.slice(0, 40))} cannot be written in ${encoding}.`,
  );
}

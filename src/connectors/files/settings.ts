// The settings of a partner that has nothing but files: where they are, what is read, what is written.
import { type Static, Type } from "typebox";
import {
  Constant,
  decimalWords,
  InboundWords,
  MessagePart,
  type OutboundType,
  OutboundWords,
  object,
  oneOf,
  outboundKinds,
  timeWords,
} from "../../connector/index.ts";

const types = Object.keys(outboundKinds) as OutboundType[];
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Folder = Type.String({ minLength: 1, pattern: "^[^\\u0000]+$" });
const Pattern = Type.String({ minLength: 1, maxLength: 1000 });
const optional = Type.Optional;

/** Where the folders are. All paths of streams are below `path`. */
const Place = object({
  transport: oneOf("folder", "sftp", "ftps"),
  path: Type.String({ minLength: 1 }),
  host: optional(Type.String({ minLength: 1 })),
  port: optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  user: optional(Type.String({ minLength: 1 })),
  password: optional(Type.String({ minLength: 1 })),
  /** SFTP: a private key as OpenSSH writes it. */
  privateKey: optional(Type.String({ minLength: 1 })),
  passphrase: optional(Type.String({ minLength: 1 })),
  /** SFTP: the server's key as `ssh-keygen -l` shows it, `SHA256:…`. */
  hostKey: optional(Type.String({ pattern: "^SHA256:[A-Za-z0-9+/]{43}=?$" })),
  /** FTPS: a certificate in PEM that is trusted beside the well-known ones. */
  ca: optional(Type.String({ minLength: 1 })),
});

const Column = object({
  name: Name,
  /** Fixed width: the first character, from 1. */
  from: optional(Type.Integer({ minimum: 1 })),
  /** Fixed width: characters. */
  length: optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
});

/** Of text files, both ways. */
const text = {
  encoding: optional(oneOf("utf-8", "latin1", "windows-1252", "utf-16le", "utf-16be")),
  /** CSV: between cells. */
  separator: optional(Type.String({ minLength: 1, maxLength: 1 })),
  /** CSV: around cells; doubled inside. Empty: cells are never quoted. */
  quote: optional(Type.String({ maxLength: 1 })),
  /** CSV: the first row names the columns. */
  header: optional(Type.Boolean()),
};

const Format = object({
  kind: oneOf("csv", "fixed", "json-lines", "xml"),
  ...text,
  /** Lines before the header or the first row. */
  skip: optional(Type.Integer({ minimum: 0, maximum: 1000 })),
  /** CSV without a header: names by position. Fixed width: names and places. */
  columns: optional(Type.Array(Column, { minItems: 1 })),
  /** XML: the path of the element that is a row, `/Stock/Item`. */
  record: optional(Type.String({ pattern: "^(/[^/\\s]+)+$" })),
});
export type FormatSettings = Static<typeof Format>;

/** What one field of the canonical event is made from: a column, a constant or the file itself. */
const Field = object({
  column: optional(Name),
  /** Several, joined by a blank: a date and a time. */
  columns: optional(Type.Array(Name, { minItems: 1 })),
  constant: optional(Constant),
  file: optional(oneOf("name", "modified", "line")),
  /** A part of the text: what the pattern's first group holds. */
  match: optional(Pattern),
  words: optional(InboundWords),
  ...timeWords,
  ...decimalWords,
  /** An empty cell leaves the field out. */
  optional: optional(Type.Boolean()),
  /** For an empty cell, as it would have been written. */
  default: optional(Type.String()),
});
export type FieldSettings = Static<typeof Field>;

const Event = object({
  type: Name,
  /** Field of the contract, `order.orderId` or `lines[].sku` → where it comes from. */
  fields: Type.Record(Type.String(), Field, { minProperties: 1 }),
  /** Columns that tell a row from every other, in whatever file it comes. Absent: the file and the line do. */
  id: optional(Type.Array(Name, { minItems: 1 })),
  /** Neighbouring rows with the same values here are one event, with a line of `lines[]` each. */
  group: optional(Type.Array(Name, { minItems: 1 })),
});
export type EventSettings = Static<typeof Event>;

/** Checked before anything of the file counts. */
const Totals = object({
  /** The last row, or a file beside it whose name is `{name}` or `{stem}` with something added. */
  sidecar: optional(Type.String({ pattern: "\\{(name|stem)\\}" })),
  /** Of the trailer row or of the sidecar: the groups `count` and `sum`. */
  pattern: Pattern,
  /** The column that is added up; its decimal mark and implied decimals are `decimal` and `scale`. */
  of: optional(Name),
  decimal: decimalWords.decimal,
  scale: decimalWords.scale,
});
export type TotalsSettings = Static<typeof Totals>;

const Inbound = object({
  folder: Folder,
  /** Which files: `*` and `?` stand for any characters. */
  names: Type.String({ minLength: 1, maxLength: 200, pattern: "^[^/\\u0000]+$" }),
  format: Format,
  event: Event,
  /** Rows whose text matches are no rows. */
  ignore: optional(Pattern),
  totals: optional(Totals),
  /** A file that says that another is whole: `{name}.ok`. */
  ready: optional(Type.String({ pattern: "\\{(name|stem)\\}" })),
  settleMs: optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })),
  everyMs: optional(Type.Integer({ minimum: 50, maximum: 86_400_000 })),
  identity: optional(oneOf("version", "name")),
  after: optional(oneOf("archive", "keep", "remove")),
  archive: optional(Folder),
  errors: optional(Folder),
  chunkBytes: optional(Type.Integer({ minimum: 256, maximum: 524_288 })),
});
export type InboundSettings = Static<typeof Inbound>;

/** What one cell of an outbound row is made from. */
const Cell = object({
  name: Name,
  /** Of the message's payload: `orderId`, `customer.id`. */
  field: optional(Name),
  /** Of one element of `rows`: `sku`. */
  line: optional(Name),
  constant: optional(Type.String()),
  message: optional(MessagePart),
  words: optional(OutboundWords),
  ...timeWords,
  decimal: decimalWords.decimal,
  /** Absent in the payload: this. */
  default: optional(Type.String()),
  /** Fixed width: characters, on which side the text stands and what fills the rest. */
  length: optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  align: optional(oneOf("left", "right")),
  pad: optional(Type.String({ minLength: 1, maxLength: 1 })),
});
export type CellSettings = Static<typeof Cell>;

const OutFormat = object({
  kind: oneOf("csv", "fixed", "json-lines", "xml"),
  ...text,
  bom: optional(Type.Boolean()),
  newline: optional(oneOf("lf", "crlf")),
  /** XML: the elements of the document and of a row. */
  root: optional(Type.String({ pattern: "^[A-Za-z_][\\w.-]*$" })),
  record: optional(Type.String({ pattern: "^[A-Za-z_][\\w.-]*$" })),
  /** The last line, with `{count}` and `{sum}`. */
  trailer: optional(Type.String({ minLength: 1 })),
  /** The column that `{sum}` adds up. */
  sumOf: optional(Name),
});

const Outbound = object({
  folder: Folder,
  /** The file's name: `ORD_{key}.csv`; `{key}`, `{deliveryId}` and `{type}` are filled in. */
  name: Type.String({ minLength: 1, maxLength: 200, pattern: "^[^/\\u0000.][^/\\u0000]*$" }),
  format: OutFormat,
  columns: Type.Array(Cell, { minItems: 1 }),
  /** The payload's list that has a row an element: `lines`. Absent: one row a message. */
  rows: optional(Name),
  /** Messages a file holds at most. */
  batchMax: optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  write: optional(oneOf("lookup", "absolute", "none")),
  /** Where the partner moves what it took: an earlier attempt is looked for there as well. */
  taken: optional(Type.Array(Folder)),
});
export type OutboundSettings = Static<typeof Outbound>;

export const FilesSettings = object({
  at: Place,
  /** Stream → what is read. */
  inbound: optional(Type.Record(Type.String({ pattern: "^[a-z][a-z0-9-]{0,39}$" }), Inbound)),
  outbound: optional(object(recordOf(types, optional(Outbound)))),
});
export type FilesSettings = Static<typeof FilesSettings>;
export type PlaceSettings = FilesSettings["at"];

function recordOf<const Keys extends readonly string[], Value>(keys: Keys, value: Value) {
  return Object.fromEntries(keys.map((key) => [key, value])) as Record<Keys[number], Value>;
}

// The settings of a system that is reached by its tables: where its database is, what is read from it, how a row
// becomes an event, and into which staging tables messages are written.
import { type Static, type TSchema, Type } from "typebox";
import {
  Constant,
  InboundWords,
  type OutboundType,
  OutboundWords,
  object,
  oneOf,
  outboundKinds,
  whereOf,
  withDefault,
} from "../../connector/index.ts";
import { COLUMN_KINDS } from "./columns.ts";

const NAME = '^[^\\u0000"`\\[\\];]{1,128}$';
const Column = Type.String({ pattern: NAME, description: "A column's name, without quotes" });
/** Every part is quoted by the dialect. */
const Table = Type.String({
  pattern: '^[^\\u0000"`\\[\\];.]{1,128}(\\.[^\\u0000"`\\[\\];.]{1,128}){0,2}$',
  description: "The name of a table or view such as erp.stock, without quotes",
});
const named = <S extends TSchema>(value: S) => Type.Record(Type.String({ pattern: NAME }), value);
const Milliseconds = Type.Integer({ minimum: 0, maximum: 2_592_000_000 });
const Columns = Type.Array(Column, { minItems: 1, maxItems: 16 });

const FieldSource = object({
  /** The column that says it; what its kind is says how it is read. */
  column: Type.Optional(Column),
  constant: Type.Optional(Constant),
  words: Type.Optional(InboundWords),
});

/** A row becomes one event. */
const RowMapping = object({
  type: Type.String({ minLength: 1 }),
  /** By the path in the event's data: `sku`, `order.orderId`, `lines[0].quantity`. */
  fields: Type.Record(
    Type.String({
      pattern: "^[A-Za-z]+((\\.[A-Za-z]+)|(\\[\\d{1,3}\\]))*$",
      description: "A path such as order.orderId",
    }),
    FieldSource,
  ),
  where: Type.Optional(whereOf(Column)),
});

const readable = {
  /** A view or a table … */
  from: Type.Optional(Table),
  /** … or a SELECT that stands for one. */
  query: Type.Optional(Type.String({ minLength: 8 })),
  columns: named(oneOf(...COLUMN_KINDS)),
};

export const Stream = object({
  ...readable,
  /** What tells a row from every other. */
  key: Type.Optional(Columns),
  /** What changes with every change of a row; absent: the watermark, where there is one. */
  version: Type.Optional(Columns),
  event: RowMapping,
  everyMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 86_400_000 })),
  /** Rows a page. */
  pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  /** Way 1: by a column that rises with every change. */
  watermark: Type.Optional(
    object({
      column: Column,
      /** How long after its stamp a row may become visible. */
      overlapMs: Type.Optional(Milliseconds),
      /** Of a sequence: how many numbers are read again. */
      overlap: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
      /** Nothing before it is read. */
      startAt: Type.Optional(Type.String({ minLength: 1 })),
    }),
  ),
  /** Way 2: a table that is only ever added to, in the order of its numbers. */
  changes: Type.Optional(
    object({
      sequence: Column,
      /** How long a missing number is waited for before it is reported and passed. */
      gapWaitMs: Type.Optional(Milliseconds),
      /** How long a reported number is still looked for; then its transaction counts as rolled back. */
      gapForgetMs: Type.Optional(Milliseconds),
      startAfter: Type.Optional(Type.String({ pattern: "^[0-9]{1,18}$" })),
    }),
  ),
  /** Way 3: rows that wait to be taken. */
  outbox: Type.Optional(
    object({
      /** The table itself, where `from` is a view of it. */
      table: Table,
      taken: oneOf("delete", "mark"),
      /** Empty while a row waits; the time when it was taken. */
      column: Type.Optional(Column),
    }),
  ),
  /** Everything that stands, in one consistent read: what is gone is noticed. */
  set: Type.Optional(
    object({
      /** Our names of the places whose whole stock this is. */
      locations: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1 }),
      rowsMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_000_000 })),
    }),
  ),
});
export type Stream = Static<typeof Stream>;
export type RowMapping = Static<typeof RowMapping>;
export type FieldSource = Static<typeof FieldSource>;

const StagedColumn = object({
  /** A path in the message: `orderId`, `customer.id`; of a line, in the line. */
  field: Type.Optional(Type.String({ pattern: "^[A-Za-z]+(\\.[A-Za-z]+)*$" })),
  constant: Type.Optional(Type.String()),
  /** What of the message is not in its payload; or all of its payload, as JSON. */
  message: Type.Optional(oneOf("key", "type", "deliveryId", "payload")),
  /** Of a line: its place, from 1. */
  line: Type.Optional(oneOf("number")),
  kind: Type.Optional(oneOf(...COLUMN_KINDS)),
  words: Type.Optional(OutboundWords),
});
export type StagedColumn = Static<typeof StagedColumn>;

export const Staging = object({
  table: Table,
  /** The column that holds the message's key. It must be unique. */
  key: Column,
  write: oneOf("keyed", "absolute"),
  columns: named(StagedColumn),
  bulkMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  /** A row for each entry of a list in the message, in the same transaction. */
  lines: Type.Optional(
    object({
      each: Type.String({ pattern: "^[A-Za-z]+$", description: "The name of a list such as lines" }),
      table: Table,
      /** The column that holds the message's key. */
      key: Column,
      columns: named(StagedColumn),
    }),
  ),
});
export type Staging = Static<typeof Staging>;

const CensusSource = object({
  domain: Type.String({ minLength: 1, maxLength: 64 }),
  ...readable,
  /** What we call it by. */
  key: Column,
  /** When it was made. */
  time: Column,
});
export type CensusSource = Static<typeof CensusSource>;

export const SqlSettings = object({
  dialect: oneOf("postgres", "mysql", "mssql"),
  host: Type.String({ minLength: 1 }),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  database: Type.String({ minLength: 1 }),
  user: Type.String({ minLength: 1 }),
  password: withDefault(Type.String(), ""),
  /** `verify`: encrypted, and the certificate must hold. `unverified`: encrypted, whoever answers. */
  tls: withDefault(oneOf("verify", "unverified", "off"), "verify"),
  /** A certificate authority's PEM text, where the machine does not know it. */
  ca: Type.Optional(Type.String({ minLength: 1 })),
  /** The zone of columns that have none. */
  timeZone: Type.Optional(Type.String({ minLength: 1 })),
  connectTimeoutMs: withDefault(Type.Integer({ minimum: 100, maximum: 120_000 }), 10_000),
  /** No statement takes longer. */
  statementTimeoutMs: withDefault(Type.Integer({ minimum: 100, maximum: 3_600_000 }), 30_000),
  streams: withDefault(Type.Record(Type.String({ pattern: "^[a-z][a-z0-9-]{0,63}$" }), Stream), {}),
  /** What it is sent, by message. */
  staging: withDefault(
    Type.Partial(
      object(
        Object.fromEntries(Object.keys(outboundKinds).map((type) => [type, Staging])) as Record<
          OutboundType,
          typeof Staging
        >,
      ),
    ),
    {},
  ),
  census: withDefault(Type.Array(CensusSource), []),
});
export type SqlSettings = Static<typeof SqlSettings>;
export type Readable = Pick<Stream, "from" | "query" | "columns">;

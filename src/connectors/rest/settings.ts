// The settings of a REST system: where it is and how it believes us, what is read, what it may send, what it is sent.
// What is left out inside a stream has its default in the code that uses it.

import { type Static, type TOptional, Type } from "typebox";
import {
  type OutboundType,
  object,
  oneOf,
  outboundKinds,
  whereOf,
  withDefault,
} from "../../connector/index.ts";

const types = Object.keys(outboundKinds) as OutboundType[];
const optional = Type.Optional;
const Path = Type.String({ pattern: "^/", description: "A path that begins with /" });
const Name = Type.String({ minLength: 1 });
const Secret = Type.String({ minLength: 1 });
const HeaderText = Type.String({ pattern: "^[^\\r\\n\\u0000]*$" });
const HeaderName = Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", description: "A header's name" });
const JsonPlace = Type.String({ pattern: "^\\$", description: "A path such as $.data.items" });
const Duration = Type.String({ minLength: 2, description: 'A duration such as "30s"' });
const Count = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const Query = Type.Record(Type.String(), Type.String());
const Format = { format: optional(oneOf("iso", "epoch-s", "epoch-ms")), zone: optional(Name) };

/** Exactly one. */
const Auth = object({
  apiKey: optional(object({ header: optional(HeaderName), query: optional(Name), value: Secret })),
  basic: optional(object({ user: Name, password: Secret })),
  bearer: optional(object({ token: Secret })),
  oauth2: optional(
    object({
      tokenUrl: Type.String({ pattern: "^https?://", description: "An http or https URL" }),
      clientId: Name,
      clientSecret: Secret,
      scope: optional(Name),
      /** Sent with the token's request, such as `audience`. */
      parameters: optional(Query),
      /** Where the client's name and secret go: the Authorization header, or the form. */
      client: optional(oneOf("header", "form")),
    }),
  ),
});

/** Exactly one; without one, an answer is all there is. */
const Paging = object({
  page: optional(object({ parameter: Name, first: optional(Type.Integer({ minimum: 0 })) })),
  offset: optional(object({ parameter: Name })),
  cursor: optional(object({ parameter: Name, next: JsonPlace })),
  /** A Link header with rel="next", of the same origin. */
  link: optional(Type.Literal(true)),
  /** Asked for as this parameter, where there is one; a page with fewer items is the last one. */
  size: optional(object({ parameter: optional(Name), value: Count(100_000) })),
});

const Since = object({
  parameter: Name,
  /** Where an item says when it changed. */
  time: optional(object({ from: JsonPlace, ...Format })),
  /** Where an item has its number in the source's own order. */
  sequence: optional(JsonPlace),
  /** How far behind the newest item a read begins: a duration, or so many numbers. */
  overlap: optional(Type.String({ minLength: 1 })),
  /** Where the first read begins, as the parameter is written. */
  from: optional(Name),
  /** `ascending`: the oldest change comes first. */
  order: optional(oneOf("ascending", "any")),
});

/** What an item becomes, and which items are meant. */
const Mapped = {
  event: object({ type: Name, fields: Type.Unknown(), where: optional(whereOf(JsonPlace)) }),
};

const Read = object({
  path: Path,
  query: optional(Query),
  every: optional(Duration),
  /** Absent: the answer itself is the list. */
  items: optional(JsonPlace),
  id: JsonPlace,
  version: optional(JsonPlace),
  paging: optional(Paging),
  since: optional(Since),
  /** How many items there are in all, as the answer says. */
  total: optional(JsonPlace),
  /** Each reading is all there is at these places. */
  full: optional(
    object({
      locations: Type.Array(Name, { minItems: 1 }),
      asOf: optional(object({ from: JsonPlace, ...Format })),
    }),
  ),
  ...Mapped,
});

const Webhook = object({
  /** Exactly one of them, unless `unsigned` is said. */
  standard: optional(object({ secret: Type.String({ minLength: 16 }) })),
  hmac: optional(
    object({
      header: HeaderName,
      secret: Type.String({ minLength: 16 }),
      algorithm: optional(oneOf("sha1", "sha256", "sha512")),
      encoding: optional(oneOf("hex", "base64")),
      /** What stands before the signature, such as `sha256=`. */
      prefix: optional(Type.String()),
    }),
  ),
  unsigned: optional(Type.Literal(true)),
  /** Absent: the body is the one item. */
  items: optional(JsonPlace),
  id: JsonPlace,
  version: optional(JsonPlace),
  ...Mapped,
});

const Meaning = oneOf("done", "refused", "busy", "ill", "unknown", "denied", "missing");
const AnswerRule = object({
  status: optional(Type.Integer({ minimum: 100, maximum: 599 })),
  field: optional(JsonPlace),
  /** Words of the field; absent: that it says anything but false. */
  is: optional(Type.Array(Type.String(), { minItems: 1 })),
  meaning: Meaning,
  /** For `missing`: what is to be sent first. */
  references: optional(
    Type.Array(object({ domain: oneOf("customer", "product", "order"), key: JsonPlace }), { minItems: 1 }),
  ),
});

const Write = object({
  kind: oneOf("absolute", "keyed", "lookup", "none"),
  method: optional(oneOf("POST", "PUT", "PATCH", "DELETE")),
  /** `{$.sku}` is the payload's field, `{@.key}` the message's business key. */
  path: Path,
  body: optional(Type.Unknown()),
  idempotencyHeader: optional(HeaderName),
  bulk: optional(
    object({
      max: Count(10_000),
      /** The body's field that holds the records; absent: the body is the list. */
      under: optional(Name),
      results: optional(JsonPlace),
      /** What a result and its record have in common; absent: their place in the list. */
      match: optional(object({ result: JsonPlace, record: Type.String({ pattern: "^[$@]" }) })),
      status: optional(JsonPlace),
    }),
  ),
  reference: optional(JsonPlace),
  reason: optional(JsonPlace),
  rules: optional(Type.Array(AnswerRule)),
  lookup: optional(
    object({
      path: Path,
      items: optional(JsonPlace),
      /** What proves that an item is ours. */
      match: object({ item: JsonPlace, record: Type.String({ pattern: "^[$@]" }) }),
      reference: optional(JsonPlace),
    }),
  ),
});

const Census = object({
  domain: oneOf("customer", "product", "order", "inventory"),
  path: Path,
  query: optional(Query),
  /** The window's parameters: begins at, and ends before. */
  window: object({ from: Name, to: Name, ...Format }),
  items: optional(JsonPlace),
  id: JsonPlace,
  paging: optional(Paging),
  total: optional(JsonPlace),
});

const Writes = object(
  Object.fromEntries(types.map((type) => [type, optional(Write)])) as Record<
    OutboundType,
    TOptional<typeof Write>
  >,
);

export const RestSettings = object({
  /** What every path is appended to. */
  url: Type.String({ pattern: "^https?://", description: "An http or https URL" }),
  auth: optional(Auth),
  headers: withDefault(Type.Record(Type.String(), HeaderText), {}),
  reads: withDefault(Type.Record(Type.String(), Read), {}),
  webhooks: withDefault(Type.Record(Type.String(), Webhook), {}),
  writes: withDefault(Writes, {}),
  /** Answers 2xx while the system is well. */
  healthPath: optional(Path),
  census: withDefault(Type.Array(Census), []),
});

export type RestSettings = Static<typeof RestSettings>;
export type AuthSettings = Static<typeof Auth>;
export type PagingSettings = Static<typeof Paging>;
export type SinceSettings = Static<typeof Since>;
export type ReadSettings = Static<typeof Read>;
export type WebhookSettings = Static<typeof Webhook>;
export type WriteSettings = Static<typeof Write>;
export type AnswerRuleSettings = Static<typeof AnswerRule>;
export type CensusSettings = Static<typeof Census>;
export type MappedSettings = Pick<ReadSettings, "event">;

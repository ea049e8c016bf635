// The settings of a plain HTTP system: where it is, what it takes, how its answers are to be understood.
import { type Static, Type } from "typebox";
import { withDefault } from "../../connector/define.ts";
import type { Fault } from "../../domains/explain.ts";
import { type OutboundType, outboundKinds } from "../../domains/outbound.ts";
import { object, oneOf } from "../../domains/schema.ts";

const types = Object.keys(outboundKinds) as OutboundType[];
const Path = Type.String({ pattern: "^/", description: "A path that begins with /" });

export const HttpSettings = object({
  /** Where records are posted. */
  url: Type.String({ pattern: "^https?://", description: "An http or https URL" }),
  /** Sent with every call; a name that is set here replaces ours. */
  headers: withDefault(Type.Record(Type.String(), Type.String({ pattern: "^[^\\r\\n\\u0000]*$" })), {}),
  /** Sent as `Authorization: Bearer …`. */
  token: Type.Optional(Type.String({ minLength: 1 })),
  /** What it is sent. */
  messages: withDefault(Type.Array(oneOf(...types)), []),
  /** Records a call carries at most. 1: one record a call, and the record itself is the body. */
  bulkMax: withDefault(Type.Integer({ minimum: 1, maximum: 10_000 }), 1),
  /** The body of a call of many: the records, or an object that holds them as `records`. */
  envelope: withDefault(oneOf("array", "object"), "object"),
  /** What happens when the same record comes twice. */
  write: withDefault(oneOf("absolute", "keyed", "lookup", "none"), "keyed"),
  /** Answers below 500 while the system is well; absent: `url` is asked. */
  healthPath: Type.Optional(Path),
  /** Where a record is looked up after an unknown outcome; `{type}` and `{key}` are filled in. */
  lookup: Type.Optional(object({ path: Path })),
  /** What webhooks of the topic `events` are signed with, as Standard Webhooks has it. */
  webhookSecret: Type.Optional(Type.String({ minLength: 16 })),
});

export type HttpSettings = Static<typeof HttpSettings>;

/** What the schema cannot say. */
export function checkSettings({ write, lookup, url, messages }: HttpSettings): Fault[] {
  const faults: Fault[] = [];
  if (!URL.canParse(url)) faults.push({ path: "$.url", message: "is no URL." });
  else if (new URL(url).username !== "") {
    faults.push({ path: "$.url", message: "holds a name or a password: give them as token or headers." });
  }
  if (write === "lookup" && lookup === undefined) {
    faults.push({
      path: "$.lookup",
      message: 'is required where write is "lookup": say where a record can be found.',
    });
  }
  if (lookup !== undefined && !lookup.path.includes("{key}")) {
    faults.push({
      path: "$.lookup.path",
      message: "must hold {key}, which is replaced by the record's key.",
    });
  }
  const twice = messages.find((type, index) => messages.indexOf(type) !== index);
  if (twice !== undefined) faults.push({ path: "$.messages", message: `names ${twice} twice.` });
  return faults;
}

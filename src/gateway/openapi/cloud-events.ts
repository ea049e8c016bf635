// CloudEvents as they are published: one schema a type, drawn from the catalogue, so that what is documented is
// what is checked.
import { type TSchema, Type } from "typebox";
import { catalogue } from "../../domains/catalogue.ts";
import { object, oneOf, TimeText } from "../../domains/schema.ts";

export const ref = (name: string): TSchema =>
  Type.Unsafe<unknown>({ $ref: `#/components/schemas/${name}` } as never);

const Attribute = Type.String({ minLength: 1, maxLength: 512 });

function eventSchema(type: string): TSchema {
  return Type.Object({
    specversion: Type.Literal("1.0"),
    id: Attribute,
    source: Type.String({
      minLength: 1,
      maxLength: 512,
      description: "Kept by the sender; the system that the key speaks for counts",
    }),
    type: Type.Literal(type),
    time: Type.Optional(TimeText),
    datacontenttype: Type.Optional(Type.Literal("application/json")),
    dataschema: Type.Optional(Type.String()),
    subject: Type.Optional(Type.String()),
    correlationid: Type.Optional(Attribute),
    causationid: Type.Optional(Attribute),
    partitionkey: Type.Optional(Attribute),
    traceparent: Type.Optional(Type.String()),
    data: ref(type),
  });
}

/** What systems may say; decisions are Crossdock's own. */
const accepted = Object.values(catalogue).filter((entry) => !entry.decided);

export const CloudEvent = ref("CloudEvent");
export const CloudEventBatch = Type.Array(CloudEvent);

export const EventResult = object({
  id: Type.String(),
  outcome: oneOf("recorded", "duplicate", "conflict", "rejected"),
  seq: Type.Optional(Type.Integer({ description: "Its place in the log" })),
  code: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(object({ path: Type.String(), message: Type.String() }))),
});

/** Component name → schema. */
export function eventComponents(): Record<string, TSchema> {
  const components: Record<string, TSchema> = {
    CloudEvent: Type.Unsafe<unknown>({
      oneOf: accepted.map(({ type }) => ({ $ref: `#/components/schemas/event.${type}` })),
    } as never),
  };
  for (const { type, schema } of accepted) {
    components[type] = schema;
    components[`event.${type}`] = eventSchema(type);
  }
  return components;
}

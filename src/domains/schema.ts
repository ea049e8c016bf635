// The JSON Schemas that contracts share. One schema is the type, the validation and what is published.
import { type TSchema, Type } from "typebox";

/** An exact decimal as text: at most 15 integer and 6 fraction digits. */
export const DecimalText = Type.String({
  pattern: "^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$",
  description: "Exact decimal, at most 15 integer and 6 fraction digits",
});
export const PositiveDecimalText = Type.String({
  pattern: "^(?!0(\\.0+)?$)(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$",
  description: "Exact decimal above zero",
});
export const NonNegativeDecimalText = Type.String({
  pattern: "^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$",
  description: "Exact decimal, zero or more",
});
/** RFC 3339; the calendar is checked again when it is read. */
export const TimeText = Type.String({
  pattern:
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
  description: "RFC 3339 date and time with offset",
});
export const Code = Type.String({ minLength: 1, maxLength: 64, pattern: "^[^\\u0000-\\u001f]+$" });
export const Identifier = Type.String({ minLength: 1, maxLength: 128, pattern: "^[^\\u0000-\\u001f]+$" });
export const Text = Type.String({ maxLength: 1000, pattern: "^[^\\u0000]*$" });
export const Currency = Type.String({ pattern: "^[A-Z]{3}$", description: "ISO 4217" });
export const Country = Type.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1 alpha-2" });
export const UnitCode = Type.String({ pattern: "^[A-Z0-9]{2,3}$", description: "UN/ECE Recommendation 20" });
export const Company = Type.String({ minLength: 1, maxLength: 32, pattern: "^[A-Za-z0-9_-]+$" });

export const object = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

/** One of a few words. */
export const oneOf = <const W extends readonly string[]>(...words: W) =>
  Type.Unsafe<W[number]>(Type.Union(words.map((word) => Type.Literal(word))));

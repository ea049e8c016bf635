// The words that every declared mapping has, each with one meaning, whatever the source is.
import { type TString, type TUnsafe, Type } from "typebox";
import { oneOf } from "../../domains/schema.ts";

/** A value that is always the same. */
export const Constant = Type.Union([Type.String(), Type.Boolean(), Type.Integer()]);

/** Their code words → ours; a word that is not named fails. */
export const InboundWords = Type.Record(Type.String(), Constant, { minProperties: 1 });

/** Our code words → theirs; a word that is not named is refused before anything is sent. */
export const OutboundWords = Type.Record(Type.String(), Type.String(), { minProperties: 1 });

/** `format`: `iso`, `epoch-s`, `epoch-ms` or a pattern; `zone`: the IANA zone of times without an offset. */
export const timeWords = {
  format: Type.Optional(Type.String({ minLength: 1 })),
  zone: Type.Optional(Type.String({ minLength: 1 })),
};

/** `decimal`: the mark; `scale`: decimals that are implied; `negate`: the other sign. */
export const decimalWords = {
  decimal: Type.Optional(oneOf(".", ",")),
  scale: Type.Optional(Type.Integer({ minimum: 1, maximum: 6 })),
  negate: Type.Optional(Type.Boolean()),
};

/** What of a message itself is not its payload. */
export const MessagePart = oneOf("key", "type", "deliveryId");

/** Which rows or items are meant; where they say it → the words that are. The others are kept and mean nothing. */
export const whereOf = (place: TString): TUnsafe<Record<string, string[]>> =>
  Type.Unsafe<Record<string, string[]>>(
    Type.Record(place, Type.Array(Type.String(), { minItems: 1 }), { minProperties: 1 }),
  );

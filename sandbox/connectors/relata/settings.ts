// The settings of a Relata organisation.
import { type Static, Type } from "typebox";
import { withDefault } from "../../../src/connector/index.ts";
import { object, TimeText } from "../../../src/domains/schema.ts";

export const RelataSettings = object({
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  clientId: Type.String({ minLength: 1 }),
  clientSecret: Type.String({ minLength: 1 }),
  /** How often changes are looked for. */
  everyMs: withDefault(Type.Integer({ minimum: 20 }), 1000),
  /** A record may be stamped so long before it can be read. */
  overlapMs: withDefault(Type.Integer({ minimum: 0, maximum: 600_000 }), 2000),
  /** Records a page. */
  pageMax: withDefault(Type.Integer({ minimum: 1, maximum: 200 }), 200),
  /** Orders that were made before are left alone. */
  takeFrom: Type.Optional(TimeText),
});

export type RelataSettings = Static<typeof RelataSettings>;

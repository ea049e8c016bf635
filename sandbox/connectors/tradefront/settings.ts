// The settings of a Tradefront shop.
import { type Static, Type } from "typebox";
import { withDefault } from "../../../src/connector/index.ts";
import { object, TimeText } from "../../../src/domains/schema.ts";

export const TradefrontSettings = object({
  /** Where it answers, without `/api`. */
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  token: Type.String({ minLength: 1 }),
  /** What its pushes bear in `X-Tradefront-Token`. */
  webhookToken: Type.String({ minLength: 8 }),
  /** How often it is asked for what no push has brought, and for what buyers want cancelled or returned. */
  everyMs: withDefault(Type.Integer({ minimum: 20 }), 1000),
  /** Rows a page. */
  pageMax: withDefault(Type.Integer({ minimum: 1, maximum: 500 }), 500),
  /** What was ordered or asked for before is left alone. */
  takeFrom: Type.Optional(TimeText),
});

export type TradefrontSettings = Static<typeof TradefrontSettings>;

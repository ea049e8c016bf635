// The settings of a warehouse EAST.
import { type Static, Type } from "typebox";
import { withDefault } from "../../../src/connector/index.ts";
import { Code, object } from "../../../src/domains/schema.ts";

export const EastSettings = object({
  url: Type.String({ pattern: "^https?://[^/]+$", description: "An http or https address without a path" }),
  token: Type.String({ minLength: 1 }),
  /** What its webhooks are signed with. */
  webhookSecret: Type.String({ minLength: 16, description: "At least 16 characters" }),
  /** The location whose stock it keeps. */
  location: withDefault(Code, "EAST"),
  /** How often its list of events is read for webhooks that never came. */
  eventsEveryMs: withDefault(Type.Integer({ minimum: 100 }), 5_000),
  /** How often its full stock set is read. */
  stockEveryMs: withDefault(Type.Integer({ minimum: 1_000 }), 60_000),
});
export type EastSettings = Static<typeof EastSettings>;

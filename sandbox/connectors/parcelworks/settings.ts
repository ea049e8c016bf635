// The settings of a warehouse that Parcelworks runs.
import { type Static, Type } from "typebox";
import { withDefault } from "../../../src/connector/index.ts";
import { Code, object } from "../../../src/domains/schema.ts";

export const ParcelworksSettings = object({
  url: Type.String({ pattern: "^https?://[^/]+$", description: "An http or https address without a path" }),
  apiKey: Type.String({ minLength: 1 }),
  /** The location whose stock it keeps. */
  warehouse: Code,
  /** How often its events are read. */
  eventsEveryMs: withDefault(Type.Integer({ minimum: 100 }), 1_000),
  /** How often its full stock set is read. */
  stockEveryMs: withDefault(Type.Integer({ minimum: 1_000 }), 60_000),
});
export type ParcelworksSettings = Static<typeof ParcelworksSettings>;

// The settings of a warehouse WEST: where its drop folder is, and how it writes.
import { type Static, Type } from "typebox";
import { withDefault } from "../../../src/connector/index.ts";
import { Code, object, oneOf } from "../../../src/domains/schema.ts";

export const WestSettings = object({
  /** Holds `out`, which WEST writes, and `in`, which it takes. */
  folder: Type.String({ minLength: 1 }),
  /** The location whose stock it keeps. */
  location: withDefault(Code, "WEST"),
  encoding: withDefault(oneOf("latin1", "utf8"), "latin1"),
  /** Where its clock stands, for files whose header does not say. */
  timeZone: withDefault(Type.String({ minLength: 1 }), "Europe/London"),
  /** How often `out` is looked at. */
  filesEveryMs: withDefault(Type.Integer({ minimum: 50 }), 500),
  /** A file that was touched within this time is still being written. */
  settleMs: withDefault(Type.Integer({ minimum: 0, maximum: 60_000 }), 100),
  /** A row number that is passed over for so long is missing: its file is lost. */
  missingAfterMs: withDefault(Type.Integer({ minimum: 0, maximum: 86_400_000 }), 60_000),
});
export type WestSettings = Static<typeof WestSettings>;

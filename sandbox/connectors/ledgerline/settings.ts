// The settings of a Ledgerline installation.
import { type Static, Type } from "typebox";
import { CrossdockError, parseTime, withDefault } from "../../../src/connector/index.ts";
import type { Fault } from "../../../src/domains/explain.ts";
import { Code, object, TimeText, UnitCode } from "../../../src/domains/schema.ts";

export const LedgerlineSettings = object({
  /** Where it answers, without `/odata/v4`. */
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  apiKey: Type.String({ minLength: 1 }),
  /** Our location → its plant. */
  plants: Type.Record(Code, Type.String({ minLength: 1 })),
  /** Its unit → ours. */
  units: withDefault(Type.Record(Type.String({ minLength: 1 }), UnitCode), { PCE: "EA" }),
  /** Where its dates are dates. */
  timeZone: withDefault(Type.String({ minLength: 1 }), "Europe/London"),
  /** How often changes are looked for. */
  everyMs: withDefault(Type.Integer({ minimum: 20 }), 1000),
  /** How often for orders that we booked ourselves: each posting touches them, and their news is rare. */
  ownEveryMs: withDefault(Type.Integer({ minimum: 20 }), 10_000),
  /** A record may be stamped so long before it can be read. */
  overlapMs: withDefault(Type.Integer({ minimum: 0, maximum: 600_000 }), 2000),
  /** Records a page. */
  pageMax: withDefault(Type.Integer({ minimum: 1, maximum: 500 }), 500),
  /** Whether its items say what unit a SKU is counted in. */
  items: withDefault(Type.Boolean(), false),
  /** Orders that were made before, with all that belongs to them, are left alone: they were there before us. */
  takeFrom: Type.Optional(TimeText),
});

export type LedgerlineSettings = Static<typeof LedgerlineSettings>;

export function checkSettings({ plants, units, timeZone, takeFrom }: LedgerlineSettings): Fault[] {
  const faults: Fault[] = [];
  const twice = (values: string[]) => values.find((value, index) => values.indexOf(value) !== index);
  const plant = twice(Object.values(plants));
  if (plant !== undefined) faults.push({ path: "$.plants", message: `names ${plant} for two locations.` });
  const unit = twice(Object.values(units));
  if (unit !== undefined) faults.push({ path: "$.units", message: `has two words for ${unit}.` });
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push({ path: "$.timeZone", message: `${timeZone} is no time zone such as Europe/London.` });
  }
  if (takeFrom !== undefined && !isMoment(takeFrom)) {
    faults.push({ path: "$.takeFrom", message: `${takeFrom} is no moment of any calendar.` });
  }
  return faults;
}

function isMoment(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch (error) {
    if (error instanceof CrossdockError) return false;
    throw error;
  }
}

// The settings of a Tryton installation: where it is, who calls it, and what our words are called there.
import { type Static, Type } from "typebox";
import { CrossdockError, parseTime, TimeText, withDefault } from "../../connector/index.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });
const object = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

export const TrytonSettings = object({
  /** Where it answers, without the database. */
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  database: Type.String({ pattern: "^[^/?#\\s]+$" }),
  user: Name,
  password: Type.String({ minLength: 1 }),
  /** The id of the company that is worked for. */
  company: withDefault(Type.Integer({ minimum: 1 }), 1),
  /** Our location → the code of its warehouse. */
  locations: Type.Record(Name, Name),
  /** The location whose warehouse new sales name. */
  bookAt: Name,
  /** The symbol of a unit there → ours. */
  units: withDefault(Type.Record(Name, Type.String({ pattern: "^[A-Z0-9]{2,3}$" })), { u: "EA" }),
  /** Kind of charge → the code of the service product that stands for it. */
  charges: withDefault(Type.Record(Name, Name), {}),
  /** The fraction digits of its unit prices. */
  priceDigits: withDefault(Type.Integer({ minimum: 0, maximum: 6 }), 4),
  /** What of a sale is invoiced: what was ordered, or what was shipped. */
  invoiceMethod: withDefault(Type.Union([Type.Literal("order"), Type.Literal("shipment")]), "shipment"),
  /** Whether what Tryton draws of a shipment is posted at once; else somebody there posts it. */
  postInvoices: withDefault(Type.Boolean(), true),
  /** The start of a warning's name → what is done about it. A warning that is not named here refuses. */
  warnings: withDefault(Type.Record(Name, Type.Union([Type.Literal("accept"), Type.Literal("refuse")])), {}),
  /** Where its dates are dates. */
  timeZone: withDefault(Name, "Europe/London"),
  /** How often changes are looked for. */
  everyMs: withDefault(Type.Integer({ minimum: 20 }), 2000),
  /** How often for orders that we booked ourselves: each posting touches them, and their news is rare. */
  ownEveryMs: withDefault(Type.Integer({ minimum: 20 }), 10_000),
  /** How long a transaction may take there: a change is dated by the start of it. */
  overlapMs: withDefault(Type.Integer({ minimum: 0, maximum: 3_600_000 }), 60_000),
  /** Records a page. */
  pageMax: withDefault(Type.Integer({ minimum: 1, maximum: 1000 }), 200),
  /** Whether its products say what unit a SKU is counted in. */
  items: withDefault(Type.Boolean(), false),
  /** Sales that were made before, with all that belongs to them, are left alone: they were there before us. */
  takeFrom: Type.Optional(TimeText),
});

export type TrytonSettings = Static<typeof TrytonSettings>;

export function checkSettings(settings: TrytonSettings): { path: string; message: string }[] {
  const { locations, bookAt, units, timeZone, takeFrom } = settings;
  const faults: { path: string; message: string }[] = [];
  const twice = (values: string[]) => values.find((value, index) => values.indexOf(value) !== index);
  const warehouse = twice(Object.values(locations));
  if (warehouse !== undefined)
    faults.push({ path: "$.locations", message: `names the warehouse ${warehouse} for two locations.` });
  if (!Object.hasOwn(locations, bookAt))
    faults.push({ path: "$.bookAt", message: `names ${bookAt}, which is not one of the locations.` });
  const unit = twice(Object.values(units));
  if (unit !== undefined) faults.push({ path: "$.units", message: `has two symbols for ${unit}.` });
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push({ path: "$.timeZone", message: `${timeZone} is no time zone such as Europe/London.` });
  }
  if (takeFrom !== undefined && !isMoment(takeFrom))
    faults.push({ path: "$.takeFrom", message: `${takeFrom} is no moment of any calendar.` });
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

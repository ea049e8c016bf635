// Where Odoo is, which version it is, and what our words are called there.
import { type Static, Type } from "typebox";
import { withDefault } from "../../connector/index.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });
const object = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

export const OdooSettings = object({
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  database: Type.String({ pattern: "^[^/?#\\s]+$" }),
  /** 19 is called by JSON-2, 14 by JSON-RPC. */
  version: withDefault(Type.Union([Type.Literal("19"), Type.Literal("14")]), "19"),
  /** The log-in, which JSON-RPC needs beside the key. */
  user: Type.Optional(Name),
  apiKey: Type.String({ minLength: 1 }),
  /** The id of the company that is worked for. */
  company: withDefault(Type.Integer({ minimum: 1 }), 1),
  /** Our location → the code of its warehouse. */
  locations: Type.Record(Name, Name),
  /** The location whose warehouse new orders name. */
  bookAt: Name,
  /** The name of a unit there, in English → ours. */
  units: withDefault(Type.Record(Name, Type.String({ pattern: "^[A-Z0-9]{2,3}$" })), { Units: "EA" }),
  /** Kind of charge → the internal reference of the service product that stands for it. */
  charges: withDefault(Type.Record(Name, Name), {}),
  /** Fraction digits of its unit prices and of its quantities (Decimal Accuracy there). */
  priceDigits: withDefault(Type.Integer({ minimum: 0, maximum: 6 }), 2),
  quantityDigits: withDefault(Type.Integer({ minimum: 0, maximum: 6 }), 2),
  /** `shipment`: what left is invoiced and posted with it; `none`: Odoo's people do it. */
  invoice: withDefault(Type.Union([Type.Literal("shipment"), Type.Literal("none")]), "shipment"),
  pageMax: withDefault(Type.Integer({ minimum: 1, maximum: 1000 }), 200),
  /** A record is dated with the start of its transaction: it may be so old before it can be read. */
  overlapMs: withDefault(Type.Integer({ minimum: 1000, maximum: 3_600_000 }), 60_000),
  everyMs: withDefault(Type.Integer({ minimum: 100, maximum: 3_600_000 }), 5_000),
});

export type OdooSettings = Static<typeof OdooSettings>;

export function checkSettings(settings: OdooSettings): { path: string; message: string }[] {
  const { version, user, locations, bookAt, units } = settings;
  const faults: { path: string; message: string }[] = [];
  const twice = (values: string[]) => values.find((value, index) => values.indexOf(value) !== index);
  if (version === "14" && user === undefined)
    faults.push({ path: "$.user", message: "is needed by version 14: name the log-in of the key." });
  const warehouse = twice(Object.values(locations));
  if (warehouse !== undefined)
    faults.push({ path: "$.locations", message: `names the warehouse ${warehouse} for two locations.` });
  if (!Object.hasOwn(locations, bookAt))
    faults.push({ path: "$.bookAt", message: `names ${bookAt}, which is not one of the locations.` });
  const unit = twice(Object.values(units));
  if (unit !== undefined) faults.push({ path: "$.units", message: `has two names for ${unit}.` });
  return faults;
}

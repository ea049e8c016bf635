// The settings of a Vendure shop: where it is, who calls it, which of its words are ours.
import { type Static, Type } from "typebox";
import { parseTime, TimeText, withDefault } from "../../connector/index.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });
const GraphQlName = Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$", maxLength: 64 });

export const VendureSettings = Type.Object(
  {
    /** Where it answers, without `/admin-api`. */
    url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
    username: Name,
    password: Type.String({ minLength: 1 }),
    /** The channel's token; absent: the default channel. */
    channelToken: Type.Optional(Name),
    /** What names a customer: `id`, `emailAddress`, or a custom field of Customer. */
    customerField: withDefault(GraphQlName, "emailAddress"),
    /** The fraction digits of its amounts: the precision of the shop's MoneyStrategy. */
    moneyDigits: withDefault(Type.Integer({ minimum: 0, maximum: 6 }), 2),
    /** The name of the stock location that holds what may be sold. */
    availabilityAt: Type.Optional(Name),
    /** Our location → the name of its stock location there, to tell it what stands at each place. */
    locations: Type.Optional(Type.Record(Name, Name, { minProperties: 1 })),
    /** The code of the handler that makes fulfilments; it gets `method` and `trackingCode`. */
    fulfilmentHandler: withDefault(Name, "manual-fulfillment"),
    /** What the plugin signs with; absent: nothing is pushed. */
    webhookSecret: Type.Optional(Type.String({ minLength: 16 })),
    everyMs: withDefault(Type.Integer({ minimum: 20 }), 5_000),
    /** How long a transaction there may take: what is committed late is read again for so long. */
    overlapMs: withDefault(Type.Integer({ minimum: 0, maximum: 3_600_000 }), 60_000),
    /** Orders a page; Vendure allows 1,000. */
    pageSize: withDefault(Type.Integer({ minimum: 2, maximum: 1_000 }), 100),
    /** What changed before is left alone. */
    takeFrom: Type.Optional(TimeText),
  },
  { additionalProperties: false },
);

export type VendureSettings = Static<typeof VendureSettings>;

export function checkSettings(settings: VendureSettings): { path: string; message: string }[] {
  const { availabilityAt, locations, takeFrom } = settings;
  const faults: { path: string; message: string }[] = [];
  if (availabilityAt !== undefined && locations !== undefined) {
    const message = "cannot stand beside availabilityAt: Vendure adds its locations up and would sell twice.";
    faults.push({ path: "$.locations", message });
  }
  const names = Object.values(locations ?? {});
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    faults.push({ path: "$.locations", message: `names the stock location ${twice} for two locations.` });
  if (takeFrom !== undefined && !isTimeText(takeFrom))
    faults.push({ path: "$.takeFrom", message: `${takeFrom} is no date and time that there is.` });
  return faults;
}

function isTimeText(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch {
    return false;
  }
}

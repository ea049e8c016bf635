// The settings of a Medusa shop: where it is, who calls it, and what of its own words an order's fields are.
import { type Static, Type } from "typebox";
import { type Fault, object, TimeText, withDefault } from "../../connector/index.ts";

const Name = Type.String({ minLength: 1, maxLength: 128, pattern: "^[^\\u0000-\\u001f]+$" });

export const MedusaSettings = object({
  /** Where it answers, without `/admin`. */
  url: Type.String({ pattern: "^https?://[^\\s?#@]+[^\\s?#@/]$", description: "An http or https URL" }),
  /** A secret API key of its administration. */
  apiKey: Type.String({ pattern: "^sk_[!-~]+$", description: "A secret API key, which begins with sk_" }),
  /** The id of the stock location that the sales channel sells from. */
  stockLocation: Type.String({ pattern: "^[!-~]{1,128}$", description: "The id of a stock location" }),
  /** Begins our number of an order: `M-` and the shop's 1001 are M-1001. */
  orderPrefix: withDefault(Type.String({ maxLength: 32, pattern: "^[^\\u0000-\\u001f]*$" }), "M-"),
  /** The key in a customer's metadata that holds our number of it; absent: the shop's own id of the customer. */
  customerKey: Type.Optional(Name),
  /** The key in an order's metadata that holds the buyer's own number of it. */
  purchaseOrderKey: withDefault(Name, "purchase_order"),
  /** What `templates/medusa/crossdock.ts` signs with; absent: no webhooks are taken. */
  webhookSecret: Type.Optional(Type.String({ minLength: 16 })),
  /** How often orders are asked for. */
  everyMs: withDefault(Type.Integer({ minimum: 20 }), 2_000),
  /** What was changed so long before the newest change is read again: a transaction may commit late. */
  overlapMs: withDefault(Type.Integer({ minimum: 0, maximum: 3_600_000 }), 30_000),
  /** Orders a page. */
  pageSize: withDefault(Type.Integer({ minimum: 1, maximum: 200 }), 50),
  /** Orders that did not change since are left alone. */
  takeFrom: Type.Optional(TimeText),
});

export type MedusaSettings = Static<typeof MedusaSettings>;

/** What the schema cannot say. */
export function checkSettings({ url, webhookSecret }: MedusaSettings): Fault[] {
  const faults: Fault[] = [];
  if (!URL.canParse(url)) faults.push({ path: "$.url", message: "is no URL." });
  else if (/\/(admin|store)$/.test(new URL(url).pathname)) {
    faults.push({ path: "$.url", message: "names one of its interfaces: leave /admin or /store away." });
  }
  if (webhookSecret?.startsWith("whsec_") === true) {
    faults.push({
      path: "$.webhookSecret",
      message: "begins with whsec_, which the subscriber would not decode: take another one.",
    });
  }
  return faults;
}

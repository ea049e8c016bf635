// An order as a message: what its version governs. What Medusa notes about it later (payments, fulfilments, the time
// of the last touch) is left out, so that one version is one content wherever it was read.
import { canonicalJson, type NativeMessage, numberText } from "../../connector/index.ts";
import { type Fields, fieldsOr, listOf, listOr, textOf } from "./fields.ts";

/** What is asked of an order that is read. */
export const ORDER_FIELDS = [
  "id,version,status,is_draft_order,display_id,custom_display_id,currency_code,created_at,updated_at,canceled_at",
  "email,customer_id,metadata,*customer,*shipping_address,*billing_address",
  "*items,*items.adjustments,*shipping_methods,*shipping_methods.adjustments",
].join(",");

const ADDRESS = [
  "first_name",
  "last_name",
  "company",
  "address_1",
  "address_2",
  "city",
  "province",
  "postal_code",
  "country_code",
  "phone",
];
const ITEM = ["id", "variant_sku", "product_title", "title", "quantity", "unit_price", "is_tax_inclusive"];

export function orderMessage(order: Fields, { customerKey, purchaseOrderKey }: Keys): NativeMessage {
  const customer = fieldsOr(order, "customer");
  const body = {
    ...picked(order, [
      "id",
      "version",
      "display_id",
      "custom_display_id",
      "currency_code",
      "created_at",
      "canceled_at",
    ]),
    customer: customer === undefined ? null : customerOf(customer, customerKey),
    purchase_order: fieldsOr(order, "metadata")?.[purchaseOrderKey] ?? null,
    shipping_address: addressOf(order, "shipping_address"),
    billing_address: addressOf(order, "billing_address"),
    items: ordered(listOf(order, "items")).map((item) => ({
      ...picked(item, ITEM),
      adjustments: adjustmentsOf(item),
    })),
    shipping_methods: ordered(listOr(order, "shipping_methods")).map((method) => ({
      ...picked(method, ["id", "name", "amount", "is_tax_inclusive"]),
      adjustments: adjustmentsOf(method),
    })),
  };
  return {
    topic: "orders",
    id: identityOf(order),
    contentType: "application/json",
    body: canonicalJson(body),
  };
}

export interface Keys {
  customerKey?: string | undefined;
  purchaseOrderKey: string;
}

/** A cancellation is none of Medusa's versions. */
export const identityOf = (order: Fields): string =>
  `${textOf(order, "id")}@${numberText(order.version)}${isCanceled(order) ? "/canceled" : ""}`;

export const isCanceled = (order: Fields): boolean => typeof order.canceled_at === "string";

const picked = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

const adjustmentsOf = (fields: Fields): Fields[] =>
  ordered(listOr(fields, "adjustments")).map((one) =>
    picked(one, ["id", "code", "amount", "is_tax_inclusive"]),
  );

/** By their ids, which rise with time: Medusa gives rows in any order. */
const ordered = (rows: Fields[]): Fields[] =>
  rows.toSorted((a, b) => (textOf(a, "id") < textOf(b, "id") ? -1 : 1));

function addressOf(order: Fields, name: string): Fields | null {
  const address = fieldsOr(order, name);
  return address === undefined ? null : picked(address, ADDRESS);
}

function customerOf(customer: Fields, key: string | undefined): Fields {
  const ours = key === undefined ? {} : { number: fieldsOr(customer, "metadata")?.[key] ?? null };
  return { ...picked(customer, ["id", "company_name", "first_name", "last_name"]), ...ours };
}

// An order as a message. Its version rises with what is ordered, fulfilled and returned, but not with an address, a
// note or a cancellation: the time of its last change is part of its identity. What Medusa notes about payments and
// fulfilments is left out.
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
const ITEM = ["id", "variant_sku", "product_title", "title", "is_tax_inclusive"];

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
      quantity: exact(item, "quantity"),
      unit_price: exact(item, "unit_price"),
      adjustments: adjustmentsOf(item),
    })),
    shipping_methods: ordered(listOr(order, "shipping_methods")).map((method) => ({
      ...picked(method, ["id", "name", "is_tax_inclusive"]),
      amount: exact(method, "amount"),
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

export const identityOf = (order: Fields): string =>
  `${textOf(order, "id")}@${numberText(order.version)}/${textOf(order, "updated_at")}`;

const picked = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

const adjustmentsOf = (fields: Fields): Fields[] =>
  ordered(listOr(fields, "adjustments")).map((one) => ({
    ...picked(one, ["id", "code", "is_tax_inclusive"]),
    amount: exact(one, "amount"),
  }));

/** Beside each number stands a text that was not through a binary number. */
const exact = (fields: Fields, name: string): unknown =>
  fieldsOr(fields, `raw_${name}`)?.value ?? fields[name] ?? null;

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

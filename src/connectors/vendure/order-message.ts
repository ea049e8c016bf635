// What Vendure says of an order, as messages that are the same whether a push brought them or a list showed them: what
// was placed, which never changes, and what has been taken off it since, which has a version.
import { canonicalJson, type NativeMessage } from "../../connector/index.ts";
import { type Fields, listOf, textOf, textOr, wholeOf } from "./values.ts";

/** The fields of an order that are asked for; `customerField` as the settings have it. */
export function orderFields(customerField: string): string {
  const own = customerField === "id" || customerField === "emailAddress";
  const key = own ? `key: ${customerField}` : `customFields { key: ${customerField} }`;
  return `id code type state updatedAt orderPlacedAt currencyCode subTotal shipping
    customer { id firstName lastName ${key} }
    shippingAddress { company fullName countryCode }
    lines { id updatedAt quantity orderPlacedQuantity unitPrice productVariant { sku name } }
    surcharges { id description sku price }
    shippingLines { id price shippingMethod { code } }
    discounts { adjustmentSource description amount }`;
}

/** Something was taken off it since it was placed. */
export const isReduced = (order: Fields): boolean =>
  listOf(order, "lines").some((line) => wholeOf(line, "quantity") < wholeOf(line, "orderPlacedQuantity"));

/** The newest time of the order or of one of its lines: a line may change without its order. */
export function versionOf(order: Fields): string {
  const times = listOf(order, "lines").map((line) => textOf(line, "updatedAt"));
  return [textOf(order, "updatedAt"), ...times].sort().at(-1)!;
}

/** As it was placed: without what changes by itself afterwards. */
export function orderMessage(order: Fields): NativeMessage {
  const { updatedAt: _at, state: _state, type: _type, ...kept } = order;
  const lines = sorted(order, "lines", "id").map(({ updatedAt: _at, quantity: _quantity, ...line }) => line);
  const placed = {
    ...kept,
    lines,
    surcharges: sorted(order, "surcharges", "id"),
    shippingLines: sorted(order, "shippingLines", "id"),
    discounts: sorted(order, "discounts", "adjustmentSource"),
    ...(isReduced(order) ? { reduced: true } : undefined),
  };
  return message("orders", textOf(order, "code"), placed);
}

/** What has been taken off it: totals. */
export function reductionMessage(order: Fields): NativeMessage {
  const version = versionOf(order);
  const lines = sorted(order, "lines", "id").map(({ id, quantity, orderPlacedQuantity, productVariant }) => ({
    id,
    quantity,
    orderPlacedQuantity,
    productVariant,
  }));
  const code = textOf(order, "code");
  return message("cancellations", `${code}@${version}`, { code, at: version, lines });
}

/** A push that is read elsewhere. */
export const noticeMessage = (order: Fields): NativeMessage =>
  message("notices", `${textOf(order, "code")}@${versionOf(order)}`, { code: order.code });

/** An order of one seller is part of another one. */
export const isSellers = (order: Fields): boolean => textOr(order, "type") === "Seller";

/** A list comes in any order: by a name of its entries, numbers by their value. */
function sorted(fields: Fields, name: string, by: string): Fields[] {
  const keyOf = (entry: Fields) => textOf(entry, by);
  return listOf(fields, name).toSorted((one, other) => {
    const [a, b] = [keyOf(one), keyOf(other)];
    return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  });
}

function message(topic: string, id: string, fields: Fields): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(fields) };
}

// An order as Medusa holds it → what the buyer ordered, or that all of it was cancelled. Prices and amounts are taken
// digit by digit as they stand; one that has tax in it, or more digits than we hold, fails with its path.
import { CrossdockError, type Mapping, type NativeMessage, parseTime } from "../../connector/index.ts";
import {
  type Fields,
  fieldsOr,
  isTrue,
  listOf,
  numberOf,
  readFields,
  shown,
  textOf,
  textOr,
  unexpected,
} from "./fields.ts";
import { mapEvent } from "./webhook.ts";

export function mapMessage(
  message: NativeMessage,
  orderPrefix: string,
  customerKey: string | undefined,
): Mapping {
  if (message.topic === "events") return mapEvent();
  if (message.topic !== "orders") return { failed: `There is no topic ${message.topic}.` };
  try {
    return mapOrder(readFields(message.body, "order"), orderPrefix, customerKey !== undefined);
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

/** Our number of it: the shop's own with a prefix. */
export function orderIdOf(order: Fields, prefix: string): string {
  return `${prefix}${textOr(order, "custom_display_id") ?? numberOf(order, "display_id")}`;
}

function mapOrder(order: Fields, prefix: string, ownNumbers: boolean): Mapping {
  const orderId = orderIdOf(order, prefix);
  const canceledAt = textOr(order, "canceled_at");
  const submitted = submissionOf(order, orderId, ownNumbers);
  if (canceledAt === undefined) return submitted;
  const data = { orderId, reason: "Cancelled in the shop.", requestedAt: parseTime(canceledAt) };
  // An order that was cancelled before it was read once is nobody's; a second submission says nothing new.
  const before = "events" in submitted ? submitted.events : [];
  return { events: [...before, { type: "order.cancellation.requested", data }] };
}

function submissionOf(order: Fields, orderId: string, ownNumbers: boolean): Mapping {
  const placedAt = parseTime(textOf(order, "created_at"));
  const rows = itemsOf(order);
  const lines = rows.filter(({ sku }) => sku !== undefined);
  const bad = rows.filter(({ sku }) => sku === undefined);
  const rejected = bad.map(({ lineId, description }) => ({
    type: "order.row.rejected",
    data: { orderId, rows: [lineId], category: "code", reason: `${description ?? lineId} has no SKU.` },
    time: placedAt,
    // Every version of the order has the row: it is said once.
    id: `${orderId}/${lineId}`,
  }));
  if (lines.length === 0) {
    return rejected.length === 0 ? { ignored: "It has no items." } : { events: rejected };
  }
  const customer = customerOf(order, ownNumbers);
  const purchaseOrder = purchaseOrderOf(order);
  const charges = [...freightOf(order), ...discountsOf(order)];
  const data = {
    orderId,
    ...(customer === undefined ? undefined : { customer }),
    ...(purchaseOrder === undefined ? undefined : { purchaseOrder }),
    currency: textOf(order, "currency_code").toUpperCase(),
    placedAt,
    lines,
    ...(charges.length === 0 ? undefined : { charges }),
    reference: textOf(order, "id"),
  };
  return { events: [{ type: "order.submitted", data }, ...rejected] };
}

/** A buyer may write it as a number. */
function purchaseOrderOf(order: Fields): string | undefined {
  const value = order.purchase_order;
  return value === null || typeof value === "string"
    ? textOr(order, "purchase_order")
    : numberOf(order, "purchase_order");
}

/** Absent where it is nobody's yet, or where it has no number of ours: the order is held. */
function customerOf(order: Fields, ownNumbers: boolean): Fields | undefined {
  const customer = fieldsOr(order, "customer");
  if (customer === undefined) return undefined;
  const id = ownNumbers ? textOr(customer, "number") : textOf(customer, "id");
  if (id === undefined) return undefined;
  const address = fieldsOr(order, "billing_address") ?? fieldsOr(order, "shipping_address");
  const person = [textOr(customer, "first_name"), textOr(customer, "last_name")].filter(Boolean).join(" ");
  const name = textOr(customer, "company_name") ?? person;
  const country = address === undefined ? undefined : textOr(address, "country_code")?.toUpperCase();
  return {
    id,
    ...(name === "" ? undefined : { name: shown(name) }),
    ...(country === undefined ? undefined : { country }),
  };
}

interface Row {
  lineId: string;
  sku?: string;
  description?: string;
  quantity: string;
  price: string;
}

function itemsOf(order: Fields): Row[] {
  return listOf(order, "items").flatMap((item, index) => {
    const path = `items[${index}]`;
    const quantity = numberOf(item, "quantity");
    // An edit took it out again.
    if (quantity === "0") return [];
    refuseTax(item, path);
    const sku = textOr(item, "variant_sku");
    const description = textOr(item, "product_title") ?? textOr(item, "title");
    return [
      {
        lineId: textOf(item, "id"),
        ...(sku === undefined ? undefined : { sku }),
        ...(description === undefined ? undefined : { description: shown(description) }),
        quantity,
        price: numberOf(item, "unit_price"),
      },
    ];
  });
}

function freightOf(order: Fields): Fields[] {
  return listOf(order, "shipping_methods").flatMap((method, index) => {
    const amount = numberOf(method, "amount");
    if (amount === "0") return [];
    refuseTax(method, `shipping_methods[${index}]`);
    const description = textOr(method, "name");
    return [
      {
        chargeId: textOf(method, "id"),
        kind: "freight",
        ...(description === undefined ? undefined : { description: shown(description) }),
        amount,
      },
    ];
  });
}

/** What promotions take off goods and freight, each as it stands. */
function discountsOf(order: Fields): Fields[] {
  return [...listOf(order, "items"), ...listOf(order, "shipping_methods")].flatMap((priced) =>
    listOf(priced, "adjustments").flatMap((adjustment, index) => {
      const amount = numberOf(adjustment, "amount");
      if (amount === "0") return [];
      refuseTax(adjustment, `adjustments[${index}]`);
      const code = textOr(adjustment, "code");
      return [
        {
          chargeId: textOf(adjustment, "id"),
          kind: "discount",
          ...(code === undefined ? undefined : { description: shown(code) }),
          amount: amount.startsWith("-") ? amount.slice(1) : `-${amount}`,
        },
      ];
    }),
  );
}

function refuseTax(priced: Fields, path: string): void {
  if (isTrue(priced, "is_tax_inclusive"))
    throw unexpected(`${path}.is_tax_inclusive`, "false: prices are net", true);
}

// Orders as they were placed, and what has been taken off them. Prices are net and undiscounted; discounts, shipping and
// surcharges are charges, and what is left to the order's own total is one too: Vendure rounds a line as a whole where
// prices include tax.
import {
  CrossdockError,
  type Mapping,
  type NativeMessage,
  parseTime,
  readExact,
} from "../../connector/index.ts";
import { decimalOf } from "./money.ts";
import { type Fields, fieldsOf, listOf, shown, textOf, textOr, wholeOf } from "./values.ts";

export function mapMessage(message: NativeMessage, moneyDigits: number): Mapping {
  try {
    const fields = fieldsOf(readExact(message.body), message.topic);
    if (message.topic === "orders") return mapOrder(fields, moneyDigits);
    if (message.topic === "cancellations") return mapReduction(fields);
    if (message.topic !== "notices") return { failed: `There is no topic ${message.topic}.` };
    textOf(fields, "code");
    return { ignored: "It is less than was placed: the poll reads both, the one behind the other." };
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

interface Line {
  id: string;
  quantity: bigint;
  price: bigint;
  variant: Fields;
}
interface Charge {
  chargeId: string;
  kind: "freight" | "fee" | "discount";
  description: string;
  amount: bigint;
}

function mapOrder(order: Fields, digits: number): Mapping {
  const code = textOf(order, "code");
  const placedAt = parseTime(textOf(order, "orderPlacedAt"));
  const lines = linesOf(order);
  const [first] = lines;
  if (first === undefined) return { failed: "It has no line with a quantity.", path: "$.lines" };
  const charges = chargesOf(order);
  const rest = restOf(order, lines, charges);
  const unitsMax = lines.reduce((sum, { quantity }) => sum + quantity, BigInt(lines.length + charges.length));
  if (rest > unitsMax || rest < -unitsMax) {
    const failed = `Its lines and charges miss its total by ${decimalOf(rest, digits)}: more than rounding does.`;
    return { failed, path: "$.subTotal" };
  }
  if (rest !== 0n) charges.push({ chargeId: "rounding", kind: "fee", description: "Rounding", amount: rest });
  const customer = partyOf(order);
  const data = {
    orderId: code,
    ...(customer === undefined ? undefined : { customer }),
    currency: textOf(order, "currencyCode"),
    placedAt,
    lines: lines.map(({ id, quantity, price, variant }) => ({
      lineId: id,
      sku: textOf(variant, "sku"),
      ...described(textOr(variant, "name")),
      quantity: String(quantity),
      price: decimalOf(price, digits),
    })),
    ...(charges.length === 0 ? undefined : { charges: charges.map((charge) => toCharge(charge, digits)) }),
    reference: code,
  };
  return { events: [{ type: "order.submitted", data }] };
}

/** A line that was added to the placed order has no placed quantity: what is told is what was placed. */
function linesOf(order: Fields): Line[] {
  return listOf(order, "lines")
    .map((line) => ({
      id: textOf(line, "id"),
      quantity: wholeOf(line, "orderPlacedQuantity"),
      price: wholeOf(line, "unitPrice"),
      variant: fieldsOf(line.productVariant, "productVariant"),
    }))
    .filter(({ quantity }) => quantity > 0n);
}

function chargesOf(order: Fields): Charge[] {
  const shipping = listOf(order, "shippingLines").map((line): Charge => {
    const description = textOr(fieldsOf(line.shippingMethod, "shippingMethod"), "code") ?? "Shipping";
    const amount = wholeOf(line, "price");
    return { chargeId: `shipping-${textOf(line, "id")}`, kind: "freight", description, amount };
  });
  const surcharges = listOf(order, "surcharges").map((line): Charge => {
    const amount = wholeOf(line, "price");
    const description = textOr(line, "description") ?? textOr(line, "sku") ?? "Surcharge";
    const kind = amount < 0n ? "discount" : "fee";
    return { chargeId: `surcharge-${textOf(line, "id")}`, kind, description, amount };
  });
  const discounts = listOf(order, "discounts").map((line, index): Charge => {
    const description = textOr(line, "description") ?? "Discount";
    return {
      chargeId: `discount-${index + 1}`,
      kind: "discount",
      description,
      amount: wholeOf(line, "amount"),
    };
  });
  return [...shipping, ...surcharges, ...discounts].filter(({ amount }) => amount !== 0n);
}

/** What the lines and charges leave of the order's total, which is net. Of one that is less by now there is none. */
function restOf(order: Fields, lines: Line[], charges: Charge[]): bigint {
  if (order.reduced === true) return 0n;
  const total = wholeOf(order, "subTotal") + wholeOf(order, "shipping");
  const goods = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0n);
  return total - charges.reduce((sum, { amount }) => sum + amount, goods);
}

function toCharge({ chargeId, kind, description, amount }: Charge, digits: number) {
  return { chargeId, kind, ...described(description), amount: decimalOf(amount, digits) };
}

const described = (text: string | undefined): { description?: string } =>
  text === undefined ? {} : { description: shown(text) };

/** Absent where nothing names it: the order is held until somebody says whose it is. */
function partyOf(order: Fields): Fields | undefined {
  const customer =
    order.customer === null || order.customer === undefined ? {} : fieldsOf(order.customer, "customer");
  const custom = customer.customFields;
  const holder = typeof custom === "object" && custom !== null ? (custom as Fields) : customer;
  const id = textOr(holder, "key")?.trim();
  if (id === undefined) return undefined;
  const address =
    order.shippingAddress === null ? {} : fieldsOf(order.shippingAddress ?? {}, "shippingAddress");
  const person = [textOr(customer, "firstName"), textOr(customer, "lastName")].filter(Boolean).join(" ");
  const name = textOr(address, "company") ?? (person === "" ? undefined : person);
  const country = textOr(address, "countryCode")?.toUpperCase();
  return {
    id,
    ...(name === undefined ? undefined : { name: shown(name) }),
    ...(country !== undefined && /^[A-Z]{2}$/.test(country) ? { country } : undefined),
  };
}

function mapReduction(order: Fields): Mapping {
  const lines = listOf(order, "lines").flatMap((line) => {
    const gone = wholeOf(line, "orderPlacedQuantity") - wholeOf(line, "quantity");
    const sku = textOf(fieldsOf(line.productVariant, "productVariant"), "sku");
    return gone > 0n ? [{ lineId: textOf(line, "id"), sku, quantity: String(gone) }] : [];
  });
  if (lines.length === 0) return { failed: "Nothing of it is gone.", path: "$.lines" };
  const requestedAt = parseTime(textOf(order, "at"));
  const data = { orderId: textOf(order, "code"), lines, cumulative: true, requestedAt };
  return { events: [{ type: "order.cancellation.requested", data }] };
}

// Orders that account managers key, and what they ask for afterwards. An order goes by its id: nothing else of it is
// unique. Its customer is the account's number; an order of an account without one is held.
import { CrossdockError, type Mapping, type NativeMessage, type Time } from "../../../src/connector/index.ts";
import type { Party } from "../../../src/domains/order/contract.ts";
import {
  countryOf,
  type Fields,
  fieldsOf,
  identifierOr,
  isIdentifier,
  listOf,
  numberOf,
  readFields,
  shown,
  textOf,
  textOr,
} from "../native-fields.ts";
import { type NativeRow, readRows, submission } from "../order-rows.ts";
import { nativeTime } from "./native-time.ts";

type MapDocument = (body: Fields, takeFrom: Time | undefined) => Mapping;

const mappings: Record<string, MapDocument> = {
  orders: mapOrder,
  "cancel-requests": mapCancelRequest,
  "return-requests": mapReturnRequest,
};

export function mapMessage(message: NativeMessage, takeFrom: Time | undefined): Mapping {
  const map = Object.hasOwn(mappings, message.topic) ? mappings[message.topic] : undefined;
  if (map === undefined) return { failed: `There is no topic ${message.topic}.` };
  try {
    return map(readFields(message.body, message.topic), takeFrom);
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

const OLDER: Mapping = { ignored: "It was made before this integration took over." };

const isOlder = (order: Fields, takeFrom: Time | undefined): boolean =>
  takeFrom !== undefined && nativeTime(order, "created_date") < takeFrom;

function mapOrder(body: Fields, takeFrom: Time | undefined): Mapping {
  const order = fieldsOf(body.order, "order");
  if (isOlder(order, takeFrom)) return OLDER;
  if (textOf(order, "stage") !== "activated") return { ignored: "A draft is no order yet." };
  const customer = partyOf(body.account);
  const options = { hasCustomer: customer !== undefined, freightInRows: true };
  const purchaseOrder = identifierOr(order, "customer_po");
  // Its own clock; `ordered_at` is typed in by hand.
  const placedAt = nativeTime(order, "created_date");
  const submitted = {
    orderId: textOf(order, "id"),
    ...(customer === undefined ? undefined : { customer }),
    ...(purchaseOrder === undefined ? undefined : { purchaseOrder }),
    currency: textOf(order, "currency_iso_code"),
    placedAt,
    reference: textOf(order, "order_number"),
  };
  const rows = readRows(listOf(order, "lines").map(rowOf), [], options);
  return submission(submitted, rows, placedAt);
}

function partyOf(account: unknown): Party | undefined {
  if (account === null || account === undefined) return undefined;
  const fields = fieldsOf(account, "account");
  const number = textOr(fields, "account_number");
  if (number === undefined || !isIdentifier(number)) return undefined;
  const party: Party = { id: number };
  const name = textOr(fields, "name");
  const country = countryOf(textOr(fields, "billing_country"));
  if (name !== undefined) party.name = shown(name);
  if (country !== undefined) party.country = country;
  return party;
}

function rowOf(line: Fields): NativeRow {
  return {
    lineId: textOf(line, "id"),
    code: textOr(line, "product_code") ?? "",
    description: textOr(line, "description") ?? "",
    quantity: line.quantity,
    price: line.unit_price,
  };
}

function mapCancelRequest(body: Fields, takeFrom: Time | undefined): Mapping {
  const order = fieldsOf(body.order, "order");
  if (isOlder(order, takeFrom)) return OLDER;
  const reason = textOr(order, "cancel_reason");
  const data = {
    orderId: textOf(order, "id"),
    ...(reason === undefined ? undefined : { reason: shown(reason) }),
    requestedAt: nativeTime(order, "last_modified_date"),
  };
  return { events: [{ type: "order.cancellation.requested", data }] };
}

function mapReturnRequest(body: Fields, takeFrom: Time | undefined): Mapping {
  const order = fieldsOf(body.order, "order");
  if (isOlder(order, takeFrom)) return OLDER;
  const codes = new Map(
    listOf(order, "lines").map((line) => [textOf(line, "id"), textOr(line, "product_code")]),
  );
  const request = fieldsOf(body.request, "request");
  const reason = textOr(request, "reason");
  const data = {
    orderId: textOf(order, "id"),
    returnId: textOf(request, "id"),
    lines: listOf(request, "lines").map((line) => {
      const lineId = textOf(line, "line_id");
      return { lineId, sku: codes.get(lineId) ?? "", quantity: numberOf(line, "quantity") };
    }),
    ...(reason === undefined ? undefined : { reason: shown(reason) }),
    requestedAt: nativeTime(request, "requested_at"),
  };
  return { events: [{ type: "return.requested", data }] };
}

// Orders and requests of buyers. A basket takes whatever its buyer wrote: what cannot be a line is named beside the
// good ones, and an order without a buyer is held.
import { CrossdockError, type Mapping, type NativeMessage, parseTime } from "../../../src/connector/index.ts";
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
import { type NativeCharge, type NativeRow, readRows, submission } from "../order-rows.ts";

const mappings: Record<string, (fields: Fields) => Mapping> = {
  orders: mapOrder,
  "cancel-requests": mapCancelRequest,
  "return-requests": mapReturnRequest,
  notices: mapNotice,
};

export function mapMessage(message: NativeMessage): Mapping {
  const map = Object.hasOwn(mappings, message.topic) ? mappings[message.topic] : undefined;
  if (map === undefined) return { failed: `There is no topic ${message.topic}.` };
  try {
    return map(readFields(message.body, message.topic));
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

function mapOrder(order: Fields): Mapping {
  const customer = partyOf(fieldsOf(order.buyer, "buyer"));
  const options = { hasCustomer: customer !== undefined, freightInRows: true };
  const orderNo = textOf(order, "orderNo");
  const purchaseOrder = identifierOr(order, "poNumber");
  // The shop's own clock: what a buyer says of an earlier time would move his order ahead of others.
  const placedAt = parseTime(textOf(order, "placedAt"));
  const submitted = {
    orderId: orderNo,
    ...(customer === undefined ? undefined : { customer }),
    ...(purchaseOrder === undefined ? undefined : { purchaseOrder }),
    currency: textOf(order, "currency"),
    placedAt,
    reference: orderNo,
  };
  return submission(submitted, readRows(rowsOf(order), chargesOf(order), options), placedAt);
}

function partyOf(buyer: Fields): Party | undefined {
  const code = textOr(buyer, "code");
  if (code === undefined || !isIdentifier(code)) return undefined;
  const party: Party = { id: code };
  const name = textOr(buyer, "name");
  const country = countryOf(textOr(buyer, "country"));
  if (name !== undefined) party.name = shown(name);
  if (country !== undefined) party.country = country;
  return party;
}

function rowsOf(order: Fields): NativeRow[] {
  return listOf(order, "items").map((item) => ({
    lineId: numberOf(item, "pos"),
    code: textOr(item, "articleNo") ?? "",
    description: textOr(item, "title") ?? "",
    quantity: item.qty,
    price: item.unitPrice,
  }));
}

const KINDS: Record<string, NativeCharge["kind"]> = {
  carriage: "freight",
  freight: "freight",
  postage: "freight",
  shipping: "freight",
  discount: "discount",
};

function chargesOf(order: Fields): NativeCharge[] {
  return listOf(order, "charges").map((charge, index) => {
    const kind = textOf(charge, "kind");
    return {
      chargeId: `charge-${index + 1}`,
      kind: (Object.hasOwn(KINDS, kind.toLowerCase()) ? KINDS[kind.toLowerCase()] : undefined) ?? "fee",
      description: textOr(charge, "label") ?? kind,
      amount: charge.amount,
    };
  });
}

function mapCancelRequest(request: Fields): Mapping {
  const lines = linesOf(request);
  const data = {
    orderId: textOf(request, "orderNo"),
    // No items: all of it.
    ...(lines.length === 0 ? undefined : { lines }),
    ...reasonOf(request),
    requestedAt: parseTime(textOf(request, "requestedAt")),
  };
  return { events: [{ type: "order.cancellation.requested", data }] };
}

function mapReturnRequest(request: Fields): Mapping {
  const data = {
    orderId: textOf(request, "orderNo"),
    returnId: textOf(request, "requestNo"),
    lines: linesOf(request),
    ...reasonOf(request),
    requestedAt: parseTime(textOf(request, "requestedAt")),
  };
  return { events: [{ type: "return.requested", data }] };
}

function linesOf(request: Fields): { lineId: string; sku: string; quantity: string }[] {
  return listOf(request, "items").map((item) => ({
    lineId: numberOf(item, "pos"),
    sku: textOf(item, "articleNo"),
    quantity: numberOf(item, "qty"),
  }));
}

function reasonOf(request: Fields): { reason?: string } {
  const reason = textOr(request, "reason");
  return reason === undefined ? {} : { reason: shown(reason) };
}

const REQUESTS = new Set(["order.cancelRequested", "return.requested"]);

function mapNotice(notice: Fields): Mapping {
  const event = textOf(notice, "event");
  if (!REQUESTS.has(event)) return { failed: `There is no event ${event}.`, path: "$.event" };
  return { ignored: "It may overtake its order: the poll reads it behind that." };
}

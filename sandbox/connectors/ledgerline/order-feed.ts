// Sales orders as messages: an order is one, however often postings touch it; what is cancelled of it is another,
// once for each change.
import type { NativeMessage } from "../../../src/connector/index.ts";
import { crc32c } from "../../../src/core/crc32c.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, listOf, numberOf, textOf, without } from "../native-fields.ts";
import { type Change, emptyFeed, type FeedCursor, readChanges } from "./change-feed.ts";
import { type LedgerlineClient, quoted } from "./client.ts";
import type { CustomerIndex } from "./customer-index.ts";
import { CREATED_BY, documentOf } from "./order-identity.ts";
import type { OrderIndex } from "./order-index.ts";

export interface SalesSource {
  client: LedgerlineClient;
  orders: OrderIndex;
  customers: CustomerIndex;
  pageMax: number;
  overlapMs: number;
  fromMs: number | undefined;
}

export interface OrdersCursor {
  feed: FeedCursor;
  /** What was cancelled when it was last said, by document, of those that changed last. */
  cancelled: Record<string, string>;
}

/** Keyed there, or booked by us. */
export const KEYED = `CreatedBy ne ${quoted(CREATED_BY)}`;
export const OWN = `CreatedBy eq ${quoted(CREATED_BY)}`;

const CANCELLED_MAX = 500;

export const firstFeed = ({ fromMs }: SalesSource): FeedCursor =>
  fromMs === undefined ? emptyFeed() : { fromMs, seen: {} };

export interface OrdersRead {
  messages: NativeMessage[];
  cursor: OrdersCursor;
  more: boolean;
}

export async function readOrders(
  source: SalesSource,
  cursor: OrdersCursor,
  only: string,
  signal: AbortSignal,
): Promise<OrdersRead> {
  const { client, pageMax, overlapMs } = source;
  const read = await readChanges(client, "SalesOrders", cursor.feed, { pageMax, overlapMs, only, signal });
  const known = read.changes.map(({ record }) => source.orders.note(record));
  const keyed = read.changes.filter((_, index) => !known[index]!.isOurs);
  const customers = await source.customers.find(
    keyed.map(({ record }) => textOf(record, "CustomerNumber")),
    signal,
  );
  const cancelled = { ...cursor.cancelled };
  const messages = read.changes.flatMap((change, index) => [
    orderMessage(change.record, known[index]!.isOurs, customers),
    ...cancellationMessage(change, cancelled),
  ]);
  return { messages, cursor: { feed: read.cursor, cancelled: latest(cancelled) }, more: read.more };
}

function orderMessage(order: Fields, isOurs: boolean, customers: ReadonlyMap<string, Fields>): NativeMessage {
  const document = textOf(order, "OrderNumber");
  const body: Fields = { SalesOrder: documentOf(order) };
  if (isOurs) return message("orders", document, body);
  const customer = customers.get(textOf(order, "CustomerNumber")) ?? null;
  // The customer is no part of the document: where it lives now is another version of what we read.
  const version = crc32c(canonicalJson(customer)).toString(16).padStart(8, "0");
  return message("orders", `${document}+${version}`, { ...body, Customer: customer });
}

/** Nothing where it was said before. Remembers it. */
function cancellationMessage(change: Change, cancelled: Record<string, string>): NativeMessage[] {
  const { record, changedMs } = change;
  const document = textOf(record, "OrderNumber");
  const totals = listOf(record, "Lines")
    .map((line) => `${numberOf(line, "LineNumber")}=${numberOf(line, "CancelledQuantity")}`)
    .filter((total) => !total.endsWith("=0"))
    .join(",");
  if (totals === "" || cancelled[document] === totals) return [];
  delete cancelled[document];
  cancelled[document] = totals;
  const lines = listOf(record, "Lines").map((line) =>
    without(line, ["DeliveredQuantity", "InvoicedQuantity"]),
  );
  const body = { SalesOrder: { ...without(record, ["Status"]), Lines: lines } };
  return [message("order-cancellations", `${document}@${changedMs}/${totals}`, body)];
}

const latest = (cancelled: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(cancelled).slice(-CANCELLED_MAX));

export function message(topic: string, id: string, body: Fields): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(body) };
}

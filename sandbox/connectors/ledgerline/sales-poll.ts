// Reads sales orders, then invoices, then credit memos, in one poll: a paper never arrives before its order. An order
// is one message, however often postings touch it; what is cancelled of it is another, once for each change.
import type { NativeMessage, Poll, PollResult } from "../../../src/connector/index.ts";
import { crc32c } from "../../../src/core/crc32c.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { type Fields, listOf, numberOf, textOf, without } from "../native-fields.ts";
import { type Change, emptyFeed, type FeedCursor, readChanges } from "./change-feed.ts";
import type { LedgerlineClient } from "./client.ts";
import type { CustomerIndex } from "./customer-index.ts";
import { documentOf } from "./order-identity.ts";
import type { OrderIndex } from "./order-index.ts";

interface SalesCursor {
  orders: FeedCursor;
  invoices: FeedCursor;
  creditMemos: FeedCursor;
  /** What was cancelled when it was last said, by document, of those that changed last. */
  cancelled: Record<string, string>;
}

export interface SalesSource {
  client: LedgerlineClient;
  orders: OrderIndex;
  customers: CustomerIndex;
  pageMax: number;
  everyMs: number;
  fromMs: number | undefined;
}

const CANCELLED_MAX = 500;
const CONTENT_TYPE = "application/json";

export function salesPoll(source: SalesSource): Poll {
  return {
    everyMs: source.everyMs,
    async read(text, signal) {
      const cursor = text === null ? firstCursor(source.fromMs) : (JSON.parse(text) as SalesCursor);
      const orders = await readOrders(source, cursor, signal);
      if (orders.more) return result(orders.messages, orders.cursor, true);
      const invoices = await readPapers(source, INVOICES, orders.cursor, signal);
      const memos = await readPapers(source, CREDIT_MEMOS, invoices.cursor, signal);
      const messages = [...orders.messages, ...invoices.messages, ...memos.messages];
      return result(messages, memos.cursor, invoices.more || memos.more);
    },
  };
}

interface Part {
  messages: NativeMessage[];
  cursor: SalesCursor;
  more: boolean;
}

const result = (messages: NativeMessage[], cursor: SalesCursor, more: boolean): PollResult => ({
  messages,
  cursor: JSON.stringify(cursor),
  more,
});

function firstCursor(fromMs: number | undefined): SalesCursor {
  const feed = (): FeedCursor => (fromMs === undefined ? emptyFeed() : { fromMs, seen: {} });
  return { orders: feed(), invoices: feed(), creditMemos: feed(), cancelled: {} };
}

async function readOrders(source: SalesSource, cursor: SalesCursor, signal: AbortSignal): Promise<Part> {
  const options = { pageMax: source.pageMax, signal };
  const {
    changes,
    cursor: orders,
    more,
  } = await readChanges(source.client, "SalesOrders", cursor.orders, options);
  const known = changes.map(({ record }) => source.orders.note(record));
  const keyed = changes.filter((_, index) => !known[index]!.isOurs);
  const customers = await source.customers.find(
    keyed.map(({ record }) => textOf(record, "CustomerNumber")),
    signal,
  );
  const cancelled = { ...cursor.cancelled };
  const messages = changes.flatMap((change, index) => [
    orderMessage(change.record, known[index]!.isOurs, customers),
    ...cancellationMessage(change, cancelled),
  ]);
  return { messages, cursor: { ...cursor, orders, cancelled: latest(cancelled) }, more };
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

interface Papers {
  resource: string;
  feed: "invoices" | "creditMemos";
  topic: string;
  /** The field of the message's body. */
  name: string;
  number: string;
}

const INVOICES: Papers = {
  resource: "Invoices",
  feed: "invoices",
  topic: "invoices",
  name: "Invoice",
  number: "InvoiceNumber",
};
const CREDIT_MEMOS: Papers = {
  resource: "CreditMemos",
  feed: "creditMemos",
  topic: "credit-memos",
  name: "CreditMemo",
  number: "CreditMemoNumber",
};

/** A paper and the lines of its order, without which nobody could tell which of them it is about. */
async function readPapers(
  source: SalesSource,
  papers: Papers,
  cursor: SalesCursor,
  signal: AbortSignal,
): Promise<Part> {
  const options = { pageMax: source.pageMax, signal };
  const read = await readChanges(source.client, papers.resource, cursor[papers.feed], options);
  const records = read.changes.map(({ record }) => record);
  const orders = await source.orders.findDocuments(
    records.map((record) => textOf(record, "SalesOrder")),
    { signal },
  );
  const messages = records.map((record) => {
    const order = orders.get(textOf(record, "SalesOrder"))?.excerpt ?? null;
    return message(papers.topic, textOf(record, papers.number), {
      [papers.name]: paperOf(record),
      SalesOrder: order,
    });
  });
  return { messages, cursor: { ...cursor, [papers.feed]: read.cursor }, more: read.more };
}

/** As it was drawn: what is credited of an invoice later is said by the credit memo. */
function paperOf(record: Fields): Fields {
  const lines = listOf(record, "Lines").map((line) => without(line, ["CreditedQuantity"]));
  return { ...without(record, ["LastChangeDateTime"]), Lines: lines };
}

function message(topic: string, id: string, body: Fields): NativeMessage {
  return { topic, id, contentType: CONTENT_TYPE, body: canonicalJson(body) };
}

// Reads what was keyed in the ERP, then invoices, then credit memos, in one poll: a paper never arrives before its
// order. Orders that we booked ourselves come by a poll of their own: they were known before.
import type { NativeMessage, Poll } from "../../../src/connector/index.ts";
import { epochMs } from "../../../src/core/time.ts";
import { type Fields, listOf, textOf, without } from "../native-fields.ts";
import { type FeedCursor, readChanges } from "./change-feed.ts";
import {
  firstFeed,
  KEYED,
  message,
  type OrdersCursor,
  OWN,
  readOrders,
  type SalesSource,
} from "./order-feed.ts";

interface SalesCursor {
  orders: OrdersCursor;
  invoices: FeedCursor;
  creditMemos: FeedCursor;
}

export function salesPoll(source: SalesSource, everyMs: number): Poll {
  return {
    everyMs,
    since(time) {
      const feed = (): FeedCursor => ({ fromMs: Math.max(epochMs(time), source.fromMs ?? 0), seen: {} });
      const cursor: SalesCursor = {
        orders: { feed: feed(), cancelled: {} },
        invoices: feed(),
        creditMemos: feed(),
      };
      return JSON.stringify(cursor);
    },
    async read(text, signal) {
      const cursor = text === null ? firstCursor(source) : (JSON.parse(text) as SalesCursor);
      const orders = await readOrders(source, cursor.orders, KEYED, signal);
      const next: SalesCursor = { ...cursor, orders: orders.cursor };
      if (orders.more) return { messages: orders.messages, cursor: JSON.stringify(next), more: true };
      const invoices = await readPapers(source, INVOICES, cursor.invoices, signal);
      const memos = await readPapers(source, CREDIT_MEMOS, cursor.creditMemos, signal);
      return {
        messages: [...orders.messages, ...invoices.messages, ...memos.messages],
        cursor: JSON.stringify({ ...next, invoices: invoices.cursor, creditMemos: memos.cursor }),
        more: invoices.more || memos.more,
      };
    },
  };
}

export function ownOrdersPoll(source: SalesSource, everyMs: number): Poll {
  return {
    everyMs,
    async read(text, signal) {
      const first = (): OrdersCursor => ({ feed: firstFeed(source), cancelled: {} });
      const read = await readOrders(source, text === null ? first() : JSON.parse(text), OWN, signal);
      return { ...read, cursor: JSON.stringify(read.cursor) };
    },
  };
}

function firstCursor(source: SalesSource): SalesCursor {
  const feed = () => firstFeed(source);
  return { orders: { feed: feed(), cancelled: {} }, invoices: feed(), creditMemos: feed() };
}

interface Papers {
  resource: string;
  topic: string;
  /** The field of the message's body. */
  name: string;
  number: string;
}

const INVOICES: Papers = {
  resource: "Invoices",
  topic: "invoices",
  name: "Invoice",
  number: "InvoiceNumber",
};
const CREDIT_MEMOS: Papers = {
  resource: "CreditMemos",
  topic: "credit-memos",
  name: "CreditMemo",
  number: "CreditMemoNumber",
};

/** A paper and the lines of its order, without which nobody could tell which of them it is about. */
async function readPapers(
  source: SalesSource,
  papers: Papers,
  cursor: FeedCursor,
  signal: AbortSignal,
): Promise<{ messages: NativeMessage[]; cursor: FeedCursor; more: boolean }> {
  const { client, pageMax, overlapMs } = source;
  const read = await readChanges(client, papers.resource, cursor, { pageMax, overlapMs, signal });
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
  return { messages, cursor: read.cursor, more: read.more };
}

/** As it was drawn: what is credited of an invoice later is said by the credit memo. */
function paperOf(record: Fields): Fields {
  const lines = listOf(record, "Lines").map((line) => without(line, ["CreditedQuantity"]));
  return { ...without(record, ["LastChangeDateTime"]), Lines: lines };
}

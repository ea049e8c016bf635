// Reads what was keyed in Tryton, then the invoices and credit notes, in one poll: a paper never arrives before its
// order. Orders that we booked ourselves come by a poll of their own: they were known before.
import type { NativeMessage, Poll } from "../../connector/index.ts";
import { type FeedCursor, readChanges } from "./change-feed.ts";
import { keyedSales, ownSales } from "./identity.ts";
import { POSTED, readInvoices } from "./invoice-reading.ts";
import {
  firstFeed,
  firstOrders,
  message,
  type OrdersCursor,
  readOrders,
  type SalesSource,
} from "./order-feed.ts";
import { fieldsOf, textOf } from "./values.ts";

interface SalesCursor {
  orders: OrdersCursor;
  invoices: FeedCursor;
}

export function salesPoll(source: SalesSource): Poll {
  return {
    everyMs: source.settings.everyMs,
    async read(text, signal) {
      const cursor = text === null ? firstCursor(source) : (JSON.parse(text) as SalesCursor);
      const uid = await source.client.uid({ signal });
      const orders = await readOrders(source, cursor.orders, keyedSales(uid), signal);
      const next = { ...cursor, orders: orders.cursor };
      if (orders.more) return { messages: orders.messages, cursor: JSON.stringify(next), more: true };
      const invoices = await readPapers(source, cursor.invoices, signal);
      return {
        messages: [...orders.messages, ...invoices.messages],
        cursor: JSON.stringify({ ...next, invoices: invoices.cursor }),
        more: invoices.more,
      };
    },
  };
}

export function ownOrdersPoll(source: SalesSource): Poll {
  return {
    everyMs: source.settings.ownEveryMs,
    async read(text, signal) {
      const cursor: OrdersCursor = text === null ? firstOrders(source) : JSON.parse(text);
      const read = await readOrders(source, cursor, ownSales(await source.client.uid({ signal })), signal);
      return { ...read, cursor: JSON.stringify(read.cursor) };
    },
  };
}

const firstCursor = (source: SalesSource): SalesCursor => ({
  orders: firstOrders(source),
  invoices: firstFeed(source),
});

async function readPapers(
  { client, settings }: SalesSource,
  cursor: FeedCursor,
  signal: AbortSignal,
): Promise<{ messages: NativeMessage[]; cursor: FeedCursor; more: boolean }> {
  const { pageMax, overlapMs, company } = settings;
  const only = [["company", "=", company], ...POSTED];
  const load = (ids: number[]) => readInvoices(client, ids, { signal });
  const options = { client, model: "account.invoice", only, parts: [], pageMax, overlapMs, signal, load };
  const read = await readChanges(cursor, options);
  const messages = read.changes.map(({ body }) =>
    message("invoices", textOf(fieldsOf(body.invoice, "invoice"), "number"), body),
  );
  return { messages, cursor: read.cursor, more: read.more };
}

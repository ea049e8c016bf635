// Reads what no push has brought: orders that nobody acknowledged, and requests, each behind its order. Lists grow at
// their end and are read by time, inclusive to the millisecond.
import type { NativeMessage, Poll } from "../../../src/connector/index.ts";
import { type Fields, flagOf, textOf } from "../native-fields.ts";
import type { TradefrontClient } from "./client.ts";
import { orderMessage, type RequestTopic, requestMessage } from "./message.ts";

interface ListCursor {
  since?: string;
  page: number;
  /** What was read already of the moment `since`. */
  seen: string[];
  /** The last moment of the pages before this one. */
  last?: { at: string; names: string[] };
}

interface PollCursor {
  orders: ListCursor;
  cancels: ListCursor;
  returns: ListCursor;
}

interface List {
  path: string;
  name: string;
  number: string;
  time: string;
}

const ORDERS: List = { path: "orders", name: "orders", number: "orderNo", time: "placedAt" };
const requests = (path: RequestTopic): List => ({
  path,
  name: "requests",
  number: "requestNo",
  time: "requestedAt",
});

export interface PollOptions {
  client: TradefrontClient;
  everyMs: number;
  pageMax: number;
  takeFrom: string | undefined;
}

export function shopPoll(options: PollOptions): Poll {
  return {
    everyMs: options.everyMs,
    since: (time) => JSON.stringify(firstCursor(later(time, options.takeFrom))),
    async read(text, signal) {
      const cursor = text === null ? firstCursor(options.takeFrom) : (JSON.parse(text) as PollCursor);
      const orders = await readList(options, ORDERS, cursor.orders, signal);
      // An acknowledged order was committed here before it was acknowledged, or belongs to whoever was here before us.
      const messages = orders.rows.filter((row) => !flagOf(row, "acknowledged")).map(orderMessage);
      const next = { ...cursor, orders: orders.cursor };
      if (orders.more) return { messages, cursor: JSON.stringify(next), more: true };
      // Orders that are in this result already.
      const read = new Set(messages.map(({ id }) => id));
      const cancels = await readRequests(options, "cancel-requests", cursor.cancels, read, signal);
      const returns = await readRequests(options, "return-requests", cursor.returns, read, signal);
      return {
        messages: [...messages, ...cancels.messages, ...returns.messages],
        cursor: JSON.stringify({ ...next, cancels: cancels.cursor, returns: returns.cursor }),
        more: cancels.more || returns.more,
      };
    },
  };
}

/** Orders from before `takeFrom` belong to whoever was here before us. */
const later = (time: string, takeFrom: string | undefined): string =>
  takeFrom !== undefined && takeFrom > time ? takeFrom : time;

function firstCursor(takeFrom: string | undefined): PollCursor {
  const list = (): ListCursor => ({
    ...(takeFrom === undefined ? undefined : { since: takeFrom }),
    page: 1,
    seen: [],
  });
  return { orders: list(), cancels: list(), returns: list() };
}

interface ListRead {
  /** What is new. */
  rows: Fields[];
  cursor: ListCursor;
  more: boolean;
}

async function readList(
  { client, pageMax }: PollOptions,
  list: List,
  cursor: ListCursor,
  signal: AbortSignal,
): Promise<ListRead> {
  const query = { since: cursor.since, page: cursor.page, perPage: pageMax };
  const { rows, pages } = await client.page(list, query, { signal });
  const seen = new Set(cursor.seen);
  const fresh = rows.filter((row) => !seen.has(textOf(row, list.number)));
  const last = lastMoment(rows, list, cursor);
  if (cursor.page < pages) {
    const { since, page } = cursor;
    const next: ListCursor = {
      ...(since === undefined ? undefined : { since }),
      page: page + 1,
      seen: cursor.seen,
    };
    return { rows: fresh, cursor: last === undefined ? next : { ...next, last }, more: true };
  }
  if (last === undefined) return { rows: fresh, cursor: { ...cursor, page: 1 }, more: false };
  return { rows: fresh, cursor: { since: last.at, page: 1, seen: last.names }, more: false };
}

/** The time of the last row, and all that was read of that moment. */
function lastMoment(rows: readonly Fields[], list: List, cursor: ListCursor): ListCursor["last"] {
  const row = rows.at(-1);
  if (row === undefined) return cursor.last;
  const at = textOf(row, list.time);
  const names = rows
    .filter((other) => textOf(other, list.time) === at)
    .map((other) => textOf(other, list.number));
  const before = cursor.last?.at === at ? cursor.last.names : [];
  return { at, names: [...before, ...names] };
}

async function readRequests(
  options: PollOptions,
  topic: RequestTopic,
  cursor: ListCursor,
  orders: Set<string>,
  signal: AbortSignal,
): Promise<{ messages: NativeMessage[]; cursor: ListCursor; more: boolean }> {
  const read = await readList(options, requests(topic), cursor, signal);
  const messages: NativeMessage[] = [];
  for (const row of read.rows) {
    const orderNo = textOf(row, "orderNo");
    if (orders.has(orderNo)) continue;
    orders.add(orderNo);
    const order = await options.client.order(orderNo, { signal });
    // One that is on its way by a push comes here as well: of the two, the later one is a duplicate.
    if (order !== undefined && !flagOf(order, "acknowledged")) messages.push(orderMessage(order));
  }
  messages.push(...read.rows.map((row) => requestMessage(topic, row)));
  return { messages, cursor: read.cursor, more: read.more };
}

// Reads orders as they change, by the time of their last change and page by page from the last time that was read:
// an order that changes meanwhile moves behind the page and is met again. The newest moments are read once more by each
// poll, since a transaction may commit late; what was met there already is known by its version and time.
import { addMs, type NativeMessage, type Poll, parseTime, type Time } from "../../connector/index.ts";
import type { MedusaClient } from "./client.ts";
import { type Fields, listOf, textOf } from "./fields.ts";
import { identityOf, type Keys, ORDER_FIELDS, orderMessage } from "./message.ts";
import type { Wanted } from "./webhook.ts";

interface Cursor {
  /** From here on, inclusive. */
  from: Time | "";
  /** Rows of the moment `from` that fill pages of their own. */
  offset: number;
  /** Identity → when it changed, of the newest moments. */
  seen: Record<string, Time>;
}

export interface PollOptions extends Keys {
  client: MedusaClient;
  everyMs: number;
  overlapMs: number;
  pageSize: number;
  takeFrom?: Time | undefined;
  /** Orders that a webhook named. */
  wanted: Wanted;
}

export function orderPoll(options: PollOptions): Poll {
  const { everyMs, overlapMs, pageSize, takeFrom, wanted } = options;
  return {
    everyMs,
    async read(text, signal) {
      const cursor: Cursor =
        text === null ? { from: takeFrom ?? "", offset: 0, seen: {} } : (JSON.parse(text) as Cursor);
      const rows = await changed(options, cursor, signal);
      const named = wanted.take();
      try {
        const fresh = rows
          .filter((row) => !Object.hasOwn(cursor.seen, identityOf(row)))
          .map((row) => textOf(row, "id"));
        const messages = await ordersOf(options, [...new Set([...fresh, ...named])], signal);
        const more = rows.length === pageSize;
        return { messages, cursor: JSON.stringify(next(cursor, rows, more, overlapMs)), more };
      } catch (error) {
        wanted.add(named);
        throw error;
      }
    },
  };
}

/** What changed since, the oldest first: identity and time alone. */
async function changed(
  { client, pageSize }: PollOptions,
  cursor: Cursor,
  signal: AbortSignal,
): Promise<Fields[]> {
  const page = await client.get(
    "/orders",
    [
      ["fields", "id,version,updated_at"],
      ["order", "updated_at"],
      ["limit", String(pageSize)],
      ["offset", String(cursor.offset)],
      ...(cursor.from === "" ? [] : [["updated_at[$gte]", cursor.from] as const]),
    ],
    { signal },
  );
  return listOf(page ?? {}, "orders");
}

/** As they are now: a version that has come since its change was read is taken as well. */
async function ordersOf(options: PollOptions, ids: string[], signal: AbortSignal): Promise<NativeMessage[]> {
  const messages: NativeMessage[] = [];
  for (let start = 0; start < ids.length; start += options.pageSize) {
    const some = ids.slice(start, start + options.pageSize);
    const page = await options.client.get(
      "/orders",
      [["fields", ORDER_FIELDS], ["limit", String(some.length)], ...some.map((id) => ["id[]", id] as const)],
      { signal },
    );
    for (const order of listOf(page ?? {}, "orders")) messages.push(orderMessage(order, options));
  }
  return messages;
}

function next(cursor: Cursor, rows: readonly Fields[], more: boolean, overlapMs: number): Cursor {
  const seen = { ...cursor.seen };
  for (const row of rows) seen[identityOf(row)] = timeOf(row);
  const last = rows.at(-1);
  if (last === undefined) return { ...cursor, offset: 0 };
  const at = timeOf(last);
  if (more && at === cursor.from) return { from: cursor.from, offset: cursor.offset + rows.length, seen };
  // The times that were read are cut to the millisecond, those that are compared are not.
  const from = more ? at : latest(addMs(at, -overlapMs), cursor.from);
  return {
    from,
    offset: 0,
    seen: Object.fromEntries(Object.entries(seen).filter(([, time]) => time >= from)),
  };
}

const latest = (a: Time, b: Time | ""): Time => (a > b ? a : (b as Time));
const timeOf = (row: Fields): Time => parseTime(textOf(row, "updated_at"));

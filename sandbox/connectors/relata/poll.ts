// Reads orders by their last change, to the second and inclusive, and knows by revision what it has seen. A record
// holds several documents (the order, a wish to cancel it, returns): each is a message of its own and comes once,
// however often our own status notes touch the record.
import type { NativeMessage, Poll } from "../../../src/connector/index.ts";
import { canonicalJson } from "../../../src/core/json.ts";
import { epochMs } from "../../../src/core/time.ts";
import { type Fields, flagOf, listOf, numberOf, textOf, without } from "../native-fields.ts";
import { ReadFailed } from "../native-read.ts";
import type { AccountIndex } from "./account-index.ts";
import type { RecordPage, RelataClient } from "./client.ts";
import { nativeTime, queryTime } from "./native-time.ts";

interface Cursor {
  fromMs?: number;
  /** Pages of one reading are under way. */
  page?: { token: string; newestMs: number };
  /** By id, the last revision that was seen and when it was made, of what changed since `fromMs`. */
  seen: Record<string, { revision: string; ms: number }>;
  /** By id, the revision that first asked for a cancel, of those that asked last. */
  cancels: Record<string, string>;
}

export interface PollOptions {
  client: RelataClient;
  accounts: AccountIndex;
  everyMs: number;
  overlapMs: number;
  pageMax: number;
  fromMs: number | undefined;
}

const CANCELS_MAX = 500;
/** What is no part of the order as it was activated. */
const VOLATILE = [
  "cancel_requested",
  "cancel_reason",
  "return_requests",
  "fulfilment_status",
  "fulfilment_detail",
  "status_history",
  "last_modified_date",
  "revision",
];

export function ordersPoll(options: PollOptions): Poll {
  return {
    everyMs: options.everyMs,
    async read(text, signal) {
      const cursor = text === null ? firstCursor(options.fromMs) : (JSON.parse(text) as Cursor);
      const page = await readPage(options, cursor, signal);
      const fresh = page.records.filter(
        (record) => cursor.seen[textOf(record, "id")]?.revision !== numberOf(record, "revision"),
      );
      const accounts = await accountsOf(options.accounts, fresh, signal);
      const seen = { ...cursor.seen };
      const cancels = { ...cursor.cancels };
      let newestMs = cursor.page?.newestMs ?? cursor.fromMs ?? 0;
      for (const record of page.records) {
        const ms = epochMs(nativeTime(record, "last_modified_date"));
        newestMs = Math.max(newestMs, ms);
        seen[textOf(record, "id")] = { revision: numberOf(record, "revision"), ms };
      }
      const messages = fresh.flatMap((record) => documentsOf(record, accounts, cancels));
      const next = nextCursor(cursor, page, { newestMs, overlapMs: options.overlapMs, seen, cancels });
      return { messages, cursor: JSON.stringify(next), more: page.next !== undefined };
    },
  };
}

const firstCursor = (fromMs: number | undefined): Cursor => ({
  ...(fromMs === undefined ? undefined : { fromMs }),
  seen: {},
  cancels: {},
});

async function readPage(options: PollOptions, cursor: Cursor, signal: AbortSignal): Promise<RecordPage> {
  const query = {
    ...(cursor.fromMs === undefined ? undefined : { since: queryTime(cursor.fromMs) }),
    pageSize: options.pageMax,
  };
  if (cursor.page === undefined) return options.client.list("orders", query, { signal });
  try {
    return await options.client.list("orders", { ...query, token: cursor.page.token }, { signal });
  } catch (error) {
    // A token that it no longer knows, after a restart: from the beginning of this reading, what is known is passed over.
    if (error instanceof ReadFailed && error.answer.kind === "refused") {
      return options.client.list("orders", query, { signal });
    }
    throw error;
  }
}

function nextCursor(
  cursor: Cursor,
  page: RecordPage,
  read: { newestMs: number; overlapMs: number; seen: Cursor["seen"]; cancels: Cursor["cancels"] },
): Cursor {
  const { newestMs, overlapMs } = read;
  const cancels = Object.fromEntries(Object.entries(read.cancels).slice(-CANCELS_MAX));
  // In the order of their changes, so what lies further back does not come again unchanged.
  const horizon = Math.max(cursor.fromMs ?? 0, newestMs - overlapMs);
  const seen = Object.fromEntries(Object.entries(read.seen).filter(([, { ms }]) => ms >= horizon));
  if (page.next === undefined) return { fromMs: horizon, seen, cancels };
  const from = cursor.fromMs === undefined ? {} : { fromMs: cursor.fromMs };
  return { ...from, page: { token: page.next, newestMs }, seen, cancels };
}

/** All at once: the client keeps to its connections. */
async function accountsOf(
  index: AccountIndex,
  records: readonly Fields[],
  signal: AbortSignal,
): Promise<Map<string, Fields>> {
  const ids = new Set(records.filter(isActivated).map((record) => textOf(record, "account_id")));
  const found = await Promise.all([...ids].map(async (id) => [id, await index.find(id, signal)] as const));
  return new Map(found.flatMap(([id, account]) => (account === undefined ? [] : [[id, account] as const])));
}

const isActivated = (record: Fields): boolean => textOf(record, "stage") === "activated";

function documentsOf(
  record: Fields,
  accounts: ReadonlyMap<string, Fields>,
  cancels: Cursor["cancels"],
): NativeMessage[] {
  const id = textOf(record, "id");
  if (!isActivated(record))
    return [message("orders", `${id}@${numberOf(record, "revision")}`, { order: record })];
  const account = accounts.get(textOf(record, "account_id")) ?? null;
  // Who the customer is, is said by the account: another revision of that is another version of what we read.
  const version = account === null ? "" : `+${textOf(account, "id")}@${numberOf(account, "revision")}`;
  return [
    message("orders", `${id}${version}`, { order: without(record, VOLATILE), account }),
    ...cancelMessage(record, cancels),
    ...listOf(record, "return_requests").map((request) => returnMessage(record, request)),
  ];
}

/** Once, until it is taken back and asked for again. */
function cancelMessage(record: Fields, cancels: Cursor["cancels"]): NativeMessage[] {
  const id = textOf(record, "id");
  if (!flagOf(record, "cancel_requested")) {
    delete cancels[id];
    return [];
  }
  if (Object.hasOwn(cancels, id)) return [];
  const revision = numberOf(record, "revision");
  cancels[id] = revision;
  const { order_number, created_date, cancel_reason, last_modified_date } = record;
  const order = { id, order_number, created_date, cancel_reason, last_modified_date };
  return [message("cancel-requests", `${id}@${revision}`, { order })];
}

function returnMessage(record: Fields, request: Fields): NativeMessage {
  const { id, order_number, created_date } = record;
  const lines = listOf(record, "lines").map((line) => ({ id: line.id, product_code: line.product_code }));
  const order = { id, order_number, created_date, lines };
  return message("return-requests", textOf(request, "id"), { order, request });
}

function message(topic: string, id: string, body: Fields): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(body) };
}

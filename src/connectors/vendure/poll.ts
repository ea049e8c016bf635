// Reads orders by the time of their last change. A page begins at the time of the last one's end, not behind so many
// rows: what changes meanwhile moves to the end and shifts the rows behind it. A transaction's rows bear the time of its
// beginning and are seen at its end, so each reading begins an overlap before the newest that was seen.
import {
  addMs,
  type ConnectorContext,
  CrossdockError,
  type NativeMessage,
  type Poll,
  parseTime,
  type Time,
} from "../../connector/index.ts";
import type { VendureClient } from "./client.ts";
import {
  isReduced,
  isSellers,
  orderFields,
  orderMessage,
  reductionMessage,
  versionOf,
} from "./order-message.ts";
import type { VendureSettings } from "./settings.ts";
import { type Fields, fieldsOf, listOf, textOf } from "./values.ts";

export interface Desk {
  client: VendureClient;
  settings: VendureSettings;
  context: ConnectorContext;
}

interface Cursor {
  /** The newest change that was seen. */
  newest?: Time;
  /** Orders that changed within the overlap, with the version that was seen. */
  seen: Record<string, string>;
  /** The reading that is under way: where it began, where its next page begins, and behind how many rows. */
  reading?: { since?: Time; from: Time; skip: number };
}

const query = (fields: string) => `query ($options: OrderListOptions) {
  orders(options: $options) { items { ${fields} } }
}`;

export function ordersPoll(desk: Desk): Poll {
  const { settings } = desk;
  const list = query(orderFields(settings.customerField));
  return {
    everyMs: settings.everyMs,
    async read(text, signal) {
      const cursor = text === null ? firstCursor(settings) : readCursor(text);
      const since = cursor.reading === undefined ? startOf(cursor, settings) : cursor.reading.since;
      const page = cursor.reading ?? { from: since, skip: 0 };
      const options = optionsOf(page, settings.pageSize);
      const data = await desk.client.ask(list, { options }, { signal });
      const rows = listOf(fieldsOf(data.orders, "orders"), "items");
      const messages = rows.flatMap((row) => messagesOf(row, since, cursor.seen));
      const more = rows.length === settings.pageSize;
      return {
        messages,
        cursor: JSON.stringify(nextCursor(cursor, rows, since, page, settings, more)),
        more,
      };
    },
  };
}

const firstCursor = ({ takeFrom }: VendureSettings): Cursor =>
  takeFrom === undefined ? { seen: {} } : { newest: parseTime(takeFrom), seen: {} };

function readCursor(text: string): Cursor {
  const known = JSON.parse(text) as Partial<Cursor>;
  if (typeof known.seen === "object") return known as Cursor;
  throw new CrossdockError("vendure.cursor-unknown", "The cursor of the orders is none of this connector.");
}

const startOf = ({ newest }: Cursor, { overlapMs }: VendureSettings): Time | undefined =>
  newest === undefined ? undefined : addMs(newest, -overlapMs);

function optionsOf({ from, skip }: { from: Time | undefined; skip: number }, take: number): Fields {
  // `after` excludes its time, and the database knows microseconds that an answer does not show.
  const after = from === undefined ? undefined : { updatedAt: { after: addMs(from, -1) } };
  return {
    take,
    skip,
    sort: { updatedAt: "ASC" },
    filter: { orderPlacedAt: { isNull: false }, ...after },
  };
}

/** An order that was placed before this reading's window has been told. */
function messagesOf(row: Fields, since: Time | undefined, seen: Cursor["seen"]): NativeMessage[] {
  if (isSellers(row) || seen[textOf(row, "code")] === versionOf(row)) return [];
  if (!isReduced(row)) return [orderMessage(row)];
  const isKnown =
    Object.hasOwn(seen, textOf(row, "code")) ||
    (since !== undefined && parseTime(textOf(row, "orderPlacedAt")) < since);
  return isKnown ? [reductionMessage(row)] : [orderMessage(row), reductionMessage(row)];
}

function nextCursor(
  cursor: Cursor,
  rows: Fields[],
  since: Time | undefined,
  page: { from: Time | undefined; skip: number },
  settings: VendureSettings,
  more: boolean,
): Cursor {
  const times = rows.map((row) => parseTime(textOf(row, "updatedAt")));
  const newest = [cursor.newest, ...times]
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
  const seen = { ...cursor.seen };
  for (const row of rows) seen[textOf(row, "code")] = versionOf(row);
  const kept = newest === undefined ? {} : { newest };
  const last = times.at(-1);
  if (!more || last === undefined) return { ...kept, seen: recent(seen, newest, settings) };
  const reading =
    last === page.from ? { from: last, skip: page.skip + rows.length } : { from: last, skip: 0 };
  return { ...kept, seen, reading: { ...(since === undefined ? undefined : { since }), ...reading } };
}

/** Those that the next reading may show again. */
function recent(seen: Cursor["seen"], newest: Time | undefined, settings: VendureSettings): Cursor["seen"] {
  if (newest === undefined) return {};
  const from = addMs(newest, -settings.overlapMs - 1_000);
  return Object.fromEntries(Object.entries(seen).filter(([, version]) => parseTime(version) >= from));
}

// Sales as messages: an order is one, however often postings touch it, and another whenever it is another; what is
// cancelled of it is one for each change.
import { canonicalJson, type NativeMessage, type Time } from "../../connector/index.ts";
import { formatDecimal } from "../../core/decimal.ts";
import { type Change, digest, type FeedCursor, readChanges } from "./change-feed.ts";
import type { TrytonClient } from "./client.ts";
import { cancelledOf } from "./map-sale.ts";
import { excerptOf, readSales } from "./sale-reading.ts";
import type { TrytonSettings } from "./settings.ts";
import { type Fields, fieldsOf, listOf, numberOf, textOf } from "./values.ts";

export interface SalesSource {
  client: TrytonClient;
  settings: TrytonSettings;
  from: Time | undefined;
}

export interface OrdersCursor {
  feed: FeedCursor;
  /** How orders stood when they were last said, by document, of those that changed last. */
  said: Record<string, string>;
  /** The same of what was cancelled. */
  cancelled: Record<string, string>;
}

export const firstOrders = (source: SalesSource): OrdersCursor => ({
  feed: firstFeed(source),
  said: {},
  cancelled: {},
});

export interface OrdersRead {
  messages: NativeMessage[];
  cursor: OrdersCursor;
  more: boolean;
}

const REMEMBERED_MAX = 500;

export const firstFeed = ({ from }: SalesSource): FeedCursor =>
  from === undefined ? { seen: {} } : { from, seen: {} };

export async function readOrders(
  { client, settings }: SalesSource,
  cursor: OrdersCursor,
  only: unknown[],
  signal: AbortSignal,
): Promise<OrdersRead> {
  const { pageMax, overlapMs } = settings;
  const read = await readChanges(cursor.feed, {
    client,
    model: "sale.sale",
    only: [["company", "=", settings.company], ["state", "in", ["processing", "done"]], ...only],
    // Which moves are given up is noted on the line; the sale itself need not change with it.
    parts: ["lines", "lines.moves"],
    pageMax,
    overlapMs,
    signal,
    load: async (ids) =>
      (await readSales(client, ids, { signal })).map(({ id, sale }) => ({
        id,
        body: { sale: without(sale) },
      })),
  });
  const [said, cancelled] = [{ ...cursor.said }, { ...cursor.cancelled }];
  const messages = read.changes.flatMap((change) => [
    ...order(change, said),
    ...cancellation(change, cancelled),
  ]);
  const next = { feed: read.cursor, said: newestOf(said), cancelled: newestOf(cancelled) };
  return { messages, cursor: next, more: read.more };
}

/** Shipping and billing change the state: that is no news of the order. */
const without = ({ state: _state, ...sale }: Fields): Fields => sale;

/** Ours is known by its number, and says nothing else. */
function order({ body, changedAt }: Change, said: Record<string, string>): NativeMessage[] {
  const sale = fieldsOf(body.sale, "sale");
  const document = textOf(sale, "number");
  if (sale.ours === true) return [message("orders", document, { sale: excerptOf(sale) })];
  const lines = listOf(sale.lines, "lines").map(({ cancelled: _c, moves_ignored: _m, ...line }) => line);
  const made = { sale: { ...sale, lines } };
  const state = digest(made);
  // One that was said long ago may be said again: the same order again changes nothing.
  if (!remember(said, document, state)) return [];
  return [message("orders", `${document}@${changedAt}/${state}`, made)];
}

/** False where it is what was said last. */
function remember(said: Record<string, string>, document: string, state: string): boolean {
  if (said[document] === state) return false;
  delete said[document];
  said[document] = state;
  return true;
}

/** Nothing where it was said before. Remembers it. */
function cancellation({ body, changedAt }: Change, said: Record<string, string>): NativeMessage[] {
  const sale = fieldsOf(body.sale, "sale");
  const document = textOf(sale, "number");
  const excerpt = excerptOf(sale, ["unit.", "quantity", "unit_price", "cancelled"]);
  const totals = totalsOf(sale);
  if (totals === "" || !remember(said, document, totals)) return [];
  return [message("order-cancellations", `${document}@${changedAt}/${totals}`, { sale: excerpt, changedAt })];
}

function totalsOf(sale: Fields): string {
  const totals = listOf(sale.lines, "lines").flatMap((line) => {
    const moves = listOf(line.cancelled, "cancelled").map((move) => numberOf(move, "quantity"));
    return moves.length === 0 ? [] : [`${numberOf(line, "id")}=${cancelledTotal(line, moves)}`];
  });
  return totals.join(",");
}

/** What cannot be summed is told apart all the same: its mapping says why. */
function cancelledTotal(line: Fields, moves: string[]): string {
  try {
    return formatDecimal(cancelledOf(line));
  } catch {
    return moves.join("+");
  }
}

const newestOf = (said: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(said).slice(-REMEMBERED_MAX));

export function message(topic: string, id: string, body: Fields): NativeMessage {
  return { topic, id, contentType: "application/json", body: canonicalJson(body) };
}

// Which candidates of a replay are sent again: those that are not on their way, that the target can be asked about, and
// that the process still wants. A stale document is never sent over a newer state.
import { parseDecimal } from "../../core/decimal.ts";
import { settleStock } from "../../domains/inventory/settle.ts";
import { orderKey, parseKey } from "../../domains/key.ts";
import { findLine, findPlace } from "../../domains/order/lines.ts";
import type { Order } from "../../domains/order/state.ts";
import type { CancellationPayload, OutboundType, ReleasePayload, ReturnAdvicePayload } from "../../domains/outbound.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import type { NewDelivery } from "../../store/delivery.ts";
import { lockOrders, readOrder } from "../../store/order.ts";
import { routeAll } from "../projection/route.ts";
import type { Rules } from "../projection/rules.ts";
import type { Candidate, FigureItem, ReplayScope } from "./replay-candidates.ts";

export interface ReplayItem {
  type: OutboundType;
  key: string;
  lane: string;
  /** Why it is not sent; absent: it is. */
  left?: "on its way" | "not wanted any more" | "cannot be looked up";
}

/** Figures as they are now, of this target alone; one that waits already will be newer still. */
export async function renderFigures(
  tx: Transaction,
  rules: Rules,
  { target }: ReplayScope,
  items: readonly FigureItem[],
): Promise<{ rows: NewDelivery[]; items: ReplayItem[] }> {
  if (items.length === 0) return { rows: [], items: [] };
  const { rows: clock } = await tx.query<{ now: string }>({ name: "clock", text: "select clock_timestamp() as now", values: [] });
  const now = clock[0]!.now;
  const messages = items.flatMap(({ item, appliedSeq }) =>
    settleStock(null, item, { ...rules.settle, now }, rules.ownerOf).outbound.map((outbound) => ({ outbound, causeSeq: appliedSeq })),
  );
  const all = routeAll(rules, messages).filter((row) => row.target === target);
  const moving = await readMoving(tx, target, all);
  const rows = all.filter((row) => !moving.has(nameOf(row)));
  return { rows, items: all.map((row) => itemOf(row, moving.has(nameOf(row)) ? "on its way" : undefined)) };
}

export interface Judged {
  candidate: Candidate;
  item: ReplayItem;
}

/** With `lock` the orders that they belong to are locked, so that the ids order the lanes. */
export async function judgeDocuments(
  tx: Transaction,
  rules: Rules,
  scope: ReplayScope,
  candidates: readonly Candidate[],
  lock: boolean,
): Promise<Judged[]> {
  const orders = await readOrders(tx, candidates, lock);
  if (lock) await lockStock(tx, candidates);
  const moving = await readMoving(tx, scope.target, candidates);
  return candidates.map((candidate) => {
    const left = moving.has(nameOf(candidate)) ? "on its way" : refusal(candidate, rules, scope, orders.get(candidate.lane));
    return { candidate, item: itemOf(candidate, left) };
  });
}

function itemOf({ type, key, lane }: Pick<Candidate, "type" | "key" | "lane">, left: ReplayItem["left"]): ReplayItem {
  return { type, key, lane, ...(left === undefined ? {} : { left }) };
}

const nameOf = ({ type, key }: Pick<Candidate, "type" | "key">): string => `${type}\u0001${key}`;

async function readMoving(tx: Transaction, target: string, rows: readonly Pick<Candidate, "type" | "key" | "lane">[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const { rows: found } = await tx.query<{ type: OutboundType; key: string }>({
    name: "replay-moving",
    text: `select distinct d.type, d.key from unnest($2::text[], $3::text[], $4::text[]) as n(lane, type, key)
             join delivery d on d.target = $1 and d.lane = n.lane and d.type = n.type and d.key = n.key`,
    values: [target, textArray(rows.map((row) => row.lane)), textArray(rows.map((row) => row.type)), textArray(rows.map((row) => row.key))],
  });
  return new Set(found.map(nameOf));
}

async function readOrders(tx: Transaction, candidates: readonly Candidate[], lock: boolean): Promise<Map<string, Order>> {
  const keys = [...new Set(candidates.map(({ lane }) => lane))].filter((lane) => lane.startsWith("order:")).map(parseKey);
  if (keys.length === 0) return new Map();
  const stored = lock
    ? await lockOrders(
        tx,
        keys.map(({ company }) => company),
        keys.map(({ id }) => id),
      )
    : (await Promise.all(keys.map(({ company, id }) => readOrder(tx as Database, company, id)))).filter((order) => order !== null);
  return new Map(stored.map(({ order }) => [orderKey(order.company, order.orderId), order]));
}

/** Locked in key order, after the orders, as every transaction does. */
async function lockStock(tx: Transaction, candidates: readonly Candidate[]): Promise<void> {
  const keys = [...new Set(candidates.map(({ lane }) => lane))].filter((lane) => lane.startsWith("stock:")).map(parseKey);
  if (keys.length === 0) return;
  await tx.query({
    name: "replay-lock-stock",
    text: `select from unnest($1::text[], $2::text[]) as k(company, sku)
             join stock_item i on i.company = k.company and i.sku = k.sku order by i.company, i.sku for update of i`,
    values: [textArray(keys.map(({ company }) => company)), textArray(keys.map(({ id }) => id))],
  });
}

function refusal(candidate: Candidate, rules: Rules, { target }: ReplayScope, order: Order | undefined): ReplayItem["left"] {
  const kind = rules.integration.systems[target]?.writes[candidate.type]?.kind;
  if (kind === undefined || kind === "none") return "cannot be looked up";
  return isWanted(candidate, order) ? undefined : "not wanted any more";
}

function isWanted({ type, payload }: Candidate, order: Order | undefined): boolean {
  switch (type) {
    case "inventory.movement":
    case "customer.reference":
      return true;
    case "order.status":
      return order !== undefined;
    case "order.booking":
      return order !== undefined && !order.bookedAtSource && order.status !== "cancelled" && order.status !== "rejected";
    case "order.release":
      return order !== undefined && stillReleased(order, JSON.parse(payload) as ReleasePayload);
    case "order.cancellation":
      return order !== undefined && stillAsked(order, JSON.parse(payload) as CancellationPayload);
    case "return.advice":
      return order !== undefined && stillExpected(order, JSON.parse(payload) as ReturnAdvicePayload);
    default:
      return false;
  }
}

/** Every unit of it is still given to the place and has not left. */
function stillReleased(order: Order, { location, lines }: ReleasePayload): boolean {
  return lines.every(({ lineId, quantity }) => {
    const line = findLine(order, lineId);
    const place = line === undefined ? undefined : findPlace(line, location);
    return place !== undefined && place.released - place.shipped >= parseDecimal(quantity);
  });
}

/** The ledger is told of what will not ship, which stays true; a place is asked until it has answered. */
function stillAsked(order: Order, { location }: CancellationPayload): boolean {
  return location === "" || order.cancelling.some((asked) => asked.location === location);
}

function stillExpected(order: Order, { returnId }: ReturnAdvicePayload): boolean {
  const expected = order.returns.find((held) => held.returnId === returnId);
  return expected?.lines.some((line) => line.received < line.requested) === true;
}

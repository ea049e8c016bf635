// What a replay asks of the state: figures as they are now, and whether the process that a document belongs to still
// wants it. Both lock the roots of the lanes first, orders before SKUs, each in key order, as every transaction does.
import { parseDecimal } from "../../core/decimal.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import { SELF } from "../../domains/event.ts";
import { settleStock } from "../../domains/inventory/settle.ts";
import { orderKey, parseKey } from "../../domains/key.ts";
import { Decision } from "../../domains/order/decision.ts";
import type { OrderOccurrence } from "../../domains/order/evolve.ts";
import { findLine, findPlace } from "../../domains/order/lines.ts";
import { sendStatus } from "../../domains/order/messages.ts";
import type { Order } from "../../domains/order/state.ts";
import type {
  CancellationPayload,
  Outbound,
  ReleasePayload,
  ReturnAdvicePayload,
} from "../../domains/outbound.ts";
import type { Transaction } from "../../postgres/pool.ts";
import type { NewDelivery } from "../../store/delivery.ts";
import type { SettledRow } from "../../store/delivery-replay.ts";
import { lockOrders, type StoredOrder } from "../../store/order.ts";
import { lockItems } from "../../store/stock.ts";
import type { ReplayKey, ReplaySource } from "../delivery/replay.ts";
import { type CausedOutbound, routeAll } from "../projection/route.ts";
import type { Rules } from "../projection/rules.ts";
import { rootKeyOf } from "./lane-key.ts";

export function replaySource(rules: Rules): ReplaySource {
  return {
    render: (tx, target, wanted) => render(tx, rules, target, wanted),
    stillWanted: async (tx, _target, documents) => {
      const orders = await lockRoots(tx, documents);
      return new Set(documents.filter((row) => isWanted(row, orders.get(row.lane))).map((row) => row.id));
    },
  };
}

async function render(
  tx: Transaction,
  rules: Rules,
  target: string,
  wanted: readonly ReplayKey[],
): Promise<NewDelivery[]> {
  const names = new Set(wanted.map(nameOf));
  const orders = await lockOrdersOf(tx, wanted);
  const stock = keysOf(wanted, "stock:");
  const items = await lockItems(
    tx,
    stock.map(({ company }) => company),
    stock.map(({ id }) => id),
  );
  const { rows } = await tx.query<{ now: Time }>({
    name: "clock",
    text: "select clock_timestamp() as now",
    values: [],
  });
  const now = rows[0]!.now;
  const messages: CausedOutbound[] = items.flatMap(({ item, appliedSeq }) =>
    settleStock(null, item, { ...rules.settle, now }, rules.ownerOf).outbound.map((outbound) => ({
      outbound,
      causeSeq: appliedSeq,
    })),
  );
  for (const { order, appliedSeq } of orders) {
    for (const outbound of statusOf(rules, order, now)) messages.push({ outbound, causeSeq: appliedSeq });
  }
  return routeAll(rules, messages).filter((row) => row.target === target && names.has(nameOf(row)));
}

/** As a decision would tell it that has just made the order what it is. */
function statusOf(rules: Rules, order: Order, now: Time): Outbound[] {
  const { company, orderId } = order;
  const event: OrderOccurrence = {
    type: "order.reallocation.due",
    data: { orderId },
    source: SELF,
    time: now,
    company,
  };
  const decision = new Decision(null, order, event, { ...rules.order, now, stock: noStock });
  sendStatus(decision);
  return decision.reaction.outbound;
}

function noStock(sku: string): never {
  throw new CrossdockError(
    "engine.foreign-decision",
    `${sku} was asked for while an order's status was drawn.`,
  );
}

const nameOf = ({ type, key }: Pick<ReplayKey, "type" | "key">): string => `${type}\u0001${key}`;

/** The roots of lanes of one kind, each once. */
function keysOf(rows: readonly { lane: string }[], prefix: "order:" | "stock:") {
  const keys = new Set(rows.map(({ lane }) => rootKeyOf(lane)).filter((key) => key.startsWith(prefix)));
  return [...keys].map(parseKey);
}

function lockOrdersOf(tx: Transaction, rows: readonly { lane: string }[]): Promise<StoredOrder[]> {
  const keys = keysOf(rows, "order:");
  return lockOrders(
    tx,
    keys.map(({ company }) => company),
    keys.map(({ id }) => id),
  );
}

/** Orders by their lane; the SKUs of movements are locked for the order of their lanes alone. */
async function lockRoots(tx: Transaction, rows: readonly SettledRow[]): Promise<Map<string, Order>> {
  const orders = await lockOrdersOf(tx, rows);
  const stock = keysOf(rows, "stock:");
  await lockItems(
    tx,
    stock.map(({ company }) => company),
    stock.map(({ id }) => id),
  );
  return new Map(orders.map(({ order }) => [orderKey(order.company, order.orderId), order]));
}

function isWanted({ type, payload }: SettledRow, order: Order | undefined): boolean {
  switch (type) {
    case "inventory.movement":
    case "customer.reference":
      return true;
    case "order.booking":
      return (
        order !== undefined &&
        !order.bookedAtSource &&
        order.status !== "cancelled" &&
        order.status !== "rejected"
      );
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

// What a replay asks of the state: figures as they are now, and whether the process that a document belongs to still
// wants it. Both lock the roots of the lanes first, orders before SKUs, each in key order, as every transaction does.
import { parseDecimal } from "../../core/decimal.ts";
import { settleStock } from "../../domains/inventory/settle.ts";
import { orderKey, parseKey } from "../../domains/key.ts";
import { findLine, findPlace } from "../../domains/order/lines.ts";
import type { Order } from "../../domains/order/state.ts";
import type { CancellationPayload, ReleasePayload, ReturnAdvicePayload } from "../../domains/outbound.ts";
import type { Transaction } from "../../postgres/pool.ts";
import type { NewDelivery } from "../../store/delivery.ts";
import type { SettledRow } from "../../store/delivery-replay.ts";
import { lockOrders } from "../../store/order.ts";
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

async function render(tx: Transaction, rules: Rules, target: string, wanted: readonly ReplayKey[]): Promise<NewDelivery[]> {
  const names = new Set(wanted.map(nameOf));
  const orders = await lockOrdersOf(tx, wanted);
  const stock = keysOf(wanted, "stock:");
  const items = await lockItems(
    tx,
    stock.map(({ company }) => company),
    stock.map(({ id }) => id),
  );
  const { rows } = await tx.query<{ now: string }>({ name: "clock", text: "select clock_timestamp() as now", values: [] });
  const messages: CausedOutbound[] = items.flatMap(({ item, appliedSeq }) =>
    settleStock(null, item, { ...rules.settle, now: rows[0]!.now }, rules.ownerOf).outbound.map((outbound) => ({ outbound, causeSeq: appliedSeq })),
  );
  for (const { order, appliedSeq } of orders) messages.push({ outbound: statusMessage(order), causeSeq: appliedSeq });
  return routeAll(rules, messages).filter((row) => row.target === target && names.has(nameOf(row)));
}

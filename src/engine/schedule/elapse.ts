// Time alone changes what may be sold: an observation ages, supply falls overdue. Once a minute the figures of
// all SKUs are compared with those of the last look, and channels are told of what has changed.
import type { Time } from "../../core/time.ts";
import { sellable } from "../../domains/inventory/available.ts";
import { settleStock } from "../../domains/inventory/settle.ts";
import type { StockItem } from "../../domains/inventory/state.ts";
import type { Database } from "../../postgres/pool.ts";
import { insertDeliveries, type PendingDelivery } from "../../store/delivery.ts";
import { readCursor, saveCursor } from "../../store/intake.ts";
import { lockItems, pageItems } from "../../store/stock.ts";
import { routeAll } from "../projection/route.ts";
import type { Rules } from "../projection/rules.ts";

export interface ElapseOptions {
  db: Database;
  rules: Rules;
  owns(): boolean;
  delivered(pending: PendingDelivery[]): void;
  failed(error: unknown): void;
}

const LOOK_MS = 60_000;
const PAGE = 1_000;
/** Where the time of the last look is kept. */
const CURSOR = { system: "crossdock", poll: "elapse" };

export class Elapse {
  private readonly options: ElapseOptions;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(options: ElapseOptions) {
    this.options = options;
  }

  start(): void {
    if (this.options.rules.settle.channels.length === 0) return;
    this.timer = setInterval(() => {
      if (this.options.owns()) this.looking = this.look().then(() => undefined, this.options.failed);
    }, LOOK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Returns how many SKUs a channel was told of again. */
  async look(): Promise<number> {
    const { db, rules } = this.options;
    const { rows } = await db.query<{ now: Time }>("select clock_timestamp() as now");
    const now = rows[0]!.now;
    const last = await readCursor(db, CURSOR.system, CURSOR.poll);
    let told = 0;
    const { company } = rules.integration;
    for (let after = ""; last !== null; ) {
      const page = await pageItems(db, company, after, PAGE);
      const changed = page.map(({ item }) => item).filter((item) => this.changed(item, last, now));
      if (changed.length > 0)
        told += await this.tell(
          company,
          changed.map((item) => item.sku),
          now,
        );
      if (page.length < PAGE) break;
      after = page[page.length - 1]!.item.sku;
    }
    await db.transaction((tx) => saveCursor(tx, CURSOR.system, CURSOR.poll, now));
    return told;
  }

  private changed(item: StockItem, last: Time, now: Time): boolean {
    const { settle } = this.options.rules;
    return settle.channels.some(
      (channel) =>
        sellable(item, channel, settle.policy, last).quantity !==
        sellable(item, channel, settle.policy, now).quantity,
    );
  }

  /** The figures are drawn again under the SKUs' locks: a movement meanwhile is in them. */
  private async tell(company: string, skus: string[], now: Time): Promise<number> {
    const { db, rules } = this.options;
    const pending = await db.transaction(async (tx) => {
      const items = await lockItems(
        tx,
        skus.map(() => company),
        skus,
      );
      const outbound = items.flatMap(({ item, appliedSeq }) =>
        settleStock(null, item, { ...rules.settle, levels: false, now }).outbound.map((message) => ({
          outbound: message,
          causeSeq: appliedSeq,
        })),
      );
      return insertDeliveries(tx, routeAll(rules, outbound));
    });
    this.options.delivered(pending);
    return pending.length;
  }
}

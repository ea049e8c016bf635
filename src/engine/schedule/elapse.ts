// What may be sold changes without any event: an observation ages, supply falls overdue, a buffer is configured anew. At
// the start and once a minute the figures of all SKUs are compared with those of the last look, and channels are told
// of what has changed.
import { createHash } from "node:crypto";
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
const CHECK_MS = 1_000;
const PAGE = 1_000;
/** Where the time of the last look is kept, and under which rules it was: `TIME RULES`. */
const CURSOR = { system: "crossdock", poll: "elapse" };

export class Elapse {
  private readonly options: ElapseOptions;
  private readonly ruleMark: string;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  /** At once, when the schedule is owned for the first time. */
  private dueAt = 0;
  private stopped = false;

  constructor(options: ElapseOptions) {
    this.options = options;
    const { policy, channels } = options.rules.settle;
    this.ruleMark = markOf([policy, channels]);
  }

  start(): void {
    if (this.options.rules.settle.channels.length === 0) return;
    this.timer = setInterval(() => this.lookWhenDue(), CHECK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.looking;
  }

  private lookWhenDue(): void {
    if (this.looking !== undefined || performance.now() < this.dueAt || !this.options.owns()) return;
    this.dueAt = performance.now() + LOOK_MS;
    this.looking = this.look()
      .then(() => undefined, this.options.failed)
      .finally(() => {
        this.looking = undefined;
      });
  }

  /** Returns how many messages told a channel of a SKU again. */
  async look(): Promise<number> {
    const { db, rules } = this.options;
    const { rows } = await db.query<{ now: Time }>("select clock_timestamp() as now");
    const now = rows[0]!.now;
    const kept = await readCursor(db, CURSOR.system, CURSOR.poll);
    const [last = "", ruleMark] = kept?.split(" ") ?? [];
    const differs = (item: StockItem) => ruleMark !== this.ruleMark || this.changed(item, last, now);
    let told = 0;
    const { company } = rules.integration;
    for (let after = ""; kept !== null; ) {
      // Given up in the middle it begins again from the last one that was whole.
      if (this.stopped) return told;
      const page = await pageItems(db, company, after, PAGE);
      const changed = page.map(({ item }) => item).filter(differs);
      if (changed.length > 0)
        told += await this.tell(
          company,
          changed.map((item) => item.sku),
          now,
        );
      if (page.length < PAGE) break;
      after = page[page.length - 1]!.item.sku;
    }
    await db.transaction((tx) => saveCursor(tx, CURSOR.system, CURSOR.poll, `${now} ${this.ruleMark}`));
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

const markOf = (rules: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(rules, (_, value) => (typeof value === "bigint" ? String(value) : value)))
    .digest("base64url")
    .slice(0, 16);

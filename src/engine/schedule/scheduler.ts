// Runs what is due: looks at backorders when stock arrives, deadlines of milestones, expiring reservations. The
// tasks are rows; a task that fails is tried again later and never lost.
import type { Decimal } from "../../core/decimal.ts";
import { addMs, type Time } from "../../core/time.ts";
import { SELF } from "../../domains/event.ts";
import { availableToPromise } from "../../domains/inventory/available.ts";
import type { StockPolicy } from "../../domains/inventory/policy.ts";
import type { StockItem } from "../../domains/inventory/state.ts";
import { orderKey, parseKey } from "../../domains/key.ts";
import { type MilestoneName, milestoneMet, missedMilestone } from "../../domains/order/milestones.ts";
import type { Database } from "../../postgres/pool.ts";
import { raiseProblems } from "../../store/exception.ts";
import { lockOrders } from "../../store/order.ts";
import { readBackorders } from "../../store/reservation.ts";
import { readItems } from "../../store/stock.ts";
import { type DueTask, dueTasks, finishTasks, postponeTask, saveTasks } from "../../store/task.ts";
import type { Commands } from "../commands.ts";
import { canonicalEvent } from "../log/incoming.ts";
import type { Rules } from "../projection/rules.ts";

export interface SchedulerOptions {
  db: Database;
  rules: Rules;
  commands: Commands;
  /** Does this node run the schedule now? */
  owns(): boolean;
  failed(error: unknown): void;
}

const POLL_MS = 500;
const BATCH = 200;
/** Orders that are read at a time when stock arrives. */
const LOOKS_MAX = 200;
const POSTPONE_MS = 5_000;

export class Scheduler {
  private readonly options: SchedulerOptions;
  private stopping = false;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private woken = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
  }

  start(): void {
    this.running = this.loop();
  }

  /** Something is due now. */
  hurry(): void {
    this.woken = true;
    this.wake?.();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.running;
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      this.woken = false;
      let done = 0;
      try {
        if (this.options.owns()) done = await this.runDue();
      } catch (error) {
        this.options.failed(error);
      }
      if (done < BATCH && !this.woken && !this.stopping) await this.sleep();
    }
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async runDue(): Promise<number> {
    const due = await dueTasks(this.options.db, BATCH);
    if (due.length === 0) return 0;
    const now = await this.now();
    const finished: DueTask[] = [];
    await Promise.all(
      due.map(async (task) => {
        try {
          if (await this.run(task, now)) finished.push(task);
        } catch (error) {
          this.options.failed(error);
          await postponeTask(this.options.db, task, POSTPONE_MS);
        }
      }),
    );
    if (finished.length > 0) await finishTasks(this.options.db, finished);
    return due.length;
  }

  private async now(): Promise<Time> {
    const { rows } = await this.options.db.query<{ now: Time }>("select clock_timestamp() as now");
    return rows[0]!.now;
  }

  /** Returns whether the task is over; one that asked for itself again is not. */
  private async run(task: DueTask, now: Time): Promise<boolean> {
    if (task.kind === "milestone") return this.checkMilestone(task, now);
    if (parseKey(task.key).domain === "stock") return this.reallocate(task, now);
    if (task.kind === "expire-reservation")
      await this.command(task.key, "order.reservation.due", task.payload);
    else await this.command(task.key, "order.reallocation.due");
    return true;
  }

  /** Stock rose: orders that wait for it look at their lines, by priority and then age, as far as it reaches. */
  private async reallocate(task: DueTask, now: Time): Promise<boolean> {
    const { db, rules } = this.options;
    const { company, id: sku } = parseKey(task.key);
    const [stored] = await readItems(db, company, [sku]);
    if (stored === undefined) return true;
    let reach = reachOf(stored.item, now, rules.integration.stock);
    const looked = new Set<string>();
    while (reach === "any" || reach > 0n) {
      const waiting = await readBackorders(db, company, sku, looked.size + LOOKS_MAX);
      const orders = new Set<string>();
      for (const { reservation } of waiting) {
        if (reach !== "any" && reach <= 0n) break;
        if (looked.has(reservation.orderId)) continue;
        orders.add(reservation.orderId);
        if (reach !== "any") reach -= reservation.quantity;
      }
      if (orders.size === 0) break;
      // In sequence: an older order's look comes before a younger one's.
      for (const orderId of orders) {
        looked.add(orderId);
        await this.command(orderKey(company, orderId), "order.reallocation.due");
      }
    }
    return true;
  }

  /** The order looks at what it waits for, or at what is held for it. */
  private async command(
    key: string,
    type: "order.reallocation.due" | "order.reservation.due",
    data: Record<string, unknown> = {},
  ): Promise<void> {
    const { company, id } = parseKey(key);
    const event = canonicalEvent(SELF, company, {
      type,
      data: { company, orderId: id, ...data },
      time: await this.now(),
    });
    await this.options.commands.submit(event, () => ({ status: 200, body: null }));
  }

  private async checkMilestone(task: DueTask, now: Time): Promise<boolean> {
    const { db } = this.options;
    const [name, key] = splitOnce(task.key, "|") as [MilestoneName, string];
    const { company, id } = parseKey(key);
    const deadline = task.payload.deadline as Time;
    const breached = now >= deadline;
    return db.transaction(async (tx) => {
      // Locked: what meets the milestone meanwhile comes after, and solves what is raised here.
      const [stored] = await lockOrders(tx, [company], [id]);
      if (stored === undefined || milestoneMet(name, stored.order)) return true;
      await raiseProblems(tx, [
        missedMilestone(name, key, stored.order, breached ? "breach" : "warning", deadline),
      ]);
      if (!breached) {
        await saveTasks(tx, [
          {
            kind: "milestone",
            key: task.key,
            dueAt: deadline < now ? addMs(now, 1) : deadline,
            payload: { deadline, phase: "breach" },
          },
        ]);
      }
      return breached;
    });
  }
}

/** Units that are free for those who wait. Where supply is dated, any date may have moved, so everybody looks. */
function reachOf(item: StockItem, now: Time, policy: StockPolicy): Decimal | "any" {
  if (item.inbound.length > 0) return "any";
  const located = { ...item, commitments: item.commitments.filter(({ location }) => location !== "") };
  return availableToPromise(located, { now }, policy);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

// Delivery: every target that this node owns has a worker; what was committed is handed over in memory, and the
// table is the guarantee. A target without a writer for what it is declared to take is refused at construction.
import type { Database, Session } from "../../postgres/pool.ts";
import type { PendingDelivery } from "../../store/delivery.ts";
import { refreshStatistics } from "../../store/delivery-statistics.ts";
import { sumTallies } from "../../store/delivery-tally.ts";
import { ensureDays } from "../../store/event.ts";
import { type Clock, type Log, monotonicClock, silentLog } from "../cluster/context.ts";
import type { Leases } from "../cluster/lease.ts";
import type { Membership } from "../cluster/membership.ts";
import type { FactSink, ProblemSink } from "./facts.ts";
import { Settler } from "./settler.ts";
import { defaultTuning, routesOf, type Target, type Tuning } from "./target.ts";
import { CHANNEL, type DeliveryOwner, tell, toldOf } from "./tell.ts";
import { type TargetStatus, TargetWorker } from "./worker.ts";

export interface DeliveryOptions {
  db: Database;
  membership: Membership;
  leases: Leases;
  targets: readonly Target[];
  facts: FactSink;
  problems: ProblemSink;
  clock?: Clock;
  log?: Log;
  tuning?: Partial<Tuning>;
  /** In [0, 1); jitter and nothing else. */
  random?(): number;
}

/** What this node wrote for others' targets is told once for so long. */
const TELL_AFTER_MS = 5;
const LISTEN_RETRY_MS = 2_000;
const DAYS_EVERY_MS = 3_600_000;
const TALLIES_EVERY_MS = 15_000;
const STATISTICS_EVERY_MS = 5_000;

export class DeliveryEngine implements DeliveryOwner {
  private readonly options: DeliveryOptions;
  private readonly log: Log;
  private readonly settler: Settler;
  private readonly workers = new Map<string, TargetWorker>();
  private readonly untold = new Set<string>();
  private telling: NodeJS.Timeout | undefined;
  private session: Session | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private stopping = false;

  constructor(options: DeliveryOptions) {
    this.options = options;
    this.log = options.log ?? silentLog;
    const clock = options.clock ?? monotonicClock;
    const { db, facts, problems } = options;
    this.settler = new Settler({ db, facts, problems, clock, log: this.log });
    for (const target of options.targets) {
      const worker = new TargetWorker({
        db,
        nodeId: options.membership.nodeId,
        target,
        routes: routesOf(target),
        settler: this.settler,
        tuning: { ...defaultTuning, ...options.tuning },
        clock,
        log: this.log,
        random: options.random ?? Math.random,
        alone: () => options.membership.alone(),
      });
      this.workers.set(target.system, worker);
      options.leases.want(leaseName(target.system), worker);
    }
  }

  /** Resolves when the day's partitions exist; targets are taken as their leases are acquired. */
  async start(): Promise<void> {
    await ensureDays(this.options.db);
    this.every(DAYS_EVERY_MS, () => ensureDays(this.options.db));
    this.every(TALLIES_EVERY_MS, () => sumTallies(this.options.db));
    this.every(STATISTICS_EVERY_MS, () => refreshStatistics(this.options.db));
    void this.listen();
  }

  /** After the commit. Costs no query and no timer; what there is no room for is read from the table. */
  handOver(pending: readonly PendingDelivery[]): void {
    if (pending.length === 0) return;
    const byTarget = new Map<string, PendingDelivery[]>();
    for (const row of pending) {
      const rows = byTarget.get(row.target);
      if (rows === undefined) byTarget.set(row.target, [row]);
      else rows.push(row);
    }
    for (const [system, rows] of byTarget) {
      if (this.workers.get(system)?.handOver(rows) !== true) this.tellSoon(system);
    }
  }

  /** Lanes that an operation has freed or filled, told to whoever owns the target; null: any. */
  async wake(system: string, lanes: readonly string[] | null): Promise<void> {
    const worker = this.workers.get(system);
    if (worker?.owned() === true) worker.wake(lanes);
    else await tell(this.options.db, system, lanes);
  }

  status(): { targets: TargetStatus[]; settling: number } {
    return {
      targets: [...this.workers.values()].map((worker) => worker.status()),
      settling: this.settler.size(),
    };
  }

  /** Gives the targets back: nothing new starts, what is under way has `drainMs` to end. */
  async stop({ drainMs }: { drainMs: number }): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.telling);
    for (const worker of this.workers.values()) worker.drainWithin(drainMs);
    await Promise.all(
      [...this.workers.keys()].map((system) => this.options.leases.unwant(leaseName(system))),
    );
    this.settler.close();
    await this.session?.close();
  }

  private every(ms: number, work: () => Promise<unknown>): void {
    this.timers.push(
      setInterval(() => {
        work().catch((error) => this.log.warn({ err: error }, "housekeeping of deliveries failed"));
      }, ms),
    );
  }

  private tellSoon(system: string): void {
    this.untold.add(system);
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      const systems = [...this.untold];
      this.untold.clear();
      for (const name of systems) {
        tell(this.options.db, name, []).catch((error) =>
          this.log.debug({ err: error, system: name }, "the owner could not be told; it will look by itself"),
        );
      }
    }, TELL_AFTER_MS);
  }

  private async listen(): Promise<void> {
    while (!this.stopping) {
      try {
        const session = await this.options.db.connection();
        if (this.stopping) return void (await session.close());
        this.session = session;
        session.onNotification((_channel, payload) => this.told(payload));
        await session.query(`listen ${CHANNEL}`);
        await new Promise<void>((resolve) => session.onClosed(resolve));
      } catch (error) {
        this.log.warn({ err: error }, "cannot listen for deliveries of other nodes; the table is polled");
      }
      if (!this.stopping) await new Promise((resolve) => setTimeout(resolve, LISTEN_RETRY_MS));
    }
  }

  private told(payload: string): void {
    const { system, lanes } = toldOf(payload);
    this.workers.get(system)?.wake(lanes);
  }
}

export const leaseName = (system: string): string => `target/${system}`;

// For tests: nodes that can die, and systems that remember what took effect in them.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Answer,
  CallLimits,
  ConnectorSession,
  Found,
  OutboundMessage,
  Writer,
} from "../../connector/contract.ts";
import { type OutboundType, outboundKinds } from "../../domains/outbound.ts";
import type { Limits, WriteDeclaration } from "../../policy/integration.ts";
import { type Database, openDatabase, type Transaction } from "../../postgres/pool.ts";
import { insertDeliveries, type NewDelivery, type PendingDelivery } from "../../store/delivery.ts";
import { deliveryBooks } from "../../store/delivery-tally.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { monotonicClock, silentLog } from "../cluster/context.ts";
import { Leases } from "../cluster/lease.ts";
import { Membership } from "../cluster/membership.ts";
import { DeliveryEngine } from "./engine.ts";
import type { DeliveryFact } from "./facts.ts";
import type { Target, Tuning } from "./target.ts";

export const quickLimits: Limits = {
  concurrency: 8,
  ratePerSecond: 0,
  requestTimeoutMs: 200,
  backoffFirstMs: 5,
  backoffLastMs: 40,
  breakerLanes: 5,
  probeEveryMs: 60,
};

export interface Effect {
  deliveryId: string;
  type: OutboundType;
  key: string;
  payload: { n: number };
}

type Script = (
  message: OutboundMessage,
  call: OutboundMessage[],
  limits: CallLimits,
) => Answer | Promise<Answer>;

/** A system in this process. What takes effect in it is remembered, whatever it answers. */
export class MemorySystem {
  readonly name: string;
  readonly effects: Effect[] = [];
  readonly calls: OutboundMessage[][] = [];
  finds = 0;
  probes = 0;
  healthy = true;
  running = 0;
  runningMost = 0;
  /** What it answers; `take` makes it take effect. Absent: taken and done. */
  script: Script | undefined;
  findScript: ((message: OutboundMessage) => Found | Promise<Found> | undefined) | undefined;
  /** How its health is found out, where `healthy` does not say. */
  healthScript: ((signal: AbortSignal) => Promise<void>) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  take(message: OutboundMessage): void {
    const { deliveryId, type, key } = message;
    this.effects.push({ deliveryId, type, key, payload: message.payload as { n: number } });
  }

  has(key: string): boolean {
    return this.effects.some((effect) => effect.key === key);
  }

  numbers(key?: string): number[] {
    return this.effects.filter((e) => key === undefined || e.key === key).map((e) => e.payload.n);
  }

  /** `alive`: a dead node neither sends nor hears. */
  session(types: OutboundType[], alive: () => boolean): ConnectorSession {
    const writer: Writer = {
      send: async (messages, limits) => {
        if (!alive()) return never();
        this.calls.push(messages);
        this.running += 1;
        this.runningMost = Math.max(this.runningMost, this.running);
        try {
          const answers: Answer[] = [];
          for (const message of messages) answers.push(await this.answer(message, messages, limits));
          return alive() ? answers : never();
        } finally {
          this.running -= 1;
        }
      },
      find: async (message) => {
        if (!alive()) return never();
        this.finds += 1;
        const scripted = this.findScript?.(message);
        if (scripted !== undefined) return scripted;
        return this.has(message.key) ? { kind: "found", reference: "found" } : { kind: "absent" };
      },
    };
    return {
      map: () => ({ ignored: "nothing" }),
      writers: Object.fromEntries(types.map((type) => [type, writer])),
      health: async (signal) => {
        this.probes += 1;
        if (this.healthScript !== undefined) return this.healthScript(signal);
        if (!this.healthy) throw new Error(`${this.name} is down`);
      },
      close: async () => {},
    };
  }

  private async answer(
    message: OutboundMessage,
    call: OutboundMessage[],
    limits: CallLimits,
  ): Promise<Answer> {
    if (this.script !== undefined) return this.script(message, call, limits);
    this.take(message);
    return { kind: "done" };
  }
}

const never = <T>(): Promise<T> => new Promise(() => {});

export interface TargetPlan {
  system: MemorySystem;
  writes: Partial<Record<OutboundType, WriteDeclaration>>;
  limits?: Partial<Limits>;
  mode?: "live" | "observe";
}

export interface TestNode {
  id: string;
  engine: DeliveryEngine;
  facts: DeliveryFact[];
  /** Inserts and hands over, as the projection does. */
  deliver(rows: readonly NewDelivery[]): Promise<PendingDelivery[]>;
  stop(drainMs?: number): Promise<void>;
  /** As SIGKILL would: nothing of it is written, sent or heard from now on, and its leases expire. */
  kill(): void;
}

export interface NodeOptions {
  tuning?: Partial<Tuning>;
  ttlMs?: number;
  random?: () => number;
  revision?: number;
  recordFacts?(tx: Transaction, target: string, facts: readonly DeliveryFact[]): Promise<() => void>;
}

export async function startNode(
  url: string,
  plans: TargetPlan[],
  options: NodeOptions = {},
): Promise<TestNode> {
  const id = randomUUID();
  let alive = true;
  const pool = openDatabase(url, { applicationName: `node-${id}`, connectionsMax: 6 });
  const db = mortal(pool, () => alive);
  const ttlMs = options.ttlMs ?? 600;
  const log = silentLog;
  const membership = new Membership({
    db,
    nodeId: id,
    configurationRevision: options.revision ?? 1,
    version: "test",
    log,
    beatMs: ttlMs / 6,
    deadAfterMs: ttlMs * 0.75,
  });
  const clock = monotonicClock;
  const leases = new Leases({ db, membership, clock, log, ttlMs, renewMs: ttlMs / 4, acquireMs: 20 });
  const facts: DeliveryFact[] = [];
  const engine = new DeliveryEngine({
    db,
    membership,
    leases,
    targets: plans.map((plan) => targetOf(plan, () => alive)),
    facts: {
      record: async (tx, target, recorded) => {
        const then = (await options.recordFacts?.(tx, target, recorded)) ?? (() => {});
        return () => {
          facts.push(...recorded);
          then();
        };
      },
    },
    problems: { raise: raiseProblems, solve: solveProblems },
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  await membership.start();
  await engine.start();
  await leases.start();
  return {
    id,
    engine,
    facts,
    async deliver(rows) {
      const pending = await db.transaction((tx) => insertDeliveries(tx, rows));
      engine.handOver(pending);
      return pending;
    },
    async stop(drainMs = 1_000) {
      await engine.stop({ drainMs });
      await leases.stop();
      await membership.stop();
      await pool.close();
    },
    kill() {
      alive = false;
      void engine.stop({ drainMs: 0 });
      void leases.stop();
      void membership.stop();
      void pool.close();
    },
  };
}

function targetOf(plan: TargetPlan, alive: () => boolean): Target {
  return {
    system: plan.system.name,
    session: plan.system.session(Object.keys(plan.writes) as OutboundType[], alive),
    writes: plan.writes,
    limits: { ...quickLimits, ...plan.limits },
    mode: plan.mode ?? "live",
  };
}

/** A database that a dead node gets no answer from; what it has not committed is rolled back. */
function mortal(db: Database, alive: () => boolean): Database {
  const ifAlive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!alive()) return never();
    try {
      const result = await work();
      return alive() ? result : never();
    } catch (error) {
      if (!alive()) return never();
      throw error;
    }
  };
  return {
    query: (statement, values) => ifAlive(() => db.query(statement, values)),
    transaction: (run, settings) =>
      ifAlive(() =>
        db.transaction(async (tx) => {
          const result = await run({
            query: (statement, values) => {
              if (!alive()) throw new Error("the node is dead");
              return tx.query(statement, values);
            },
            finish: (ask) => ask(),
          });
          if (!alive()) throw new Error("the node is dead");
          return result;
        }, settings),
      ),
    connection: () => db.connection(),
    close: () => db.close(),
  };
}

let causes = 0;

/** `n` is what the effect shows; the lane is the key unless it is said. */
export function delivery(
  target: string,
  type: OutboundType,
  key: string,
  n: number,
  more: Partial<NewDelivery> & { payloadMore?: object } = {},
): NewDelivery {
  const { payloadMore, ...rest } = more;
  const kind = outboundKinds[type];
  causes += 1;
  return {
    target,
    lane: key,
    class: kind.class,
    type,
    flow: "flow",
    key,
    causeSeq: causes,
    merge: kind.merge === "newest",
    payload: JSON.stringify({ n, ...payloadMore }),
    ...rest,
  };
}

/** Waits until `met`, or throws what was still the case. */
export async function until(
  met: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await met())) {
    if (performance.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

export async function unsettled(db: Database, where = "true"): Promise<number> {
  const { rows } = await db.query<{ count: string }>(`select count(*) as count from delivery where ${where}`);
  return Number(rows[0]!.count);
}

export async function settled(db: Database, timeoutMs = 15_000): Promise<void> {
  await until(async () => (await unsettled(db)) === 0, "everything is settled", timeoutMs);
}

export async function balanced(db: Database): Promise<boolean> {
  return (await deliveryBooks(db)).every((book) => book.balanced);
}

/** Empties what a test leaves behind, so that one database serves a file. */
export async function clear(db: Database): Promise<void> {
  await db.query(
    `truncate delivery, delivery_claim, delivery_done, delivery_attempt, delivery_tally, delivery_count, reference,
              exception, node, lease`,
  );
}

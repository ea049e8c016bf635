// What a person asks of deliveries: let stuck ones go on, skip them, or send again what a target may have lost. Levels
// and prices are drawn anew, so that nothing stale is sent; documents are looked for first, and only where still wanted.
import { CrossdockError } from "../../core/errors.ts";
import { type OutboundType, outboundKinds } from "../../domains/outbound.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { insertDeliveries, type NewDelivery, type PendingDelivery } from "../../store/delivery.ts";
import {
  countSettled,
  countStuck,
  newestDelivery,
  readSettled,
  readStuck,
  releaseStuck,
  type SettledRow,
  type SettledScope,
  type StuckFilter,
  type StuckRow,
  skipStuck,
} from "../../store/delivery-replay.ts";
import type { ProblemSink } from "./facts.ts";
import type { Target } from "./target.ts";
import type { DeliveryOwner } from "./tell.ts";

/** Both are asked inside the transaction, and lock each lane's root row before they answer. */
export interface ReplaySource {
  /** The current state of these keys, drawn for the target; a key without one is left out. */
  render(tx: Transaction, target: string, wanted: readonly ReplayKey[]): Promise<NewDelivery[]>;
  /** The ids of those that the process they belong to would still send. */
  stillWanted(
    tx: Transaction,
    target: string,
    documents: readonly SettledRow[],
  ): Promise<ReadonlySet<number>>;
}

export interface ReplayKey {
  type: OutboundType;
  key: string;
  lane: string;
}

export interface ReplayScope {
  system: string;
  /** `inventory`, `order`, …: the part of a type before its first dot. */
  domain?: string;
  types?: readonly OutboundType[];
  lane?: string;
  key?: string;
  /** When it was delivered. */
  from?: string;
  to?: string;
}

export type Treatment =
  /** Drawn anew from the current state. */
  | "rendered"
  /** Looked for in the target, and sent where it is not there and still wanted. */
  | "looked-up"
  /** Sent again where still wanted: the target bears it. */
  | "repeated"
  /** Cannot be sent again without risk of a second effect. */
  | "left";

export interface ReplayPreview {
  types: {
    type: OutboundType;
    treatment: Treatment;
    deliveries: number;
    keys: number;
    firstAt: string;
    lastAt: string;
  }[];
  samples: { id: string; type: OutboundType; key: string; settledAt: string }[];
}

export interface ReplayResult {
  /** Deliveries that were made. */
  replayed: number;
  unwanted: number;
  /** One of the same key is under way already. */
  underWay: number;
}

export interface StuckPreview {
  counts: { system: string; type: string; state: string; count: number }[];
  samples: { id: string; system: string; lane: string; type: string; key: string; reason: string | null }[];
}

export interface ReplaysOptions {
  db: Database;
  owner: DeliveryOwner;
  targets: readonly Target[];
  problems: ProblemSink;
  source: ReplaySource;
}

const PAGE = 500;
const SAMPLES = 10;

export class Replays {
  private readonly options: ReplaysOptions;

  constructor(options: ReplaysOptions) {
    this.options = options;
  }

  async previewStuck(filter: StuckFilter): Promise<StuckPreview> {
    const { db } = this.options;
    const counts = await countStuck(db, filter);
    const rows = await readStuck(db, filter, { after: 0, limit: SAMPLES, lock: false });
    return {
      counts,
      samples: rows.map(({ id, target, lane, type, key, reason }) => ({
        id: String(id),
        system: target,
        lane,
        type,
        key,
        reason,
      })),
    };
  }

  /** They are tried again, in their lanes' order. Returns how many. */
  release(filter: StuckFilter): Promise<number> {
    return this.eachStuck(filter, releaseStuck);
  }

  /** They are settled without being sent, and what is behind them goes on. Returns how many. */
  skip(filter: StuckFilter, reason: string): Promise<number> {
    return this.eachStuck(filter, (tx, rows) => skipStuck(tx, rows, reason));
  }

  async preview(scope: ReplayScope): Promise<ReplayPreview> {
    const { db } = this.options;
    const settled = this.settledScope(scope, () => true);
    const counts = await countSettled(db, settled);
    const page = { after: 0, until: await newestDelivery(db), limit: SAMPLES };
    const samples = await readSettled(db, settled, page);
    return {
      types: counts.map((count) => ({ ...count, treatment: this.treatment(scope.system, count.type) })),
      samples: samples.map(({ id, type, key, settledAt }) => ({ id: String(id), type, key, settledAt })),
    };
  }

  /** Page by page, each in a transaction of its own; repeated, it finds its own deliveries under way. */
  async replay(scope: ReplayScope): Promise<ReplayResult> {
    const { db, owner } = this.options;
    const settled = this.settledScope(scope, (treatment) => treatment !== "left");
    const result: ReplayResult = { replayed: 0, unwanted: 0, underWay: 0 };
    const until = await newestDelivery(db);
    for (let after = 0; ; ) {
      const rows = await readSettled(db, settled, { after, until, limit: PAGE });
      if (rows.length === 0) return result;
      after = rows.at(-1)!.id;
      const idle = rows.filter((row) => !row.underWay);
      result.underWay += rows.length - idle.length;
      if (idle.length === 0) continue;
      const pending = await db.transaction((tx) => this.replayPage(tx, scope.system, idle));
      owner.handOver(pending);
      result.replayed += pending.length;
      result.unwanted += idle.length - pending.length;
    }
  }

  private async replayPage(
    tx: Transaction,
    system: string,
    rows: readonly SettledRow[],
  ): Promise<PendingDelivery[]> {
    const { source } = this.options;
    const newest = rows.filter((row) => outboundKinds[row.type].merge === "newest");
    const documents = rows.filter((row) => outboundKinds[row.type].merge !== "newest");
    const rendered = newest.length === 0 ? [] : await source.render(tx, system, newest);
    const wanted =
      documents.length === 0 ? new Set<number>() : await source.stillWanted(tx, system, documents);
    const again = documents.filter((row) => wanted.has(row.id)).map((row) => this.again(row));
    return insertDeliveries(tx, [...again, ...rendered]);
  }

  private again(row: SettledRow): NewDelivery {
    const { target, lane, type, flow, key, causeSeq, correlationId, payload } = row;
    const verify = this.treatment(target, type) === "looked-up";
    return {
      target,
      lane,
      class: row.class,
      type,
      flow,
      key,
      causeSeq,
      correlationId,
      payload,
      merge: false,
      verify,
    };
  }

  private async eachStuck(
    filter: StuckFilter,
    change: (tx: Transaction, rows: readonly StuckRow[]) => Promise<string[]>,
  ): Promise<number> {
    const { db, owner, problems } = this.options;
    let count = 0;
    for (let after = 0; ; ) {
      const rows = await db.transaction(async (tx) => {
        const stuck = await readStuck(tx, filter, { after, limit: PAGE, lock: true });
        if (stuck.length > 0) {
          const solved = await change(tx, stuck);
          if (solved.length > 0) await problems.solve(tx, solved);
        }
        return stuck;
      });
      if (rows.length === 0) return count;
      count += rows.length;
      after = rows.at(-1)!.id;
      const systems = Map.groupBy(rows, (row) => row.target);
      for (const [system, freed] of systems)
        await owner.wake(system, [...new Set(freed.map((row) => row.lane))]);
    }
  }

  private settledScope(scope: ReplayScope, fits: (treatment: Treatment) => boolean): SettledScope {
    const all = Object.keys(this.targetOf(scope.system).writes) as OutboundType[];
    const types = all.filter(
      (type) =>
        (scope.types === undefined || scope.types.includes(type)) &&
        (scope.domain === undefined || type.startsWith(`${scope.domain}.`)) &&
        fits(this.treatment(scope.system, type)),
    );
    const { domain: _domain, ...rest } = scope;
    return { ...rest, types };
  }

  private treatment(system: string, type: OutboundType): Treatment {
    if (outboundKinds[type].merge === "newest") return "rendered";
    const target = this.targetOf(system);
    const kind = target.writes[type]?.kind;
    if (kind === undefined || kind === "none") return "left";
    return target.session.writers[type]?.find === undefined ? "repeated" : "looked-up";
  }

  private targetOf(system: string): Target {
    const target = this.options.targets.find((candidate) => candidate.system === system);
    if (target !== undefined) return target;
    throw new CrossdockError("delivery.unknown-system", `There is no system ${system}.`);
  }
}

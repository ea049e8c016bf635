// The projection's 64 partitions in eight shares, each owned by one node at a time. A share that comes or goes
// restarts this node's projector on what it owns now; state rows keep what they applied, so nothing is applied twice.
import { PARTITIONS } from "../../core/crc32c.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import type { Database } from "../../postgres/pool.ts";
import type { Lease, LeaseHolder, Leases } from "../cluster/lease.ts";
import { Projector } from "./projector.ts";
import type { Rules } from "./rules.ts";
import type { Applied } from "./transaction.ts";

export const SHARES = 8;

export interface SharesOptions {
  db: Database;
  rules: Rules;
  leases: Leases;
  applied(result: Applied): void;
  failed(error: unknown): void;
}

export class ProjectionShares implements LeaseHolder {
  private readonly options: SharesOptions;
  private readonly owned = new Set<number>();
  private projector: Projector | undefined;
  private changing: Promise<void> = Promise.resolve();
  private pending = false;

  constructor(options: SharesOptions) {
    this.options = options;
  }

  want(): void {
    for (let share = 0; share < SHARES; share++) this.options.leases.want(`projection/${share}`, this);
  }

  offer(events: RecordedEvent[]): void {
    this.projector?.offer(events);
  }

  /** The oldest day that may hold unapplied facts, as far as this node knows. */
  get sinceDay(): string {
    return this.projector?.sinceDay ?? "2000-01-01";
  }

  get appliedSeq(): number | undefined {
    return this.projector?.appliedSeq;
  }

  get shares(): number {
    return this.owned.size;
  }

  async settled(): Promise<void> {
    await this.changing;
    await this.projector?.settled();
  }

  async stop(): Promise<void> {
    await this.changing;
    await this.projector?.stop();
    this.projector = undefined;
  }

  acquired(lease: Lease): void {
    this.owned.add(shareOf(lease));
    this.change();
  }

  lost(lease: Lease): void {
    this.owned.delete(shareOf(lease));
    this.change();
  }

  async yield(lease: Lease): Promise<boolean> {
    this.owned.delete(shareOf(lease));
    this.change();
    await this.changing;
    return true;
  }

  /** Leases change several at a time: one restart covers all that changed until it begins. */
  private change(): void {
    if (this.pending) return;
    this.pending = true;
    this.changing = this.changing
      .then(async () => {
        this.pending = false;
        await this.projector?.stop();
        this.projector = undefined;
        if (this.owned.size === 0) return;
        const projector = new Projector({ ...this.options, partitions: partitionsOf(this.owned) });
        await projector.start();
        this.projector = projector;
      })
      .catch(this.options.failed);
  }
}

const shareOf = (lease: Lease): number => Number(lease.name.slice("projection/".length));

function partitionsOf(shares: ReadonlySet<number>): number[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => partition).filter((partition) =>
    shares.has(partition % SHARES),
  );
}

// Named leases: at most one node acts for a name at a time. The database's clock decides expiry; the holder
// acts only inside a local deadline that ends earlier. A holder that cannot renew stops acting by itself.
import type { Database } from "../../postgres/pool.ts";
import {
  type AcquiredLease,
  acquireLeases,
  ensureLeases,
  releaseLease,
  renewLeases,
} from "../../store/cluster.ts";
import type { Clock, Log } from "./context.ts";
import type { Membership } from "./membership.ts";
import { ownerOf } from "./rendezvous.ts";

export interface LeaseHolder {
  /** From now on, and while `lease.valid()`. */
  acquired(lease: Lease): void;
  /** Somebody else has it: stop at once. */
  lost(lease: Lease): void;
  /** Another node should have it: end what is under way. True: nothing is, and the next owner need not wait. */
  yield(lease: Lease): Promise<boolean>;
}

export class Lease {
  readonly name: string;
  /** Rises with every change of owner: fences what an old owner claimed. */
  readonly epoch: number;
  /** Set where the previous owner did not give the lease back: something of it may still be under way. */
  readonly takenOver: AcquiredLease["takenOver"];
  private readonly clock: Clock;
  private until: number;

  constructor(clock: Clock, acquired: AcquiredLease, until: number) {
    this.clock = clock;
    this.name = acquired.name;
    this.epoch = acquired.epoch;
    this.takenOver = acquired.takenOver;
    this.until = until;
  }

  valid(): boolean {
    return this.clock.ms() < this.until;
  }

  /** The holder's own deadline, on the monotonic clock; moves with every renewal. */
  deadline(): number {
    return this.until;
  }

  extend(until: number): void {
    this.until = Math.max(this.until, until);
  }

  end(): void {
    this.until = Number.NEGATIVE_INFINITY;
  }
}

export interface LeasesOptions {
  db: Database;
  membership: Membership;
  clock: Clock;
  log: Log;
  ttlMs?: number;
  renewMs?: number;
  /** How often a lease that should be this node's, and is not yet, is asked for. */
  acquireMs?: number;
}

interface Held {
  lease: Lease;
  state: "held" | "yielding";
}

export class Leases {
  private readonly options: Required<LeasesOptions>;
  private readonly holders = new Map<string, LeaseHolder>();
  private readonly held = new Map<string, Held>();
  private readonly ensured = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> = Promise.resolve();
  private renewedAt = Number.NEGATIVE_INFINITY;
  private running = false;

  constructor(options: LeasesOptions) {
    this.options = { ttlMs: 4_000, renewMs: 1_000, acquireMs: 250, ...options };
  }

  /** May be called before or after start. */
  want(name: string, holder: LeaseHolder): void {
    this.holders.set(name, holder);
  }

  /** Gives a name back and asks for it no more. */
  async unwant(name: string): Promise<void> {
    const held = this.held.get(name);
    if (held !== undefined && held.state === "held") await this.giveBack(name, held);
    this.holders.delete(name);
  }

  holds(name: string): boolean {
    return this.held.get(name)?.lease.valid() ?? false;
  }

  async start(): Promise<void> {
    this.running = true;
    await this.tick();
    this.schedule();
  }

  /** Yields everything; what could not end cleanly is left to expire. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    await this.ticking;
    // Renewal goes on while holders end what is under way.
    const renewing = setInterval(() => {
      this.ticking = this.renew().catch((error) => this.warn(error));
    }, this.options.renewMs);
    try {
      await Promise.all([...this.held].map(([name, held]) => this.giveBack(name, held)));
    } finally {
      clearInterval(renewing);
      await this.ticking;
    }
  }

  private schedule(): void {
    if (!this.running) return;
    this.timer = setTimeout(() => {
      this.ticking = this.tick().finally(() => this.schedule());
    }, this.options.acquireMs);
  }

  private async tick(): Promise<void> {
    try {
      if (this.options.clock.ms() - this.renewedAt >= this.options.renewMs) await this.renew();
      if (!this.running) return;
      const mine = this.assigned();
      for (const [name, held] of this.held) {
        if (held.state === "held" && !mine.has(name)) void this.giveBack(name, held);
      }
      await this.acquire([...mine].filter((name) => !this.held.has(name)));
    } catch (error) {
      this.warn(error);
    }
  }

  private assigned(): Set<string> {
    const nodes = this.options.membership.eligible();
    const self = this.options.membership.nodeId;
    return new Set([...this.holders.keys()].filter((name) => ownerOf(name, nodes) === self));
  }

  private async renew(): Promise<void> {
    const leases = [...this.held.values()].map((held) => held.lease);
    const askedAt = this.options.clock.ms();
    this.renewedAt = askedAt;
    if (leases.length === 0) return;
    const kept = new Set(await renewLeases(this.options.db, this.self(), leases, this.options.ttlMs));
    for (const lease of leases) {
      if (kept.has(lease.name)) lease.extend(this.deadlineFrom(askedAt));
      else this.drop(lease);
    }
  }

  private async acquire(names: string[]): Promise<void> {
    if (names.length === 0) return;
    const unknown = names.filter((name) => !this.ensured.has(name));
    if (unknown.length > 0) await ensureLeases(this.options.db, unknown);
    for (const name of unknown) this.ensured.add(name);
    const askedAt = this.options.clock.ms();
    const acquired = await acquireLeases(this.options.db, this.self(), names, this.options.ttlMs);
    for (const row of acquired) {
      const lease = new Lease(this.options.clock, row, this.deadlineFrom(askedAt));
      this.held.set(row.name, { lease, state: "held" });
      this.options.log.info(
        { lease: row.name, epoch: row.epoch, takenOver: row.takenOver },
        "lease acquired",
      );
      this.holders.get(row.name)?.acquired(lease);
    }
  }

  private async giveBack(name: string, held: Held): Promise<void> {
    held.state = "yielding";
    const clean = (await this.holders.get(name)?.yield(held.lease)) ?? true;
    if (this.held.get(name) !== held) return;
    this.held.delete(name);
    held.lease.end();
    if (!clean) return;
    try {
      await releaseLease(this.options.db, this.self(), name, held.lease.epoch);
    } catch (error) {
      this.warn(error);
    }
  }

  private drop(lease: Lease): void {
    if (this.held.get(lease.name)?.lease !== lease) return;
    this.held.delete(lease.name);
    lease.end();
    this.options.log.warn({ lease: lease.name, epoch: lease.epoch }, "lease lost to another node");
    this.holders.get(lease.name)?.lost(lease);
  }

  /** A tenth of the time to live is kept back for what a query's way took and for clocks that run apart. */
  private deadlineFrom(askedAt: number): number {
    return askedAt + this.options.ttlMs * 0.9;
  }

  private self(): string {
    return this.options.membership.nodeId;
  }

  private warn(error: unknown): void {
    this.options.log.warn({ err: error }, "leases could not be renewed; holders stop at their deadline");
  }
}

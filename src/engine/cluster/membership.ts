// Which nodes are alive, by a row that each touches every second. While the database cannot be reached the
// last known set stands; leases, not membership, decide who may act.
import type { Database } from "../../postgres/pool.ts";
import { beat, type NodeRow, removeNode } from "../../store/cluster.ts";
import type { Log } from "./context.ts";

export interface MembershipOptions {
  db: Database;
  nodeId: string;
  configurationRevision: number;
  version: string;
  log: Log;
  beatMs?: number;
  /** Three missed beats: the leases of a dead node have not expired before that. */
  deadAfterMs?: number;
}

export class Membership {
  readonly nodeId: string;
  private readonly options: Required<MembershipOptions>;
  private nodes: NodeRow[];
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: MembershipOptions) {
    this.options = { beatMs: 1_000, deadAfterMs: 3_000, ...options };
    this.nodeId = options.nodeId;
    this.nodes = [this.self()];
  }

  /** Resolves when this node is known to the others. */
  async start(): Promise<void> {
    this.nodes = await beat(this.options.db, this.self(), this.options.deadAfterMs);
    this.schedule();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.beating;
    await removeNode(this.options.db, this.nodeId);
  }

  live(): readonly NodeRow[] {
    return this.nodes;
  }

  /** Nodes that may own something: those on the newest configuration among the living. */
  eligible(): string[] {
    const newest = Math.max(...this.nodes.map((node) => node.configurationRevision));
    return this.nodes.filter((node) => node.configurationRevision === newest).map((node) => node.id);
  }

  /** Whether no other node can have written anything that this one has not been handed. */
  alone(): boolean {
    return this.nodes.length === 1;
  }

  private self(): NodeRow {
    const { nodeId, configurationRevision, version } = this.options;
    return { id: nodeId, configurationRevision, version };
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.beating = this.refresh().finally(() => this.schedule());
    }, this.options.beatMs);
  }

  private async refresh(): Promise<void> {
    try {
      const before = this.nodes.length;
      this.nodes = await beat(this.options.db, this.self(), this.options.deadAfterMs);
      if (this.nodes.length !== before) this.options.log.info({ nodes: this.nodes.length }, "nodes changed");
    } catch (error) {
      this.options.log.warn({ err: error }, "heartbeat failed; the known set of nodes stands");
    }
  }
}

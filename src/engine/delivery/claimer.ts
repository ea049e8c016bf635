// Claims in groups: one claim is on its way to the disk, the next takes all that gathered meanwhile. What cannot
// be claimed is not sent.
import type { Database } from "../../postgres/pool.ts";
import { insertClaim } from "../../store/delivery-claim.ts";
import type { Lease } from "../cluster/lease.ts";
import type { Call } from "./call.ts";

export interface ClaimerOptions {
  db: Database;
  system: string;
  owner: string;
  lease: Lease;
  /** They may be sent, until their deadline. */
  claimed(calls: Call[]): void;
  /** They must not be sent. `lost`: nor may anything else. */
  failed(calls: Call[], reason: unknown, lost: boolean): void;
}

export class Claimer {
  private readonly options: ClaimerOptions;
  private gathered: Call[] = [];
  private claiming = 0;
  private running = false;

  constructor(options: ClaimerOptions) {
    this.options = options;
  }

  /** Calls that are not claimed yet. */
  size(): number {
    return this.gathered.length + this.claiming;
  }

  add(call: Call): void {
    this.gathered.push(call);
    if (this.running) return;
    this.running = true;
    // What is picked in the same turn goes along.
    queueMicrotask(() => void this.claim());
  }

  private async claim(): Promise<void> {
    const { db, system, owner, lease } = this.options;
    while (this.gathered.length > 0) {
      const calls = this.gathered;
      this.gathered = [];
      this.claiming = calls.length;
      const ids = calls.flatMap((call) =>
        call.lanes.flatMap((lane) => [lane.head().id, ...lane.head().merged]),
      );
      // Known before the claim reads the lease's expiry, so never later than that.
      const deadline = lease.deadline();
      try {
        const id = await insertClaim(db, {
          target: system,
          lease: lease.name,
          owner,
          epoch: lease.epoch,
          ids,
        });
        this.claiming = 0;
        if (id === null) this.options.failed(calls, "the lease is another node's", true);
        else this.options.claimed(mark(calls, id, ids.length, deadline));
      } catch (error) {
        this.claiming = 0;
        this.options.failed(calls, error, false);
      }
    }
    this.running = false;
  }
}

function mark(calls: Call[], id: number, open: number, deadline: number): Call[] {
  const claim = { id, open };
  for (const call of calls) {
    call.deadline = deadline;
    for (const lane of call.lanes) {
      const head = lane.head();
      head.claim = claim;
      head.claimed = head.merged.length + 1;
    }
  }
  return calls;
}

// What one target's worker holds in memory: lanes with the front of their messages, bounded in number. A message
// is taken in only where nothing of its lane before it can be unseen; everything else is left to the table.
import type { PendingDelivery } from "../../store/delivery.ts";
import type { Doubt } from "../../store/delivery-claim.ts";
import type { LaneRow } from "../../store/delivery-load.ts";
import type { Clock } from "../cluster/context.ts";
import { type Claim, type Entry, entryFromPending, entryFromRow, Lane } from "./lane.ts";
import { HAND_OVER_MAX_MS, RecentIds } from "./recent.ts";

export const CLASSES = 4;

/** Where the table is read on from, per class; `open` while it holds what memory does not. */
export interface Overflow {
  open: boolean;
  after: number;
}

export interface WindowOptions {
  windowMax: number;
  clock: Clock;
  /** After a takeover: until when a request of the old owner may still be running. */
  graceUntil: number;
  /** How long after its last possible start a request may run. */
  requestTimeoutMs: number;
  doubts: readonly Doubt[];
}

export type Loaded =
  | { kind: "lane"; lane: Lane }
  /** A message holds the lane; `unmarked`: something behind it does not say so yet. */
  | { kind: "held"; unmarked: boolean }
  /** Marked as behind something that is not there. */
  | { kind: "stranded" }
  | { kind: "empty" };

export class Window {
  readonly lanes = new Map<string, Lane>();
  readonly overflow: Overflow[] = Array.from({ length: CLASSES }, () => ({ open: true, after: 0 }));
  readonly recent: RecentIds;
  /** Lanes whose front is to be read. */
  readonly toLoad = new Set<string>();
  /** The newest id that was seen of this target. */
  newestId = 0;
  private readonly options: WindowOptions;
  private readonly doubts = new Map<number, { claim: Claim; dueAt: number }>();
  private readonly rows: number[] = Array.from({ length: CLASSES }, () => 0);
  private total = 0;

  constructor(options: WindowOptions) {
    this.options = options;
    const nowMs = options.clock.ms();
    this.recent = new RecentIds(nowMs);
    const claims = new Map<number, Claim>();
    for (const doubt of options.doubts) {
      const claim = claims.getOrInsertComputed(doubt.claim, (id) => ({ id, open: 0 }));
      claim.open += 1;
      const dueAt = nowMs + Math.max(0, doubt.openMs + options.requestTimeoutMs);
      this.doubts.set(doubt.id, { claim, dueAt });
    }
  }

  size(): number {
    return this.total;
  }

  /** Half of the window is shared; an eighth is kept for each class. */
  room(urgency: number): number {
    const { windowMax } = this.options;
    return Math.floor(Math.max(windowMax / 8 - this.rows[urgency]!, windowMax / 2 - this.total));
  }

  /** Takes in what was just committed. Returns its lane where there is something new in it. */
  admit(row: PendingDelivery): Lane | null {
    if (row.id > this.newestId) this.newestId = row.id;
    if (performance.now() - row.insertedAt > HAND_OVER_MAX_MS || this.recent.has(row.id)) return null;
    const lane = this.lanes.get(row.lane);
    if (lane !== undefined) return this.admitToLane(lane, row);
    const known = row.previous === null || this.recent.has(row.previous);
    if (this.room(row.class) <= 0) return this.leaveToTable(row.class, row.id);
    if (!known) {
      this.toLoad.add(row.lane);
      return null;
    }
    const fresh = new Lane(row.lane, true);
    this.lanes.set(row.lane, fresh);
    this.push(fresh, entryFromPending(row), true);
    return fresh;
  }

  /** A waiting row that a scan found: its lane is read unless it is known, and then known to be longer. */
  noticed(laneName: string, id: number): void {
    if (id > this.newestId) this.newestId = id;
    const lane = this.lanes.get(laneName);
    if (lane === undefined) {
      if (!this.recent.has(id)) this.toLoad.add(laneName);
    } else if (id > lane.tailId) {
      lane.complete = false;
    }
  }

  leaveToTable(urgency: number, id: number): null {
    const overflow = this.overflow[urgency]!;
    overflow.after = overflow.open ? Math.min(overflow.after, id - 1) : id - 1;
    overflow.open = true;
    return null;
  }

  /** The lane to be read, marked; null where it must not be read now. */
  beginLoad(name: string): Lane | null {
    const lane = this.lanes.getOrInsertComputed(name, () => new Lane(name, false));
    if (lane.loading || lane.entries.length > 0) {
      lane.complete = false;
      return null;
    }
    lane.loading = true;
    lane.complete = true;
    return lane;
  }

  /** What was read of a lane, in order; `whole`: there was no more of it. */
  endLoad(lane: Lane, rows: readonly LaneRow[], whole: boolean): Loaded {
    lane.loading = false;
    if (!whole) lane.complete = false;
    let held: Loaded | undefined;
    for (const [index, row] of rows.entries()) {
      if (row.state === "parked" || row.state === "referring") {
        held = { kind: "held", unmarked: rows.slice(index + 1).some((later) => later.state === "waiting") };
        break;
      }
      if (row.state === "behind") {
        held = { kind: "stranded" };
        break;
      }
      this.takeIn(lane, row);
    }
    if (held !== undefined) lane.complete = false;
    if (lane.entries.length > 0) return { kind: "lane", lane };
    this.lanes.delete(lane.name);
    return held ?? { kind: "empty" };
  }

  abandonLoad(lane: Lane): void {
    lane.loading = false;
    lane.complete = false;
    if (lane.entries.length === 0) this.lanes.delete(lane.name);
    this.toLoad.add(lane.name);
  }

  /** The first message is settled, or parked where that holds nothing, and committed. True: the lane goes on. */
  passed(lane: Lane, settled: boolean): boolean {
    const entry = lane.shift();
    this.count(entry.class, -1);
    if (settled) this.recent.add(entry.id);
    for (const id of entry.merged) this.recent.add(id);
    lane.phase = "idle";
    if (lane.entries.length > 0) return true;
    if (!lane.complete) this.toLoad.add(lane.name);
    this.forget(lane);
    return false;
  }

  /** The lane is held by a message of its own: what is behind it is read again when that one is freed. */
  drop(lane: Lane): void {
    const behind = lane.entries.length > 1 || !lane.complete;
    for (const entry of lane.entries) this.count(entry.class, -1);
    lane.entries.length = 0;
    lane.phase = "idle";
    this.forget(lane);
    // What came in while the holder was being settled may not be marked yet.
    if (behind) this.toLoad.add(lane.name);
  }

  doubtful(): number {
    return this.doubts.size;
  }

  private forget(lane: Lane): void {
    if (this.lanes.get(lane.name) === lane) this.lanes.delete(lane.name);
  }

  private admitToLane(lane: Lane, row: PendingDelivery): Lane | null {
    if (row.id <= lane.tailId) return null;
    const gap = row.previous !== null && row.previous > lane.tailId;
    if (lane.loading || !lane.complete || gap || this.room(row.class) <= 0) {
      lane.complete = false;
      return null;
    }
    this.push(lane, entryFromPending(row), lane.headIsFree() && lane.heldUntil <= this.options.clock.ms());
    return lane;
  }

  private takeIn(lane: Lane, row: LaneRow): void {
    if (this.recent.has(row.id)) return;
    if (row.id > this.newestId) this.newestId = row.id;
    const entry = entryFromRow(row);
    const doubt = this.doubts.get(row.id);
    if (doubt !== undefined) {
      this.doubts.delete(row.id);
      entry.claim = doubt.claim;
      entry.claimed = 1;
      lane.doubt = true;
      lane.dueAt = Math.max(lane.dueAt, doubt.dueAt);
      lane.notBefore = lane.dueAt;
    }
    const joined = this.push(lane, entry, !lane.doubt || doubt !== undefined);
    const { graceUntil, clock } = this.options;
    if (clock.ms() >= graceUntil) return;
    // A request of the old owner may still be running, of the first message or of what it was joined with: the
    // same message may go at once, a newer one must not meet it.
    lane.heldUntil = graceUntil;
    if (joined && lane.entries.length === 1) lane.dueAt = lane.notBefore = Math.max(lane.dueAt, graceUntil);
  }

  private push(lane: Lane, entry: Entry, joinHead: boolean): boolean {
    const joined = lane.append(entry, joinHead);
    if (!joined) this.count(entry.class, 1);
    return joined;
  }

  private count(urgency: number, by: number): void {
    this.rows[urgency]! += by;
    this.total += by;
  }
}

// Lanes whose first message may be sent, by class and type. Classes take turns by weight, so that nothing starves;
// every fourth turn goes to whoever has waited longest, once that is too long.
import type { OutboundType } from "../../domains/outbound.ts";
import type { Lane } from "./lane.ts";

const WEIGHTS = [8, 4, 2, 1] as const;
const CLASSES = WEIGHTS.length;
const AGED_TURN = 4;

class LaneQueue {
  private lanes: Lane[] = [];
  private start = 0;
  readonly index: number;
  /** Lanes that really stand here; one that moved to another queue leaves a void place. */
  size = 0;

  constructor(index: number) {
    this.index = index;
  }

  push(lane: Lane): void {
    lane.queued = this.index;
    this.lanes.push(lane);
    this.size += 1;
  }

  peek(): Lane | undefined {
    while (this.start < this.lanes.length) {
      const lane = this.lanes[this.start]!;
      if (lane.queued === this.index) return lane;
      this.step();
    }
    return undefined;
  }

  take(): Lane | undefined {
    const lane = this.peek();
    if (lane === undefined) return undefined;
    this.step();
    this.leave(lane);
    return lane;
  }

  /** The first of the next few that fits. */
  takeFitting(fits: (lane: Lane) => boolean, look: number): Lane | undefined {
    const end = Math.min(this.lanes.length, this.start + look);
    for (let index = this.start; index < end; index++) {
      const lane = this.lanes[index]!;
      if (lane.queued !== this.index || !fits(lane)) continue;
      this.leave(lane);
      return lane;
    }
    return undefined;
  }

  leave(lane: Lane): void {
    lane.queued = -1;
    this.size -= 1;
  }

  private step(): void {
    this.start += 1;
    if (this.start > 1_024 && this.start * 2 > this.lanes.length) {
      this.lanes = this.lanes.slice(this.start);
      this.start = 0;
    }
  }
}

export class ReadyLanes {
  private readonly types = new Map<OutboundType, number>();
  private readonly queues: (LaneQueue | undefined)[] = [];
  private readonly credit: number[] = WEIGHTS.map(() => 0);
  private turn = 0;
  size = 0;

  push(lane: Lane, nowMs: number): void {
    lane.phase = "ready";
    lane.readySince = nowMs;
    this.queueOf(lane).push(lane);
    this.size += 1;
  }

  /** A more urgent message came into a lane that is ready: it stands with its like from now on. */
  promote(lane: Lane): void {
    const current = this.queues[lane.queued];
    const wanted = this.queueOf(lane);
    if (current === undefined || current === wanted) return;
    current.leave(lane);
    wanted.push(lane);
  }

  count(type: OutboundType): number {
    const column = this.types.get(type);
    if (column === undefined) return 0;
    let count = 0;
    for (let urgency = 0; urgency < CLASSES; urgency++)
      count += this.queues[column * CLASSES + urgency]?.size ?? 0;
    return count;
  }

  /** The next lane by weight and age, of a type that is allowed. */
  take(allow: (type: OutboundType) => boolean, nowMs: number, ageBoundMs: number): Lane | undefined {
    if (this.size === 0) return undefined;
    const fronts = this.fronts(allow);
    this.turn = (this.turn + 1) % AGED_TURN;
    let queue: LaneQueue | undefined;
    if (this.turn === 0) queue = oldest(fronts, nowMs - ageBoundMs);
    queue ??= this.byWeight(fronts);
    return queue === undefined ? undefined : this.taken(queue.take());
  }

  /** Further lanes of the same type for the same call, the most urgent first. */
  takeMore(type: OutboundType, count: number): Lane[] {
    const lanes: Lane[] = [];
    const column = this.types.get(type);
    if (column === undefined) return lanes;
    for (let urgency = 0; urgency < CLASSES; urgency++) {
      const queue = this.queues[column * CLASSES + urgency];
      while (queue !== undefined && lanes.length < count) {
        const lane = this.taken(queue.take());
        if (lane === undefined) break;
        lanes.push(lane);
      }
    }
    return lanes;
  }

  /** For a probe: the first lane that fits, of any class, looking a little way into each queue. */
  takeFitting(fits: (lane: Lane) => boolean): Lane | undefined {
    for (const queue of this.queues) {
      const lane = this.taken(queue?.takeFitting(fits, 200));
      if (lane !== undefined) return lane;
    }
    return undefined;
  }

  private taken(lane: Lane | undefined): Lane | undefined {
    if (lane !== undefined) this.size -= 1;
    return lane;
  }

  private queueOf(lane: Lane): LaneQueue {
    const type = lane.head().type;
    const column = this.types.getOrInsertComputed(type, () => this.types.size);
    const index = column * CLASSES + Math.min(lane.class, CLASSES - 1);
    const queue = this.queues[index] ?? new LaneQueue(index);
    this.queues[index] = queue;
    return queue;
  }

  /** Per class, the queue whose first lane has waited longest. */
  private fronts(allow: (type: OutboundType) => boolean): (LaneQueue | undefined)[] {
    const fronts: (LaneQueue | undefined)[] = [undefined, undefined, undefined, undefined];
    for (const [type, column] of this.types) {
      if (!allow(type)) continue;
      for (let urgency = 0; urgency < CLASSES; urgency++) {
        const queue = this.queues[column * CLASSES + urgency];
        if (queue === undefined || queue.size === 0) continue;
        const front = fronts[urgency];
        if (front === undefined || queue.peek()!.readySince < front.peek()!.readySince)
          fronts[urgency] = queue;
      }
    }
    return fronts;
  }

  /** Smooth weighted round robin over the classes that have something. */
  private byWeight(fronts: (LaneQueue | undefined)[]): LaneQueue | undefined {
    let best = -1;
    let sum = 0;
    for (let urgency = 0; urgency < CLASSES; urgency++) {
      if (fronts[urgency] === undefined) continue;
      sum += WEIGHTS[urgency]!;
      this.credit[urgency]! += WEIGHTS[urgency]!;
      if (best === -1 || this.credit[urgency]! > this.credit[best]!) best = urgency;
    }
    if (best === -1) return undefined;
    this.credit[best]! -= sum;
    return fronts[best];
  }
}

function oldest(fronts: (LaneQueue | undefined)[], bound: number): LaneQueue | undefined {
  let found: LaneQueue | undefined;
  let since = bound;
  for (const queue of fronts) {
    const lane = queue?.peek();
    if (lane !== undefined && lane.readySince < since) {
      found = queue;
      since = lane.readySince;
    }
  }
  return found;
}

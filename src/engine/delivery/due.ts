// Lanes that wait for a time: a binary heap by `dueAt`. A lane that was taken out another way is skipped when it
// comes up, by its phase.
import type { Lane } from "./lane.ts";

interface Slot {
  at: number;
  lane: Lane;
}

export class DueLanes {
  private readonly heap: Slot[] = [];

  push(lane: Lane): void {
    const { heap } = this;
    heap.push({ at: lane.dueAt, lane });
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= heap[index]!.at) break;
      [heap[parent], heap[index]] = [heap[index]!, heap[parent]!];
      index = parent;
    }
  }

  /** When the next one is due; Infinity where none is. */
  next(): number {
    this.dropVoid();
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The next lane that is due, or undefined. */
  take(nowMs: number): Lane | undefined {
    this.dropVoid();
    const first = this.heap[0];
    if (first === undefined || first.at > nowMs) return undefined;
    this.remove();
    return first.lane;
  }

  /** Every lane that waits and fits, whenever it is due; the others stay. */
  takeAll(fits: (lane: Lane) => boolean): Lane[] {
    const taken: Lane[] = [];
    const kept: Slot[] = [];
    for (const slot of this.heap.splice(0)) {
      if (isVoid(slot)) continue;
      if (fits(slot.lane)) taken.push(slot.lane);
      else kept.push(slot);
    }
    for (const slot of kept) this.push(slot.lane);
    return taken;
  }

  clear(): void {
    this.heap.length = 0;
  }

  private dropVoid(): void {
    while (this.heap.length > 0 && isVoid(this.heap[0]!)) this.remove();
  }

  private remove(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      const right = left + 1;
      let least = index;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === index) return;
      [heap[least], heap[index]] = [heap[index]!, heap[least]!];
      index = least;
    }
  }
}

function isVoid(slot: Slot): boolean {
  return slot.lane.phase !== "delayed" || slot.lane.dueAt !== slot.at;
}

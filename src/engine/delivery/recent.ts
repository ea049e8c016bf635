// Ids that were settled in the last seconds. A hand-over that comes after its own delivery was found in the table
// and settled must not deliver it again, and a lane whose newest known message is among them is known to be empty.

/** A hand-over older than this is left to the table; ids are remembered for at least as long. */
export const HAND_OVER_MAX_MS = 4_000;

export class RecentIds {
  private young = new Set<number>();
  private old = new Set<number>();
  private turnedAt: number;

  constructor(nowMs: number) {
    this.turnedAt = nowMs;
  }

  add(id: number): void {
    this.young.add(id);
  }

  has(id: number): boolean {
    return this.young.has(id) || this.old.has(id);
  }

  /** To be called at least once a second. */
  turn(nowMs: number): void {
    if (nowMs - this.turnedAt < HAND_OVER_MAX_MS + 1_000) return;
    this.old = this.young;
    this.young = new Set();
    this.turnedAt = nowMs;
  }
}

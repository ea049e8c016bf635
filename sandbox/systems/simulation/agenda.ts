// Work that a simulated system does later by itself. While the system is down its work waits, as in
// a warehouse whose computer stands still, and goes on when it is back.

const WHILE_DOWN_MS = 25;

export class Agenda {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly isDown: () => boolean;

  constructor(isDown: () => boolean) {
    this.isDown = isDown;
  }

  /** Runs the job after the delay; an error in it is a bug of the simulation and ends the process. */
  after(delayMs: number, job: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.isDown()) this.after(WHILE_DOWN_MS, job);
      else job();
    }, delayMs);
    this.timers.add(timer);
  }

  every(periodMs: number, job: () => void): void {
    this.after(periodMs, () => {
      job();
      this.every(periodMs, job);
    });
  }

  clear(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

// Live progress on one line of a terminal, and a line now and then where there is none.
const BAR = 24;
const PLAIN_EVERY_MS = 5_000;

export class Progress {
  private readonly stream: NodeJS.WriteStream;
  private readonly startedAt = performance.now();
  private plainAt = 0;
  private lineOpen = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Something worth a line of its own. */
  say(text: string): void {
    this.clear();
    this.stream.write(`${clock(this.elapsedMs)}  ${text}\n`);
  }

  /** Entered of all, at which rate, and how long the rest takes at that rate. */
  show(done: number, all: number, sinceMs: number, more: string): void {
    const seconds = Math.max(0.001, (this.elapsedMs - sinceMs) / 1_000);
    const rate = done / seconds;
    const left = rate > 0 ? `${Math.ceil((all - done) / rate)} s left` : "";
    const filled = Math.round((BAR * done) / Math.max(1, all));
    this.line(
      `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${done}/${all} orders, ${rate.toFixed(0)}/s, ${left}${more === "" ? "" : `   ${more}`}`,
    );
  }

  line(text: string): void {
    if (!this.stream.isTTY) {
      if (performance.now() - this.plainAt < PLAIN_EVERY_MS) return;
      this.plainAt = performance.now();
      this.stream.write(`${clock(this.elapsedMs)}  ${text}\n`);
      return;
    }
    this.stream.write(
      `\r\u001b[2K${clock(this.elapsedMs)}  ${text.slice(0, Math.max(20, (this.stream.columns ?? 100) - 10))}`,
    );
    this.lineOpen = true;
  }

  clear(): void {
    if (this.lineOpen) this.stream.write("\r\u001b[2K");
    this.lineOpen = false;
  }
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

// What a code held back goes on when a table knows it: receipts are mapped again, in the order in which they came, and
// deliveries wait for their turn again. Every node looks what the tables say now; the one that owns the schedule acts.
import type { Database } from "../../postgres/pool.ts";
import { solveProblems } from "../../store/exception.ts";
import { mappedSince } from "../../store/unmapped.ts";
import type { Replays } from "../delivery/replay.ts";
import { remapReceipts } from "../operations/remap.ts";
import type { NativeSource } from "../receive/native.ts";
import type { CodeBook } from "./book.ts";

export interface CodeWatchOptions {
  db: Database;
  book: CodeBook;
  sources: ReadonlyMap<string, NativeSource>;
  replays: Pick<Replays, "release">;
  owns(): boolean;
  failed(error: unknown): void;
}

const LOOK_MS = 500;

export class CodeWatch {
  private readonly options: CodeWatchOptions;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: CodeWatchOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.looking = this.lookOnce();
    }, LOOK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private async lookOnce(): Promise<void> {
    try {
      await this.options.book.refresh();
      if (this.options.owns()) await freeMapped(this.options);
    } catch (error) {
      this.options.failed(error);
    }
    if (!this.stopped) this.start();
  }
}

/** One look. Nothing is done twice, whoever else looks: a receipt is mapped once, a delivery is released while it is parked. */
export async function freeMapped(options: Omit<CodeWatchOptions, "owns" | "failed">): Promise<void> {
  const { db, book, sources, replays } = options;
  const mapped = (await mappedSince(db)).filter(({ system }) => sources.has(system));
  if (mapped.length === 0) return;
  // They may have come to be mapped since the tables were read.
  await book.refresh();
  const inward = mapped.filter(({ direction }) => direction === "in");
  for (const [source, of] of Map.groupBy(inward, ({ system }) => system)) {
    const problems = of.map(({ fingerprint }) => fingerprint);
    await remapReceipts(db, sources, { source, problems }, true);
  }
  for (const { fingerprint, direction } of mapped)
    if (direction === "out") await replays.release({ problem: fingerprint });
  await db.transaction(async (tx) => {
    await solveProblems(
      tx,
      mapped.map(({ fingerprint }) => fingerprint),
      "mapped",
    );
  });
}

// What must happen now and then on some node: partitions made ahead, old ones dropped whole, identities sealed.
import { Cron } from "croner";
import type { Database } from "../../postgres/pool.ts";
import { ensureDays } from "../../store/event.ts";
import { forgetAnswers } from "../../store/idempotency.ts";
import { dropDays } from "../../store/retention.ts";
import type { Identities } from "../log/identities.ts";

export interface MaintenanceOptions {
  db: Database;
  identities: Identities;
  retentionDays: number;
  failed(error: unknown): void;
}

/** Answers to commands are kept for a week: longer than any caller tries again. */
const ANSWER_DAYS = 7;
const IDENTITIES_MS = 5_000;

export class Maintenance {
  private readonly options: MaintenanceOptions;
  private jobs: Cron[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(options: MaintenanceOptions) {
    this.options = options;
  }

  start(): void {
    const { db, retentionDays, failed } = this.options;
    const job = (pattern: string, run: () => Promise<void>) =>
      new Cron(pattern, { protect: true, catch: failed, timezone: "UTC", unref: true }, run);
    this.jobs = [
      job("7 * * * *", () => ensureDays(db)),
      job("23 3 * * *", async () => {
        await dropDays(db, retentionDays);
        await forgetAnswers(db, ANSWER_DAYS);
      }),
    ];
    this.schedule();
  }

  async stop(): Promise<void> {
    for (const job of this.jobs) job.stop();
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.running;
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.running = this.options.identities
        .maintain()
        .catch(this.options.failed)
        .finally(() => {
          if (this.timer !== undefined) this.schedule();
        });
    }, IDENTITIES_MS);
    this.timer.unref();
  }
}

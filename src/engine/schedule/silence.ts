// Silence is noticed: a system that should have spoken by now, and has not, is an exception until it speaks.
import { addMs, epochMs, type Time } from "../../core/time.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { lastHeard } from "../../store/intake.ts";

export interface SilenceOptions {
  db: Database;
  integration: Integration;
  /** Silence before this node's start is not held against a system. */
  startedAt: Time;
  owns(): boolean;
  failed(error: unknown): void;
}

/** Four looks a minute: a silence is found well within a minute of its deadline. */
const LOOK_MS = 15_000;
/** A warning at three quarters of the time. */
const WARN_SHARE = 0.75;

export class SilenceWatch {
  private readonly options: SilenceOptions;
  private readonly raised = new Map<string, "warning" | "breach">();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(options: SilenceOptions) {
    this.options = options;
  }

  start(): void {
    const watched = Object.entries(this.options.integration.systems).filter(
      ([, system]) => system.speaksWithinMs !== undefined,
    );
    if (watched.length === 0) return;
    this.timer = setInterval(() => {
      if (this.options.owns()) this.looking = this.look().catch(this.options.failed);
    }, LOOK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** One look at every watched system. */
  async look(): Promise<void> {
    const { db, integration, startedAt } = this.options;
    const { now, heard } = await lastHeard(db);
    for (const [system, declared] of Object.entries(integration.systems)) {
      if (declared.speaksWithinMs === undefined) continue;
      const last = heard.get(system) ?? startedAt;
      const since = last < startedAt ? startedAt : last;
      const quietMs = epochMs(now) - epochMs(since);
      const phase =
        quietMs >= declared.speaksWithinMs
          ? "breach"
          : quietMs >= declared.speaksWithinMs * WARN_SHARE
            ? "warning"
            : undefined;
      await this.say(system, phase, since, declared.speaksWithinMs);
    }
  }

  private async say(
    system: string,
    phase: "warning" | "breach" | undefined,
    since: Time,
    withinMs: number,
  ): Promise<void> {
    if (this.raised.get(system) === phase) return;
    const { db } = this.options;
    const problem = silent(system, phase ?? "warning", since, withinMs);
    await db.transaction((tx) =>
      phase === undefined
        ? solveProblems(tx, [problem.fingerprint]).then(() => undefined)
        : raiseProblems(tx, [problem]),
    );
    if (phase === undefined) this.raised.delete(system);
    else this.raised.set(system, phase);
  }
}

function silent(system: string, phase: "warning" | "breach", since: Time, withinMs: number): Problem {
  const deadline = addMs(since, withinMs);
  return {
    code: "stream.silent",
    fingerprint: `stream.silent/${system}`,
    title:
      phase === "breach"
        ? `${system} has said nothing since ${since}; it should have by ${deadline}`
        : `${system} has said nothing since ${since}; it should by ${deadline}`,
    detail: { phase, since, deadline },
    system,
    key: `system:${system}`,
  };
}

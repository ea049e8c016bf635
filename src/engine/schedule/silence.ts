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
  lookMs?: number;
}

/** Four looks a minute: a silence is found well within a minute of its deadline. */
const LOOK_MS = 15_000;
/** A warning at three quarters of the time. */
const WARN_SHARE = 0.75;

export class SilenceWatch {
  private readonly options: SilenceOptions;
  /** What this node said last of each system; of one that is not in it, an earlier node may have said anything. */
  private readonly said = new Map<string, "heard" | "warning" | "breach">();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  /** Two looks at once would say the same twice. */
  private busy = false;

  constructor(options: SilenceOptions) {
    this.options = options;
  }

  start(): void {
    const watched = Object.entries(this.options.integration.systems).filter(
      ([, system]) => system.speaksWithinMs !== undefined,
    );
    if (watched.length === 0) return;
    this.timer = setInterval(() => {
      // Another node looks, and says what we know nothing of.
      if (!this.options.owns()) this.said.clear();
      else if (!this.busy) this.looking = this.lookOnce();
    }, this.options.lookMs ?? LOOK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private async lookOnce(): Promise<void> {
    this.busy = true;
    try {
      await this.look();
    } catch (error) {
      this.options.failed(error);
    } finally {
      this.busy = false;
    }
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
            : last >= startedAt
              ? "heard"
              : undefined;
      if (phase !== undefined) await this.say(system, phase, since, declared.speaksWithinMs);
    }
  }

  private async say(
    system: string,
    phase: "heard" | "warning" | "breach",
    since: Time,
    withinMs: number,
  ): Promise<void> {
    if (this.said.get(system) === phase) return;
    const { db } = this.options;
    await db.transaction((tx) =>
      phase === "heard"
        ? solveProblems(tx, [fingerprintOf(system)]).then(() => undefined)
        : raiseProblems(tx, [silent(system, phase, since, withinMs)]),
    );
    this.said.set(system, phase);
  }
}

const fingerprintOf = (system: string) => `stream.silent/${system}`;

function silent(system: string, phase: "warning" | "breach", since: Time, withinMs: number): Problem {
  const deadline = addMs(since, withinMs);
  return {
    code: "stream.silent",
    fingerprint: fingerprintOf(system),
    title:
      phase === "breach"
        ? `${system} has said nothing since ${since}; it should have by ${deadline}`
        : `${system} has said nothing since ${since}; it should by ${deadline}`,
    detail: { phase, since, deadline },
    system,
    key: `system:${system}`,
  };
}

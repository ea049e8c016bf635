// Every few minutes the node that owns the schedule asks each system that can be read what it holds. A system that is
// slow, throttled or down delays no other one, and is asked again when its turn comes.
import type { ConnectorSession } from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { noteFailure, saveWitness } from "../../store/census.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { type Finding, lookAt } from "./look.ts";
import { fingerprintsOf } from "./problem.ts";

export interface CensusWatchOptions {
  db: Database;
  integration: Integration;
  sessions: ReadonlyMap<string, ConnectorSession>;
  readAgain(system: string, poll: string, since: Time, signal: AbortSignal): Promise<unknown>;
  owns(): boolean;
  failed(system: string, error: unknown): void;
}

const CHECK_MS = 500;
const FIRST_WITHIN_MS = 10_000;
/** A look that takes longer is given up; the system is not asked again before it has answered. */
const LOOK_MAX_MS = 600_000;

interface Turn {
  dueAt: number;
  /** Its last answer is still awaited, whether anybody waits or not. */
  busy: boolean;
}

export class CensusWatch {
  private readonly options: CensusWatchOptions;
  private readonly turns = new Map<string, Turn>();
  private readonly stopping = new AbortController();
  private readonly looking = new Set<Promise<void>>();
  /** What this node said last of each stream; of one that is not in it, an earlier node may have said anything. */
  private readonly said = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(options: CensusWatchOptions) {
    this.options = options;
  }

  start(): void {
    const readable = [...this.options.sessions].filter(([, session]) => session.census !== undefined);
    if (readable.length === 0) return;
    for (const [system] of readable) this.turns.set(system, { dueAt: this.firstTurn(system), busy: false });
    this.timer = setInterval(() => this.check(), CHECK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort(new Error("the node stops"));
    await Promise.all(this.looking);
  }

  private check(): void {
    // Another node looks, and says what we know nothing of.
    if (!this.options.owns()) {
      this.said.clear();
      return;
    }
    for (const [system, turn] of this.turns) {
      if (turn.busy || performance.now() < turn.dueAt) continue;
      turn.dueAt = performance.now() + this.paceOf(system).everyMs * (0.9 + Math.random() * 0.2);
      const looking = this.look(system, turn).finally(() => this.looking.delete(looking));
      this.looking.add(looking);
    }
  }

  /** Not all at once: they may share a line, or a licence. */
  private firstTurn(system: string): number {
    return performance.now() + Math.random() * Math.min(FIRST_WITHIN_MS, this.paceOf(system).everyMs);
  }

  private paceOf = (system: string) => this.options.integration.systems[system]!.witness;

  private async look(system: string, turn: Turn): Promise<void> {
    const { db, integration, sessions, readAgain, owns, failed } = this.options;
    const overdue = AbortSignal.timeout(LOOK_MAX_MS);
    const signal = AbortSignal.any([overdue, this.stopping.signal]);
    turn.busy = true;
    const answer = lookAt({
      db,
      integration,
      system,
      pace: this.paceOf(system),
      ask: (window) => sessions.get(system)!.census!(window, signal),
      readAgain: (poll, since) => readAgain(system, poll, since, signal),
    });
    const answered = () => {
      turn.busy = false;
    };
    answer.then(answered, answered);
    try {
      const findings = await unless(signal, answer);
      // Whoever owns the schedule now looks for itself.
      if (owns()) for (const finding of findings) await this.say(finding);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      failed(system, error);
      const reason = error instanceof Error ? error.message : String(error);
      await noteFailure(db, system, reason).catch((cause) => failed(system, cause));
    }
  }

  private async say({ witness, problems }: Finding): Promise<void> {
    const name = `${witness.system}@${witness.domain}`;
    const text = JSON.stringify(problems);
    const news = this.said.get(name) !== text;
    const open = new Set(problems.map(({ fingerprint }) => fingerprint));
    await this.options.db.transaction(async (tx) => {
      await saveWitness(tx, witness);
      if (!news) return;
      const solved = fingerprintsOf(witness).filter((fingerprint) => !open.has(fingerprint));
      await solveProblems(tx, solved);
      if (problems.length > 0) await raiseProblems(tx, problems);
    });
    this.said.set(name, text);
  }
}

/** Nobody waits for an answer that comes after that; it may still come. */
function unless<Result>(signal: AbortSignal, answer: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const given = () =>
      reject(
        signal.reason instanceof DOMException
          ? new CrossdockError("census.overdue", "It has not said in time what it holds.", { retry: "later" })
          : signal.reason,
      );
    if (signal.aborted) given();
    signal.addEventListener("abort", given);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", given));
  });
}

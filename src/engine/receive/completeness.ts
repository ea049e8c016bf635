// What a source has numbered and not delivered is one exception a stream, until it comes after all.
import type { MissingNumbers } from "../../connector/contract.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Database } from "../../postgres/pool.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";

export class Completeness {
  private readonly db: Database;
  /** What this node said last; of a stream that is not in it, an earlier node may have said anything. */
  private readonly said = new Map<string, string>();

  constructor(db: Database) {
    this.db = db;
  }

  /** Says what has changed since it was said last. */
  async say(system: string, streams: readonly MissingNumbers[]): Promise<void> {
    for (const { stream, numbers } of streams) {
      const name = nameOf(system, stream);
      if (this.said.get(name) === numbers) continue;
      await this.db.transaction(async (tx) => {
        if (numbers === "") await solveProblems(tx, [fingerprintOf(system, stream)]);
        else await raiseProblems(tx, [incomplete(system, stream, numbers)]);
      });
      this.said.set(name, numbers);
    }
  }

  /** Another node reads the system, and says what we know nothing of. */
  forget(system: string): void {
    for (const name of this.said.keys()) if (name.startsWith(nameOf(system, ""))) this.said.delete(name);
  }
}

const nameOf = (system: string, stream: string) => `${system}@${stream}`;
const fingerprintOf = (system: string, stream: string) => `stream.incomplete/${nameOf(system, stream)}`;

function incomplete(system: string, stream: string, numbers: string): Problem {
  return {
    code: "stream.incomplete",
    fingerprint: fingerprintOf(system, stream),
    title: `${system} has numbered ${stream} that never came: ${numbers}`,
    detail: { stream, missing: numbers },
    system,
    key: `system:${system}`,
  };
}

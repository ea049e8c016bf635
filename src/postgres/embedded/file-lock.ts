// Locks between processes that the kernel frees when their holder dies, even by SIGKILL. Node has no flock;
// SQLite, which it brings, takes such locks on every platform. Nothing is ever written to the files.
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { CrossdockError } from "../../core/errors.ts";

export interface FileLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/** Undefined while another holds it. Any number may hold it shared, or one exclusively. */
export function tryLock(path: string, mode: "exclusive" | "shared"): FileLock | undefined {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path, { timeout: 0 });
    // With its journal in memory it writes nothing, and so locks on a full disk too.
    file.exec("pragma journal_mode = memory");
    file.exec(mode === "exclusive" ? "begin exclusive" : "begin; select 1 from sqlite_master");
  } catch (error) {
    file?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw new CrossdockError(
      "postgres.no-permission",
      `The file ${path} cannot be locked. Run as the account that owns the folder, or give it to this one.`,
      { cause: error },
    );
  }
  let held: DatabaseSync | undefined = file;
  return {
    release() {
      held?.close();
      held = undefined;
    },
  };
}

/** Exclusively; undefined when it was not free within `waitMaxMs`. `onWait` is told once, after a few seconds. */
export async function waitForLock(
  path: string,
  waitMaxMs: number,
  onWait: () => void,
): Promise<FileLock | undefined> {
  const started = performance.now();
  let told = false;
  for (;;) {
    const lock = tryLock(path, "exclusive");
    const waited = performance.now() - started;
    if (lock !== undefined || waited > waitMaxMs) return lock;
    if (waited > 5_000 && !told) {
      told = true;
      onWait();
    }
    await sleep(20);
  }
}

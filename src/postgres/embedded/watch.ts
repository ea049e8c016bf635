// Starts a server again that ended under its owner's feet (killed for memory, say), on the port it had, so that
// pools find it. A failure is logged and tried again until the watch ends.
import { join } from "node:path";
import { tryLock } from "./file-lock.ts";
import { identityOf } from "./place.ts";
import { findPostmaster } from "./postmaster.ts";
import { findServer, type ServerFiles, startServer } from "./server.ts";

const LOOK_EVERY_MS = 1_000;
const RETRY_AFTER_MAX_MS = 30_000;

export function watchServer(
  own: string,
  files: ServerFiles,
  port: number,
  onLog: (line: string) => void,
  identity: string | undefined,
): { end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const again = (afterMs: number) => {
    if (ended) return;
    timer = setTimeout(look, afterMs, afterMs);
    timer.unref();
  };
  const look = async (afterMs: number) => {
    try {
      if ((await findPostmaster(files.data)) === undefined) await startAgain();
      again(LOOK_EVERY_MS);
    } catch (error) {
      onLog(
        `PostgreSQL could not be started again: ${error instanceof Error ? error.message : String(error)}`,
      );
      again(Math.min(afterMs * 2, RETRY_AFTER_MAX_MS));
    }
  };
  const startAgain = async () => {
    if ((await identityOf(own)) !== identity) {
      ended = true;
      onLog("The folder of the database was removed while it ran; its server is not started again.");
      return;
    }
    // Held by another process: that one starts or stops it.
    const lock = tryLock(join(own, "start.lock"), "exclusive");
    if (lock === undefined) return;
    try {
      if (ended || (await findServer(files, onLog)) !== undefined) return;
      onLog("PostgreSQL ended unexpectedly and is started again.");
      await startServer(files, port, onLog);
    } finally {
      lock.release();
    }
  };
  again(LOOK_EVERY_MS);
  return {
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

// A PostgreSQL of its own for a home folder. One process starts it and owns it; others attach, and the ownership of
// a process that died passes on. Whatever was killed, the next start recovers. Fails with `postgres.…`.
import { existsSync } from "node:fs";
import { realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { usableBinaries } from "./binaries.ts";
import { prepareData } from "./data-folder.ts";
import { fromSystem, startFailed } from "./failure.ts";
import { type FileLock, tryLock, waitForLock } from "./file-lock.ts";
import { findPlace, handOver, identityOf, ownFolder, type Place } from "./place.ts";
import { endLeftovers } from "./postmaster.ts";
import { findServer, type ServerFiles, startServer, stopServer } from "./server.ts";
import { watchServer } from "./watch.ts";

export interface EmbeddedOptions {
  /** The `.crossdock` folder. */
  home: string;
  /** A fixed port; by default one that is free, the same again where possible. */
  port?: number;
  /** A node: while it lives, another process that stops leaves the server to it. */
  hold?: boolean;
  onLog?(line: string): void;
}

export interface EmbeddedServer {
  url: string;
  /** It was running already. */
  attached: boolean;
  /** Stops the server, unless a living process that started it goes on using it. */
  stop(): Promise<void>;
}

const LOCK_WAIT_MAX_MS = 11 * 60_000;

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const onLog = options.onLog ?? (() => undefined);
  let own = options.home;
  try {
    own = await ownFolder(options.home);
    return await underStartLock(own, onLog, () => start(own, options, onLog));
  } catch (error) {
    throw fromSystem(error, own);
  }
}

/** Stops the server and removes all that it made, wherever it lies; refuses while a living process uses it. */
export async function removeEmbedded(
  home: string,
  onLog: (line: string) => void = () => undefined,
): Promise<void> {
  const own = await ownFolder(home);
  await underStartLock(own, onLog, async () => {
    const locks = ["owner.lock", "holders.lock"].map((name) => tryLock(join(own, name), "exclusive"));
    try {
      if (locks.includes(undefined))
        throw startFailed(`The database in ${own} is in use; stop the process that runs it first.`);
      const place = await findPlace(own, onLog);
      if (existsSync(join(place.folder, "data"))) {
        const binaries = await usableBinaries(place.copies, place.account !== undefined);
        await stopServer({ place, binaries, data: await realpath(join(place.folder, "data")) }, onLog);
      }
      await rm(place.folder, { recursive: true, force: true, maxRetries: 3 });
    } finally {
      for (const lock of locks) lock?.release();
    }
  });
  await rm(own, { recursive: true, force: true, maxRetries: 3 });
}

/** Everything that changes whether the server runs happens in one process at a time. */
async function underStartLock<Result>(
  own: string,
  onLog: (line: string) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await waitForLock(join(own, "start.lock"), LOCK_WAIT_MAX_MS, () =>
    onLog("Waiting for another process that is starting or stopping PostgreSQL …"),
  );
  if (lock === undefined)
    throw startFailed(`Another process has been starting the database in ${own} for too long; end it.`);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function start(
  own: string,
  options: EmbeddedOptions,
  onLog: (line: string) => void,
): Promise<EmbeddedServer> {
  // Held until the process ends or stops: the kernel tells whether an owner lives.
  let owner = tryLock(join(own, "owner.lock"), "exclusive");
  let holder: FileLock | undefined;
  const identity = await identityOf(own);
  try {
    const place = await findPlace(own, onLog);
    const binaries = await usableBinaries(place.copies, place.account !== undefined);
    if (place.folder === own) await handOverLocks(own, place);
    const data = await realpath(await prepareData(place, binaries, onLog));
    const files: ServerFiles = { place, binaries, data };
    const running = await findServer(files, onLog);
    const { url, port } = running ?? (await startServer(files, options.port, onLog));
    if (options.hold === true) holder = tryLock(join(own, "holders.lock"), "shared");
    const watch = owner === undefined ? undefined : watchServer(own, files, port, onLog, identity);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      watch?.end();
      const now = await identityOf(own);
      if (now !== identity) {
        // The home was removed, and its locks with it. Whoever made it anew has ended the server; else the owner does.
        if (now === undefined && owner !== undefined) await endRemoved(files, onLog);
        return;
      }
      await underStartLock(own, onLog, async () => {
        owner ??= tryLock(join(own, "owner.lock"), "exclusive");
        holder?.release();
        if (owner === undefined) return;
        await stopUnlessHeld(own, files, onLog).finally(owner.release);
      });
    };
    return {
      url,
      attached: running !== undefined,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    owner?.release();
    holder?.release();
    throw error;
  }
}

/** In an ordinary user's home root leaves nothing that this user could not lock. */
async function handOverLocks(own: string, place: Place): Promise<void> {
  for (const name of ["start.lock", "owner.lock", "holders.lock"]) {
    const path = join(own, name);
    // Not by opening it otherwise: closing a file frees all locks that its process has on it.
    if (!existsSync(path)) tryLock(path, "shared")?.release();
    await handOver(path, place);
  }
}

async function endRemoved(files: ServerFiles, onLog: (line: string) => void): Promise<void> {
  await stopServer(files, onLog);
  await endLeftovers(files.data);
}

/** Another node lives on the server: whoever of them stops last stops it. */
async function stopUnlessHeld(own: string, files: ServerFiles, onLog: (line: string) => void): Promise<void> {
  const alone = tryLock(join(own, "holders.lock"), "exclusive");
  if (alone === undefined) return;
  await stopServer(files, onLog).finally(alone.release);
}

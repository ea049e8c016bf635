// Starts, asks and stops the one server process of a data folder. It runs in a process group of its own, so that
// Ctrl-C reaches the node alone, and writes to a file. Fails with `postgres.…` and what the server said.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { CrossdockError } from "../../core/errors.ts";
import type { Binaries } from "./binaries.ts";
import { ROLE, readPassword, socketFolder, writeSettings } from "./data-folder.ts";
import { fromOutput, fromSystem, startFailed } from "./failure.ts";
import type { Place } from "./place.ts";
import {
  endLeftovers,
  endPostmaster,
  findPostmaster,
  lastPort,
  mendPidFile,
  readPidFile,
} from "./postmaster.ts";
import { environment, openLog, run } from "./program.ts";

export interface ServerFiles {
  place: Place;
  binaries: Binaries;
  data: string;
}

export interface Address {
  port: number;
  url: string;
}

const DATABASE = "crossdock";
/** Recovery after a crash replays at most max_wal_size, in well under this on any disk. */
const READY_MAX_MS = 10 * 60_000;
const PORT_ATTEMPTS_MAX = 5;

/** The running server's address once it answers; undefined if there is none, or it was just ending. */
export async function findServer(
  files: ServerFiles,
  onLog: (line: string) => void,
): Promise<Address | undefined> {
  const found = await findPostmaster(files.data);
  return found === undefined
    ? undefined
    : waitUntilReady(files, async () => (await findPostmaster(files.data)) !== undefined, onLog);
}

/** `port`: a fixed one; else the one of the last run if it is free, else any. */
export async function startServer(
  files: ServerFiles,
  port: number | undefined,
  onLog: (line: string) => void,
): Promise<Address> {
  await endLeftovers(files.data);
  await mendPidFile(files.data);
  await writeSettings(files.place, files.data);
  let wanted = port ?? (await freePort(await lastPort(files.data)));
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(files, wanted, onLog);
    } catch (error) {
      const taken = error instanceof CrossdockError && error.code === "postgres.port-taken";
      if (!taken || port !== undefined || attempt >= PORT_ATTEMPTS_MAX) throw error;
      wanted = await freePort(0);
    }
  }
}

export async function stopServer(
  { binaries, data, place }: ServerFiles,
  onLog: (line: string) => void,
): Promise<void> {
  const pgCtl = () => run(binaries.pgCtl, ["stop", "-D", data, "-m", "fast", "-W"], place);
  await endPostmaster(data, onLog, process.platform === "win32" ? pgCtl : undefined);
}

async function launch(files: ServerFiles, port: number, onLog: (line: string) => void): Promise<Address> {
  const { place, binaries, data } = files;
  const log = await openLog(place);
  let ended: string | undefined;
  try {
    const parameters = ["-D", data, "-p", String(port)];
    // On Windows the server refuses an administrator; pg_ctl gives up those rights first.
    const windows = process.platform === "win32";
    const child = windows
      ? spawn(binaries.pgCtl, ["start", "-W", "-D", data, "-l", log.path, "-o", `-p ${port}`], {
          env: environment(),
          stdio: "ignore",
          windowsHide: true,
        })
      : spawn(binaries.postgres, parameters, {
          ...place.account,
          cwd: place.folder,
          env: environment(),
          detached: true,
          stdio: ["ignore", log.fd, log.fd],
        });
    child.unref();
    const failed = new Promise<never>((_, reject) => child.on("error", reject));
    failed.catch(() => undefined); // told by the race below, unless the server is up already
    child.on("exit", (code) => {
      if (!windows || code !== 0) ended = `it ended with ${code}`;
    });
    const ready = waitUntilReady(files, async () => ended === undefined, onLog);
    const address = await Promise.race([ready, failed]).catch((error: unknown) => {
      ended ??= "it did not start";
      throw fromSystem(error, place.folder);
    });
    if (address !== undefined) return address;
    const output = (await readFile(log.path)).subarray(log.start).toString("utf8");
    throw fromOutput(output, place.folder, port);
  } finally {
    await log.close();
  }
}

/** Undefined as soon as it lives no more. */
async function waitUntilReady(
  files: ServerFiles,
  lives: () => Promise<boolean>,
  onLog: (line: string) => void,
): Promise<Address | undefined> {
  const started = performance.now();
  let told = started;
  while (await lives()) {
    const file = await readPidFile(files.data);
    if (file?.ready === true) {
      const address = { port: file.port, url: await urlOf(files, file.port) };
      if (await answers(files, file.port)) return address;
    }
    const now = performance.now();
    if (now - started > READY_MAX_MS)
      throw startFailed(
        `PostgreSQL is not ready after ${READY_MAX_MS / 60_000} minutes; its log is in ${files.place.folder}.`,
      );
    if (now - told > 10_000) {
      told = now;
      onLog("Waiting for PostgreSQL, which recovers what its last run left …");
    }
    await sleep(15);
  }
  return undefined;
}

/** Over its local socket where it has one. */
async function urlOf({ place, data }: ServerFiles, port: number, database = DATABASE): Promise<string> {
  const url = `postgres://${ROLE}:${await readPassword(data)}@127.0.0.1:${port}/${database}`;
  const folder = socketFolder(place);
  const present = folder !== undefined && existsSync(join(folder, `.s.PGSQL.${port}`));
  return present ? `${url}?host=${encodeURIComponent(folder)}` : url;
}

/** Whether it is the server of this data folder; makes the database where there is none yet. */
async function answers(files: ServerFiles, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: await urlOf(files, port, "postgres"),
    connectionTimeoutMillis: 5_000,
    application_name: "crossdock-start",
  });
  client.on("error", () => undefined); // the query that was under way fails with the same
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string; present: boolean }>(
      `select current_setting('data_directory') as folder,
              exists (select from pg_database where datname = $1) as present`,
      [DATABASE],
    );
    if ((await realpath(rows[0]!.folder)) !== files.data) return false;
    if (!rows[0]!.present) await client.query(`create database ${DATABASE}`);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code?.startsWith("28") === true)
      throw startFailed(
        "The running PostgreSQL refuses the password kept beside its data; end it, and start again.",
        error,
      );
    if (error instanceof pg.DatabaseError && error.code?.startsWith("57") !== true && error.code !== "53300")
      throw error;
    return false;
  } finally {
    await client.end();
  }
}

async function freePort(wished: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", (error) => (wished === 0 ? reject(error) : resolve(freePort(0))));
    probe.listen({ port: wished, host: "127.0.0.1" }, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

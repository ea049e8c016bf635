// The data folder: made under a temporary name and renamed when complete, so that it is whole or not there.
// A folder without our mark is half-made and set aside. The mark is the file with the password, mode 0600.
import { randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { fromOutput, fromSystem, noSpace, wrongVersion } from "./failure.ts";
import { handOver, type Place, removeDrafts } from "./place.ts";
import { run } from "./program.ts";
import { accessRules, postgresConf } from "./settings.ts";

export const ROLE = "crossdock";

const PASSWORD_FILE = "crossdock.password";
const LOCAL_SETTINGS = "postgres.local.conf";
const SPACE_LEAST_BYTES = 256 * 1024 * 1024;
const SHARED_MEMORY_LEAST_BYTES = 256 * 1024 * 1024;

/** Makes the data folder if there is none, and proves that it fits. */
export async function prepareData(
  place: Place,
  binaries: Binaries,
  onLog: (line: string) => void,
): Promise<string> {
  const data = join(place.folder, "data");
  await removeDrafts(place.folder, "data.new-");
  if (existsSync(data) && !existsSync(join(data, PASSWORD_FILE))) {
    const aside = `${data}.half-made-${Date.now()}`;
    await rename(data, aside);
    onLog(`The data folder was half-made; it is kept as ${aside} and made anew.`);
  }
  if (!existsSync(data)) await make(place, binaries, data);
  const version = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  if (version !== binaries.major) throw wrongVersion(data, version, binaries.major);
  return data;
}

/** 103 bytes on macOS, less the name of the socket. */
const SOCKET_FOLDER_BYTES_MAX = 85;

export async function readPassword(data: string): Promise<string> {
  return (await readFile(join(data, PASSWORD_FILE), "utf8")).trim();
}

/** The settings follow the machine, so they are written at every start. */
export async function writeSettings(place: Place, data: string): Promise<void> {
  const space = await statfs(data);
  const freeBytes = space.bavail * space.bsize;
  if (freeBytes < SPACE_LEAST_BYTES / 4) throw noSpace(data);
  const sockets = socketFolder(place);
  if (sockets !== undefined) {
    // Nobody listens at this point; a killed server's socket would name a process that may be another one by now.
    await rm(sockets, { recursive: true, force: true });
    await mkdir(sockets);
    await handOver(sockets, place);
  }
  const conf = postgresConf(
    {
      memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
      freeBytes,
      cores: availableParallelism(),
      posixSharedMemory: await hasSharedMemory(),
      windows: process.platform === "win32",
      socketFolder: sockets,
    },
    join(place.folder, LOCAL_SETTINGS).replaceAll("\\", "/"),
  );
  for (const [name, text] of [
    ["postgresql.conf", conf],
    ["pg_hba.conf", accessRules],
  ] as const) {
    const path = join(data, name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await handOver(`${path}.new`, place);
    await rename(`${path}.new`, path);
  }
}

/** A socket's path has a small limit; without one, connections go over loopback and cost a third more. */
export function socketFolder({ folder }: Place): string | undefined {
  const own = join(folder, "socket");
  return process.platform === "win32" || Buffer.byteLength(own) > SOCKET_FOLDER_BYTES_MAX ? undefined : own;
}

async function hasSharedMemory(): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const space = await statfs("/dev/shm").catch(() => undefined); // absent in some containers
  return space !== undefined && space.blocks * space.bsize >= SHARED_MEMORY_LEAST_BYTES;
}

async function make(place: Place, binaries: Binaries, data: string): Promise<void> {
  const space = await statfs(place.folder);
  if (space.bavail * space.bsize < SPACE_LEAST_BYTES) throw noSpace(place.folder);
  const draft = `${data}.new-${randomBytes(4).toString("hex")}`;
  const passwordFile = `${draft}.password`;
  await mkdir(draft, { mode: 0o700 });
  await handOver(draft, place);
  await writeFile(passwordFile, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  await handOver(passwordFile, place);
  await initdb(place, binaries, draft, passwordFile);
  await rename(passwordFile, join(draft, PASSWORD_FILE));
  await syncFolder(draft);
  await rename(draft, data);
  await syncFolder(place.folder);
}

async function initdb(place: Place, binaries: Binaries, draft: string, passwordFile: string): Promise<void> {
  const parameters = [
    `--pgdata=${draft}`,
    `--username=${ROLE}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
  ];
  const { code, output } = await run(binaries.initdb, parameters, place).catch((error: unknown) => {
    throw fromSystem(error, place.folder);
  });
  if (code !== 0) throw fromOutput(output, place.folder, 0);
}

/** Renames in it survive a power cut. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

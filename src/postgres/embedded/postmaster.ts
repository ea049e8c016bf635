// The running server as its own files tell it: postmaster.pid says which process, which port, since when, and
// whether it is ready. A process number alone proves nothing: it may be a zombie, or another program by now.
import { execFileSync } from "node:child_process";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** Numbers no process: what a stale file is made to say, so that the server's own checks go on from there. */
const NO_PROCESS = 2_147_483_647;

/** What postmaster.pid says, true or not; undefined without one, or with half of one. */
export async function readPidFile(data: string): Promise<Postmaster | undefined> {
  const lines = (await readOptional(join(data, "postmaster.pid")))?.split("\n") ?? [];
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number.isInteger(port) ? port : 0, ready: lines[7]?.trim() === "ready" };
}

/** 0 before the first run. The server notes how it was started, and leaves that there. */
export async function lastPort(data: string): Promise<number> {
  const options = (await readOptional(join(data, "postmaster.opts"))) ?? "";
  return Number(/"-p" "(\d+)"/.exec(options)?.[1] ?? 0);
}

/** The server of this data folder, if one lives. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = await readPidFile(data);
  return file !== undefined && (await isPostmaster(file.pid, data)) ? file : undefined;
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
  // A zombie answers signals, and stays one where nobody collects it, as in many containers.
  const status = process.platform === "linux" ? await readOptional(`/proc/${pid}/stat`) : undefined;
  return status === undefined ? process.platform !== "linux" : !/^\d+ \(.*\) [ZX] /s.test(status);
}

async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  if (process.platform === "linux")
    return ((await readOptional(`/proc/${pid}/cmdline`)) ?? "").split("\0").includes(data);
  if (process.platform === "win32") return true;
  return ask("ps", ["-ww", "-p", String(pid), "-o", "command="]).includes(data);
}

/**
 * After a SIGKILL the file's number may belong to another program, or to a zombie; the server would refuse to start.
 * The rest of the file stays: by it the server sees whether processes of the dead one still use its memory.
 */
export async function mendPidFile(data: string): Promise<void> {
  const path = join(data, "postmaster.pid");
  const text = await readOptional(path);
  if (text === undefined) return;
  await writeFile(path, text.replace(/^.*$/m, String(NO_PROCESS)));
}

/**
 * Server processes that outlived their postmaster end by themselves, but a busy one only after its statement; a server
 * whose folder was removed notices that within a minute.
 */
export async function endLeftovers(data: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const pids = await processesIn(data);
    if (pids.length === 0) return;
    for (const pid of pids) send(pid, attempt < 25 ? "SIGQUIT" : "SIGKILL");
    await sleep(100);
  }
}

const STOP_MAX_MS = 120_000;

/**
 * Fast shutdown: running statements are cancelled, and what was committed is on disk when this returns. `ask`: how it
 * is asked to end, where that is no signal.
 */
export async function endPostmaster(
  data: string,
  onLog: (line: string) => void,
  ask = async (pid: number): Promise<unknown> => send(pid, "SIGINT"),
): Promise<void> {
  const found = await findPostmaster(data);
  if (found === undefined) return;
  await ask(found.pid);
  if (await waitForEnd(found.pid, STOP_MAX_MS)) return;
  onLog("PostgreSQL did not stop in time and is ended; it recovers at the next start.");
  send(found.pid, "SIGQUIT");
  if (await waitForEnd(found.pid, 10_000)) return;
  send(found.pid, "SIGKILL");
  await waitForEnd(found.pid, 10_000);
  await endLeftovers(data);
}

/** Every process of a server works in its data folder, also in one that was removed under it. */
async function processesIn(data: string): Promise<number[]> {
  if (process.platform === "win32") return [];
  if (process.platform !== "linux")
    return ask("lsof", ["-t", "-a", "-c", "postgres", "-d", "cwd", data])
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 0);
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const inside = await Promise.all(
    pids.map(async (pid) => {
      const folder = await readlink(`/proc/${pid}/cwd`).catch(() => ""); // another account's, or gone
      return (
        (folder === data || folder === `${data} (deleted)`) &&
        (await isAlive(pid)) &&
        ((await readOptional(`/proc/${pid}/comm`)) ?? "").startsWith("postgres")
      );
    }),
  );
  return pids.filter((_, index) => inside[index]);
}

/** A process that is gone already needs no signal. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** False when it still lives after `waitMaxMs`. */
export async function waitForEnd(pid: number, waitMaxMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMaxMs;
  while (await isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function ask(program: string, parameters: string[]): string {
  try {
    return execFileSync(program, parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return ""; // both programs end with an error when they find nothing
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return undefined;
    throw error;
  }
}

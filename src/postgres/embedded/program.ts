// Runs PostgreSQL's programs under the server's account, with an environment of their own.
import { spawn } from "node:child_process";
import { open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { handOver, type Place } from "./place.ts";

const LOG_MAX_BYTES = 16 * 1024 * 1024;

/** A program of PostgreSQL to its end, under the server's account and in its folder. */
export async function run(
  program: string,
  parameters: readonly string[],
  place: Place,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      ...place.account,
      cwd: place.folder,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    child.on("error", reject).on("close", (code) => resolve({ code, output }));
  });
}

/** Nothing of ours but what a program needs to start: PGOPTIONS and the like would change the server. */
export function environment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "SystemRoot", "TEMP", "TMP"].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return { ...Object.fromEntries(kept), LC_ALL: "C", TZ: "UTC" };
}

/** Opened by us and written by the server: appended to, and begun anew when it has grown large. */
export async function openLog(
  place: Place,
): Promise<{ path: string; fd: number; start: number; close(): Promise<void> }> {
  const path = join(place.folder, "postgres.log");
  const before = await stat(path).catch(() => undefined); // absent at the first start
  if (before !== undefined && before.size > LOG_MAX_BYTES) await rename(path, `${path}.1`);
  const handle = await open(path, "a", 0o600);
  await handOver(path, place);
  const { size } = await handle.stat();
  return { path, fd: handle.fd, start: size, close: () => handle.close() };
}

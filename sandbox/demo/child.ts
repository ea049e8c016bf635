// The demo's processes: the six systems in one, the node in another. Both are groups of their own, so that Ctrl-C
// reaches the demo alone and it can end them in order.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { CrossdockError } from "../../src/core/errors.ts";

export interface RunningChild {
  process: ChildProcess;
  /** The first line of its standard output that is JSON. */
  announced: Record<string, unknown>;
  exited: Promise<number | null>;
}

export interface ChildOptions {
  name: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  logFile: string;
  /** Keeps a pipe to its standard input, whose end tells it that the demo is gone. */
  stdin?: boolean;
}

const START_MAX_MS = 60_000;

export async function startChild(options: ChildOptions): Promise<RunningChild> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = createWriteStream(options.logFile, { flags: "a" });
  const child = spawn(process.execPath, options.args, {
    detached: true,
    env: { ...process.env, ...options.env },
    stdio: [options.stdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  child.stderr!.pipe(log, { end: false });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const announced = await firstJson(child, exited, options, log);
  return { process: child, announced, exited };
}

function firstJson(
  child: ChildProcess,
  exited: Promise<number | null>,
  options: ChildOptions,
  log: NodeJS.WritableStream,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (what: string) =>
      reject(
        new CrossdockError("demo.start-failed", `${options.name} ${what}; its log is ${options.logFile}.`),
      );
    const timer = setTimeout(() => fail(`did not start within ${START_MAX_MS / 1_000} s`), START_MAX_MS);
    void exited.then((code) => fail(`ended with ${code} while starting`));
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      log.write(chunk);
      if (text === "done") return;
      text += chunk;
      const line = text.split("\n").find((candidate) => candidate.startsWith("{") && candidate.endsWith("}"));
      if (line === undefined) return;
      text = "done";
      clearTimeout(timer);
      resolve(JSON.parse(line) as Record<string, unknown>);
    });
  });
}

/** Asks it to end, and makes sure after a while. */
export async function endChild(child: RunningChild, patienceMs: number): Promise<void> {
  if (child.process.exitCode !== null || child.process.signalCode !== null) return;
  child.process.kill("SIGTERM");
  const timer = setTimeout(() => child.process.kill("SIGKILL"), patienceMs);
  await child.exited;
  clearTimeout(timer);
}

export async function killChild(child: RunningChild): Promise<void> {
  child.process.kill("SIGKILL");
  await child.exited;
}

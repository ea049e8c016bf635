// For tests: startEmbedded in processes of its own, which can be killed. Each file's homes are removed at its end,
// with the data that root keeps elsewhere.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import pg from "pg";
import type { Account } from "./account.ts";
import type { EmbeddedOptions } from "./start.ts";

export interface Starter {
  url: string;
  attached: boolean;
  process: ChildProcess;
  log: string[];
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

export interface StarterOptions extends Pick<EmbeddedOptions, "port" | "hold"> {
  account?: Account;
  /** The folder whose src/ and node_modules/ are run; by default this one. */
  project?: string;
}

export interface Refusal {
  code: string;
  message: string;
}

export const ownProject = fileURLToPath(new URL("../../..", import.meta.url));

const script = `
  import { createInterface } from "node:readline";
  const { startEmbedded } = await import(process.env.STARTER_MODULE);
  const say = (value) => console.log(JSON.stringify(value));
  try {
    const onLog = (line) => say({ log: line });
    const server = await startEmbedded({ ...JSON.parse(process.env.STARTER_OPTIONS), onLog });
    process.on("SIGINT", () => say({ log: "interrupted" }));
    say({ url: server.url, attached: server.attached });
    for await (const line of createInterface({ input: process.stdin })) {
      await server.stop();
      break;
    }
    process.exit(0);
  } catch (error) {
    say({ code: error.code ?? "none", message: error.stack });
    process.exit(1);
  }
`;

const homes: string[] = [];
const starters: Starter[] = [];

export async function newHome(): Promise<string> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "crossdock höme's ")));
  homes.push(home);
  return home;
}

/** Also of a home that is copied or moved by the test. */
export function removeAtEnd(home: string): void {
  homes.push(home);
}

export async function removeHomes(): Promise<void> {
  // What a failed test leaves running is stopped by its own files.
  for (const starter of starters)
    if (starter.process.exitCode === null && starter.process.signalCode === null) await starter.stop();
  // A home within another one comes first.
  for (const home of homes.reverse()) {
    const data = await dataFolder(home);
    const pid = Number((await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n")[0]);
    if (pid > 0) killIfAlive(pid);
    if (!data.startsWith(home))
      for (const folder of [join(data, ".."), `${join(data, "..")}.removed`])
        await rm(folder, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function dataFolder(home: string): Promise<string> {
  const pointer = await readFile(join(home, "postgres", "place.json"), "utf8").catch(() => undefined); // only root's has one
  const folder =
    pointer === undefined ? join(home, "postgres") : (JSON.parse(pointer) as { folder: string }).folder;
  return join(folder, "data");
}

export async function postmasterPid(home: string): Promise<number> {
  return Number((await readFile(join(await dataFolder(home), "postmaster.pid"), "utf8")).split("\n")[0]);
}

export async function startProcess(home: string, options: StarterOptions = {}): Promise<Starter> {
  const started = await tryStart(home, options);
  if ("code" in started) throw new Error(`${started.code}: ${started.message}`);
  return started;
}

export async function tryStart(home: string, options: StarterOptions = {}): Promise<Starter | Refusal> {
  const { child, log, answer } = spawnStarter(home, options);
  const first = await answer;
  if ("code" in first) return first;
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const starter: Starter = {
    ...first,
    process: child,
    log,
    async stop() {
      child.stdin!.write("stop\n");
      await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
  starters.push(starter);
  return starter;
}

type Answer = { url: string; attached: boolean } | Refusal;

export function spawnStarter(
  home: string,
  options: StarterOptions,
): { child: ChildProcess; log: string[]; answer: Promise<Answer> } {
  const project = options.project ?? ownProject;
  const { port, hold } = options;
  const child = spawn(
    options.project === undefined ? process.execPath : join(project, "node"),
    ["--input-type=module", "--eval", script],
    {
      ...options.account,
      cwd: project,
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(tmpdir(), `crossdock-compiled-${options.account?.uid ?? "own"}`),
        STARTER_MODULE: pathToFileURL(join(project, "src/postgres/embedded/start.ts")).href,
        STARTER_OPTIONS: JSON.stringify({ home, port, hold }),
      },
      stdio: ["pipe", "pipe", "inherit"],
      // A group of its own, as a shell gives to a command: Ctrl-C goes to the group.
      detached: true,
    },
  );
  const log: string[] = [];
  const answer = new Promise<Answer>((resolve) => {
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => {
      const said = JSON.parse(line) as Answer | { log: string };
      if ("log" in said) log.push(said.log);
      else resolve(said);
    });
    child.on("exit", () => resolve({ code: "ended", message: "it ended without an answer" }));
  });
  return { child, log, answer };
}

export async function ask<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined); // the query that was under way fails with the same
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Whether anybody answers there with that password. */
export async function answers(url: string): Promise<boolean> {
  return ask(url, "select 1").then(
    () => true,
    () => false,
  );
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

// A real Vendure for the tests: from npm, in a folder of its own outside this project's dependencies, on the run's
// PostgreSQL. Each test file has a database and a server process of its own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type TestDatabase, testDatabase } from "../../src/postgres/testing.ts";

const PACKAGES = ["@vendure/core@3.7.3", "pg@8.23.1"];
const home = process.env.VENDURE_HOME ?? "/var/tmp/crossdock-vendure-3.7.3";
const near = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface Vendure {
  url: string;
  database: TestDatabase;
  stop(): Promise<void>;
}

/** Installs it unless it has been: some minutes, once a machine. */
export async function ensureInstalled(): Promise<void> {
  const mark = join(home, "installed");
  if (!existsSync(mark)) {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, "package.json"), '{ "private": true }\n');
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", ...PACKAGES];
    await promisify(execFile)("npm", args, { cwd: home, maxBuffer: 1 << 26 });
    await writeFile(mark, `${PACKAGES.join(" ")}\n`);
  }
  await copyFile(near("serve.cjs"), join(home, "serve.cjs"));
  await copyFile(near("../../templates/vendure/crossdock-plugin.cjs"), join(home, "crossdock-plugin.cjs"));
}

/** With nothing but a country, a tax, a way to ship and a way to pay. `environment`: for the plugin. */
export async function startVendure(environment: Record<string, string> = {}): Promise<Vendure> {
  const database = await testDatabase({ migrated: false });
  const port = await freePort();
  const logFile = join(home, `${database.url.split("/").at(-1)}.log`);
  const child = spawn(process.execPath, ["serve.cjs", database.url, String(port), "populate"], {
    cwd: home,
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await end(child);
    await database.drop();
  };
  try {
    await untilPopulated(url, () => child.exitCode === null || readFileSync(logFile, "utf8"));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, database, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await closed;
  clearTimeout(forced);
}

/** It answers before its data are there: the payment methods come last. */
async function untilPopulated(url: string, alive: () => true | string): Promise<void> {
  const query = "{ eligibleShippingMethods { id } activePaymentMethods { code } }";
  for (let turn = 0; turn < 1_200; turn++) {
    const state = alive();
    if (state !== true) throw new Error(`Vendure ended:\n${state}`);
    const answer = await fetch(`${url}/shop-api`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query }),
    }).catch(() => undefined);
    const body = answer?.ok
      ? ((await answer.json()) as { data?: { activePaymentMethods?: unknown[] } })
      : undefined;
    if ((body?.data?.activePaymentMethods?.length ?? 0) > 0) return;
    await sleep(100);
  }
  throw new Error("Vendure does not answer.");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

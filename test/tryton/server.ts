// A real Tryton for the tests: Debian's packages on the run's PostgreSQL. The database is built once and kept as a
// template, which every test file copies; each file has a server process of its own.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../src/postgres/pool.ts";
import { SERVER_VARIABLE } from "../../src/postgres/testing.ts";

const PYTHON = "/usr/bin/python3";
const MODULES = [
  "sale",
  "purchase",
  "stock",
  "account_invoice",
  "account_invoice_stock",
  "sale_credit_limit",
];
const setUp = fileURLToPath(new URL("set_up.py", import.meta.url));

export interface Tryton {
  url: string;
  database: string;
  /** Of its PostgreSQL database, for what cannot be done by calls. */
  databaseUrl: string;
  stop(): Promise<void>;
}

export const isInstalled = (): boolean =>
  existsSync("/usr/bin/trytond") && existsSync("/usr/bin/trytond-admin");

export const MISSING =
  "SKIPPED: Debian's tryton-server and modules are not installed; run .ci/system-packages.";

function serverUrl(): string {
  const url = process.env[SERVER_VARIABLE] ?? process.env.DATABASE_URL;
  if (url === undefined) throw new Error("Run these tests with npm run test:tryton.");
  return url;
}

async function onServer(...statements: string[]): Promise<void> {
  const db = openDatabase(serverUrl(), { applicationName: "tryton-tests" });
  try {
    for (const statement of statements) await (await db.connection()).query(statement);
  } finally {
    await db.close();
  }
}

/** Builds the template unless this set-up has built it before on this server. About a minute. */
export async function ensureTemplate(): Promise<void> {
  const name = templateName();
  if (await exists(name)) return;
  const draft = `${name}_draft`;
  await onServer(`drop database if exists ${draft} with (force)`, `create database ${draft} encoding 'UTF8'`);
  const home = await mkdtemp(join(tmpdir(), "tryton-"));
  try {
    const configuration = await configure(home, 1);
    const passFile = join(home, "password");
    await writeFile(passFile, "secret-of-admin");
    const env = { ...process.env, TRYTONPASSFILE: passFile, TRYTON_URI: trytonUri() };
    const admin = [
      "/usr/bin/trytond-admin",
      "-c",
      configuration,
      "-d",
      draft,
      "--email",
      "admin@example.com",
    ];
    await run([...admin, "--all"], env);
    await run([...admin, "-u", ...MODULES, "--activate-dependencies"], env);
    await run([setUp, configuration, draft], env);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  await onServer(`alter database ${draft} rename to ${name}`);
}

const templateName = (): string =>
  `tryton_template_${createHash("sha256").update(readFileSync(setUp)).update(MODULES.join()).digest("hex").slice(0, 12)}`;

async function exists(name: string): Promise<boolean> {
  const db = openDatabase(serverUrl(), { applicationName: "tryton-tests" });
  try {
    const { rows } = await (await db.connection()).query("select 1 from pg_database where datname = $1", [
      name,
    ]);
    return rows.length > 0;
  } finally {
    await db.close();
  }
}

/** The server's address as Tryton writes it. */
function trytonUri(): string {
  const { username, password, host } = new URL(serverUrl());
  return `postgresql://${username}${password === "" ? "" : `:${password}`}@${host}/`;
}

async function configure(home: string, port: number): Promise<string> {
  const file = join(home, "trytond.conf");
  const lines = ["[database]", `uri = ${trytonUri()}`, "[web]", `listen = 127.0.0.1:${port}`];
  await writeFile(file, [...lines, "[session]", "max_attempt = 3", ""].join("\n"));
  return file;
}

async function run(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(PYTHON, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, "close");
  if (process.env.TRYTON_VERBOSE !== undefined) process.stderr.write(Buffer.concat(output).toString("utf8"));
  if (code !== 0)
    throw new Error(`${args[0]} ended with ${code}:\n${Buffer.concat(output).toString("utf8")}`);
}

export async function startTryton(): Promise<Tryton> {
  const database = `tryton_${process.pid}_${Date.now().toString(36)}`;
  await onServer(`create database ${database} template ${templateName()}`);
  const home = await mkdtemp(join(tmpdir(), "tryton-"));
  const port = await freePort();
  const configuration = await configure(home, port);
  const log = createWriteStream(join(home, "log"));
  const child = spawn(PYTHON, ["/usr/bin/trytond", "-c", configuration, "-d", database], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  const databaseUrl = new URL(serverUrl());
  databaseUrl.pathname = `/${database}`;
  await untilItAnswers(url, () => child.exitCode === null || readFileSync(join(home, "log"), "utf8"));
  return {
    url,
    database,
    databaseUrl: databaseUrl.href,
    async stop() {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      const forced = setTimeout(() => child.kill("SIGKILL"), 2_000);
      await closed;
      clearTimeout(forced);
      await onServer(`drop database if exists ${database} with (force)`);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, alive: () => true | string): Promise<void> {
  const body = JSON.stringify({ id: 0, method: "common.server.version", params: [] });
  for (let turn = 0; turn < 600; turn++) {
    const state = alive();
    if (state !== true) throw new Error(`trytond ended:\n${state}`);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/`, { method: "POST", headers, body }).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("trytond does not answer.");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

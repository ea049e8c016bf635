// A real Medusa for the tests, on the run's PostgreSQL. Its database is migrated once and kept as a template, which
// every test file copies; each file has a server process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../../src/postgres/pool.ts";
import { SERVER_VARIABLE } from "../../src/postgres/testing.ts";
import { project, projectKey, run } from "./install.ts";

const CLI = "node_modules/@medusajs/cli/cli.js";
const ADMIN = { email: "admin@example.com", password: "secret-of-admin" };
const template = `medusa_template_${projectKey}`;

export interface Medusa {
  url: string;
  /** A secret API key of its administrator. */
  apiKey: string;
  /** Of its PostgreSQL database, for what cannot be done by calls. */
  databaseUrl: string;
  stop(): Promise<void>;
}

function serverUrl(database?: string): string {
  const text = process.env[SERVER_VARIABLE] ?? process.env.DATABASE_URL;
  if (text === undefined) throw new Error("Run these tests with npm run test:medusa.");
  const url = new URL(text);
  if (database !== undefined) url.pathname = `/${database}`;
  return url.href;
}

async function onServer<Row extends object>(statement: string): Promise<Row[]> {
  const db = openDatabase(serverUrl(), { applicationName: "medusa-tests" });
  try {
    return (await (await db.connection()).query<Row>(statement)).rows;
  } finally {
    await db.close();
  }
}

const environment = (database: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_ENV: "production",
  DATABASE_URL: serverUrl(database),
  MEDUSA_DISABLE_TELEMETRY: "1",
  ...more,
});

/** Builds the template unless it was built before on this server. About a minute. */
export async function ensureTemplate(): Promise<void> {
  const [there] = await onServer(`select 1 from pg_database where datname = '${template}'`);
  if (there !== undefined) return;
  const draft = `${template}_draft`;
  await onServer(`drop database if exists ${draft} with (force)`);
  await onServer(`create database ${draft} encoding 'UTF8'`);
  const options = { cwd: project, env: environment(draft) };
  await run(process.execPath, [CLI, "db:migrate"], options);
  await run(process.execPath, [CLI, "user", "-e", ADMIN.email, "-p", ADMIN.password], options);
  await onServer(`alter database ${draft} rename to ${template}`);
}

/** `more`: variables of its environment, such as the subscriber's. */
export async function startMedusa(more: NodeJS.ProcessEnv = {}): Promise<Medusa> {
  const database = `medusa_${process.pid}_${Date.now().toString(36)}`;
  await onServer(`create database ${database} template ${template}`);
  const home = await mkdtemp(join(tmpdir(), "medusa-log-"));
  const log = createWriteStream(join(home, "log"));
  const port = await freePort();
  const args = [CLI, "start", "--host", "127.0.0.1", "--port", String(port)];
  const child = spawn(process.execPath, args, {
    cwd: project,
    env: environment(database, more),
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  const said = () => readFileSync(join(home, "log"), "utf8");
  await untilItAnswers(url, () => (child.exitCode === null ? undefined : said()));
  if (process.env.MEDUSA_VERBOSE !== undefined) process.stderr.write(said());
  return {
    url,
    apiKey: await makeApiKey(url),
    databaseUrl: serverUrl(database),
    async stop() {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      const forced = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await closed;
      clearTimeout(forced);
      if (process.env.MEDUSA_VERBOSE !== undefined) process.stderr.write(said());
      await onServer(`drop database if exists ${database} with (force)`);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function makeApiKey(url: string): Promise<string> {
  const { token } = await post<{ token: string }>(`${url}/auth/user/emailpass`, ADMIN);
  const key = { title: "crossdock", type: "secret" };
  const made = await post<{ api_key: { token: string } }>(`${url}/admin/api-keys`, key, `Bearer ${token}`);
  return made.api_key.token;
}

async function post<Body>(url: string, body: object, authorization = ""): Promise<Body> {
  const headers = { "content-type": "application/json", authorization };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Body;
}

async function untilItAnswers(url: string, ended: () => string | undefined): Promise<void> {
  for (let turn = 0; turn < 1_200; turn++) {
    const said = ended();
    if (said !== undefined) throw new Error(`Medusa ended:\n${said}`);
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("Medusa does not answer.");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

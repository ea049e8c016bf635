// A database of its own for each test file, made from a migrated template, on the server of the test run
// (test/setup/postgres.ts) or the one in DATABASE_URL. Connections that a file leaves behind make its drop() throw.
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { migrate } from "./migrate.ts";
import { readMigrations } from "./migration-files.ts";
import { type Database, openDatabase, type Session } from "./pool.ts";

export interface TestDatabase {
  url: string;
  db: Database;
  /** Removes the database; throws when somebody is still connected to it. */
  drop(): Promise<void>;
  /** Throws when anybody but `db` is connected, or `db` left a transaction open. */
  assertNoLeaks(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** False: an empty database. */
  migrated?: boolean;
  connectionsMax?: number;
}

/** Where the run's set-up leaves the server's address for the test files. */
export const SERVER_VARIABLE = "CROSSDOCK_TEST_SERVER";

const PREFIX = "crossdock_test_";
const TEMPLATE_PREFIX = "crossdock_template_";
const migrationsFolder = fileURLToPath(new URL("../../sql", import.meta.url));
/** Any fixed number: one process makes or copies the template at a time. */
const ADVISORY_LOCK = "5203847712094455";
const FORGOTTEN_AFTER_MS = 6 * 3_600_000;
const LEAVING_MAX_MS = 1_000;

export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = serverUrl();
  const name = `${PREFIX}${Date.now().toString(36)}_${randomBytes(4).toString("hex")}`;
  await onServer(server, async (session) => {
    await session.query("select pg_advisory_lock($1::bigint)", [ADVISORY_LOCK]);
    const template = options.migrated === false ? "template0" : await ensureTemplate(server, session);
    await session.query(`create database ${name} template ${template} encoding 'UTF8'`);
  });
  const url = withDatabase(server, name);
  const db = openDatabase(url, { applicationName: name, connectionsMax: options.connectionsMax ?? 10 });
  const assertNoLeaks = () => onServer(server, (session) => refuseLeaks(session, name));
  return {
    url,
    db,
    assertNoLeaks,
    async drop() {
      const leak = await assertNoLeaks().catch((error: unknown) => error);
      // A connection that is never given back must not make the end of the file wait for ever.
      await Promise.race([db.close(), sleep(LEAVING_MAX_MS)]);
      await onServer(server, (session) => session.query(`drop database if exists ${name} with (force)`));
      if (leak !== undefined) throw leak;
    },
  };
}

/** Databases that killed runs left behind. */
export async function dropForgotten(server: string): Promise<void> {
  await onServer(server, async (session) => {
    const { rows } = await session.query<{ datname: string }>(
      `select datname from pg_database d where datname like '${PREFIX}%'
          and not exists (select from pg_stat_activity a where a.datname = d.datname)`,
    );
    for (const { datname } of rows) {
      const madeAt = Number.parseInt(datname.slice(PREFIX.length), 36);
      if (Date.now() - madeAt > FORGOTTEN_AFTER_MS) await session.query(`drop database if exists ${datname}`);
    }
  });
}

function serverUrl(): string {
  const url = process.env[SERVER_VARIABLE] ?? process.env.DATABASE_URL;
  if (url === undefined)
    throw new Error("Run the tests through vitest, whose set-up starts a server, or set DATABASE_URL.");
  return url;
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer<Result>(
  server: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const db = openDatabase(server, { applicationName: "crossdock-testing" });
  try {
    return await work(await db.connection());
  } finally {
    await db.close();
  }
}

/** Keyed by the migrations, and complete or not there: it is migrated under another name. */
async function ensureTemplate(server: string, session: Session): Promise<string> {
  const migrations = await readMigrations(migrationsFolder);
  const key = createHash("sha256").update(migrations.map((migration) => migration.checksum).join());
  const template = `${TEMPLATE_PREFIX}${key.digest("hex").slice(0, 16)}`;
  const { rows } = await session.query<{ datname: string }>(
    `select datname from pg_database where datname like '${TEMPLATE_PREFIX}%'`,
  );
  if (rows.some((row) => row.datname === template)) return template;
  for (const { datname } of rows) await session.query(`drop database if exists ${datname} with (force)`);
  const draft = `${template}_draft`;
  await session.query(`create database ${draft} template template0 encoding 'UTF8'`);
  const db = openDatabase(withDatabase(server, draft));
  try {
    await migrate(db, migrationsFolder);
  } finally {
    await db.close();
  }
  await session.query(`alter database ${draft} rename to ${template}`);
  return template;
}

async function refuseLeaks(session: Session, name: string): Promise<void> {
  const deadline = performance.now() + LEAVING_MAX_MS;
  for (;;) {
    const { rows } = await session.query<{ application: string; state: string | null; query: string }>(
      `select application_name as application, state, left(query, 200) as query
         from pg_stat_activity
        where datname = $1 and backend_type = 'client backend'
          and (application_name <> $1 or state like 'idle in transaction%')`,
      [name],
    );
    if (rows.length === 0) return;
    // A connection that was closed a moment ago is still on the list.
    if (performance.now() > deadline)
      throw new Error(
        `Left connected to the test's database:\n${rows.map((row) => `  ${row.application} (${row.state}): ${row.query}`).join("\n")}`,
      );
    await sleep(25);
  }
}

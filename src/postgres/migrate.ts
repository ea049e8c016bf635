// Brings a database to the newest schema of a folder of forward-only files, NNNN_name.sql, each in a transaction,
// under an advisory lock: any number of nodes may start at once. Refuses with `schema.…`, and then changed nothing
// but whole files.
import { CrossdockError } from "../core/errors.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import type { Database, Queryable, Session } from "./pool.ts";

export { currentLevel } from "./migration-files.ts";

export interface Migrated {
  /** Of the database now; above the folder's where a newer node has been here and tolerates this one. */
  level: number;
  /** Names of the files applied by this call. */
  applied: string[];
}

interface AppliedRow {
  level: number;
  name: string;
  checksum: string;
  oldest_node: number;
}

/** Any fixed number, the same in all versions: held while one node changes the schema. */
const ADVISORY_LOCK = "7310982645524437367";

export async function migrate(db: Database, folder: string): Promise<Migrated> {
  const migrations = await readMigrations(folder);
  const known = await readApplied(db);
  if (known !== undefined && missing(migrations, known).length === 0)
    return { level: levelOf(known), applied: [] };
  const session = await db.connection();
  try {
    // Waits for another node's migration however long it takes, and no long statement of a file is cut off.
    await session.query(
      "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0",
    );
    await session.query("select pg_advisory_lock($1::bigint)", [ADVISORY_LOCK]);
    return await applyMissing(session, migrations);
  } finally {
    // The lock goes with the session.
    await session.close();
  }
}

/** For a running node: throws once a newer node has made a schema that this one does not understand. */
export async function checkSchema(db: Queryable, folder: string): Promise<void> {
  const migrations = await readMigrations(folder);
  const absent = missing(migrations, (await readApplied(db)) ?? []);
  if (absent.length > 0)
    throw new CrossdockError(
      "schema.older-than-node",
      `The database lacks ${absent[0]!.file}; start this version of Crossdock once to migrate it.`,
    );
}

async function applyMissing(session: Session, migrations: readonly Migration[]): Promise<Migrated> {
  await session.query(
    `create table if not exists schema_migration (
       level integer primary key,
       name text not null,
       checksum text not null,
       oldest_node integer not null,
       applied_at timestamptz not null default clock_timestamp()
     )`,
  );
  const before = (await readApplied(session)) ?? [];
  const applied: string[] = [];
  for (const migration of missing(migrations, before)) {
    await applyOne(session, migration);
    applied.push(migration.file);
  }
  return { level: Math.max(levelOf(before), migrations.at(-1)?.level ?? 0), applied };
}

async function applyOne(session: Session, migration: Migration): Promise<void> {
  const { level, name, checksum, oldestNode } = migration;
  // An error leaves the transaction open: the session is closed then, and the server rolls back.
  await session.query("begin");
  try {
    await session.query(migration.text);
    // A file that ended the transaction itself could leave half of it behind.
    const { rows } = await session.query<{ inside: boolean }>(
      "select now() <> statement_timestamp() as inside",
    );
    if (rows[0]!.inside !== true)
      throw new CrossdockError(
        "schema.invalid-file",
        `${migration.file} must not commit or roll back itself.`,
      );
    await session.query(
      "insert into schema_migration (level, name, checksum, oldest_node) values ($1, $2, $3, $4)",
      [level, name, checksum, oldestNode],
    );
    await session.query("commit");
  } catch (error) {
    throw failedFile(migration, error);
  }
}

function failedFile({ file, text }: Migration, error: unknown): unknown {
  if (!(error instanceof CrossdockError) || error.code === "schema.invalid-file" || error.retry === "later")
    return error;
  const position = Number(error.details.position);
  const line = Number.isInteger(position) ? text.slice(0, position).split("\n").length : undefined;
  const place = line === undefined ? file : `${file}:${line}`;
  return new CrossdockError("schema.failed", `${place} cannot be applied. ${error.message}`, {
    cause: error,
    details: { ...error.details, file, ...(line === undefined ? {} : { line }) },
  });
}

/** Undefined where no migration has run yet. */
async function readApplied(db: Queryable): Promise<AppliedRow[] | undefined> {
  const { rows } = await db.query<{ present: boolean }>(
    "select to_regclass('schema_migration') is not null as present",
  );
  if (rows[0]!.present !== true) return undefined;
  const applied = await db.query<AppliedRow>(
    "select level, name, checksum, oldest_node from schema_migration order by level",
  );
  return applied.rows;
}

function levelOf(applied: readonly AppliedRow[]): number {
  return applied.at(-1)?.level ?? 0;
}

/** What is to apply; throws where database and folder do not belong together. */
function missing(migrations: readonly Migration[], applied: readonly AppliedRow[]): Migration[] {
  const newest = migrations.at(-1)?.level ?? 0;
  for (const row of applied) {
    if (row.level > newest) {
      if (row.oldest_node > newest) throw tooOld(row, newest);
      continue;
    }
    // Levels are dense from 1, which reading the folder has proved.
    const migration = migrations[row.level - 1]!;
    if (migration.checksum !== row.checksum) throw changed(row, migration);
  }
  const present = new Set(applied.map((row) => row.level));
  const absent = migrations.filter((migration) => !present.has(migration.level));
  const skipped = absent.find((migration) => migration.level < levelOf(applied));
  if (skipped !== undefined)
    throw new CrossdockError(
      "schema.gap",
      `The database is at level ${levelOf(applied)} but has never seen ${skipped.file}; restore a backup, or use an empty database.`,
    );
  return absent;
}

function tooOld(row: AppliedRow, newest: number): CrossdockError {
  return new CrossdockError(
    "schema.newer-than-node",
    `The database is at schema level ${row.level} (${row.name}), which needs nodes that know level ${row.oldest_node}; this one knows ${newest}. Upgrade Crossdock on this machine.`,
    { details: { level: row.level, oldestNode: row.oldest_node, nodeLevel: newest } },
  );
}

function changed(row: AppliedRow, migration: Migration): CrossdockError {
  return new CrossdockError(
    "schema.changed",
    `${migration.file} is not the file that was applied to this database (${row.name}). Restore it, and put the change into a new file.`,
    { details: { file: migration.file, applied: row.checksum, found: migration.checksum } },
  );
}

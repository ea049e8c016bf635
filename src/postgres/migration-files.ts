// Reads a folder of migrations: NNNN_name.sql, levels 1, 2, 3 … without a gap, each with its header
// `-- oldest-node: <level>`. Anything else ending in .sql is refused (`schema.invalid-file`), but for schema.sql.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CrossdockError } from "../core/errors.ts";

export interface Migration {
  level: number;
  name: string;
  file: string;
  /** The oldest node, by the newest level that it knows, which may go on running on this schema. */
  oldestNode: number;
  checksum: string;
  text: string;
}

const DRAWN_SCHEMA = "schema.sql";

export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith(".sql") && name !== DRAWN_SCHEMA)
    .sort();
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name)));
  migrations.forEach((migration, index) => {
    if (migration.level !== index + 1)
      throw invalid(migration.file, `its level is ${migration.level} where ${index + 1} comes next`);
  });
  return migrations;
}

/** The newest level that this code knows; 0 for an empty folder. */
export async function currentLevel(folder: string): Promise<number> {
  return (await readMigrations(folder)).at(-1)?.level ?? 0;
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const named = /^(\d{4})_([a-z0-9][a-z0-9_-]*)\.sql$/.exec(file);
  if (named === null) throw invalid(file, "a migration is named like 0007_what_it_does.sql");
  // Checked out with other line ends, a file is still the same.
  const text = (await readFile(join(folder, file), "utf8")).replaceAll("\r\n", "\n");
  const header = /^-- oldest-node: (\d+)$/m.exec(text.slice(0, 2000));
  if (header === null) throw invalid(file, "it lacks the line `-- oldest-node: <level>` at its top");
  const level = Number(named[1]);
  const oldestNode = Number(header[1]);
  if (oldestNode > level) throw invalid(file, `its oldest node, ${oldestNode}, is above its own level`);
  return {
    level,
    name: named[2]!,
    file,
    oldestNode,
    checksum: createHash("sha256").update(text).digest("hex"),
    text,
  };
}

function invalid(file: string, reason: string): CrossdockError {
  return new CrossdockError("schema.invalid-file", `The migration ${file} cannot be used: ${reason}.`, {
    details: { file },
  });
}

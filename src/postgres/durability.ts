// What Crossdock demands of a server before it trusts it: fsync, full_page_writes, synchronous_commit, UTF-8,
// PostgreSQL 15. Refuses with `postgres.not-durable`, `postgres.version-too-old` or `postgres.wrong-encoding`.
import { CrossdockError } from "../core/errors.ts";
import type { Queryable } from "./statement.ts";

const OLDEST_VERSION = 15;

export async function checkDurability(db: Queryable): Promise<void> {
  const { rows } = await db.query<
    Record<"version" | "fsync" | "full_page_writes" | "synchronous_commit" | "encoding", string>
  >(
    `select current_setting('server_version_num') as version,
            current_setting('fsync') as fsync,
            current_setting('full_page_writes') as full_page_writes,
            current_setting('synchronous_commit') as synchronous_commit,
            current_setting('server_encoding') as encoding`,
  );
  const server = rows[0]!;
  const version = Math.floor(Number(server.version) / 10_000);
  if (version < OLDEST_VERSION)
    throw new CrossdockError(
      "postgres.version-too-old",
      `This is PostgreSQL ${version}; Crossdock needs ${OLDEST_VERSION} or later. Upgrade the server, or leave DATABASE_URL unset for the embedded one.`,
      { details: { version } },
    );
  const off = (["fsync", "full_page_writes", "synchronous_commit"] as const).filter(
    (setting) => server[setting] === "off",
  );
  if (off.length > 0)
    throw new CrossdockError(
      "postgres.not-durable",
      `The PostgreSQL server has ${off.join(" and ")} off, so a crash could lose what was acknowledged. Switch ${off.length > 1 ? "them" : "it"} on.`,
      { details: { off } },
    );
  if (server.encoding !== "UTF8")
    throw new CrossdockError(
      "postgres.wrong-encoding",
      `The database is encoded in ${server.encoding}; Crossdock needs UTF8. Create it with: create database … encoding 'UTF8' template template0.`,
    );
}

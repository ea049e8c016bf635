// A session on MySQL or MariaDB, strict and in UTC. Statements are prepared by the server, so that a value is never
// part of their text.
import type { FieldPacket } from "mysql2";
import type { ColumnFact, ColumnFamily, Connection } from "./dialect.ts";
import type { SqlSettings } from "./settings.ts";

/** By the number of the type in the protocol. */
const FAMILIES: Record<number, ColumnFamily> = {
  0: "decimal",
  1: "integer",
  2: "integer",
  3: "integer",
  4: "float",
  5: "float",
  7: "instant",
  8: "integer",
  9: "integer",
  10: "date",
  12: "local-time",
  13: "integer",
  15: "text",
  245: "json",
  246: "decimal",
  247: "text",
  248: "text",
};
const STRINGS: ReadonlySet<number> = new Set([249, 250, 251, 252, 253, 254]);
const BINARY_CHARSET = 63;
/** Bytes a character of utf8mb4, in which the session speaks. */
const CHARACTER_BYTES = 4;

export async function connectMysql(settings: SqlSettings): Promise<Connection> {
  const { createConnection } = await import("mysql2/promise");
  const { host, port, database, user, password, connectTimeoutMs, statementTimeoutMs, tls, ca } = settings;
  const connection = await createConnection({
    // A path is a socket of this machine.
    ...(host.startsWith("/") ? { socketPath: host } : { host, port: port ?? 3306 }),
    database,
    user,
    password,
    connectTimeout: connectTimeoutMs,
    charset: "utf8mb4",
    timezone: "Z",
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    ...(tls === "off"
      ? {}
      : { ssl: { rejectUnauthorized: tls === "verify", ...(ca === undefined ? {} : { ca }) } }),
  });
  let broken = false;
  // The driver forgets what was asked of a connection that is destroyed.
  const killed = Promise.withResolvers<never>();
  killed.promise.catch(() => undefined);
  connection.on("error", () => {
    broken = true;
  });
  const run = async (sql: string, values: readonly (string | null)[]) => {
    try {
      // A query without values may be one that the server cannot prepare, such as a begin.
      const query = { sql, rowsAsArray: true };
      const timed = { ...query, timeout: statementTimeoutMs + 5_000 };
      const asked =
        values.length === 0 ? connection.query(timed) : connection.execute({ ...timed, values: [...values] });
      const [answer, fields] = await Promise.race([asked, killed.promise]);
      const rows = Array.isArray(answer) ? (answer as unknown as (string | null)[][]) : [];
      const affected = Array.isArray(answer) ? rows.length : answer.affectedRows;
      return { rows, columns: ((fields as FieldPacket[] | undefined) ?? []).map(factOf), affected };
    } catch (error) {
      const { errno, fatal } = error as { errno?: number; fatal?: boolean };
      if (fatal === true || typeof errno !== "number" || errno < 0) broken = true;
      throw error;
    }
  };
  try {
    await startSession(run, statementTimeoutMs);
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return {
    query: run,
    isBroken: () => broken,
    kill() {
      broken = true;
      connection.destroy();
      killed.reject(new Error("The connection was given up."));
    },
    close: () => connection.end(),
  };
}

async function startSession(run: Connection["query"], timeoutMs: number): Promise<void> {
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  await run(
    `set session time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
       innodb_lock_wait_timeout = ${seconds}, lock_wait_timeout = ${seconds}`,
    [],
  );
  const { rows } = await run("select version()", []);
  // The one stops every statement after seconds, the other a select after milliseconds.
  const isMariaDb = /mariadb/i.test(rows[0]?.[0] ?? "");
  await run(
    isMariaDb
      ? `set session max_statement_time = ${timeoutMs / 1000}`
      : `set session max_execution_time = ${timeoutMs}`,
    [],
  );
}

function factOf(field: FieldPacket): ColumnFact {
  const { name, columnLength, decimals } = field;
  const type = field.columnType ?? field.type ?? -1;
  // Both words are used for it, by version of the driver.
  const { characterSet } = field as { characterSet?: number };
  if (STRINGS.has(type)) {
    if (characterSet === BINARY_CHARSET) return { name, family: "binary" };
    return { name, family: "text", length: Math.floor((columnLength ?? 0) / CHARACTER_BYTES) };
  }
  const family = FAMILIES[type] ?? "other";
  return family === "decimal" ? { name, family, scale: decimals ?? 0 } : { name, family };
}

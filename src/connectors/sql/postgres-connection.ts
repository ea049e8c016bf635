// A session on PostgreSQL. Every value comes as the server's own text: the driver makes no number of it.
import type { FieldDef } from "pg";
import type { ColumnFact, ColumnFamily, Connection } from "./dialect.ts";
import type { SqlSettings } from "./settings.ts";

/** By the number of the type in the catalogue, which never changes. */
const FAMILIES: Record<number, ColumnFamily> = {
  16: "boolean",
  17: "binary",
  18: "text",
  19: "text",
  20: "integer",
  21: "integer",
  23: "integer",
  25: "text",
  114: "json",
  700: "float",
  701: "float",
  790: "decimal",
  1042: "text",
  1043: "text",
  1082: "date",
  1114: "local-time",
  1184: "instant",
  1700: "decimal",
  3802: "json",
};
const asIs = { getTypeParser: () => (text: string) => text };

export async function connectPostgres(settings: SqlSettings): Promise<Connection> {
  const { default: pg } = await import("pg");
  const { host, port, database, user, password, connectTimeoutMs, statementTimeoutMs } = settings;
  const client = new pg.Client({
    host,
    port: port ?? 5432,
    database,
    user,
    password,
    ssl: tlsOf(settings),
    application_name: "crossdock",
    connectionTimeoutMillis: connectTimeoutMs,
    // The server stops a statement by itself; this is for a server that does not answer at all.
    query_timeout: statementTimeoutMs + 5_000,
    keepAlive: true,
  });
  let broken = false;
  const lost = () => {
    broken = true;
  };
  client.on("error", lost);
  client.on("end", lost);
  await client.connect();
  try {
    await client.query(
      `set datestyle to 'ISO, YMD'; set timezone to 'UTC'; set statement_timeout to ${statementTimeoutMs};
       set lock_timeout to ${statementTimeoutMs}; set idle_in_transaction_session_timeout to ${statementTimeoutMs * 2}`,
    );
  } catch (error) {
    await client.end().catch(lost);
    throw error;
  }
  return {
    async query(text, values) {
      try {
        const query = { text, values: [...values], rowMode: "array" as const, types: asIs };
        const { rows, fields, rowCount } = await client.query<(string | null)[]>(query);
        return { rows, columns: fields.map(factOf), affected: rowCount ?? 0 };
      } catch (error) {
        // The server's word has a severity; anything else is a connection whose state nobody knows.
        if ((error as { severity?: string }).severity !== "ERROR") broken = true;
        throw error;
      }
    },
    isBroken: () => broken,
    kill() {
      broken = true;
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    },
    close: () => client.end(),
  };
}

function tlsOf({ tls, ca }: SqlSettings): false | { rejectUnauthorized: boolean; ca?: string } {
  if (tls === "off") return false;
  return { rejectUnauthorized: tls === "verify", ...(ca === undefined ? {} : { ca }) };
}

function factOf({ name, dataTypeID, dataTypeModifier }: FieldDef): ColumnFact {
  const family = FAMILIES[dataTypeID] ?? "other";
  const modifier = dataTypeModifier - 4;
  if (modifier < 0) return { name, family };
  // As numeric(12, 3) and varchar(20) keep them in the catalogue.
  if (dataTypeID === 1700) return { name, family, scale: modifier & 0x7ff };
  return family === "text" ? { name, family, length: modifier } : { name, family };
}

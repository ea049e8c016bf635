// A session on SQL Server. The driver makes numbers of decimals, so every statement asks for texts; what a column
// really is comes from the metadata.
import type { Connection as TediousConnection } from "tedious";
import { CrossdockError } from "../../connector/index.ts";
import type { ColumnFact, ColumnFamily, Connection, QueryResult } from "./dialect.ts";
import type { SqlSettings } from "./settings.ts";

type Tedious = typeof import("tedious");

const FAMILIES: Record<string, ColumnFamily> = {
  TinyInt: "integer",
  SmallInt: "integer",
  Int: "integer",
  BigInt: "integer",
  IntN: "integer",
  Decimal: "decimal",
  DecimalN: "decimal",
  Numeric: "decimal",
  NumericN: "decimal",
  Money: "decimal",
  SmallMoney: "decimal",
  MoneyN: "decimal",
  Real: "float",
  Float: "float",
  FloatN: "float",
  Bit: "boolean",
  BitN: "boolean",
  DateTime: "local-time",
  DateTimeN: "local-time",
  SmallDateTime: "local-time",
  DateTime2: "local-time",
  DateTimeOffset: "instant",
  Date: "date",
  Char: "text",
  VarChar: "text",
  NChar: "text",
  NVarChar: "text",
  Text: "text",
  NText: "text",
  Binary: "binary",
  VarBinary: "binary",
  Image: "binary",
};
const UNLIMITED = 65_535;

interface Metadata {
  colName: string;
  type: { name: string };
  scale?: number | undefined;
  dataLength?: number | undefined;
}

export async function connectMssql(settings: SqlSettings): Promise<Connection> {
  const tedious = await loadDriver();
  const { statementTimeoutMs } = settings;
  const connection = new tedious.Connection(optionsOf(settings));
  let broken = false;
  const lost = () => {
    broken = true;
  };
  connection.on("error", lost);
  connection.on("end", lost);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  const session: Connection = {
    query: (sql, values) => run(tedious, connection, sql, values),
    isBroken: () => broken,
    kill() {
      broken = true;
      connection.close();
    },
    async close() {
      connection.close();
    },
  };
  await session.query(
    `set xact_abort off; set lock_timeout ${statementTimeoutMs}; set dateformat ymd; set language us_english`,
    [],
  );
  return session;
}

async function loadDriver(): Promise<Tedious> {
  try {
    const loaded = await import("tedious");
    return (loaded as { default?: Tedious }).default ?? loaded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new CrossdockError(
      "sql.driver-missing",
      "SQL Server needs its driver beside Crossdock: npm install tedious@20.3.9",
      { cause: error },
    );
  }
}

export function optionsOf(settings: SqlSettings): ConstructorParameters<Tedious["Connection"]>[0] {
  const { host, port, database, user, password, connectTimeoutMs, statementTimeoutMs, tls, ca } = settings;
  return {
    server: host,
    authentication: { type: "default", options: { userName: user, password } },
    options: {
      port: port ?? 1433,
      database,
      appName: "crossdock",
      connectTimeout: connectTimeoutMs,
      requestTimeout: statementTimeoutMs,
      encrypt: tls !== "off",
      trustServerCertificate: tls !== "verify",
      abortTransactionOnError: false,
      useUTC: true,
      ...(ca === undefined ? {} : { cryptoCredentialsDetails: { ca } }),
    },
  };
}

function run(
  tedious: Tedious,
  connection: TediousConnection,
  sql: string,
  values: readonly (string | null)[],
): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    const rows: (string | null)[][] = [];
    let columns: ColumnFact[] = [];
    const request = new tedious.Request(sql, (error, rowCount) => {
      if (error) reject(error);
      else resolve({ rows, columns, affected: rowCount ?? 0 });
    });
    request.on("columnMetadata", (metadata) => {
      columns = (Array.isArray(metadata) ? metadata : Object.values(metadata)).map(factOf);
    });
    request.on("row", (cells: { value: unknown }[]) => {
      rows.push(cells.map(({ value }) => (value === null || value === undefined ? null : String(value))));
    });
    for (const [index, value] of values.entries()) {
      request.addParameter(`p${index + 1}`, tedious.TYPES.NVarChar, value);
    }
    // A batch leaves a transaction open that it began; a procedure's would be counted against it.
    if (values.length === 0) connection.execSqlBatch(request);
    else connection.execSql(request);
  });
}

export function factOf({ colName, type, scale, dataLength }: Metadata): ColumnFact {
  const family = FAMILIES[type.name] ?? "other";
  if (family === "decimal") return { name: colName, family, scale: scale ?? 4 };
  if (family !== "text" || dataLength === undefined || dataLength >= UNLIMITED)
    return { name: colName, family };
  // Two bytes a character where it is Unicode.
  return { name: colName, family, length: type.name.startsWith("N") ? dataLength / 2 : dataLength };
}

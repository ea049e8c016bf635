// Connections and transactions on one PostgreSQL. Every session runs in UTC and UTF-8; a transaction that throws
// is rolled back; a broken connection is never reused. Fails with CrossdockError `postgres.…`, the driver's cause kept.
import type { Writable } from "node:stream";
import pg from "pg";
import { CrossdockError } from "../core/errors.ts";
import { columnTypes } from "./column-values.ts";
import { connectFailure, queryFailure, sqlState } from "./failure.ts";
import { openSession, type Session, startSession } from "./session.ts";
import { type Queryable, type QueryResult, runOn, type Statement } from "./statement.ts";

export interface Transaction extends Queryable {
  /**
   * The last statements, all asked for before this returns: they leave together with the commit, which is one
   * round trip less while locks are held. Where one fails nothing is committed. What the transaction returns then
   * has been committed already.
   */
  finish<Result>(ask: () => Promise<Result>): Promise<Result>;
}

interface TransactionOptions {
  isolation?: "read committed" | "repeatable read" | "serializable";
  readOnly?: boolean;
  /** The first statements only read or lock: they leave together with the begin. */
  readsFirst?: boolean;
}

export interface DatabaseOptions {
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  connectionsMax?: number;
  /** 0: none. */
  statementTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** An idle connection is closed after this long; 0: never. */
  idleTimeoutMs?: number;
  /** An idle connection was lost; the next query opens another. */
  onConnectionLost?(error: CrossdockError): void;
}

export interface Database extends Queryable {
  /** Commits when `run` returns, rolls back when it throws. The transaction must not be used after that. */
  transaction<Result>(
    run: (tx: Transaction) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
  /** A session of its own beside the pool: LISTEN, session locks. The caller closes it. */
  connection(): Promise<Session>;
  /** Waits for running queries. Nothing can be asked afterwards. */
  close(): Promise<void>;
}

export { checkDurability } from "./durability.ts";
export type { Session } from "./session.ts";
export type { Queryable } from "./statement.ts";

export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const config = clientConfig(url, options);
  const pool = new pg.Pool({
    ...config,
    max: options.connectionsMax ?? 10,
    idleTimeoutMillis: options.idleTimeoutMs ?? 30_000,
    onConnect: (client) => startSession(client as pg.Client, options.statementTimeoutMs ?? 0),
  });
  pool.on("error", (error) => options.onConnectionLost?.(queryFailure(error, true) as CrossdockError));
  const sessions = new Set<Session>();
  let closed: Promise<void> | undefined;
  return {
    query: (statement, values) => withClient(pool, (client) => run(client, statement, values)),
    transaction: (work, settings) => withClient(pool, (client) => transact(client, work, settings ?? {})),
    async connection() {
      if (closed !== undefined) throw closedError();
      const session = await openSession(config, options.statementTimeoutMs ?? 0);
      sessions.add(session);
      session.onClosed(() => sessions.delete(session));
      return session;
    },
    close() {
      closed ??= Promise.all([pool.end(), ...[...sessions].map((session) => session.close())]).then(
        () => undefined,
      );
      return closed;
    },
  };
}

function clientConfig(url: string, options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: options.applicationName ?? "crossdock",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    types: columnTypes,
    // Queries of one transaction that are asked together leave together; each still stands for itself.
    pipeline: true,
  };
}

interface Lease {
  client: pg.PoolClient;
  /** The connection is in an unknown state and must not go back to the pool. */
  broken: boolean;
}

async function withClient<Result>(pool: pg.Pool, use: (lease: Lease) => Promise<Result>): Promise<Result> {
  if (pool.ending) throw closedError();
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw connectFailure(error);
  }
  const lease: Lease = { client, broken: false };
  // Without a listener a connection that dies between two queries would end the process.
  const onError = () => {
    lease.broken = true;
  };
  client.on("error", onError);
  try {
    return await use(lease);
  } finally {
    client.off("error", onError);
    client.release(lease.broken);
  }
}

async function run<Row>(
  lease: Lease,
  statement: string | Statement,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> {
  holdTogether(lease.client);
  try {
    return await runOn<Row>(lease.client, statement, values);
  } catch (error) {
    throw failed(lease, error);
  }
}

/** What is asked in one turn leaves in one packet: a system call costs more than the statement's own text. */
function holdTogether(client: pg.PoolClient): void {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** A lost connection leaves the lease broken; a value that the driver could not write does not. */
function failed(lease: Lease, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) && isConnectionLoss(error)) lease.broken = true;
  const failure = queryFailure(error, lease.broken);
  if (failure instanceof CrossdockError && spoilsConnection.has(failure.code)) lease.broken = true;
  return failure;
}

const spoilsConnection: ReadonlySet<string> = new Set([
  "postgres.unavailable",
  "postgres.plan-outdated",
  "postgres.no-database",
]);

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    typeof (error as NodeJS.ErrnoException).syscall === "string" ||
    /^(Connection terminated|Client )/.test(error.message)
  );
}

async function transact<Result>(
  lease: Lease,
  work: (tx: Transaction) => Promise<Result>,
  options: TransactionOptions,
): Promise<Result> {
  let state: "open" | "finished" | "over" = "open";
  let notBegun: unknown;
  let firstFailure: unknown;
  const tx: Transaction = {
    query(statement, values) {
      if (notBegun !== undefined) return Promise.reject(notBegun);
      if (state !== "open")
        return Promise.reject(new CrossdockError("postgres.transaction-over", "The transaction is over."));
      return run<never>(lease, statement, values).catch((error: unknown) => {
        firstFailure ??= error;
        // What was asked together with a statement that failed is refused; the one that failed says why.
        throw sqlState(error) === IN_FAILED_TRANSACTION ? firstFailure : error;
      });
    },
    async finish(ask) {
      const asked = ask();
      state = "finished";
      const [answered, committed] = await Promise.allSettled([asked, commit(lease)]);
      if (committed.status === "rejected" && isUnknown(committed.reason)) throw committed.reason;
      // The statement that failed says more than the commit that could not be.
      if (answered.status === "rejected") throw answered.reason;
      if (committed.status === "rejected") throw committed.reason;
      return answered.value;
    },
  };
  const beginning = run(lease, begin(options)).catch((error: unknown) => {
    notBegun = error;
    throw error;
  });
  // Awaited ahead of a write: were it cancelled while that is on its way, a statement would be committed alone.
  if (options.readsFirst === true) beginning.catch(() => undefined);
  else await beginning;
  let result: Result;
  try {
    result = await work(tx);
  } catch (error) {
    const open = state === "open";
    state = "over";
    if (open) await rollback(lease);
    throw error;
  }
  if (state === "open") {
    state = "over";
    await commit(lease);
  }
  return result;
}

const IN_FAILED_TRANSACTION = "25P02";

const isUnknown = (error: unknown): boolean =>
  error instanceof CrossdockError && error.code === "postgres.commit-unknown";

function begin({ isolation, readOnly }: TransactionOptions): string {
  return `begin${isolation === undefined ? "" : ` isolation level ${isolation}`}${readOnly === true ? " read only" : ""}`;
}

async function rollback(lease: Lease): Promise<void> {
  if (lease.broken) return;
  try {
    await lease.client.query("rollback");
  } catch {
    // The caller gets the error that led here; the server rolls back by itself when the connection is dropped.
    lease.broken = true;
  }
}

async function commit(lease: Lease): Promise<void> {
  let answer: pg.QueryResult;
  try {
    holdTogether(lease.client);
    answer = await lease.client.query("commit");
  } catch (error) {
    const failure = failed(lease, error);
    if (!lease.broken) throw failure;
    throw new CrossdockError(
      "postgres.commit-unknown",
      "The connection was lost during the commit; whether it took place is unknown.",
      { retry: "later", cause: error },
    );
  }
  // The server answers COMMIT with ROLLBACK when a statement had failed and the failure was caught.
  if (answer.command !== "COMMIT")
    throw new CrossdockError(
      "postgres.rolled-back",
      "A statement of the transaction had failed, so nothing was committed.",
    );
}

function closedError(): CrossdockError {
  return new CrossdockError("postgres.closed", "The database was closed.");
}

// A session: what every connection is set to at its start, and one of its own beside the pool.
// Its loss is told once; later queries fail with `postgres.unavailable`.
import pg from "pg";
import type { CrossdockError } from "../core/errors.ts";
import { connectFailure, queryFailure } from "./failure.ts";
import { type Queryable, runOn } from "./statement.ts";

export interface Session extends Queryable {
  /** The server process behind it, as in pg_stat_activity. */
  readonly processId: number;
  /** Called for each NOTIFY of a channel that this session listens to. */
  onNotification(listener: (channel: string, payload: string) => void): void;
  onLost(listener: (error: CrossdockError) => void): void;
  /** Closed or lost. */
  onClosed(listener: () => void): void;
  close(): Promise<void>;
}

/**
 * By set_config and not by start-up options: those a session pooler in between would refuse. Plans are kept: statements
 * ask by key, thousands of times a second, so that planning each anew costs more than running it, of tables that grow
 * from nothing, so that a plan that reads all of one must not be kept. Before PostgreSQL 18 a plan that has to read all
 * of one all the same looks so dear that it would be compiled, for 40 ms each time.
 */
export async function startSession(client: pg.ClientBase, statementTimeoutMs: number): Promise<void> {
  await client.query({
    text: `select set_config(name, value, false)
             from unnest($1::text[], $2::text[]) as setting (name, value)`,
    values: [
      [
        "timezone",
        "datestyle",
        "intervalstyle",
        "client_encoding",
        "bytea_output",
        "extra_float_digits",
        "plan_cache_mode",
        "enable_seqscan",
        "jit",
        "statement_timeout",
      ],
      [
        "UTC",
        "ISO, YMD",
        "iso_8601",
        "UTF8",
        "hex",
        "1",
        "force_generic_plan",
        "off",
        "off",
        String(statementTimeoutMs),
      ],
    ],
  });
}

export async function openSession(config: pg.ClientConfig, statementTimeoutMs: number): Promise<Session> {
  const client = new pg.Client(config);
  let ended = false;
  let lost: CrossdockError | undefined;
  const lostListeners: ((error: CrossdockError) => void)[] = [];
  const closedListeners: (() => void)[] = [];
  client.on("error", (error) => {
    if (ended || lost !== undefined) return;
    lost = queryFailure(error, true) as CrossdockError;
    for (const listener of lostListeners) listener(lost);
  });
  client.on("end", () => {
    for (const listener of closedListeners) listener();
  });
  try {
    await client.connect();
    await startSession(client, statementTimeoutMs);
  } catch (error) {
    ended = true;
    await client.end().catch(() => undefined); // the failure to connect is the one to tell
    throw connectFailure(error);
  }
  return {
    processId: (client as unknown as { processID: number }).processID,
    async query(statement, values) {
      try {
        return await runOn(client, statement, values);
      } catch (error) {
        throw queryFailure(error, lost !== undefined || ended);
      }
    },
    onNotification(listener) {
      client.on("notification", ({ channel, payload }) => listener(channel, payload ?? ""));
    },
    onLost(listener) {
      if (lost === undefined) lostListeners.push(listener);
      else listener(lost);
    },
    onClosed(listener) {
      closedListeners.push(listener);
    },
    async close() {
      if (ended) return;
      ended = true;
      await client.end();
    },
  };
}

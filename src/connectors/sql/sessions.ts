// A few sessions that are kept while they are used. A transaction that throws is rolled back; a session whose state
// nobody knows is not used again.
import type { Connection, Dialect, TransactionKind } from "./dialect.ts";
import type { SqlSettings } from "./settings.ts";

/** A session that rested longer may have been closed by a firewall without a word. */
const IDLE_MAX_MS = 60_000;

export interface Sessions {
  /** Reads, then rolls back. */
  read<T>(
    kind: "read" | "snapshot",
    signal: AbortSignal,
    work: (session: Connection) => Promise<T>,
  ): Promise<T>;
  lease<T>(work: (session: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openSessions(dialect: Dialect, settings: SqlSettings): Sessions {
  const idle: { session: Connection; since: number }[] = [];
  const used = new Set<Connection>();
  let closed = false;

  async function take(): Promise<Connection> {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (!kept.session.isBroken() && performance.now() - kept.since < IDLE_MAX_MS) return kept.session;
      await kept.session.close().catch(() => kept?.session.kill());
    }
    return dialect.connect(settings);
  }

  async function lease<T>(work: (session: Connection) => Promise<T>): Promise<T> {
    const session = await take();
    used.add(session);
    try {
      return await work(session);
    } finally {
      used.delete(session);
      if (session.isBroken() || closed) session.kill();
      else idle.push({ session, since: performance.now() });
    }
  }

  return {
    lease,
    read: (kind, signal, work) =>
      lease((session) => untilAborted(session, signal, () => inTransaction(dialect, session, kind, work))),
    async close() {
      closed = true;
      for (const session of used) session.kill();
      await Promise.all(idle.splice(0).map(({ session }) => session.close().catch(() => session.kill())));
    },
  };
}

async function inTransaction<T>(
  dialect: Dialect,
  session: Connection,
  kind: TransactionKind,
  work: (session: Connection) => Promise<T>,
): Promise<T> {
  for (const statement of dialect.begin(kind)) await session.query(statement, []);
  try {
    return await work(session);
  } finally {
    await rollBack(session);
  }
}

/** Where it fails the session is not used again, and the server does it. */
export async function rollBack(session: Connection): Promise<void> {
  if (session.isBroken()) return;
  await session.query("rollback", []).catch(() => session.kill());
}

async function untilAborted<T>(session: Connection, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const kill = () => session.kill();
  signal.addEventListener("abort", kill);
  try {
    return await work();
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

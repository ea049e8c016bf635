// Writes messages into staging tables: all that one call carries in one transaction, or none of it. What a commit did
// that lost its connection is looked up by the keys; what stays unknown is said to be so.
import {
  type Answer,
  type CallLimits,
  CrossdockError,
  type Found,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import type { Connection, Dialect, Failure } from "./dialect.ts";
import { rollBack, type Sessions } from "./sessions.ts";
import type { SqlSettings, Staging } from "./settings.ts";
import { RecordRefused } from "./staged-values.ts";
import { type StagedRows, type StagingTables, stagingTables } from "./staging.ts";

export const BULK_MAX = 100;

interface Desk {
  dialect: Dialect;
  sessions: Sessions;
  staging: Staging;
  tables: StagingTables;
}

export function stagingWriter(
  staging: Staging,
  { dialect, sessions, settings }: { dialect: Dialect; sessions: Sessions; settings: SqlSettings },
): Writer {
  const desk: Desk = {
    dialect,
    sessions,
    staging,
    tables: stagingTables(staging, dialect, settings.timeZone),
  };
  return {
    send: (messages, call) => send(desk, messages, call),
    find: (message, call) => find(desk, [message.key], call),
  };
}

async function send(desk: Desk, messages: OutboundMessage[], call: CallLimits): Promise<Answer[]> {
  if (messages.length === 0) return [];
  const all = (answer: Answer) => messages.map(() => answer);
  if (call.stopping?.aborted || call.signal.aborted)
    return all({ kind: "ill", reason: "The node stops: nothing was written." });
  const attempt: Attempt = { phase: "connecting" };
  try {
    return await withinLimits(desk, call, attempt, (session) => write(desk, session, messages, attempt));
  } catch (error) {
    if (attempt.phase === "committing") return all(await afterLostCommit(desk, messages, call, error));
    if (attempt.timedOut)
      return all({ kind: "busy", reason: `It took longer than ${call.timeoutMs} ms and was rolled back.` });
    return all(answerOf(failureOf(desk, error), desk));
  }
}

interface Attempt {
  phase: "connecting" | "writing" | "committing" | "committed";
  timedOut?: boolean;
  /** How often it began anew. */
  again?: number;
}

/**
 * Who writes the same message at the same moment may be met at another unique column before it is met at the key. By
 * then it is committed: a second look recognises it, and what is still a duplicate is somebody else's.
 */
const AGAIN_MAX = 2;

async function withinLimits<T>(
  { sessions }: Desk,
  { timeoutMs, signal }: CallLimits,
  attempt: Attempt,
  work: (session: Connection) => Promise<T>,
): Promise<T> {
  return sessions.lease(async (session) => {
    const end = () => {
      attempt.timedOut = true;
      session.kill();
    };
    const timer = setTimeout(end, timeoutMs);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
      return await work(session);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  });
}

async function write(
  desk: Desk,
  session: Connection,
  messages: OutboundMessage[],
  attempt: Attempt,
): Promise<Answer[]> {
  const unfit = await desk.tables.check(session);
  if (unfit !== undefined) return messages.map(() => ({ kind: "ill", reason: unfit }));
  const prepared = messages.map((message) => prepare(desk, message));
  const refusals = prepared.filter((rows) => "kind" in rows);
  if (refusals.length > 0) return prepared.map((rows) => ("kind" in rows ? rows : withOthers()));
  attempt.phase = "writing";
  for (const statement of desk.dialect.begin("write")) await session.query(statement, []);
  for (const [index, rows] of (prepared as StagedRows[]).entries()) {
    try {
      await desk.tables.put(session, rows);
    } catch (error) {
      const failure = desk.dialect.failureOf(error);
      const answer = answerOf(failure, desk);
      await rollBack(session);
      if (attempt.timedOut) throw error;
      if (failure.kind === "duplicate" && (attempt.again ?? 0) < AGAIN_MAX) {
        attempt.again = (attempt.again ?? 0) + 1;
        return write(desk, session, messages, attempt);
      }
      return messages.map((_, at) => (answer.kind !== "refused" || at === index ? answer : withOthers()));
    }
  }
  attempt.phase = "committing";
  try {
    await session.query("commit", []);
  } catch (error) {
    const failure = desk.dialect.failureOf(error);
    if (failure.kind === "lost" || session.isBroken()) throw error;
    // The server itself says that it has not committed.
    attempt.phase = "writing";
    await rollBack(session);
    throw error;
  }
  attempt.phase = "committed";
  return messages.map(() => ({ kind: "done" }));
}

function prepare(
  { tables }: Desk,
  message: OutboundMessage,
): StagedRows | Extract<Answer, { kind: "refused" }> {
  try {
    return tables.rowsOf(message);
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    return { kind: "refused", code: error.code, reason: error.message };
  }
}

const withOthers = (): Answer => ({
  kind: "busy",
  reason: "Another record of the same transaction was refused: nothing of it was written.",
});

/** A key that is there says that the transaction was committed; of a replaced row it says nothing. */
async function afterLostCommit(
  desk: Desk,
  messages: OutboundMessage[],
  call: CallLimits,
  error: unknown,
): Promise<Answer> {
  const reason = `The connection broke during the commit: ${(error as Error).message}`;
  if (desk.staging.write === "absolute" || call.signal.aborted) return { kind: "unknown", reason };
  const found = await find(
    desk,
    messages.map(({ key }) => key),
    call,
  );
  return found.kind === "found" ? { kind: "done" } : { kind: "unknown", reason };
}

/** Are all of these keys there? Absent where one is not. */
async function find(desk: Desk, keys: readonly string[], call: CallLimits): Promise<Found> {
  const attempt: Attempt = { phase: "connecting" };
  try {
    return await withinLimits(desk, call, attempt, async (session): Promise<Found> => {
      for (const key of keys) if (!(await desk.tables.holds(session, key))) return { kind: "absent" };
      return { kind: "found" };
    });
  } catch (error) {
    return { kind: "unknown", reason: failureOf(desk, error).message };
  }
}

function failureOf({ dialect }: Desk, error: unknown): Failure {
  if (error instanceof CrossdockError) return { kind: "ill", code: error.code, message: error.message };
  return dialect.failureOf(error);
}

function answerOf({ kind, code, message, column }: Failure, { dialect }: Desk): Answer {
  const reason = `${dialect.name} ${code}: ${message}`;
  switch (kind) {
    case "duplicate":
      return {
        kind: "refused",
        code: `sql.${code}`,
        reason: `Another unique value is there already. ${reason}`,
      };
    case "refused":
      return {
        kind: "refused",
        code: `sql.${code}`,
        reason: column === undefined || reason.includes(column) ? reason : `column ${column}: ${reason}`,
      };
    case "lost":
      return { kind: "ill", reason };
    default:
      return { kind, reason };
  }
}

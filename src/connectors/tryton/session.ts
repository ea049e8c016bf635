// One session for all callers: logged in once, renewed once when it ends. A log-in that was refused is not tried
// again for a while: each further one would make Tryton wait longer.
import {
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  classifyFailure,
  epochMs,
  type Failure,
  outcomeOf,
  readExact,
} from "../../connector/index.ts";
import { TrytonFailed } from "./failure.ts";
import type { TrytonSettings } from "./settings.ts";
import { idOf } from "./values.ts";

export interface Session {
  uid: number;
  authorization: string;
}

export interface Sessions {
  /** The session at hand, or a new one. Throws TrytonFailed. */
  current(limits: Partial<CallLimits>): Promise<Session>;
  /** Forgets a session that has ended, unless another caller has done so. */
  ended(session: Session): void;
}

const DENIED_MS = 60_000;
const LIMITED_MS = 300_000;

export function createSessions(settings: TrytonSettings, context: ConnectorContext): Sessions {
  let current: Promise<Session> | undefined;
  let held: Session | undefined;
  let barred: { answer: Failure; untilMs: number } | undefined;

  async function logIn(limits: Partial<CallLimits>): Promise<Session> {
    const { user, password, url, database } = settings;
    const nowMs = epochMs(context.now());
    if (barred !== undefined && nowMs < barred.untilMs) throw new TrytonFailed(barred.answer);
    const outcome = await outcomeOf(
      context.http.request({
        method: "POST",
        url: `${url}/${database}/`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ id: 1, method: "common.db.login", params: [user, { password }, "en"] }),
        // Other callers wait for the same log-in: one that is given up does not take it from them.
        ...(limits.timeoutMs === undefined ? undefined : { timeoutMs: limits.timeoutMs }),
      }),
    );
    if (outcome instanceof CallFailed) {
      // Logging in changes nothing, whatever became of it.
      const answer = classifyFailure(outcome) as Failure;
      throw new TrytonFailed({ kind: answer.kind === "refused" ? "denied" : "ill", reason: answer.reason });
    }
    if (outcome.status === 200) {
      const { result } = readExact(outcome.body) as { result?: unknown };
      if (Array.isArray(result)) {
        barred = undefined;
        return sessionOf(user, result);
      }
    }
    const refusal = refusalOf(outcome.status, settings);
    if (refusal.kind !== "ill") {
      const untilMs = nowMs + (refusal.kind === "busy" ? LIMITED_MS : DENIED_MS);
      barred = { answer: refusal, untilMs };
    }
    throw new TrytonFailed(refusal);
  }

  return {
    current(limits) {
      current ??= logIn(limits).then(
        (session) => {
          held = session;
          return session;
        },
        (error: unknown) => {
          current = undefined;
          throw error;
        },
      );
      return current;
    },
    ended(session) {
      if (held !== session) return;
      held = undefined;
      current = undefined;
    },
  };
}

function sessionOf(user: string, result: unknown[]): Session {
  const uid = idOf(result[0], "uid");
  const token = Buffer.from(`${user}:${uid}:${String(result[1])}`, "utf8").toString("base64");
  return { uid, authorization: `Session ${token}` };
}

function refusalOf(status: number, { user, database }: TrytonSettings): Failure {
  if (status === 429)
    return { kind: "busy", reason: `Tryton takes no log-in of ${user} for now.`, retryAfterMs: LIMITED_MS };
  if (status === 404) return { kind: "denied", reason: `Tryton has no database ${database}.` };
  if (status >= 500) return { kind: "ill", reason: `The log-in answers HTTP ${status}.` };
  return { kind: "denied", reason: `Tryton does not let ${user} in: the name or the password is wrong.` };
}

// One session for all callers: logged in once, renewed once when it ends. A log-in that was refused is not tried
// again for a minute.
import {
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  classifyCall,
  classifyFailure,
  epochMs,
  type Failure,
  outcomeOf,
  readExact,
} from "../../connector/index.ts";
import { failureOf, VendureFailed } from "./failure.ts";
import type { VendureSettings } from "./settings.ts";
import { type Fields, fieldsOf, textOr } from "./values.ts";

export interface Sessions {
  /** The token at hand, or of a new session. Throws VendureFailed. */
  current(limits: Partial<CallLimits>): Promise<string>;
  /** Forgets a session that has ended, unless another caller has done so. */
  ended(token: string): void;
}

const DENIED_MS = 60_000;
const LOGIN = `mutation ($username: String!, $password: String!) {
  login(username: $username, password: $password) { __typename ... on ErrorResult { errorCode message } }
}`;

export function createSessions(settings: VendureSettings, context: ConnectorContext): Sessions {
  let current: Promise<string> | undefined;
  let held: string | undefined;
  let barred: { answer: Failure; untilMs: number } | undefined;

  async function logIn(limits: Partial<CallLimits>): Promise<string> {
    const { url, username, password } = settings;
    const nowMs = epochMs(context.now());
    if (barred !== undefined && nowMs < barred.untilMs) throw new VendureFailed(barred.answer);
    const outcome = await outcomeOf(
      context.http.request({
        method: "POST",
        url: `${url}/admin-api`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: LOGIN, variables: { username, password } }),
        // Other callers wait for the same log-in: one that is given up does not take it from them.
        ...(limits.timeoutMs === undefined ? undefined : { timeoutMs: limits.timeoutMs }),
      }),
    );
    if (outcome instanceof CallFailed) {
      // Logging in changes nothing, whatever became of it.
      const answer = classifyFailure(outcome) as Failure;
      throw new VendureFailed({ kind: answer.kind === "refused" ? "denied" : "ill", reason: answer.reason });
    }
    if (outcome.status !== 200) {
      const answer = classifyCall(outcome, { now: context.now() }) as Failure;
      throw new VendureFailed(answer.kind === "refused" ? { kind: "ill", reason: answer.reason } : answer);
    }
    const refusal = refusalOf(fieldsOf(readExact(outcome.body), "login"), username);
    const token = outcome.headers["vendure-auth-token"];
    if (refusal === undefined && typeof token === "string") {
      barred = undefined;
      held = token;
      return token;
    }
    const without = "Vendure gives no vendure-auth-token: its tokenMethod must include bearer.";
    const answer = refusal ?? ({ kind: "denied", reason: without } as const);
    if (answer.kind === "denied") barred = { answer, untilMs: nowMs + DENIED_MS };
    throw new VendureFailed(answer);
  }

  return {
    current(limits) {
      current ??= logIn(limits).catch((error: unknown) => {
        current = undefined;
        throw error;
      });
      return current;
    },
    ended(token) {
      if (held !== token) return;
      held = undefined;
      current = undefined;
    },
  };
}

function refusalOf(body: Fields, username: string): Failure | undefined {
  if (Array.isArray(body.errors) && body.errors.length > 0) return failureOf(body.errors, false);
  const result = fieldsOf(fieldsOf(body.data, "data").login, "login");
  const code = textOr(result, "errorCode");
  if (code === undefined) return undefined;
  return {
    kind: "denied",
    reason: `Vendure does not let ${username} in: ${textOr(result, "message") ?? code}`,
  };
}

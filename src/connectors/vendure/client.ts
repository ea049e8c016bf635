// Calls Vendure's admin API. What is no result throws VendureFailed; a read without an answer is ill, a change unknown.
import {
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  classifyFailure,
  type Failure,
  type HttpAnswer,
  outcomeOf,
  readExact,
} from "../../connector/index.ts";
import { failureOf, VendureFailed } from "./failure.ts";
import { createSessions } from "./session.ts";
import type { VendureSettings } from "./settings.ts";
import { type Fields, fieldsOf } from "./values.ts";

export type Limits = Partial<CallLimits>;

export interface VendureClient {
  /** The `data` of a query. */
  ask(query: string, variables: Fields, limits: Limits): Promise<Fields>;
  /** The `data` of a mutation. */
  change(query: string, variables: Fields, limits: Limits): Promise<Fields>;
}

export function createClient(settings: VendureSettings, context: ConnectorContext): VendureClient {
  const sessions = createSessions(settings, context);
  const { url, channelToken } = settings;
  const channel = channelToken === undefined ? {} : { "vendure-token": channelToken };

  async function once(query: string, variables: Fields, limits: Limits, changes: boolean): Promise<Fields> {
    const token = await sessions.current(limits);
    const outcome = await outcomeOf(
      context.http.request({
        method: "POST",
        url: `${url}/admin-api`,
        headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...channel },
        body: JSON.stringify({ query, variables }, plainNumber),
        ...limits,
      }),
    );
    if (outcome instanceof CallFailed) throw new VendureFailed(unanswered(outcome, changes));
    try {
      return dataOf(outcome, changes, context);
    } catch (error) {
      // A session that has ended reads as a lack of permission.
      if (error instanceof VendureFailed && error.answer.kind === "denied") sessions.ended(token);
      throw error;
    }
  }

  async function call(query: string, variables: Fields, limits: Limits, changes: boolean): Promise<Fields> {
    try {
      return await once(query, variables, limits, changes);
    } catch (error) {
      // It was turned away before it did anything: once more, in a new session.
      if (!(error instanceof VendureFailed) || error.answer.kind !== "denied") throw error;
      return once(query, variables, limits, changes);
    }
  }

  return {
    ask: (query, variables, limits) => call(query, variables, limits, false),
    change: (query, variables, limits) => call(query, variables, limits, true),
  };
}

function unanswered(failure: CallFailed, changes: boolean): Failure {
  const answer = classifyFailure(failure) as Failure;
  return changes || answer.kind !== "unknown" ? answer : { kind: "ill", reason: answer.reason };
}

function dataOf(answer: HttpAnswer, changes: boolean, context: ConnectorContext): Fields {
  const body = bodyOf(answer);
  const errors = body !== undefined && Array.isArray(body.errors) ? body.errors : [];
  if (errors.length > 0) throw new VendureFailed(failureOf(errors, changes));
  if (answer.status !== 200) {
    const classified = classifyCall(answer, { now: context.now() });
    // A 4xx that is not Vendure's own is somebody's on the way.
    const reason = `The admin API answers HTTP ${answer.status}.`;
    const isOwn = classified.kind === "busy" || classified.kind === "denied";
    throw new VendureFailed(isOwn ? classified : { kind: "ill", reason });
  }
  if (body === undefined) {
    const reason = "The admin API's answer is no JSON.";
    throw new VendureFailed({ kind: changes ? "unknown" : "ill", reason });
  }
  return fieldsOf(body.data, "data");
}

function bodyOf({ body }: HttpAnswer): Fields | undefined {
  try {
    return fieldsOf(readExact(body), "answer");
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** Quantities are whole numbers that Vendure's Int holds, or refuses. */
const plainNumber = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);

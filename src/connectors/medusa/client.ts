// Calls Medusa's administration. A read that has no good answer throws ReadFailed; a write comes back as it ended.
import {
  type Answer,
  CallFailed,
  type CallLimits,
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  canonicalJson,
  classifyCall,
  type Failure,
  type HttpAnswer,
  outcomeOf,
} from "../../connector/index.ts";
import { type Fields, readFields } from "./fields.ts";
import type { MedusaSettings } from "./settings.ts";

export type Limits = Partial<CallLimits>;
export type Query = readonly (readonly [string, string])[];

export interface MedusaClient {
  /** `path` without `/admin`. Throws ReadFailed; undefined where there is nothing of the name. */
  get(path: string, query: Query, limits: Limits): Promise<Fields | undefined>;
  post(path: string, body: object, limits: Limits): Promise<CallOutcome>;
  /** What became of a write, in Medusa's own words. */
  classify(outcome: CallOutcome): Answer;
}

/** Reading changes nothing: what was not read is ill, busy or denied, and is read again. */
export class ReadFailed extends CrossdockError {
  readonly answer: Failure;

  constructor(answer: ReadFailed["answer"]) {
    super(`medusa.${answer.kind === "denied" ? "denied" : "ill"}`, answer.reason, { retry: "later" });
    this.name = "ReadFailed";
    this.answer = answer;
  }
}

export function createClient(settings: MedusaSettings, context: ConnectorContext): MedusaClient {
  const root = `${settings.url}/admin`;
  const headers = {
    accept: "application/json",
    authorization: `Basic ${Buffer.from(`${settings.apiKey}:`).toString("base64")}`,
  };
  const classify = (outcome: CallOutcome) => classifyCall(outcome, { now: context.now(), reasonOf });
  return {
    async get(path, query, limits) {
      const text = new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
      const url = `${root}${path}${text === "" ? "" : `?${text}`}`;
      const outcome = await outcomeOf(context.http.request({ method: "GET", url, headers, ...limits }));
      if (!(outcome instanceof CallFailed) && outcome.status === 404) return undefined;
      if (outcome instanceof CallFailed || outcome.status !== 200)
        throw new ReadFailed(unread(path, classify(outcome)));
      try {
        return readFields(outcome.body, path);
      } catch (error) {
        if (!(error instanceof CrossdockError)) throw error;
        throw new ReadFailed({ kind: "ill", reason: `${path}: ${error.message}` });
      }
    },
    post: (path, body, limits) =>
      outcomeOf(
        context.http.request({
          method: "POST",
          url: `${root}${path}`,
          headers: { ...headers, "content-type": "application/json" },
          body: canonicalJson(body),
          ...limits,
        }),
      ),
    classify,
  };
}

function unread(path: string, answer: Answer): ReadFailed["answer"] {
  const reason = `${path}: ${"reason" in answer ? answer.reason : "an answer that is none"}`;
  if (answer.kind === "busy" || answer.kind === "denied" || answer.kind === "refused")
    return { ...answer, reason };
  return { kind: "ill", reason };
}

/** `{"type":"not_allowed","message":"…"}`; 401 has a message alone. */
function reasonOf(answer: HttpAnswer): string | undefined {
  try {
    const { type, message } = readFields(answer.body, "answer");
    return typeof message === "string"
      ? [type, message].filter((word) => typeof word === "string").join(": ")
      : undefined;
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** A writer's steps; a read that fails on the way is their answer. */
export async function answerOf(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof ReadFailed) return error.answer;
    throw error;
  }
}

// EAST's HTTP interface. `get` throws for whatever is no readable answer; `call` gives the outcome as it is.
import {
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  type HttpAnswer,
  outcomeOf,
  readExact,
} from "../../../src/connector/index.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import type { EastSettings } from "./settings.ts";

export interface CallLimits {
  signal: AbortSignal;
  timeoutMs?: number;
}

export interface EastApi {
  get(path: string, limits: CallLimits): Promise<HttpAnswer>;
  read(path: string, limits: CallLimits): Promise<Fields>;
  post(path: string, body: unknown, limits: CallLimits & { requestId?: string }): Promise<CallOutcome>;
  /** As `read`; undefined where there is no such thing. */
  find(path: string, limits: CallLimits): Promise<Fields | undefined>;
}

export function eastApi({ url, token }: EastSettings, { http }: ConnectorContext): EastApi {
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
  const ask = (path: string, limits: CallLimits) =>
    http.request({ method: "GET", url: `${url}${path}`, headers, ...limits });
  const get = async (path: string, limits: CallLimits) => {
    const answer = await ask(path, limits);
    if (answer.status !== 200) throw refusal(path, answer);
    return answer;
  };
  return {
    get,
    read: async (path, limits) => readAnswer(await get(path, limits), path),
    async find(path, limits) {
      const answer = await ask(path, limits);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusal(path, answer);
      return readAnswer(answer, path);
    },
    post(path, body, { requestId, ...limits }) {
      const sent: Record<string, string> = { ...headers, "content-type": "application/json" };
      if (requestId !== undefined) sent["x-request-id"] = headerText(requestId);
      const call = {
        method: "POST",
        url: `${url}${path}`,
        headers: sent,
        body: JSON.stringify(body),
      } as const;
      return outcomeOf(http.request({ ...call, ...limits }));
    },
  };
}

export function readAnswer(answer: HttpAnswer, path = "answer"): Fields {
  return fieldsOf(readExact(answer.body), path);
}

/** EAST's own word for what is wrong, and its sentence. */
export function errorOf(answer: HttpAnswer): { code: string; message: string } | undefined {
  try {
    const { error, message } = readAnswer(answer);
    return typeof error === "string" ? { code: error, message: String(message ?? "") } : undefined;
  } catch (error) {
    // A page of a proxy, or half an answer: then the status alone speaks.
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

function refusal(path: string, answer: HttpAnswer): CrossdockError {
  const said = errorOf(answer);
  const message = `EAST answers ${path.replace(/\?.*/, "")} with ${answer.status}${said === undefined ? "" : `: ${said.message}`}.`;
  return answer.status === 401 || answer.status === 403
    ? new CrossdockError("east.denied", message)
    : new CrossdockError("east.ill", message, { retry: "later" });
}

/** A header holds visible ASCII; what a key has beside it is escaped as in a URL. */
function headerText(text: string): string {
  return text.replace(/[^!-$&-~]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

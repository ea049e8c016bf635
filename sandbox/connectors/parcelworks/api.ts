// Parcelworks' HTTP interface. `get` throws for whatever is no readable answer; `call` gives the outcome as it is.
import {
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  type HttpAnswer,
  outcomeOf,
  readExact,
} from "../../../src/connector/index.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import type { ParcelworksSettings } from "./settings.ts";

export interface CallLimits {
  signal: AbortSignal;
  timeoutMs?: number;
}

export interface ParcelworksApi {
  get(path: string, limits: CallLimits): Promise<HttpAnswer>;
  read(path: string, limits: CallLimits): Promise<Fields>;
  /** As `read`; undefined where there is no such thing. */
  find(path: string, limits: CallLimits): Promise<Fields | undefined>;
  call(method: "PUT" | "DELETE", path: string, body: unknown, limits: CallLimits): Promise<CallOutcome>;
}

export function parcelworksApi(
  { url, apiKey }: ParcelworksSettings,
  { http }: ConnectorContext,
): ParcelworksApi {
  const headers = { "x-api-key": apiKey, accept: "application/json" };
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
    call(method, path, body, limits) {
      const sent = { ...headers, "content-type": "application/json" };
      const text = body === undefined ? undefined : { body: JSON.stringify(body) };
      return outcomeOf(http.request({ method, url: `${url}${path}`, headers: sent, ...text, ...limits }));
    },
  };
}

export function readAnswer(answer: HttpAnswer, path = "answer"): Fields {
  return fieldsOf(readExact(answer.body), path);
}

/** Its own word for what is wrong, and its sentence. */
export function errorOf(answer: HttpAnswer): { code: string; message: string } | undefined {
  try {
    const { code, message } = readAnswer(answer);
    return typeof code === "string" ? { code, message: String(message ?? "") } : undefined;
  } catch (error) {
    // A page of a proxy, or half an answer: then the status alone speaks.
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

function refusal(path: string, answer: HttpAnswer): CrossdockError {
  const said = errorOf(answer);
  const message = `Parcelworks answers ${path.replace(/\?.*/, "")} with ${answer.status}${said === undefined ? "" : `: ${said.message}`}.`;
  const details = { status: answer.status, retryAfter: answer.headers["retry-after"] };
  if (answer.status === 401 || answer.status === 403) {
    return new CrossdockError("parcelworks.denied", message, { details });
  }
  const code = answer.status === 429 ? "parcelworks.rate-limited" : "parcelworks.ill";
  return new CrossdockError(code, message, { retry: "later", details });
}

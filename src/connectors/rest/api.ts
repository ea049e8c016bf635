// Calls of a REST system with its credentials, and readings of its JSON. A reading waits where the system says for how
// long; what cannot be read throws, so that it is read again.
import { setTimeout as delay } from "node:timers/promises";
import {
  CallFailed,
  type CallLimits,
  type CallOutcome,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  epochMs,
  type HttpCall,
  outcomeOf,
  readExact,
  readRetryAfter,
} from "../../connector/index.ts";
import { type Authority, authorityOf, type NotGranted } from "./auth.ts";
import type { RestSettings } from "./settings.ts";

export interface ApiCall {
  method: HttpCall["method"];
  url: URL;
  headers?: Record<string, string>;
  body?: string;
}
export interface Page {
  url: URL;
  body: unknown;
  headers: Record<string, string | string[] | undefined>;
}
export interface RestApi {
  authority: Authority;
  /** `path` begins with /; it may hold a query of its own. */
  urlOf(path: string, query?: Readonly<Record<string, string>>): URL;
  /** A 401 is asked a second time with another token, where one can be had. */
  call(call: ApiCall, limits: Partial<CallLimits>): Promise<CallOutcome | NotGranted>;
  /** Throws `rest.unreadable`, `rest.denied`, `rest.busy`. */
  read(url: URL, signal: AbortSignal): Promise<Page>;
}

const WAITS_MAX = 3;
const WAIT_MAX_MS = 60_000;

export function restApi(settings: RestSettings, context: ConnectorContext): RestApi {
  const authority = authorityOf(settings.auth, context);
  const fixed = lowerCased({ accept: "application/json", ...settings.headers });
  const place = settings.url.replace(/\/+$/, "");

  async function call(asked: ApiCall, limits: Partial<CallLimits>): Promise<CallOutcome | NotGranted> {
    const time = timeLeft(context, limits);
    for (let attempt = 1; ; attempt++) {
      const grant = await authority.grant(limits);
      if ("notGranted" in grant) return grant;
      const url = new URL(asked.url);
      for (const [name, value] of Object.entries(grant.query)) url.searchParams.set(name, value);
      const headers = { ...fixed, ...grant.headers, ...asked.headers };
      const body = asked.body === undefined ? {} : { body: asked.body };
      const outcome = await outcomeOf(
        context.http.request({ method: asked.method, url: url.href, headers, ...body, ...limits, ...time() }),
      );
      const denied = !(outcome instanceof CallFailed) && outcome.status === 401;
      if (!denied || attempt > 1 || !authority.renew(grant)) return outcome;
    }
  }

  return {
    authority,
    urlOf(path, query = {}) {
      const url = new URL(place + path);
      for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
      return url;
    },
    call,
    async read(url, signal) {
      for (let waits = 0; ; waits++) {
        const outcome = await call({ method: "GET", url }, { signal });
        const waitMs = pauseOf(outcome, context);
        if (waitMs === undefined || waitMs > WAIT_MAX_MS || waits === WAITS_MAX) {
          return pageOf(url, outcome, context, authority);
        }
        await delay(waitMs, undefined, { signal });
      }
    },
  };
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What is left of the caller's time, from the second call on. */
function timeLeft(
  context: ConnectorContext,
  { timeoutMs }: Partial<CallLimits>,
): () => { timeoutMs?: number } {
  if (timeoutMs === undefined) return () => ({});
  const until = epochMs(context.now()) + timeoutMs;
  return () => ({ timeoutMs: Math.max(1, until - epochMs(context.now())) });
}

/** Undefined where it does not say for how long it is to be left alone. */
function pauseOf(outcome: CallOutcome | NotGranted, context: ConnectorContext): number | undefined {
  if ("notGranted" in outcome || outcome instanceof CallFailed) return undefined;
  if (outcome.status !== 429 && outcome.status !== 503) return undefined;
  return readRetryAfter(outcome.headers["retry-after"], context.now());
}

function pageOf(
  url: URL,
  outcome: CallOutcome | NotGranted,
  context: ConnectorContext,
  authority: Authority,
): Page {
  const where = `${url.origin}${url.pathname}`;
  if ("notGranted" in outcome) {
    const { kind, reason } = outcome.notGranted;
    throw new CrossdockError(
      `rest.${kind === "denied" ? "denied" : "unreadable"}`,
      `${where}: ${reason}`,
      LATER,
    );
  }
  if (outcome instanceof CallFailed) throw outcome;
  if (outcome.status !== 200) {
    const said = classifyCall(outcome, { now: context.now() });
    const reason = authority.redact("reason" in said ? said.reason : `HTTP ${outcome.status}`);
    throw new CrossdockError(codeOf(said.kind), `${where}: ${reason}`, LATER);
  }
  return { url, body: jsonOf(outcome.body, where), headers: outcome.headers };
}

function codeOf(kind: string): string {
  if (kind === "denied") return "rest.denied";
  return kind === "busy" ? "rest.busy" : "rest.unreadable";
}

const LATER = { retry: "later" } as const;

function jsonOf(text: string, where: string): unknown {
  try {
    return readJson(text);
  } catch (cause) {
    throw new CrossdockError("rest.unreadable", `${where}: ${(cause as Error).message}`, { ...LATER, cause });
  }
}

/** A byte order mark before JSON says nothing. */
export function readJson(text: string): unknown {
  return readExact(text.startsWith("\ufeff") ? text.slice(1) : text);
}

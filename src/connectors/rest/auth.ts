// How a REST system believes us. A token of OAuth 2 is fetched once for all callers, renewed before it ends and once
// after a 401; it lives in memory alone.
import {
  type Answer,
  addMs,
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  classifyCall,
  outcomeOf,
  readExact,
  type Time,
  textOf,
} from "../../connector/index.ts";
import type { AuthSettings } from "./settings.ts";

export interface Grant {
  headers: Record<string, string>;
  query: Record<string, string>;
}
/** There is no token to call with; nothing was sent to the system itself. */
export interface NotGranted {
  notGranted: Extract<Answer, { reason: string }>;
}
export interface Authority {
  grant(limits: Partial<CallLimits>): Promise<Grant | NotGranted>;
  /** After a 401: whether another grant may be had. */
  renew(grant: Grant): boolean;
  /** The text without any secret that we know. */
  redact(text: string): string;
}

/** A token is renewed so long before its end, or a tenth of its life before where that is less. */
const RENEW_BEFORE_MS = 60_000;

export function authorityOf(auth: AuthSettings | undefined, context: ConnectorContext): Authority {
  if (auth?.oauth2 !== undefined) return oauth2Authority(auth.oauth2, context);
  const { grant, secrets } = fixedGrant(auth);
  return { grant: async () => grant, renew: () => false, redact: (text) => redacted(text, secrets) };
}

function fixedGrant(auth: AuthSettings | undefined): { grant: Grant; secrets: string[] } {
  const byHeader = (name: string, value: string): Grant => ({ headers: { [name]: value }, query: {} });
  if (auth?.apiKey !== undefined) {
    const { header, query, value } = auth.apiKey;
    const grant =
      query === undefined
        ? byHeader(header!.toLowerCase(), value)
        : { headers: {}, query: { [query]: value } };
    return { grant, secrets: [value, encodeURIComponent(value)] };
  }
  if (auth?.basic !== undefined) {
    const coded = basic(auth.basic.user, auth.basic.password);
    return { grant: byHeader("authorization", coded), secrets: [coded, auth.basic.password] };
  }
  if (auth?.bearer !== undefined) {
    return { grant: byHeader("authorization", `Bearer ${auth.bearer.token}`), secrets: [auth.bearer.token] };
  }
  return { grant: { headers: {}, query: {} }, secrets: [] };
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;

function redacted(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => (secret === "" ? shown : shown.replaceAll(secret, "***")), text);
}

type OAuth2 = NonNullable<AuthSettings["oauth2"]>;
interface Token {
  grant: Grant;
  secret: string;
  /** Absent: it holds until somebody says that it does not. */
  renewAt: Time | undefined;
}

function oauth2Authority(settings: OAuth2, context: ConnectorContext): Authority {
  let current: Token | undefined;
  let pending: Promise<Token | NotGranted> | undefined;
  const holds = (token: Token) => token.renewAt === undefined || context.now() < token.renewAt;
  const fetchOnce = () => {
    pending ??= fetchToken(settings, context).finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    async grant({ signal }) {
      if (current !== undefined && holds(current)) return current.grant;
      const fetched = await unlessAborted(fetchOnce(), signal);
      if ("notGranted" in fetched) return fetched;
      current = fetched;
      return fetched.grant;
    },
    renew(grant) {
      if (current?.grant === grant) current = undefined;
      return true;
    },
    redact: (text) => redacted(text, [settings.clientSecret, current?.secret ?? ""]),
  };
}

/** The fetch is for all who wait; who is taken back waits no longer. */
function unlessAborted<T>(fetching: Promise<T>, signal: AbortSignal | undefined): Promise<T | NotGranted> {
  if (signal === undefined) return fetching;
  const taken: NotGranted = {
    notGranted: { kind: "ill", reason: "The call was taken back before it began." },
  };
  if (signal.aborted) return Promise.resolve(taken);
  return new Promise((resolve, reject) => {
    const abort = () => resolve(taken);
    signal.addEventListener("abort", abort, { once: true });
    fetching.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function fetchToken(settings: OAuth2, context: ConnectorContext): Promise<Token | NotGranted> {
  const { tokenUrl, clientId, clientSecret, scope, parameters, client = "header" } = settings;
  const form = new URLSearchParams({ grant_type: "client_credentials", ...parameters });
  if (scope !== undefined) form.set("scope", scope);
  const headers: Record<string, string> = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  // RFC 6749, 2.3.1: both are form-encoded before they become a Basic header.
  if (client === "header")
    headers.authorization = basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret));
  else {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret);
  }
  const asked = context.now();
  const outcome = await outcomeOf(
    context.http.request({ method: "POST", url: tokenUrl, headers, body: form.toString() }),
  );
  if (outcome instanceof CallFailed) return notGranted("ill", outcome.message);
  if (outcome.status === 200) return readToken(outcome.body, asked);
  const said = classifyCall(outcome, { now: asked, reasonOf: () => "the token endpoint gives no token" });
  if (said.kind === "busy") return { notGranted: said };
  if (said.kind === "ill") return notGranted("ill", said.reason);
  return notGranted("denied", `HTTP ${outcome.status}: the token endpoint takes neither client nor secret.`);
}

function readToken(body: string, asked: Time): Token | NotGranted {
  let answer: Record<string, unknown>;
  try {
    answer = readExact(body) as Record<string, unknown>;
  } catch {
    return notGranted("ill", "The token endpoint's answer is not JSON.");
  }
  const secret = answer?.access_token;
  if (typeof secret !== "string" || secret === "") {
    return notGranted("ill", "The token endpoint's answer holds no access_token.");
  }
  const lifeMs = Number(textOf(answer.expires_in) ?? Number.NaN) * 1000;
  const grant: Grant = { headers: { authorization: `Bearer ${secret}` }, query: {} };
  const renewAt = lifeMs > 0 ? addMs(asked, lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 10)) : undefined;
  return { grant, secret, renewAt };
}

const notGranted = (kind: "ill" | "denied", reason: string): NotGranted => ({ notGranted: { kind, reason } });

// The two ways to call a model's method: JSON-2 of Odoo 19, and JSON-RPC of Odoo 14. What is no result throws
// OdooFailed; a read that got no answer is ill, a write unknown.
import {
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  CrossdockError,
  classifyCall,
  classifyFailure,
  type HttpAnswer,
  outcomeOf,
  readExact,
} from "../../connector/index.ts";
import { type Failure, failureOf, OdooFailed } from "./failure.ts";
import type { OdooSettings } from "./settings.ts";
import { type Fields, fieldsOf, idOf } from "./values.ts";

export type Limits = Partial<CallLimits>;

export interface ModelCall {
  model: string;
  method: string;
  /** The records it is called on; absent: the model itself. */
  ids?: number[];
  /** By the argument's name. `vals_list` and `vals` are the first argument in JSON-RPC. */
  named: Fields;
  changes: boolean;
}

export type Transport = (call: ModelCall, limits: Limits) => Promise<unknown>;

export function createTransport(settings: OdooSettings, context: ConnectorContext): Transport {
  return settings.version === "19" ? json2(settings, context) : jsonRpc(settings, context);
}

function json2(settings: OdooSettings, context: ConnectorContext): Transport {
  const headers = {
    "content-type": "application/json",
    authorization: `bearer ${settings.apiKey}`,
    "x-odoo-database": settings.database,
  };
  return async ({ model, method, ids, named, changes }, limits) => {
    const url = `${settings.url}/json/2/${model}/${method}`;
    const body = JSON.stringify({ ...(ids === undefined ? {} : { ids }), ...named });
    const answer = await post(context, { url, headers, body, limits, changes });
    const said = readBody(answer);
    if (answer.status === 200) {
      if (said === undefined) throw unreadable(`${model}.${method}`, changes);
      return said.value;
    }
    throw new OdooFailed(json2Failure(answer, said?.value, settings, context));
  };
}

function json2Failure(
  answer: HttpAnswer,
  body: unknown,
  settings: OdooSettings,
  context: ConnectorContext,
): Failure {
  const { status } = answer;
  if (status === 401) return { kind: "denied", reason: "Odoo does not know the API key." };
  const named = typeof body === "object" && body !== null ? (body as Fields) : undefined;
  if (typeof named?.name === "string") {
    // Without a name that says more, its status does.
    const name = status === 404 ? "odoo.NotFound" : status === 422 ? "odoo.UserError" : named.name;
    return failureOf(name, String(named.message ?? ""));
  }
  // Where the database is not known there is no API that could answer in JSON.
  if (status === 404)
    return { kind: "ill", reason: `Odoo knows no database ${settings.database}, or has no JSON-2.` };
  return otherwise(answer, context);
}

function jsonRpc(settings: OdooSettings, context: ConnectorContext): Transport {
  const { url, database, user, apiKey } = settings;
  let uid: number | undefined;

  async function call(service: string, method: string, args: unknown[], limits: Limits, changes: boolean) {
    const params = { service, method, args };
    const answer = await post(context, {
      url: `${url}/jsonrpc`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params }),
      limits,
      changes,
    });
    if (answer.status !== 200) throw new OdooFailed(otherwise(answer, context));
    const said = readBody(answer);
    if (said === undefined) throw unreadable(`${service}.${method}`, changes);
    const body = fieldsOf(said.value, "answer");
    if (body.error === undefined || body.error === null) return body.result;
    const error = fieldsOf(body.error, "error");
    const data = typeof error.data === "object" && error.data !== null ? (error.data as Fields) : {};
    const failure = failureOf(String(data.name ?? "unnamed"), String(data.message ?? error.message ?? ""));
    if (failure.kind === "denied") uid = undefined;
    throw new OdooFailed(failure);
  }

  async function logIn(limits: Limits): Promise<number> {
    const found = await call("common", "authenticate", [database, user, apiKey, {}], limits, false);
    if (found !== false) return idOf(found, "uid");
    throw new OdooFailed({ kind: "denied", reason: `Odoo does not let ${user} in.` });
  }

  return async ({ model, method, ids, named, changes }, limits) => {
    uid ??= await logIn(limits);
    const { vals_list, vals, ...rest } = named;
    const positional = [...(ids === undefined ? [] : [ids]), ...[vals_list, vals].filter(isGiven)];
    const args = [database, uid, apiKey, model, method, positional, rest];
    return call("object", "execute_kw", args, limits, changes);
  };
}

const isGiven = (value: unknown): boolean => value !== undefined;

interface Posted {
  url: string;
  headers: Record<string, string>;
  body: string;
  limits: Limits;
  changes: boolean;
}

async function post(context: ConnectorContext, posted: Posted): Promise<HttpAnswer> {
  const { url, headers, body, limits, changes } = posted;
  const outcome = await outcomeOf(context.http.request({ method: "POST", url, headers, body, ...limits }));
  if (!(outcome instanceof CallFailed)) return outcome;
  const answer = classifyFailure(outcome) as Failure;
  // Reading changes nothing: its outcome is never unknown.
  throw new OdooFailed(
    changes || answer.kind !== "unknown" ? answer : { kind: "ill", reason: answer.reason },
  );
}

/** Undefined where it is no JSON. */
function readBody(answer: HttpAnswer): { value: unknown } | undefined {
  try {
    return { value: readExact(answer.body) };
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

function unreadable(what: string, changes: boolean): OdooFailed {
  return new OdooFailed({ kind: changes ? "unknown" : "ill", reason: `${what}: the answer is no JSON.` });
}

function otherwise(answer: HttpAnswer, context: ConnectorContext): Failure {
  const classified = classifyCall(answer, { now: context.now() });
  if (classified.kind === "done" || classified.kind === "missing")
    return { kind: "ill", reason: `Odoo answers HTTP ${answer.status}.` };
  return classified;
}

// Calls Tryton's models. What is no result throws TrytonFailed; a read that got no answer is ill, a write unknown.
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
import { failureOf, refused, TrytonFailed, warningOf } from "./failure.ts";
import { createSessions, type Session } from "./session.ts";
import type { TrytonSettings } from "./settings.ts";
import { type Fields, idOf, idsOf, listOf } from "./values.ts";

export type Limits = Partial<CallLimits>;

export interface TrytonClient {
  /** The integration's own user. */
  uid(limits: Limits): Promise<number>;
  search(model: string, domain: unknown[], fields: string[], limits: Limits, page?: Page): Promise<Fields[]>;
  read(model: string, ids: number[], fields: string[], limits: Limits, context?: Fields): Promise<Fields[]>;
  create(model: string, values: Fields, limits: Limits): Promise<number>;
  /** A method that changes something; warnings are answered by the settings' policy. */
  run(model: string, method: string, params: unknown[], limits: Limits): Promise<unknown>;
}
export interface Page {
  limit?: number;
  order?: [string, "ASC" | "DESC"][];
}

/** One call may warn of several things in turn. */
const WARNINGS_MAX = 5;

export function createClient(settings: TrytonSettings, context: ConnectorContext): TrytonClient {
  const sessions = createSessions(settings, context);
  const own: Fields = { company: settings.company, language: "en" };

  async function call(method: string, params: unknown[], limits: Limits, changes: boolean): Promise<unknown> {
    const session = await sessions.current(limits);
    let outcome = await post(session, method, params, limits);
    if (!(outcome instanceof CallFailed) && outcome.status === 401) {
      // It was turned away before it did anything.
      sessions.ended(session);
      outcome = await post(await sessions.current(limits), method, params, limits);
    }
    if (outcome instanceof CallFailed) throw new TrytonFailed(unanswered(outcome, changes));
    return resultOf(outcome, method, changes, context);
  }

  const post = (session: Session, method: string, params: unknown[], limits: Limits) =>
    outcomeOf(
      context.http.request({
        method: "POST",
        url: `${settings.url}/${settings.database}/`,
        headers: { "content-type": "application/json", authorization: session.authorization },
        body: JSON.stringify({ id: 1, method, params }),
        ...limits,
      }),
    );

  async function run(model: string, method: string, params: unknown[], limits: Limits): Promise<unknown> {
    for (let turn = 0; ; turn++) {
      try {
        return await call(`model.${model}.${method}`, [...params, own], limits, true);
      } catch (error) {
        if (!(error instanceof Warned)) throw error;
        if (turn === WARNINGS_MAX || !accepts(settings, error.warning)) throw error;
        const { uid } = await sessions.current(limits);
        const record = { user: uid, name: error.warning, always: false };
        await call("model.res.user.warning.create", [[record], own], limits, true);
      }
    }
  }

  return {
    uid: async (limits) => (await sessions.current(limits)).uid,
    async search(model, domain, fields, limits, page = {}) {
      const { limit, order } = page;
      const params = [domain, 0, limit ?? null, order ?? [["id", "ASC"]], fields, own];
      return listOf(await call(`model.${model}.search_read`, params, limits, false), model);
    },
    async read(model, ids, fields, limits, more = {}) {
      if (ids.length === 0) return [];
      const params = [ids, fields, { ...own, ...more }];
      return listOf(await call(`model.${model}.read`, params, limits, false), model);
    },
    async create(model, values, limits) {
      const [id] = idsOf(await run(model, "create", [[values]], limits), model);
      return idOf(String(id), model);
    },
    run,
  };
}

/** The policy whose word the warning's name begins with; the longest counts. */
export function accepts({ warnings }: Pick<TrytonSettings, "warnings">, name: string): boolean {
  const fitting = Object.keys(warnings).filter((start) => name.startsWith(start));
  const longest = fitting.sort((a, b) => b.length - a.length)[0];
  return longest !== undefined && warnings[longest] === "accept";
}

class Warned extends TrytonFailed {
  readonly warning: string;

  constructor(warning: string, answer: Failure) {
    super(answer);
    this.warning = warning;
  }
}

function unanswered(failure: CallFailed, changes: boolean): Failure {
  const answer = classifyFailure(failure) as Failure;
  return changes || answer.kind !== "unknown" ? answer : { kind: "ill", reason: answer.reason };
}

function resultOf(answer: HttpAnswer, method: string, changes: boolean, context: ConnectorContext): unknown {
  if (answer.status === 403) {
    throw new TrytonFailed(
      refused(
        "tryton.unknown-method",
        `Tryton has no ${method}: a module is missing, or its version differs.`,
      ),
    );
  }
  if (answer.status !== 200) {
    const classified = classifyCall(answer, { now: context.now() });
    if (classified.kind === "done" || classified.kind === "missing")
      throw new TrytonFailed({ kind: "ill", reason: `${method} answers HTTP ${answer.status}.` });
    throw new TrytonFailed(classified);
  }
  let body: { result?: unknown; error?: unknown };
  try {
    body = readExact(answer.body) as typeof body;
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    const reason = `${method}: the answer is no JSON.`;
    throw new TrytonFailed(changes ? { kind: "unknown", reason } : { kind: "ill", reason });
  }
  if (body.error === undefined || body.error === null) return body.result;
  const warning = warningOf(body.error);
  if (warning !== undefined) throw new Warned(warning.name, failureOf(body.error));
  throw new TrytonFailed(failureOf(body.error));
}

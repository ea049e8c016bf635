// What Odoo says instead of a result: a status and a body in JSON-2, always 200 and `error.data` in JSON-RPC. Both name
// the Python exception, and both undo the call's transaction first: only a call without an answer may have had effect.
import { type Answer, CrossdockError } from "../../connector/index.ts";

export type Failure = Exclude<Answer, { kind: "done" | "missing" }>;

export class OdooFailed extends CrossdockError {
  readonly answer: Failure;

  constructor(answer: Failure) {
    super(`odoo.${answer.kind}`, answer.reason, { retry: "later" });
    this.name = "OdooFailed";
    this.answer = answer;
  }
}

const REASON_LENGTH_MAX = 500;
/** PostgreSQL's words for what is over in a moment; Odoo has repeated the call five times by then. */
const LOCKED =
  /SerializationFailure|LockNotAvailable|DeadlockDetected|could not serialize access|deadlock detected|could not obtain lock/i;
/** Of the exceptions that a person is meant to read; all of them are UserError's kin. */
const BUSINESS =
  /\.(UserError|ValidationError|MissingError|RedirectWarning|Warning|except_orm|UnprocessableEntity)$/;
/** What Python says where a model, a method, a field or an argument is not known. */
const UNKNOWN_NAME = /\.(AttributeError|KeyError|ValueError|TypeError|NotFound|BadRequest)$|^NotFound$/;

/** Of an exception's Python name and its words. */
export function failureOf(name: string, message: string): Failure {
  const said = message.trim() === "" ? name : message.trim();
  const reason = said.slice(0, REASON_LENGTH_MAX);
  if (LOCKED.test(`${name} ${message}`)) return { kind: "busy", reason };
  if (/database .* does not exist/i.test(message)) return { kind: "ill", reason };
  if (/private method/i.test(message)) return refused("odoo.private-method", reason);
  if (/\.(AccessDenied|AccessError|Unauthorized)$/.test(name)) return { kind: "denied", reason };
  if (BUSINESS.test(name)) return refused("odoo.user-error", reason);
  if (UNKNOWN_NAME.test(name)) {
    const why = `Odoo does not know what it was asked for (a module is missing, or its version differs): ${reason}`;
    return refused("odoo.unknown-name", why);
  }
  return { kind: "ill", reason };
}

export function refused(code: string, reason: string): Extract<Answer, { kind: "refused" }> {
  return { kind: "refused", code, reason: reason.slice(0, REASON_LENGTH_MAX) };
}

export function refuse(code: string, reason: string): never {
  throw new OdooFailed(refused(code, reason));
}

/** A writer's steps; what fails on the way is their answer. */
export async function answerOf(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof OdooFailed) return error.answer;
    throw error;
  }
}

/** A look-up's steps; what fails on the way leaves it open. */
export async function foundOf<T>(steps: () => Promise<T>): Promise<T | { kind: "unknown"; reason: string }> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof OdooFailed) return { kind: "unknown", reason: error.answer.reason };
    throw error;
  }
}

/** Nothing where Odoo refuses what may have been done already: the state that is read next decides. */
export async function bearRefusal(step: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await step;
    return undefined;
  } catch (error) {
    if (error instanceof OdooFailed && error.answer.kind === "refused") return error.answer;
    throw error;
  }
}

// What Tryton says instead of a result. It answers HTTP 200 with an `error` for nearly everything, and undoes the
// call's transaction first: only a call without an answer may have done something.
import { type Answer, CrossdockError, type Failure } from "../../connector/index.ts";

export class TrytonFailed extends CrossdockError {
  readonly answer: Failure;

  constructor(answer: Failure) {
    super(`tryton.${answer.kind}`, answer.reason, { retry: "later" });
    this.name = "TrytonFailed";
    this.answer = answer;
  }
}

export interface Warning {
  name: string;
  text: string;
}

const REASON_LENGTH_MAX = 500;
/** PostgreSQL's words for what is over in a moment. */
const LOCKED = /could not serialize access|deadlock detected|could not obtain lock|lock timeout/i;
/** Python's words for a name that is not known: `'nope'`. */
const NAME_ALONE = /^'([\w.]+)'$/;

export function warningOf(error: unknown): Warning | undefined {
  const [kind, rest] = wordsOf(error);
  if (kind !== "UserWarning") return undefined;
  const [name, text, description] = Array.isArray(rest) ? rest.map((word) => String(word ?? "")) : [];
  if (name === undefined) return undefined;
  return { name, text: [text, description].filter(Boolean).join(" ") };
}

export function failureOf(error: unknown): Failure {
  const [kind, rest] = wordsOf(error);
  const said = Array.isArray(rest) ? rest.slice(0, 2).map((word) => String(word ?? "")) : [];
  const reason = said.filter((word) => word !== "").join(" ") || kind;
  switch (kind) {
    case "UserError":
      return refused("tryton.user-error", reason);
    case "UserWarning":
      return refused("tryton.warning", `${warningOf(error)?.name}: ${warningOf(error)?.text}`);
    case "ConcurrencyException":
      return { kind: "busy", reason: "Somebody else changed the record meanwhile." };
    case "LoginException":
      return { kind: "denied", reason: "Tryton asks for another log-in." };
    default: {
      if (LOCKED.test(kind)) return { kind: "busy", reason: kind.slice(0, REASON_LENGTH_MAX) };
      const name = NAME_ALONE.exec(kind)?.[1];
      if (name !== undefined) {
        const why = `Tryton knows no model or field ${name}: a module is missing, or its version differs.`;
        return refused("tryton.unknown-name", why);
      }
      return refused("tryton.error", kind);
    }
  }
}

function wordsOf(error: unknown): [string, unknown] {
  return Array.isArray(error) ? [String(error[0] ?? ""), error[1]] : [String(error), undefined];
}

export function refused(code: string, reason: string): Extract<Answer, { kind: "refused" }> {
  return { kind: "refused", code, reason: reason.slice(0, REASON_LENGTH_MAX) };
}

/** A writer's steps; what fails on the way is their answer. */
export async function answerOf(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof TrytonFailed) return error.answer;
    throw error;
  }
}

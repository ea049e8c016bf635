// What Vendure says instead of a result. It answers HTTP 200 for nearly everything: a refusal is an ErrorResult among
// the data, another fault stands in `errors` with a code. A call is one transaction, which a fault undoes.
import { type Answer, CrossdockError, type Failure } from "../../connector/index.ts";
import { type Fields, fieldsOf, textOr } from "./values.ts";

export class VendureFailed extends CrossdockError {
  readonly answer: Failure;

  constructor(answer: Failure) {
    super(`vendure.${answer.kind}`, answer.reason, { retry: "later" });
    this.name = "VendureFailed";
    this.answer = answer;
  }

  /** The code of a refusal: `vendure.insufficient-stock-on-hand-error`. */
  get refusal(): string | undefined {
    return this.answer.kind === "refused" ? this.answer.code : undefined;
  }
}

const REASON_LENGTH_MAX = 500;
/** The databases' words for what is over in a moment. */
const LOCKED = /could not serialize access|deadlock|could not obtain lock|lock (wait )?time-?out/i;
const DENIED: ReadonlySet<string> = new Set(["FORBIDDEN", "UNAUTHENTICATED", "CHANNEL_NOT_FOUND"]);
const REFUSED: ReadonlySet<string> = new Set([
  "ENTITY_NOT_FOUND",
  "USER_INPUT_ERROR",
  "BAD_USER_INPUT",
  "ILLEGAL_OPERATION_ERROR",
  "GRAPHQL_VALIDATION_FAILED",
  "GRAPHQL_PARSE_FAILED",
]);

/** Of the entries of `errors`. `changes`: what is not known to be undone may have happened. */
export function failureOf(errors: readonly unknown[], changes: boolean): Failure {
  const error = fieldsOf(errors[0], "errors[0]");
  const reason = (textOr(error, "message") ?? "an error without a message").slice(0, REASON_LENGTH_MAX);
  const extensions = typeof error.extensions === "object" ? ((error.extensions ?? {}) as Fields) : {};
  const code = textOr(extensions, "code") ?? "INTERNAL_SERVER_ERROR";
  if (DENIED.has(code)) return { kind: "denied", reason: `${code}: ${reason}` };
  if (REFUSED.has(code)) return refused(code, reason);
  if (LOCKED.test(reason)) return { kind: "busy", reason };
  return { kind: changes ? "unknown" : "ill", reason: `${code}: ${reason}` };
}

export function refused(code: string, reason: string): Extract<Answer, { kind: "refused" }> {
  const word = code.toLowerCase().replaceAll("_", "-");
  return { kind: "refused", code: `vendure.${word}`, reason: reason.slice(0, REASON_LENGTH_MAX) };
}

/** The named result of a mutation; an ErrorResult throws as a refusal. */
export function resultOf(data: Fields, name: string): Fields {
  const result = fieldsOf(data[name], name);
  const code = textOr(result, "errorCode");
  if (code === undefined) return result;
  const details = ["transitionError", "fulfillmentHandlerError", "paymentErrorMessage"]
    .map((detail) => textOr(result, detail))
    .filter((detail) => detail !== undefined);
  throw new VendureFailed(refused(code, [textOr(result, "message") ?? code, ...details].join(" ")));
}

/** A writer's steps; what fails on the way is their answer. */
export async function answerOf(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof VendureFailed) return error.answer;
    throw error;
  }
}

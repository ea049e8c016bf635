// What a caller is told when something is refused: an RFC 9457 problem document with the code of the error. It
// carries what helps the caller, never a stack, a statement or a secret; faults are named by the request's id.
import { CrossdockError } from "../core/errors.ts";
import { problemKinds } from "./problem-codes.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

export interface Fault {
  /** `$.lines[2].quantity`, or the name of a parameter. */
  path: string;
  message: string;
}

export interface RefusalOptions {
  errors?: readonly Fault[];
  headers?: Readonly<Record<string, string>>;
  /** Further members of the document. */
  members?: Readonly<Record<string, unknown>>;
}

/** Thrown by routes; its message is for the caller. */
export class Refusal extends CrossdockError {
  readonly options: RefusalOptions;

  constructor(code: string, message: string, options: RefusalOptions = {}) {
    super(code, message);
    this.options = options;
  }
}

export interface ProblemAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
  /** Something is wrong on our side: it belongs in the log. */
  fault: boolean;
}

const RETRY_AFTER_SECONDS = "1";

/** The answer for anything that was thrown. */
export function problemAnswer(error: unknown, requestId: string): ProblemAnswer {
  if (error instanceof Refusal) {
    const { errors, headers, members } = error.options;
    return document(error.code, error.message, requestId, headers ?? {}, {
      ...members,
      ...(errors === undefined ? {} : { errors }),
    });
  }
  const known = fromFramework(error);
  if (known !== undefined) return document(known.code, known.detail, requestId);
  if (error instanceof CrossdockError) {
    if (problemKinds[error.code] !== undefined) return document(error.code, error.message, requestId);
    if (error.retry === "later") {
      const detail = "It is not known to have happened; send it again unchanged.";
      return {
        ...document("gateway.overloaded", detail, requestId, { "retry-after": RETRY_AFTER_SECONDS }),
        fault: true,
      };
    }
  }
  return {
    ...document("gateway.fault", `The log says more under request ${requestId}.`, requestId),
    fault: true,
  };
}

function document(
  code: string,
  detail: string,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
  members: Readonly<Record<string, unknown>> = {},
): ProblemAnswer {
  const { status, title } = problemKinds[code] ?? problemKinds["gateway.fault"]!;
  const text = JSON.stringify({
    type: `urn:crossdock:problem:${code}`,
    title,
    status,
    code,
    detail,
    ...members,
    requestId,
  });
  return { status, headers, text, fault: false };
}

const TOO_LARGE = "FST_ERR_CTP_BODY_TOO_LARGE";

/** The framework stopped reading in the middle of the body. */
export const isTooLarge = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === TOO_LARGE;

/** What the HTTP framework refuses by itself, in the same words. */
function fromFramework(error: unknown): { code: string; detail: string } | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string" || error instanceof CrossdockError) return undefined;
  switch (code) {
    case TOO_LARGE:
      return { code: "request.too-large", detail: "The body is larger than this route takes." };
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return {
        code: "request.type-unsupported",
        detail: "The Content-Type is not one that this route takes.",
      };
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return { code: "request.malformed", detail: "The body is not as long as Content-Length says." };
    case "FST_ERR_BAD_URL":
    case "ERR_INVALID_URI":
      return { code: "request.malformed", detail: "The address is not well-formed." };
    case "ECONNRESET":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return { code: "request.malformed", detail: "The connection ended before the body did." };
    default:
      return undefined;
  }
}

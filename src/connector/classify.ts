// What an HTTP outcome means by default: 2xx done, 4xx refused, 429 and 503 busy, other 5xx ill. Products differ;
// a connector looks at its product's own words first and leaves the rest to this.
import type { Time } from "../core/time.ts";
import { epochMs } from "../core/time.ts";
import { CallFailed } from "./call-failed.ts";
import type { Answer, HttpAnswer } from "./contract.ts";

/** An answer, or what `HttpClient.request` threw. */
export type CallOutcome = HttpAnswer | CallFailed;
/** What a call can come to; that a code has no meaning is known before there is one. */
type HeardAnswer = Exclude<Answer, { kind: "unmapped" }>;

export interface ClassifyOptions {
  /** For a Retry-After that names a date. */
  now: Time;
  /** Status → meaning, where the product means something else by it. */
  statuses?: Readonly<Record<number, "done" | "refused" | "busy" | "ill" | "unknown" | "denied">>;
  /** The product's own words in its answer; absent: the start of the body. */
  reasonOf?(answer: HttpAnswer): string | undefined;
}

const BUSY: ReadonlySet<number> = new Set([408, 423, 425, 429, 503]);
const DENIED: ReadonlySet<number> = new Set([401, 403, 407]);
const REASON_LENGTH_MAX = 300;

/** Makes the call; a failure to get an answer is an outcome as well. Anything else that it throws is thrown on. */
export async function outcomeOf(call: Promise<HttpAnswer>): Promise<CallOutcome> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallFailed) return error;
    throw error;
  }
}

export function classifyCall(outcome: CallOutcome, options: ClassifyOptions): HeardAnswer {
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  const reason = reasonFor(outcome, options);
  const meaning = options.statuses?.[outcome.status] ?? meaningOf(outcome.status);
  switch (meaning) {
    case "done":
      return { kind: "done" };
    case "refused":
      return { kind: "refused", code: `http.${outcome.status}`, reason };
    case "busy": {
      const retryAfterMs = readRetryAfter(outcome.headers["retry-after"], options.now);
      return retryAfterMs === undefined ? { kind: "busy", reason } : { kind: "busy", reason, retryAfterMs };
    }
    default:
      return { kind: meaning, reason };
  }
}

/** What did not get an answer: unknown where the request could have left. */
export function classifyFailure(failure: CallFailed): HeardAnswer {
  if (failure.code === "http.invalid-call") {
    return { kind: "refused", code: failure.code, reason: failure.message };
  }
  return { kind: failure.sent ? "unknown" : "ill", reason: failure.message };
}

function meaningOf(status: number): "done" | "refused" | "busy" | "ill" | "denied" {
  if (status >= 200 && status < 300) return "done";
  if (BUSY.has(status)) return "busy";
  if (DENIED.has(status)) return "denied";
  // A redirect of a write is a wrong address, not a wrong message: it waits until the address is mended.
  return status >= 400 && status < 500 ? "refused" : "ill";
}

function reasonFor(answer: HttpAnswer, options: ClassifyOptions): string {
  const said = options.reasonOf?.(answer) ?? answer.body.trim();
  const status = `HTTP ${answer.status}`;
  const location = answer.headers.location;
  if (answer.status >= 300 && answer.status < 400 && typeof location === "string")
    return `${status}: moved to ${location}`;
  if (said === "") return status;
  return `${status}: ${said.length > REASON_LENGTH_MAX ? `${said.slice(0, REASON_LENGTH_MAX)}…` : said}`;
}

/** Milliseconds from now, of seconds or of an HTTP date; absent where it says neither. */
export function readRetryAfter(header: string | string[] | undefined, now: Time): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // The date forms of RFC 9110; a bare number such as "-5" would be read as a year.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - epochMs(now));
}

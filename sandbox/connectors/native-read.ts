// Reads from a product. What is no usable answer throws ReadFailed, which holds what a writer that needed it has to
// answer: reading changes nothing, so the outcome of its message is never unknown because of it.

import type { CallLimits, ConnectorContext } from "../../src/connector/contract.ts";
import {
  type Answer,
  CallFailed,
  CrossdockError,
  classifyCall,
  type HttpAnswer,
  type HttpCall,
  outcomeOf,
  readExact,
} from "../../src/connector/index.ts";
import { epochMs } from "../../src/core/time.ts";

type Refused = Extract<Answer, { kind: "busy" | "ill" | "denied" | "refused" }>;

export class ReadFailed extends CrossdockError {
  readonly answer: Refused;

  constructor(answer: Refused, where: string, cause?: unknown) {
    super(`http.${answer.kind}`, `${where}: ${answer.reason}`, { retry: "later", cause });
    this.name = "ReadFailed";
    this.answer = answer;
  }
}

export interface Reading {
  context: ConnectorContext;
  /** The product's own words in an answer. */
  reasonOf(answer: HttpAnswer): string | undefined;
}

/** The parsed body of a 200, its numbers by their source text; undefined for a 404. */
export async function readNative(reading: Reading, call: HttpCall): Promise<unknown> {
  const { context, reasonOf } = reading;
  const outcome = await outcomeOf(context.http.request(call));
  const where = `${context.system}: ${call.method} ${call.url.split("?")[0]}`;
  if (outcome instanceof CallFailed) {
    throw new ReadFailed({ kind: "ill", reason: outcome.message }, where, outcome);
  }
  if (outcome.status === 404) return undefined;
  const answer = classifyCall(outcome, { now: context.now(), reasonOf });
  switch (answer.kind) {
    case "done":
      break;
    case "busy":
    case "ill":
    case "denied":
    case "refused":
      throw new ReadFailed(answer, where);
    default:
      throw new ReadFailed({ kind: "ill", reason: `HTTP ${outcome.status}` }, where);
  }
  try {
    return readExact(outcome.body);
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    throw new ReadFailed(
      { kind: "ill", reason: `the answer is cut or no JSON: ${error.message}` },
      where,
      error,
    );
  }
}

export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
  stopping?: AbortSignal;
}

/** What is left of a call's time, where one message takes several requests. */
export class TimeLeft {
  private readonly context: ConnectorContext;
  private readonly endsAtMs: number;
  private readonly call: CallLimits;

  constructor(context: ConnectorContext, call: CallLimits) {
    this.context = context;
    this.endsAtMs = epochMs(context.now()) + call.timeoutMs;
    this.call = call;
  }

  /** For the next request. Throws ReadFailed where there is no time to start one. */
  next(): CallLimits {
    const timeoutMs = this.endsAtMs - epochMs(this.context.now());
    if (timeoutMs > 0 && !this.call.signal.aborted) return { ...this.call, timeoutMs };
    throw new ReadFailed(
      { kind: "ill", reason: "no time was left for the next request" },
      this.context.system,
    );
  }
}

/** A writer's steps: a read that failed on the way is the answer, before anything was written. */
export async function answerOf(steps: () => Promise<Answer>): Promise<Answer> {
  try {
    return await steps();
  } catch (error) {
    if (error instanceof ReadFailed) return error.answer;
    throw error;
  }
}

// What an error of a call that only reads means for a message that waits for it.
import {
  type Answer,
  CallFailed,
  type ConnectorContext,
  CrossdockError,
  classifyFailure,
  readRetryAfter,
} from "../../../src/connector/index.ts";

export function answerOf(error: unknown, context: ConnectorContext): Answer {
  if (error instanceof CallFailed) return classifyFailure(error);
  if (!(error instanceof CrossdockError)) throw error;
  if (error.code === "parcelworks.denied") return { kind: "denied", reason: error.message };
  if (error.code !== "parcelworks.rate-limited") return { kind: "ill", reason: error.message };
  const header = error.details.retryAfter as string | string[] | undefined;
  const retryAfterMs = readRetryAfter(header, context.now());
  return {
    kind: "busy",
    reason: error.message,
    ...(retryAfterMs === undefined ? undefined : { retryAfterMs }),
  };
}

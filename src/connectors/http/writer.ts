// Posts canonical records, one or many a call, and asks for a record by its key where that was configured.

import { CallFailed } from "../../connector/call-failed.ts";
import { type CallOutcome, classifyCall, classifyFailure, outcomeOf } from "../../connector/classify.ts";
import type { Answer, ConnectorContext, Found, OutboundMessage, Writer } from "../../connector/contract.ts";
import { readAnswers } from "./answer.ts";
import type { HttpSettings } from "./settings.ts";

type Call = Parameters<Writer["send"]>[1];

export function writerOf(settings: HttpSettings, context: ConnectorContext): Writer {
  const headers = headersOf(settings);
  const writer: Writer = {
    send: (messages, call) => send(settings, headers, context, messages, call),
  };
  const path = settings.lookup?.path;
  if (path === undefined) return writer;
  return { ...writer, find: (message, call) => find(settings, path, headers, context, message, call) };
}

/** Of every call. Names are lower-case, so that a configured one replaces ours. */
export function headersOf({ headers, token }: HttpSettings): Record<string, string> {
  const own: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) own.authorization = `Bearer ${token}`;
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value;
  return own;
}

async function send(
  settings: HttpSettings,
  headers: Record<string, string>,
  context: ConnectorContext,
  messages: OutboundMessage[],
  call: Call,
): Promise<Answer[]> {
  const [first] = messages;
  if (first === undefined) return [];
  const sent: Record<string, string> = { "content-type": "application/json", ...headers };
  if (messages.length === 1) sent["idempotency-key"] = idempotencyKey(settings, first);
  const outcome = await outcomeOf(
    context.http.request({
      method: "POST",
      url: settings.url,
      headers: sent,
      body: bodyOf(settings, messages),
      ...call,
    }),
  );
  const answers = outcome instanceof CallFailed ? undefined : readAnswers(outcome, messages);
  return answers ?? messages.map(() => classify(outcome, context));
}

function classify(outcome: CallOutcome, context: ConnectorContext): Answer {
  return classifyCall(outcome, { now: context.now() });
}

interface WireRecord {
  id: string;
  type: string;
  key: string;
  data: unknown;
}

function bodyOf({ bulkMax, envelope }: HttpSettings, messages: OutboundMessage[]): string {
  const records = messages.map(
    ({ deliveryId, type, key, payload }): WireRecord => ({ id: deliveryId, type, key, data: payload }),
  );
  if (bulkMax === 1) return JSON.stringify(records[0]);
  return JSON.stringify(envelope === "array" ? records : { records });
}

/**
 * The business key, the same however often the same thing is sent. A level's key stays while its value changes, so
 * an absolute write goes by its delivery: a target that remembers keys would hold the first value for ever.
 */
function idempotencyKey({ write }: HttpSettings, message: OutboundMessage): string {
  const key = write === "absolute" ? message.deliveryId : `${message.type}:${message.key}`;
  // A header holds visible ASCII; what a key has beside it is escaped as in a URL.
  return key.replace(/[^!-$&-~]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

async function find(
  settings: HttpSettings,
  path: string,
  headers: Record<string, string>,
  context: ConnectorContext,
  message: OutboundMessage,
  call: Call,
): Promise<Found> {
  const filled = path
    .replaceAll("{type}", encodeURIComponent(message.type))
    .replaceAll("{key}", () => encodeURIComponent(message.key.toWellFormed()));
  const url = new URL(filled, settings.url).href;
  const outcome = await outcomeOf(context.http.request({ method: "GET", url, headers, ...call }));
  if (outcome instanceof CallFailed) {
    const answer = classifyFailure(outcome);
    return { kind: "unknown", reason: "reason" in answer ? answer.reason : outcome.message };
  }
  if (outcome.status === 404 || outcome.status === 410) return { kind: "absent" };
  const [answer] = outcome.status === 200 ? (readAnswers(outcome, [message]) ?? []) : [];
  if (answer?.kind === "done") {
    return answer.reference === undefined
      ? { kind: "found" }
      : { kind: "found", reference: answer.reference };
  }
  const failed = answer ?? classify(outcome, context);
  return { kind: "unknown", reason: "reason" in failed ? failed.reason : `HTTP ${outcome.status}` };
}

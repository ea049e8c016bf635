// Sends records, one or many a call, and looks one up after an unknown outcome.
import {
  type Answer,
  CallFailed,
  type CallLimits,
  type ConnectorContext,
  CrossdockError,
  classifyFailure,
  epochMs,
  type Found,
  type HttpAnswer,
  type OutboundMessage,
  type OutboundType,
  type Writer,
} from "../../connector/index.ts";
import { jsonIn, judge } from "./answer.ts";
import type { RestApi } from "./api.ts";
import { withFacts } from "./facts.ts";
import { findRecord } from "./look-up.ts";
import { bodyText, type Outgoing, outgoingOf } from "./request.ts";
import { judgeResults } from "./results.ts";
import type { WriteSettings } from "./settings.ts";

export interface Desk {
  api: RestApi;
  context: ConnectorContext;
  settings: WriteSettings;
  outgoing: Outgoing;
}

export function writerOf(
  api: RestApi,
  type: OutboundType,
  settings: WriteSettings,
  context: ConnectorContext,
): Writer {
  const desk: Desk = { api, context, settings, outgoing: outgoingOf(type, settings) };
  const writer: Writer = {
    async send(messages, limits) {
      const answers = await (settings.bulk === undefined
        ? Promise.all(messages.map((message) => sendOne(desk, message, limits)))
        : sendMany(desk, messages, limits));
      return answers.map((answer, index) => withFacts(answer, messages[index]!, context));
    },
  };
  if (settings.lookup === undefined) return writer;
  return { ...writer, find: (message, limits): Promise<Found> => findRecord(desk, message, limits) };
}

/** What a record that cannot be put into the declared form is told as: no call is made for it. */
function unsendable(error: unknown): Answer {
  if (!(error instanceof CrossdockError)) throw error;
  return { kind: "refused", code: error.code, reason: error.message };
}

async function sendOne(desk: Desk, message: OutboundMessage, limits: CallLimits): Promise<Answer> {
  let path: string;
  let body: unknown;
  try {
    path = desk.outgoing.pathOf(message);
    body = desk.outgoing.bodyOf(message);
  } catch (error) {
    return unsendable(error);
  }
  const answer = await callWith(desk, path, body, [message], limits);
  if ("kind" in answer) return answer;
  const { status } = answer;
  return judge({ ...judgement(desk, answer), message, said: jsonIn(answer), status });
}

async function sendMany(desk: Desk, messages: OutboundMessage[], limits: CallLimits): Promise<Answer[]> {
  const answers = new Map<OutboundMessage, Answer>();
  const records: { message: OutboundMessage; body: unknown }[] = [];
  for (const message of messages) {
    try {
      records.push({ message, body: desk.outgoing.bodyOf(message) });
    } catch (error) {
      answers.set(message, unsendable(error));
    }
  }
  const sent = records.length === 0 ? [] : await sendTogether(desk, records, limits);
  for (const [index, { message }] of records.entries()) answers.set(message, sent[index]!);
  return messages.map((message) => answers.get(message)!);
}

async function sendTogether(
  desk: Desk,
  records: readonly { message: OutboundMessage; body: unknown }[],
  limits: CallLimits,
): Promise<Answer[]> {
  const { under, results } = desk.settings.bulk!;
  const messages = records.map(({ message }) => message);
  const bodies = records.map(({ body }) => body);
  const until = epochMs(desk.context.now()) + limits.timeoutMs;
  const body = under === undefined ? bodies : { [under]: bodies };
  const answer = await callWith(desk, desk.settings.path, body, messages, limits);
  if ("kind" in answer) return messages.map(() => answer);
  const said = jsonIn(answer);
  const judged = judgement(desk, answer);
  const listed = results === undefined ? undefined : judgeResults(judged, said, messages);
  if (listed !== undefined) return listed;
  const all = messages.map((message) => judge({ ...judged, message, said, status: answer.status }));
  if (all[0]!.kind !== "refused" || records.length === 1) return all;
  // One of them may have spoilt it for the others: nothing took effect, so each is sent alone.
  const alone: Answer[] = [];
  for (const record of records) {
    const timeoutMs = until - epochMs(desk.context.now());
    if (timeoutMs <= 0) alone.push({ kind: "busy", reason: "There was no time left to send it alone." });
    else alone.push(...(await sendTogether(desk, [record], { ...limits, timeoutMs })));
  }
  return alone;
}

const judgement = ({ api, context, settings }: Desk, answer: HttpAnswer) => ({
  settings,
  answer,
  now: context.now(),
  redact: api.authority.redact,
});

async function callWith(
  desk: Desk,
  path: string,
  body: unknown,
  messages: readonly OutboundMessage[],
  limits: CallLimits,
): Promise<HttpAnswer | Answer> {
  const { api, settings } = desk;
  const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  if (settings.idempotencyHeader !== undefined && messages.length === 1) {
    headers[settings.idempotencyHeader.toLowerCase()] = idempotencyKey(settings, messages[0]!);
  }
  const text = body === undefined ? {} : { body: bodyText(body) };
  const outcome = await api.call(
    { method: settings.method ?? "POST", url: api.urlOf(path), headers, ...text },
    limits,
  );
  if (outcome instanceof CallFailed) return classifyFailure(outcome);
  return "notGranted" in outcome ? outcome.notGranted : outcome;
}

/**
 * The business key, the same however often the same thing is sent. A level's key stays while its value changes, so an
 * absolute write goes by its delivery: a system that remembers keys would hold the first value for ever.
 */
function idempotencyKey({ kind }: WriteSettings, message: OutboundMessage): string {
  const key = kind === "absolute" ? message.deliveryId : `${message.type}:${message.key}`;
  // A header holds visible ASCII; what a key has beside it is escaped as in a URL.
  return key.replace(/[^!-$&-~]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

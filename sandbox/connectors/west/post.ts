// Sends orders or advice to WEST, many to a file, and waits for what it says of each. Before one is sent a second time
// it is looked for: WEST knows a number once and for all.
import {
  type Answer,
  type CallLimits,
  type ConnectorContext,
  CrossdockError,
  type Found,
  type OutboundMessage,
  type Writer,
} from "../../../src/connector/index.ts";
import type { Exchange, WestAnswer } from "./exchange.ts";
import type { InKind } from "./file-format.ts";
import { waitForAnswers } from "./wait.ts";

export interface Posted {
  /** Its number at WEST. */
  number: string;
  rows: Record<string, string>[];
}

export interface Post {
  kind: InKind;
  /** Or why it cannot be sent. */
  render(message: OutboundMessage): Posted | string;
  /** What a lasting refusal means. */
  refused(message: OutboundMessage, answer: WestAnswer): Answer;
}

export function postWriter(exchange: Exchange, context: ConnectorContext, post: Post): Writer {
  return {
    send: (messages, call) => send(exchange, context, post, messages, call),
    find: (message) => find(exchange, post, message),
  };
}

async function send(
  exchange: Exchange,
  context: ConnectorContext,
  post: Post,
  messages: OutboundMessage[],
  call: CallLimits,
): Promise<Answer[]> {
  const rendered = messages.map((message) => post.render(message));
  const posted = rendered.filter((one) => typeof one !== "string");
  const file = fileName(post.kind, messages, context);
  let answers = new Map<string, WestAnswer>();
  let failure: Answer | undefined;
  if (posted.length > 0) {
    try {
      await exchange.put(
        post.kind,
        file,
        posted.flatMap((one) => one.rows),
      );
    } catch (error) {
      if (!(error instanceof CrossdockError)) throw error;
      failure = { kind: "ill", reason: error.message };
    }
    if (failure === undefined) {
      const numbers = posted.map((one) => one.number);
      answers = await waitForAnswers(exchange, file, numbers, call);
    }
  }
  return messages.map((message, index): Answer => {
    const one = rendered[index]!;
    if (typeof one === "string") return { kind: "refused", code: "west.not-shippable", reason: `${one}.` };
    const answer = answers.get(one.number) ?? answers.get("");
    if (answer === undefined) {
      return failure ?? { kind: "unknown", reason: `WEST has not answered ${file} yet.` };
    }
    return meaningOf(post, message, one, answer);
  });
}

function meaningOf(post: Post, message: OutboundMessage, { number }: Posted, answer: WestAnswer): Answer {
  if (answer.order === "") {
    // Nothing of it was taken. What was damaged on the way is whole the next time.
    const reason = `WEST refused the file ${answer.file}: ${answer.reason}`;
    return /^(NO TRAILER|BAD COUNT|BAD SUM)$/.test(answer.reason)
      ? { kind: "busy", reason }
      : { kind: "refused", code: "west.file-refused", reason };
  }
  if (answer.result === "OK" || answer.result === "DUP") return { kind: "done", reference: number };
  if (answer.reason === "BUSY") return { kind: "busy", reason: `WEST is busy with ${number}.` };
  return post.refused(message, answer);
}

async function find(exchange: Exchange, post: Post, message: OutboundMessage): Promise<Found> {
  const one = post.render(message);
  if (typeof one === "string") return { kind: "absent" };
  const { number } = one;
  try {
    await exchange.look();
    const places = await exchange.files(post.kind);
    const answers = exchange.answersAbout(post.kind, number);
    if (answers.some(({ result }) => result === "OK" || result === "DUP"))
      return { kind: "found", reference: number };
    for (const [file, place] of places) {
      if (place === "spoilt" || !(await exchange.content(file)).has(number)) continue;
      const isAnswered = exchange.answersTo(file).some(({ order }) => order === number || order === "");
      if (!isAnswered && place === "taken" && exchange.isLongAgo(file))
        return { kind: "found", reference: number };
      if (!isAnswered)
        return { kind: "unknown", reason: `${file} is ${place}, and WEST has not answered it yet.` };
    }
    // Never sent, or sent and refused: sending again is as good as the first time.
    return { kind: "absent" };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    return { kind: "unknown", reason: error.message };
  }
}

/** By time, so that WEST takes them in order; no other call has the name. */
function fileName(kind: InKind, messages: readonly OutboundMessage[], context: ConnectorContext): string {
  const first = messages[0]!;
  const at = context.now().replace(/\D/g, "");
  return `${kind}_${at}_${first.deliveryId.replace(/[^A-Za-z0-9-]/g, "-")}-${first.attempt}.csv`;
}

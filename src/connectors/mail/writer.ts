// Sends records as messages. Where a folder keeps them, each is put there before it is sent: after a crash it says
// whether anything can have left.
import {
  type Answer,
  type CallLimits,
  type ConnectorContext,
  CrossdockError,
  type Found,
  type OutboundMessage,
  type Writer,
} from "../../connector/index.ts";
import { type Composed, compose, messageIdOf } from "./compose.ts";
import { inSent, type Kept, type SentFolder } from "./sent.ts";
import type { ImapPlace, MailSettings, OutboxSettings } from "./settings.ts";
import { type SmtpAnswer, transmit } from "./smtp.ts";

export function writerOf(settings: MailSettings, outbox: OutboxSettings, context: ConnectorContext): Writer {
  const { bytesMax } = settings;
  const { sent } = outbox;
  const send = async (message: OutboundMessage, call: CallLimits): Promise<Answer> => {
    if (call.signal.aborted || call.stopping?.aborted)
      return { kind: "ill", reason: "The call was taken back." };
    const composed = await compose(context, outbox, message).catch(notComposed);
    if ("kind" in composed) return composed;
    if (composed.bytes.length > bytesMax) {
      const reason = `The message is ${composed.bytes.length} bytes long; bytesMax is ${bytesMax}.`;
      return { kind: "refused", code: "mail.too-long", reason };
    }
    if (sent === undefined) return transmit(outbox, composed, call);
    return sendKept(outbox, sent, composed, call, bytesMax, context);
  };
  const writer: Writer = {
    send: (messages, call) => Promise.all(messages.map((message) => send(message, call))),
  };
  if (sent === undefined) return writer;
  return {
    ...writer,
    find: (message, call) => find(sent, messageIdOf(context.system, outbox, message), call, bytesMax),
  };
}

async function sendKept(
  outbox: OutboxSettings,
  sent: ImapPlace,
  composed: Composed,
  call: CallLimits,
  bytesMax: number,
  { log }: ConnectorContext,
): Promise<Answer> {
  let answer: SmtpAnswer | undefined;
  const signal = limitOf(call);
  try {
    return await inSent(sent, { bytesMax, signal }, async (folder) => {
      const before = await folder.find(composed.messageId);
      if (before?.isDraft === false) return { kind: "done", reference: composed.messageId };
      // A draft of a message that is sent again is one that was refused, or that a person let go.
      const kept = before ?? (await folder.keep(composed));
      if (call.stopping?.aborted) answer = { kind: "ill", reason: "The node stops." };
      else answer = await transmit(outbox, composed, { ...call, signal });
      if (!(await settle(folder, kept, answer))) {
        log("warn", "A message's mark in the folder of sent ones could not be mended.", {
          folder: sent.mailbox,
          messageId: composed.messageId,
          answer: answer.kind,
        });
      }
      return answer.kind === "done" ? { kind: "done", reference: composed.messageId } : answer;
    });
  } catch (error) {
    // What the server said of the message stands, whatever became of the folder afterwards.
    if (answer?.kind === "done") return { kind: "done", reference: composed.messageId };
    if (answer !== undefined) return answer;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      kind: error instanceof CrossdockError && error.code === "mail.denied" ? "denied" : "ill",
      reason,
    };
  }
}

function settle(folder: SentFolder, kept: Kept, { kind }: SmtpAnswer): Promise<boolean> {
  if (kind === "done") return folder.confirm(kept);
  // It may have been taken: the draft says so.
  return kind === "unknown" ? Promise.resolve(true) : folder.remove(kept);
}

async function find(place: ImapPlace, messageId: string, call: CallLimits, bytesMax: number): Promise<Found> {
  try {
    const kept = await inSent(place, { bytesMax, signal: limitOf(call) }, (folder) => folder.find(messageId));
    if (kept === undefined) return { kind: "absent" };
    if (!kept.isDraft) return { kind: "found", reference: messageId };
    const reason =
      `${messageId} is a draft in ${place.mailbox}: it may have been sent. Ask the partner; then skip the delivery if ` +
      "it came, or retry it.";
    return { kind: "doubtful", reason };
  } catch (error) {
    return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}

const limitOf = ({ signal, timeoutMs }: CallLimits): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);

/** Nothing was sent; without the driver nothing can be. */
function notComposed(error: unknown): Answer {
  if (error instanceof CrossdockError) return { kind: "ill", reason: error.message };
  return { kind: "refused", code: "mail.not-composed", reason: String(error) };
}

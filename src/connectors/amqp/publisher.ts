// Publishes canonical records and waits for the broker's confirmation of each: persistent, and mandatory, so that a
// record that no queue takes is told.
import { type Answer, CrossdockError, type OutboundMessage, type Writer } from "../../connector/index.ts";
import { brokerFault, type Connecting } from "./connection.ts";
import { limit, within } from "./limit.ts";
import { notSent, notTaken } from "./outcome.ts";
import { openPublishing, type Publishing } from "./publishing.ts";
import type { AmqpSettings } from "./settings.ts";

const MESSAGE_ID_BYTES_MAX = 255;

export function publisher(settings: AmqpSettings, connection: Connecting): Writer {
  let open: Promise<Publishing> | undefined;
  /** One for all calls; one that ended is forgotten, and the next call makes another. */
  const publishing = (): Promise<Publishing> => {
    if (open !== undefined) return open;
    const forget = () => {
      if (open === attempt) open = undefined;
    };
    const attempt = openPublishing(settings, connection, forget);
    open = attempt;
    attempt.catch(forget);
    return attempt;
  };
  return {
    async send(messages, call) {
      const { signal, end } = limit(call.timeoutMs, call.signal);
      try {
        const to = await within(call.timeoutMs, publishing(), signal, call.stopping).catch((error) =>
          brokerFault(settings, error),
        );
        if (to instanceof CrossdockError) return messages.map(() => notSent(to));
        const blocked = to.blocked();
        if (blocked !== undefined) {
          return messages.map(() => ({ kind: "busy", reason: `The broker takes nothing now: ${blocked}.` }));
        }
        return await publishAll(settings, to, messages, signal, call.stopping);
      } finally {
        end();
      }
    },
  };
}

/**
 * The first on a channel goes alone: where the exchange is not there, or may not be written, the broker ends the channel
 * without saying of which record it speaks.
 */
async function publishAll(
  settings: AmqpSettings,
  publishing: Publishing,
  messages: readonly OutboundMessage[],
  signal: AbortSignal,
  stopping: AbortSignal | undefined,
): Promise<Answer[]> {
  const one = (message: OutboundMessage) => publish(settings, publishing, message, signal, stopping);
  const alone = publishing.isProven() ? [] : messages.slice(0, 1);
  const answers: Answer[] = [];
  for (const message of alone) answers.push(await one(message));
  return [...answers, ...(await Promise.all(messages.slice(alone.length).map(one)))];
}

async function publish(
  settings: AmqpSettings,
  publishing: Publishing,
  { deliveryId, type, key, payload }: OutboundMessage,
  signal: AbortSignal,
  stopping: AbortSignal | undefined,
): Promise<Answer> {
  const content = Buffer.from(JSON.stringify({ id: deliveryId, type, key, data: payload }));
  // The same for every attempt. Of a level, whose key stays while its value changes, it is the delivery's.
  const messageId = settings.write === "absolute" ? deliveryId : `${type}:${key}`;
  const unfit = unfitness(settings, content, messageId);
  if (unfit !== undefined) return unfit;
  if (signal.aborted || stopping?.aborted) {
    return { kind: "ill", reason: "The call was taken back before the record left." };
  }
  const answer = await publishing.publish(
    {
      exchange: settings.exchange,
      routingKey: settings.routingKey.replaceAll("{type}", type),
      content,
      messageId,
      type,
    },
    signal,
  );
  return answer === "nack" ? notTaken(settings) : answer;
}

function unfitness({ bytesMax }: AmqpSettings, content: Buffer, messageId: string): Answer | undefined {
  if (content.length > bytesMax) {
    const reason = `The record is ${content.length} bytes long; ${bytesMax} are taken.`;
    return { kind: "refused", code: "amqp.too-long", reason };
  }
  const length = Buffer.byteLength(messageId);
  if (length <= MESSAGE_ID_BYTES_MAX) return undefined;
  const reason = `Its message id would be ${length} bytes long; AMQP takes ${MESSAGE_ID_BYTES_MAX}.`;
  return { kind: "refused", code: "amqp.key-too-long", reason };
}

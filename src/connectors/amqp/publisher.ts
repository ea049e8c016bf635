// Publishes canonical records and waits for the broker's confirmation of each: persistent, and mandatory, so that a
// record that no queue takes is told.
import type { ConfirmChannel, Message } from "amqplib";
import type { Answer, CallLimits, OutboundMessage, Writer } from "../../connector/index.ts";
import { brokerFault, type Connecting } from "./connection.ts";
import type { AmqpSettings } from "./settings.ts";

/** Comes back with a record that no queue took. */
const DELIVERY_HEADER = "crossdock-delivery";
const MESSAGE_ID_BYTES_MAX = 255;

export function publisher(settings: AmqpSettings, connection: Connecting): Writer {
  let open: Promise<Publishing> | undefined;
  /** A channel that ended is forgotten; the next call makes another. */
  const channel = async (): Promise<Publishing> => {
    open ??= openChannel(connection, () => (open = undefined));
    const attempt = open;
    return attempt.catch((error) => {
      if (open === attempt) open = undefined;
      throw error;
    });
  };
  return {
    async send(messages, call) {
      let publishing: Publishing;
      try {
        publishing = await channel();
      } catch (error) {
        return messages.map(() => notSent(settings, error));
      }
      const blocked = publishing.blocked();
      if (blocked !== undefined) {
        return messages.map(() => ({ kind: "busy", reason: `The broker takes nothing now: ${blocked}.` }));
      }
      if (call.signal.aborted || call.stopping?.aborted) {
        return messages.map(() => ({ kind: "ill", reason: "The call was taken back before it began." }));
      }
      return Promise.all(messages.map((message) => publish(settings, publishing, message, call)));
    },
  };
}

function notSent(settings: AmqpSettings, error: unknown): Answer {
  const { code, message } = brokerFault(settings, error);
  return { kind: code === "amqp.denied" ? "denied" : "ill", reason: message };
}

interface Publishing {
  channel: ConfirmChannel;
  /** delivery id → what the broker said when it gave the record back */
  returned: Map<string, string>;
  /** Resolves when the channel is no more. */
  ended: Promise<Error>;
  blocked(): string | undefined;
}

async function openChannel(connection: Connecting, forget: () => void): Promise<Publishing> {
  const { model, blocked } = await connection.connected();
  const channel = await model.createConfirmChannel();
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
  const returned = new Map<string, string>();
  channel.on("return", ({ fields, properties }: Message) => {
    const said = (fields as { replyText?: string }).replyText ?? "no route";
    returned.set(String(properties.headers?.[DELIVERY_HEADER]), said);
  });
  channel.on("error", (error) => end(error));
  channel.on("close", () => {
    forget();
    end(new Error("the connection broke before the broker confirmed"));
  });
  // Answers are awaited by as many calls as there are.
  channel.setMaxListeners(0);
  return { channel, returned, ended, blocked };
}

function publish(
  settings: AmqpSettings,
  { channel, returned, ended }: Publishing,
  message: OutboundMessage,
  call: CallLimits,
): Promise<Answer> | Answer {
  const { deliveryId, type, key, payload } = message;
  const content = Buffer.from(JSON.stringify({ id: deliveryId, type, key, data: payload }));
  const messageId = messageIdOf(settings, message);
  const unfit = unfitness(settings, content, messageId);
  if (unfit !== undefined) return unfit;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const unknown = (reason: string) => resolve({ kind: "unknown", reason });
  const timer = setTimeout(
    () => unknown(`The broker confirmed nothing within ${call.timeoutMs} ms.`),
    call.timeoutMs,
  );
  const aborted = () => unknown("The call was given up before the broker confirmed.");
  call.signal.addEventListener("abort", aborted, { once: true });
  void ended.then((error) => resolve(whenEnded(error)));
  returned.delete(deliveryId);
  const options = {
    persistent: true,
    mandatory: true,
    messageId,
    type,
    appId: "crossdock",
    contentType: "application/json",
    headers: { [DELIVERY_HEADER]: deliveryId },
  };
  try {
    channel.publish(settings.exchange, routingKeyOf(settings, type), content, options, (error) => {
      if (!error) resolve(confirmed(returned.get(deliveryId)));
      // Where the channel ends the driver fails what waits, before it says why: `ended` does.
      else if (/nack/.test(error.message)) resolve(notTaken(settings));
    });
  } catch (error) {
    // The channel ended since it was opened, and nothing of this record left.
    resolve(notSent(settings, error));
  }
  return promise.finally(() => {
    clearTimeout(timer);
    call.signal.removeEventListener("abort", aborted);
    returned.delete(deliveryId);
  });
}

function confirmed(returned: string | undefined): Answer {
  if (returned === undefined) return { kind: "done" };
  const reason = `No queue takes it: the broker gave it back with ${returned}.`;
  return { kind: "refused", code: "amqp.unroutable", reason };
}

/** 404 and 403 speak of the exchange, which takes nothing of anybody; after everything else it may be there. */
function whenEnded(error: Error): Answer {
  const { code } = error as { code?: number };
  if (code === 404) return { kind: "ill", reason: error.message };
  if (code === 403) return { kind: "denied", reason: error.message };
  return { kind: "unknown", reason: error.message };
}

/** A queue that is full refuses, while another one may have taken it. */
function notTaken({ write }: AmqpSettings): Answer {
  const reason = "The broker did not take it: a queue is full, or not well.";
  return write === "none" ? { kind: "unknown", reason } : { kind: "busy", reason };
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

/** The same for every attempt. Of a level, whose key stays while its value changes, it is the delivery's. */
function messageIdOf({ write }: AmqpSettings, { type, key, deliveryId }: OutboundMessage): string {
  return write === "absolute" ? deliveryId : `${type}:${key}`;
}

function routingKeyOf({ routingKey }: AmqpSettings, type: string): string {
  return routingKey.replaceAll("{type}", type);
}

// A channel that records are published on: each has an answer, whether the broker confirms it, gives it back, refuses
// it, or is gone.
import type { Message } from "amqplib";
import type { Answer } from "../../connector/index.ts";
import { brokerFault, type Connecting } from "./connection.ts";
import { confirmed, notSent, unconfirmed } from "./outcome.ts";
import type { AmqpSettings } from "./settings.ts";

/** Comes back with a record that no queue took: the number of the attempt on its channel. */
const ATTEMPT_HEADER = "crossdock-attempt";

export interface Publication {
  exchange: string;
  routingKey: string;
  content: Buffer;
  messageId: string;
  type: string;
}

export interface Publishing {
  /** The broker has confirmed something on this channel. */
  isProven(): boolean;
  /** Why the broker takes nothing now; undefined: it does. */
  blocked(): string | undefined;
  /** `unknown` where the signal fires first. */
  publish(publication: Publication, signal: AbortSignal): Promise<Answer | "nack">;
}

export async function openPublishing(
  settings: AmqpSettings,
  connection: Connecting,
  ended: () => void,
): Promise<Publishing> {
  const { channel, blocked, broken } = await connection.open((model) => model.createConfirmChannel());
  /** attempt → who waits; one that is given up stays until the broker speaks of it. */
  const underWay = new Map<string, (answer: Answer) => void>();
  /** attempt → what the broker said when it gave the record back; it confirms it after that. */
  const returned = new Map<string, string>();
  let over: Error | undefined;
  let attempts = 0;
  let isProven = false;
  const end = (error: Error) => {
    if (over !== undefined) return;
    over = error;
    ended();
    const isOnlyOne = underWay.size === 1;
    for (const answer of underWay.values()) answer(unconfirmed(error, isOnlyOne));
    underWay.clear();
  };
  channel.on("return", ({ fields, properties }: Message) => {
    const said = (fields as { replyText?: string }).replyText ?? "no route";
    returned.set(String(properties.headers?.[ATTEMPT_HEADER]), said);
  });
  channel.on("error", end);
  channel.on("close", () => end(broken() ?? new Error("The channel ended before the broker confirmed.")));
  return {
    isProven: () => isProven,
    blocked,
    publish({ exchange, routingKey, content, messageId, type }, signal) {
      const { promise, resolve } = Promise.withResolvers<Answer | "nack">();
      if (over !== undefined) return Promise.resolve(notSent(brokerFault(settings, over)));
      const attempt = String(++attempts);
      const givenUp = () =>
        resolve({ kind: "unknown", reason: `It left, and is not confirmed: ${signal.reason}` });
      signal.addEventListener("abort", givenUp, { once: true });
      const options = {
        persistent: true,
        mandatory: true,
        messageId,
        type,
        appId: "crossdock",
        contentType: "application/json",
        headers: { [ATTEMPT_HEADER]: attempt },
      };
      const settled = (error: Error | null) => {
        // Where the channel ends the driver fails what waits, before it says why.
        if (error && !/nack/.test(error.message)) return;
        isProven = true;
        underWay.delete(attempt);
        resolve(error ? "nack" : confirmed(returned.get(attempt)));
        returned.delete(attempt);
      };
      underWay.set(attempt, resolve);
      try {
        channel.publish(exchange, routingKey, content, options, settled);
      } catch (error) {
        // The channel is closing, and nothing of this record left.
        underWay.delete(attempt);
        resolve(notSent(brokerFault(settings, error)));
      }
      return promise.finally(() => signal.removeEventListener("abort", givenUp));
    },
  };
}

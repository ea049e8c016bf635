// Reads a queue in batches: a consumer with a prefetch lives as long as its batch is gathered, and what it was handed
// is acknowledged after the commit. What is not acknowledged, the broker hands out again.
import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ConsumeMessage } from "amqplib";
import { CrossdockError, type Poll, type PollResult } from "../../connector/index.ts";
import { brokerFault, type Connecting } from "./connection.ts";
import { nativeOf } from "./message.ts";
import type { AmqpSettings } from "./settings.ts";

/** Between two reads; each waits for its first message by itself. */
const EVERY_MS = 100;
const FIRST_MS = 2_000;
/** A batch that is not full is closed when nothing more came for so long. */
const QUIET_MS = 20;
/** Whoever neither committed nor read again by then does not hold the messages any longer. */
const HOLD_MS = 60_000;
const CLOSE_MS = 2_000;

export function queuePoll(settings: AmqpSettings, queue: string, connection: Connecting): Poll {
  let held: Channel | undefined;
  const release = async (channel: Channel | undefined) => {
    if (held === channel) held = undefined;
    // One that is closed already has given its messages back, and one whose connection broke may never answer.
    const closing = Promise.resolve(channel)
      .then((one) => one?.close())
      .catch(() => undefined);
    await Promise.race([closing, delay(CLOSE_MS, undefined, { ref: false })]);
  };
  return {
    everyMs: EVERY_MS,
    async read(cursor, signal): Promise<PollResult> {
      await release(held);
      let channel: Channel | undefined;
      try {
        channel = await (await connection.connected()).model.createChannel();
        const opened = channel;
        held = opened;
        const batch = await gather(opened, queue, settings.batchMax, signal);
        const timer = setTimeout(() => void release(opened), HOLD_MS).unref();
        return {
          messages: batch.map(({ content, properties }) =>
            nativeOf({ content, contentType: properties.contentType, messageId: properties.messageId }),
          ),
          cursor: cursor ?? queue,
          more: batch.length > 0,
          async acknowledge() {
            clearTimeout(timer);
            if (held !== opened) return;
            const last = batch.at(-1);
            if (last !== undefined) acknowledgeUpTo(opened, last);
            // Its closing is answered after the acknowledgement was taken.
            await release(opened);
          },
        };
      } catch (error) {
        await release(channel);
        throw brokerFault(settings, error);
      }
    },
  };
}

/** A channel that broke since takes no word; its messages come again, and are known. */
function acknowledgeUpTo(channel: Channel, last: ConsumeMessage): void {
  try {
    channel.ack(last, true);
  } catch (error) {
    if ((error as Error).name !== "IllegalOperationError") throw error;
  }
}

/** At most `max` messages: rejects where the channel or the consumer ends before the batch does. */
async function gather(
  channel: Channel,
  queue: string,
  max: number,
  signal: AbortSignal,
): Promise<ConsumeMessage[]> {
  const batch: ConsumeMessage[] = [];
  const { promise: full, resolve: end, reject: fail } = Promise.withResolvers<void>();
  full.catch(() => undefined);
  let timer = setTimeout(end, FIRST_MS);
  const failed = (error: unknown) => fail(error);
  channel.on("error", failed);
  channel.on("close", () => fail(new CrossdockError("amqp.broken-off", `${queue}: the connection broke.`)));
  const aborted = () => fail(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) aborted();
  try {
    await channel.prefetch(max);
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) {
        fail(
          new CrossdockError("amqp.cancelled", `${queue}: the broker ended the reading: is the queue gone?`),
        );
        return;
      }
      batch.push(message);
      clearTimeout(timer);
      if (batch.length >= max) end();
      else timer = setTimeout(end, QUIET_MS);
    });
    await full;
    // What is under way comes before the answer, and belongs to the batch.
    await channel.cancel(consumerTag);
    return batch;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}

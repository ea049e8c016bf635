// Reads a queue in batches: a consumer with a prefetch lives as long as its batch is gathered, and what it was handed
// is acknowledged after the commit. What is not acknowledged, the broker hands out again.
import type { Channel, ConsumeMessage, Message } from "amqplib";
import { CrossdockError, type Poll, type PollResult } from "../../connector/index.ts";
import { ANSWER_MS, brokerFault, type Connecting, closeChannel, type Opened } from "./connection.ts";
import { within } from "./limit.ts";
import { nativeOf } from "./message.ts";
import type { AmqpSettings } from "./settings.ts";

/** Between two reads; each waits for its first message by itself. */
const EVERY_MS = 100;
const FIRST_MS = 2_000;
/** A batch that is not full is closed when nothing more came for so long … */
const QUIET_MS = 20;
/** … or so long after its first message. */
const GATHER_MS = 250;
/** Whoever neither committed nor read again by then does not hold the messages any longer. */
const HOLD_MS = 60_000;

export function queuePoll(settings: AmqpSettings, queue: string, connection: Connecting): Poll {
  let held: Channel | undefined;
  let isKnown = false;
  const release = async (channel: Channel) => {
    if (held === channel) held = undefined;
    await closeChannel(channel);
  };
  const read = async (opened: Opened<Channel>, signal: AbortSignal): Promise<Message[]> => {
    try {
      const asked = isKnown ? [] : await askOnce(opened.channel, queue, signal);
      isKnown = true;
      return await gather(opened.channel, queue, asked, settings.batchMax, signal);
    } catch (error) {
      await release(opened.channel);
      throw brokerFault(settings, opened.broken() ?? error);
    }
  };
  return {
    everyMs: EVERY_MS,
    async read(cursor, signal): Promise<PollResult> {
      if (held !== undefined) await release(held);
      const opened = await connection
        .open((model) => model.createChannel(), signal)
        .catch((error) => {
          throw brokerFault(settings, error);
        });
      const { channel } = opened;
      // What failed rejects what waits for it; an event without a listener would end the process.
      channel.on("error", () => undefined);
      held = channel;
      const batch = await read(opened, signal);
      const timer = setTimeout(() => void release(channel), HOLD_MS).unref();
      channel.once("close", () => clearTimeout(timer));
      return {
        messages: batch.map(({ content, properties }) =>
          nativeOf({ content, contentType: properties.contentType, messageId: properties.messageId }),
        ),
        cursor: cursor ?? queue,
        more: batch.length > 0,
        async acknowledge() {
          if (held !== channel) return;
          const last = batch.at(-1);
          if (last !== undefined) acknowledgeUpTo(channel, last);
          // Its closing is answered after the acknowledgement was taken.
          await release(channel);
        },
      };
    },
  };
}

/**
 * A stream would hand a consumer only what comes from now on, and nobody would miss the rest; it refuses this question,
 * which a queue answers with its first message.
 */
async function askOnce(channel: Channel, queue: string, signal: AbortSignal): Promise<Message[]> {
  const first = await within(ANSWER_MS, channel.get(queue), signal);
  return first === false ? [] : [first];
}

/** A channel that broke since takes no word; its messages come again, and are known. */
function acknowledgeUpTo(channel: Channel, last: Message): void {
  try {
    channel.ack(last, true);
  } catch (error) {
    if ((error as Error).name !== "IllegalOperationError") throw error;
  }
}

/** At most `max` messages, with those that are there: rejects where the channel or the consumer ends before. */
async function gather(
  channel: Channel,
  queue: string,
  there: readonly Message[],
  max: number,
  signal: AbortSignal,
): Promise<Message[]> {
  const batch = [...there];
  if (batch.length >= max) return batch;
  const { promise: full, resolve: end, reject: fail } = Promise.withResolvers<void>();
  full.catch(() => undefined);
  channel.once("error", fail);
  channel.once("close", () => fail(new CrossdockError("amqp.broken-off", `${queue}: the channel ended.`)));
  let quiet: NodeJS.Timeout | undefined;
  let whole: NodeJS.Timeout | undefined;
  const take = (message: ConsumeMessage | null) => {
    if (message === null) {
      fail(
        new CrossdockError("amqp.cancelled", `${queue}: the broker ended the reading: is the queue gone?`),
      );
      return;
    }
    batch.push(message);
    clearTimeout(quiet);
    if (batch.length >= max) end();
    else quiet = setTimeout(end, QUIET_MS);
    whole ??= setTimeout(end, GATHER_MS);
  };
  try {
    await within(ANSWER_MS, channel.prefetch(max - batch.length), signal);
    const { consumerTag } = await within(ANSWER_MS, channel.consume(queue, take), signal);
    quiet ??= setTimeout(end, batch.length > 0 ? QUIET_MS : FIRST_MS);
    await within(FIRST_MS + ANSWER_MS, full, signal);
    // What is under way comes before the answer, and belongs to the batch.
    await within(ANSWER_MS, channel.cancel(consumerTag), signal);
    return batch;
  } finally {
    clearTimeout(quiet);
    clearTimeout(whole);
  }
}

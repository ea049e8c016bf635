// RabbitMQ, or another broker of AMQP 0-9-1: canonical events are read from its queues, canonical records published
// to its exchange. What a broker keeps is for others to declare: no queue is made here.
import { type ConnectorSession, defineConnector } from "../../connector/index.ts";
import { ANSWER_MS, brokerFault, type Connecting, closeChannel, connecting } from "./connection.ts";
import { queuePoll } from "./consumer.ts";
import { within } from "./limit.ts";
import { mapMessage } from "./message.ts";
import { publisher } from "./publisher.ts";
import { type AmqpSettings, checkSettings, AmqpSettings as Settings } from "./settings.ts";

export const amqp = defineConnector({
  name: "amqp",
  title: "RabbitMQ",
  settings: Settings,
  check: checkSettings,
  mappingRevision: 1,
  writes: ({ messages, write = "none", bulkMax }) =>
    Object.fromEntries(messages.map((type) => [type, { kind: write, bulkMax }])),
  open(settings, { system }): ConnectorSession {
    const reading = connecting(settings, `crossdock ${system} reads`);
    const publishing = connecting(settings, `crossdock ${system} publishes`);
    const writer = publisher(settings, publishing);
    return {
      map: mapMessage,
      polls: Object.fromEntries(settings.queues.map((queue) => [queue, queuePoll(settings, queue, reading)])),
      writers: Object.fromEntries(settings.messages.map((type) => [type, writer])),
      health: (signal) => health(settings, settings.queues.length > 0 ? reading : publishing, signal),
      async close() {
        await Promise.all([reading.close(), publishing.close()]);
      },
    };
  },
});

/** The broker answers, and what was configured is there. */
async function health(settings: AmqpSettings, connection: Connecting, signal: AbortSignal): Promise<void> {
  try {
    const { channel } = await connection.open((model) => model.createChannel(), signal);
    // The question that fails rejects; the event says it again.
    channel.on("error", () => undefined);
    try {
      for (const queue of settings.queues) await within(ANSWER_MS, channel.checkQueue(queue), signal);
      if (settings.messages.length > 0 && settings.exchange !== "")
        await within(ANSWER_MS, channel.checkExchange(settings.exchange), signal);
    } finally {
      await closeChannel(channel);
    }
  } catch (error) {
    throw brokerFault(settings, error);
  }
}

// What the tests of a broker share: sessions of the connector, and its queues seen by another client.

import { type ChannelModel, type ConfirmChannel, connect, type GetMessage } from "amqplib";
import { noCodes } from "../../../connector/codes.ts";
import type { ConnectorSession, NativeMessage, OutboundMessage } from "../../../connector/index.ts";
import { resolveSettings } from "../../../connector/resolve.ts";
import { amqp } from "../index.ts";
import type { AmqpSettings } from "../settings.ts";
import { type Broker, startBroker } from "./broker.ts";

export type Input = Partial<Parameters<typeof amqp>[0]>;

export const unheard = new AbortController().signal;
export const call = { timeoutMs: 20_000, signal: unheard };

export const event = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/wms",
  type: "inventory.level.observed",
  data: { sku: id, location: "EAST", quantity: "5", observedAt: "2026-11-24T07:00:00.000000Z" },
});

export const bytes = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

export const record = (id: string, more: object = {}): OutboundMessage => ({
  deliveryId: id,
  type: "order.release",
  key: `order:main/${id}`,
  payload: { orderId: id, ...more },
  attempt: 1,
});

export const idsOf = (messages: readonly NativeMessage[]) => messages.map(({ id }) => id);

export class Bus {
  readonly broker: Broker;
  private admin: ChannelModel;
  private readonly sessions: ConnectorSession[] = [];

  private constructor(broker: Broker, admin: ChannelModel) {
    this.broker = broker;
    this.admin = admin;
  }

  static async start(): Promise<Bus> {
    const broker = await startBroker();
    return new Bus(broker, await administer(broker));
  }

  async restart(): Promise<void> {
    await this.broker.start();
    this.admin = await administer(this.broker);
  }

  async remove(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
    await this.admin.close().catch(() => undefined);
    await this.broker.remove();
  }

  open(more: Input): ConnectorSession {
    const url = `amqp://127.0.0.1:${this.broker.port}`;
    const declared = amqp({ url, user: "guest", password: "guest", ...more });
    const { settings } = resolveSettings("bus", declared, {});
    const session = amqp.connector.open(settings as AmqpSettings, {
      system: "bus",
      company: "main",
      now: () => "2026-11-24T07:00:00.000000Z",
      http: { request: () => Promise.reject(new Error("A broker needs no HTTP.")) },
      codes: noCodes,
      log: () => undefined,
    });
    this.sessions.push(session);
    return session;
  }

  /** Sends `order.release` to a queue. */
  send(messages: OutboundMessage[], more: Input = {}, limits = call) {
    return this.writer(more).send(messages, limits);
  }

  writer(more: Input = {}) {
    const session = this.open({ messages: ["order.release"], write: "keyed", ...more });
    return session.writers["order.release"]!;
  }

  poll(queue: string, more: Input = {}) {
    return this.open({ queues: [queue], ...more }).polls![queue]!;
  }

  async declare(queue: string, settings: object = {}): Promise<void> {
    await this.on((channel) => channel.assertQueue(queue, { durable: true, arguments: settings }));
  }

  /** What is declared is on the disk; the broker writes it a while later. */
  async kept(): Promise<void> {
    await this.broker.control("eval", "ok = mnesia:sync_log().");
  }

  async put(queue: string, bodies: readonly unknown[], properties: object = {}): Promise<void> {
    await this.declare(queue);
    await this.on(async (channel) => {
      for (const body of bodies) channel.sendToQueue(queue, bytes(body), { persistent: true, ...properties });
      await channel.waitForConfirms();
    });
  }

  /** Messages that nobody was handed. */
  left(queue: string): Promise<number> {
    return this.on(async (channel) => (await channel.checkQueue(queue)).messageCount);
  }

  /** Takes all that the queue holds. */
  taken(queue: string): Promise<GetMessage[]> {
    return this.on(async (channel) => {
      const all: GetMessage[] = [];
      for (let one = await channel.get(queue, { noAck: true }); one; ) {
        all.push(one);
        one = await channel.get(queue, { noAck: true });
      }
      return all;
    });
  }

  private async on<Result>(use: (channel: ConfirmChannel) => Promise<Result>): Promise<Result> {
    const channel = await this.admin.createConfirmChannel();
    channel.on("error", () => undefined);
    const result = await use(channel);
    await channel.close();
    return result;
  }
}

async function administer({ port }: Broker): Promise<ChannelModel> {
  const admin = await connect(`amqp://127.0.0.1:${port}`);
  admin.on("error", () => undefined);
  return admin;
}

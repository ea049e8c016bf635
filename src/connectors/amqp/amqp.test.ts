import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorSession, OutboundMessage } from "../../connector/index.ts";
import { resolveSettings } from "../../connector/resolve.ts";
import { amqp } from "./index.ts";
import { mapMessage, nativeOf } from "./message.ts";
import { type Broker, rabbitMissing, startBroker } from "./testing.ts";

const signal = new AbortController().signal;
const call = { timeoutMs: 20_000, signal };
const event = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/wms",
  type: "inventory.level.observed",
  data: { sku: id, location: "EAST", quantity: "5", observedAt: "2026-11-24T07:00:00.000000Z" },
});
const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const message = (id: string): OutboundMessage => ({
  deliveryId: id,
  type: "order.release",
  key: `order:main/${id}`,
  payload: { orderId: id },
  attempt: 1,
});
type Input = Partial<Parameters<typeof amqp>[0]>;
const settle = (url: string, more: Input) =>
  resolveSettings("bus", amqp({ url, user: "guest", password: "guest", ...more }), {}).settings;

describe("a message", () => {
  test("is known by the event's source and id, whatever else is said of it", () => {
    const one = nativeOf({ content: bytes(event("e1")), messageId: "m1" });
    expect(one).toMatchObject({ topic: "events", id: "/wms e1" });
    expect(nativeOf({ content: bytes(event("e1")), messageId: "m2" }).id).toBe(one.id);
    expect(mapMessage(one)).toMatchObject({ events: [{ type: "inventory.level.observed" }] });
  });

  test.each([
    ["no JSON", "{", "$"],
    ["no object", "[]", "$"],
    ["no source", { ...event("e1"), source: undefined }, "$.source"],
    ["no id", { ...event("e1"), id: undefined }, "$.id"],
    ["a decision", { ...event("e1"), type: "order.accepted" }, "$.type"],
  ])("with %s is one failure, however often it comes", (_name, body, path) => {
    const poison = nativeOf({ content: bytes(body) });
    expect(mapMessage(poison)).toMatchObject({ failed: expect.any(String), path });
    expect(nativeOf({ content: bytes(body) }).id).toBe(poison.id);
  });
});

test.each([
  [{ queues: [] }, "$.queues"],
  [{ messages: ["order.release" as const] }, "$.write"],
  [{ queues: ["a", "a"] }, "$.queues"],
  [{ url: "amqp://guest:guest@127.0.0.1", queues: ["a"] }, "$.url"],
  [{ url: "amqp://127.0.0.1/vhost", queues: ["a"] }, "$.url"],
])("settings %j are refused", (more: Input, path) => {
  const { settings } = amqp({ url: "amqp://h", user: "u", password: "p", ...more });
  const defaults = { vhost: "/", queues: [], messages: [], exchange: "", routingKey: "{type}" };
  expect(amqp.connector.check({ ...defaults, ...(settings as object) }).map((fault) => fault.path)).toContain(
    path,
  );
});

describe.skipIf(rabbitMissing !== undefined)(
  `with RabbitMQ${rabbitMissing ? `: ${rabbitMissing}` : ""}`,
  () => {
    let broker: Broker;
    let admin: ChannelModel;
    const sessions: ConnectorSession[] = [];
    const open = (more: Input): ConnectorSession => {
      const session = amqp.connector.open(settle(`amqp://127.0.0.1:${broker.port}`, more), {
        system: "bus",
        company: "main",
        now: () => "2026-11-24T07:00:00.000000Z",
        http: { request: () => Promise.reject(new Error("A broker needs no HTTP.")) },
        log: () => undefined,
      });
      sessions.push(session);
      return session;
    };
    const administer = async () => {
      admin = await connect(`amqp://127.0.0.1:${broker.port}`);
      admin.on("error", () => undefined);
    };
    const put = async (queue: string, ...bodies: unknown[]) => {
      const channel = await admin.createConfirmChannel();
      await channel.assertQueue(queue, { durable: true });
      for (const body of bodies) channel.sendToQueue(queue, bytes(body), { persistent: true });
      await channel.waitForConfirms();
      await channel.close();
    };
    const left = async (queue: string) => {
      const channel = await admin.createChannel();
      const { messageCount } = await channel.checkQueue(queue);
      await channel.close();
      return messageCount;
    };

    beforeAll(async () => {
      broker = await startBroker();
      await administer();
    }, 120_000);
    afterAll(async () => {
      await Promise.all(sessions.map((session) => session.close()));
      await admin?.close().catch(() => undefined);
      await broker?.remove();
    }, 60_000);

    test("what was read and not committed comes again; what is acknowledged does not", async () => {
      await put("in", event("e1"), "poison {", event("e2"));
      const poll = open({ queues: ["in"], batchMax: 2 }).polls!.in!;
      const first = await poll.read(null, signal);
      expect(first.messages).toHaveLength(2);
      const again = await poll.read(null, signal);
      expect(again.messages).toEqual(first.messages);
      await first.acknowledge!();
      await again.acknowledge!();
      await again.acknowledge!();
      const rest = await poll.read(again.cursor, signal);
      expect(rest.messages.map(({ id }) => id)).toEqual(["/wms e2"]);
      await rest.acknowledge!();
      expect(await left("in")).toBe(0);
    });

    test("is published persistent, with our key; what no queue takes is refused", async () => {
      await put("out");
      const [done] = await open({ messages: ["order.release"], routingKey: "out", write: "keyed" }).writers[
        "order.release"
      ]!.send([message("r1")], call);
      expect(done).toEqual({ kind: "done" });
      const channel = await admin.createChannel();
      const got = await channel.get("out", { noAck: true });
      if (got === false) throw new Error("Nothing was published.");
      expect(JSON.parse(got.content.toString())).toMatchObject({ id: "r1", key: "order:main/r1" });
      expect(got.properties).toMatchObject({ deliveryMode: 2, messageId: "order.release:order:main/r1" });
      await channel.close();
      const lost = open({ messages: ["order.release"], routingKey: "nowhere", write: "keyed" });
      expect(await lost.writers["order.release"]!.send([message("r2"), message("r3")], call)).toMatchObject([
        { kind: "refused", code: "amqp.unroutable" },
        { kind: "refused", code: "amqp.unroutable" },
      ]);
    });

    test("an exchange that is not there is ill, wrong credentials are denied, and health says both", async () => {
      const absent = open({ messages: ["order.release"], exchange: "absent", write: "none" });
      expect(await absent.writers["order.release"]!.send([message("r4")], call)).toMatchObject([
        { kind: "ill" },
      ]);
      await expect(absent.health(signal)).rejects.toThrow("absent");
      const wrong = open({ messages: ["order.release"], password: "wrong", write: "none" });
      expect(await wrong.writers["order.release"]!.send([message("r5")], call)).toMatchObject([
        { kind: "denied" },
      ]);
      await expect(wrong.health(signal)).rejects.toMatchObject({ code: "amqp.denied" });
    });

    test("killed in the middle: what was confirmed is there, what was read comes again", {
      timeout: 150_000,
    }, async () => {
      await put("crash-in", event("k1"), event("k2"));
      await put("crash-out");
      const session = open({
        queues: ["crash-in"],
        messages: ["order.release"],
        routingKey: "crash-out",
        write: "keyed",
      });
      const poll = session.polls!["crash-in"]!;
      const writer = session.writers["order.release"]!;
      const before = await poll.read(null, signal);
      expect(await writer.send([message("c1")], call)).toEqual([{ kind: "done" }]);
      const sending = Promise.all([message("c2"), message("c3")].map((one) => writer.send([one], call)));
      await broker.kill();
      for (const [answer] of await sending) expect(["done", "unknown", "ill"]).toContain(answer!.kind);
      await before.acknowledge!();
      expect(await writer.send([message("c4")], call)).toMatchObject([{ kind: "ill" }]);
      await expect(poll.read(before.cursor, signal)).rejects.toMatchObject({ code: "amqp.unreachable" });
      await broker.start();
      await administer();
      const after = await poll.read(before.cursor, signal);
      expect(after.messages).toEqual(before.messages);
      await after.acknowledge!();
      expect(await left("crash-in")).toBe(0);
      const resent = await writer.send([message("c2"), message("c3"), message("c4")], call);
      expect(resent.map(({ kind }) => kind)).toEqual(["done", "done", "done"]);
      const channel = await admin.createChannel();
      const ids = new Set<unknown>();
      for (
        let got = await channel.get("crash-out", { noAck: true });
        got;
        got = await channel.get("crash-out", { noAck: true })
      )
        ids.add(got.properties.messageId);
      expect([...ids].sort()).toEqual(["c1", "c2", "c3", "c4"].map((id) => `order.release:order:main/${id}`));
    });
  },
);

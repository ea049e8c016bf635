import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MESSAGE_BYTES_MAX, rabbitMissing } from "./testing/broker.ts";
import { Bus, bytes, call, event, idsOf, record, unheard } from "./testing/bus.ts";

describe.skipIf(rabbitMissing !== undefined)(`RabbitMQ${rabbitMissing ? `: ${rabbitMissing}` : ""}`, () => {
  let bus: Bus;
  beforeAll(async () => {
    bus = await Bus.start();
  }, 120_000);
  afterAll(() => bus?.remove(), 60_000);

  describe("reading", () => {
    test("what was read and not committed comes again; what is acknowledged does not", async () => {
      await bus.put("in", [event("e1"), "poison {", event("e2")]);
      const poll = bus.poll("in", { batchMax: 2 });
      const first = await poll.read(null, unheard);
      expect(first.messages).toHaveLength(2);
      const again = await poll.read(null, unheard);
      expect(again.messages).toEqual(first.messages);
      await first.acknowledge!();
      await again.acknowledge!();
      await again.acknowledge!();
      const rest = await poll.read(again.cursor, unheard);
      expect(idsOf(rest.messages)).toEqual(["/wms e2"]);
      await rest.acknowledge!();
      expect(await bus.left("in")).toBe(0);
    });

    test("takes a backlog in batches, in the queue's order", async () => {
      const ids = Array.from({ length: 250 }, (_, index) => `b${index}`);
      await bus.put("backlog", ids.map(event));
      const poll = bus.poll("backlog", { batchMax: 100 });
      const read: string[] = [];
      for (let more = true; more; ) {
        const result = await poll.read("backlog", unheard);
        read.push(...idsOf(result.messages));
        await result.acknowledge!();
        more = result.more;
      }
      expect(read).toEqual(ids.map((id) => `/wms ${id}`));
    });

    test("is taken back while it waits, and gives back what it held", async () => {
      await bus.put("back", [event("t1")]);
      const poll = bus.poll("back");
      const taken = await poll.read(null, unheard);
      expect(taken.messages).toHaveLength(1);
      const stop = new AbortController();
      stop.abort(new Error("The node stops."));
      await expect(poll.read(null, stop.signal)).rejects.toThrow("The node stops.");
      await expect.poll(() => bus.left("back")).toBe(1);
    });

    test("a queue that is not there, or is no queue, is told", async () => {
      await expect(bus.poll("absent").read(null, unheard)).rejects.toThrow("absent");
      await bus.declare("stream", { "x-queue-type": "stream" });
      await expect(bus.poll("stream").read(null, unheard)).rejects.toThrow(/stream/);
    });
  });

  describe("publishing", () => {
    test("is persistent, with our key; what no queue takes is refused", async () => {
      await bus.declare("out");
      expect(await bus.send([record("r1")], { routingKey: "out" })).toEqual([{ kind: "done" }]);
      const [got] = await bus.taken("out");
      expect(JSON.parse(got!.content.toString())).toMatchObject({ id: "r1", key: "order:main/r1" });
      expect(got!.properties).toMatchObject({ deliveryMode: 2, messageId: "order.release:order:main/r1" });
      expect(await bus.send([record("r2"), record("r3")], { routingKey: "nowhere" })).toMatchObject([
        { kind: "refused", code: "amqp.unroutable" },
        { kind: "refused", code: "amqp.unroutable" },
      ]);
    });

    test("a queue that is full: busy, and unknown where a record must not come twice", async () => {
      await bus.declare("full", { "x-max-length": 1, "x-overflow": "reject-publish" });
      const routingKey = "full";
      expect(await bus.send([record("f1"), record("f2")], { routingKey })).toMatchObject([
        { kind: "done" },
        { kind: "busy" },
      ]);
      expect(await bus.send([record("f3")], { routingKey, write: "none" })).toMatchObject([
        { kind: "unknown" },
      ]);
      expect(await bus.left("full")).toBe(1);
    });

    test("a record that is too long is refused, by our limit or by the broker's, and the others go on", async () => {
      await bus.declare("long");
      const text = "x".repeat(MESSAGE_BYTES_MAX);
      const [short, long] = [record("l1"), record("l2", { text })];
      const limited = bus.writer({ routingKey: "long", bytesMax: 1_000 });
      const refused = { kind: "refused", code: "amqp.too-long" };
      expect(await limited.send([long, short], call)).toMatchObject([refused, { kind: "done" }]);
      const writer = bus.writer({ routingKey: "long" });
      expect(await writer.send([short, long], call)).toMatchObject([{ kind: "done" }, refused]);
      expect(await writer.send([short], call)).toEqual([{ kind: "done" }]);
      expect(await bus.left("long")).toBe(3);
    });

    test("what has not left when the node stops does not leave", async () => {
      await bus.declare("stopped");
      const stopping = AbortSignal.abort();
      const answers = await bus.send([record("s1")], { routingKey: "stopped" }, { ...call, ...{ stopping } });
      expect(answers).toMatchObject([{ kind: "ill" }]);
      expect(await bus.left("stopped")).toBe(0);
    });
  });

  describe("access", () => {
    test("an exchange that is not there is ill, wrong credentials are denied, and health says both", async () => {
      const absent = bus.open({ messages: ["order.release"], exchange: "absent", write: "none" });
      const writer = absent.writers["order.release"]!;
      expect(await writer.send([record("r4"), record("r5")], call)).toMatchObject([
        { kind: "ill" },
        { kind: "ill" },
      ]);
      await expect(absent.health(unheard)).rejects.toThrow("absent");
      const wrong = bus.open({ messages: ["order.release"], password: "wrong", write: "none" });
      expect(await wrong.writers["order.release"]!.send([record("r6")], call)).toMatchObject([
        { kind: "denied" },
      ]);
      await expect(wrong.health(unheard)).rejects.toMatchObject({ code: "amqp.denied" });
    });

    test("an account that may neither read nor write is denied, and nothing is published", async () => {
      await bus.declare("private");
      await bus.broker.control("add_user", "limited", "pw");
      await bus.broker.control("set_permissions", "limited", "", "^$", "^$");
      const limited = { user: "limited", password: "pw", exchange: "amq.fanout" };
      expect(await bus.send([record("d1"), record("d2")], { ...limited, write: "none" })).toMatchObject([
        { kind: "denied" },
        { kind: "denied" },
      ]);
      await expect(bus.poll("private", limited).read(null, unheard)).rejects.toMatchObject({
        code: "amqp.denied",
      });
    });

    test("a virtual host of any name; one that is not there, or not open to the account, is denied", async () => {
      const vhost = "a/b %2f ü";
      await bus.broker.control("add_vhost", vhost);
      const denied = { kind: "denied", reason: expect.stringContaining(`the virtual host ${vhost} is`) };
      expect(await bus.send([record("v1")], { vhost })).toEqual([denied]);
      await bus.broker.control("set_permissions", "-p", vhost, "guest", ".*", ".*", ".*");
      expect(await bus.send([record("v1")], { vhost })).toMatchObject([
        { kind: "refused", code: "amqp.unroutable" },
      ]);
      expect(await bus.send([record("v1")], { vhost: "absent" })).toMatchObject([{ kind: "denied" }]);
    });

    test("TLS with the authority that is named; any other certificate is not spoken to", async () => {
      const { ca, tlsPort } = bus.broker;
      const url = `amqps://localhost:${tlsPort}`;
      await bus.put("secret", [event("t1")]);
      const { messages } = await bus.poll("secret", { url, ca }).read(null, unheard);
      expect(Buffer.from(messages[0]!.body)).toEqual(bytes(event("t1")));
      expect(await bus.send([record("t2")], { url, ca, routingKey: "secret" })).toEqual([{ kind: "done" }]);
      await expect(bus.open({ url, queues: ["secret"] }).health(unheard)).rejects.toThrow(/self.signed/);
      const elsewhere = { url: `amqps://127.0.0.1:${tlsPort}`, ca, queues: ["secret"] };
      await expect(bus.open(elsewhere).health(unheard)).rejects.toThrow(/altnames/);
    });
  });
});

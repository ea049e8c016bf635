import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../../connector/index.ts";
import { rabbitMissing } from "./testing/broker.ts";
import { Bus, call, event, idsOf, record, unheard } from "./testing/bus.ts";

const SENDERS = 4;
const BULK = 10;

describe.skipIf(rabbitMissing !== undefined)(
  `a broker that fails${rabbitMissing ? `: ${rabbitMissing}` : ""}`,
  () => {
    let bus: Bus;
    beforeAll(async () => {
      bus = await Bus.start();
    }, 120_000);
    afterEach(() => bus?.broker.resume());
    afterAll(() => bus?.remove(), 60_000);

    /** Sends without a pause until it is told to end, and remembers each answer. */
    function flood(queue: string) {
      const writer = bus.writer({ routingKey: queue, heartbeatSeconds: 1 });
      const answers = new Map<string, Answer["kind"]>();
      let isOver = false;
      const send = async (sender: number) => {
        for (let bulk = 0; !isOver; bulk++) {
          const records = Array.from({ length: BULK }, (_, index) => record(`${sender}-${bulk}-${index}`));
          const said = await writer.send(records, call);
          for (const [index, { deliveryId }] of records.entries()) answers.set(deliveryId, said[index]!.kind);
        }
      };
      const senders = Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)));
      const of = (kind: Answer["kind"]) => [...answers.keys()].filter((id) => answers.get(id) === kind);
      return {
        writer,
        of,
        kinds: () => new Set(answers.values()),
        async end() {
          isOver = true;
          await senders;
        },
      };
    }

    test("killed in the middle: what was confirmed is there, what was read comes again, what is there and was not confirmed was said to be unknown", {
      timeout: 150_000,
    }, async () => {
      await bus.put("kill-in", [event("k1"), event("k2")]);
      await bus.declare("kill-out");
      await bus.kept();
      const poll = bus.poll("kill-in");
      const before = await poll.read(null, unheard);
      const { writer, of, kinds, end } = flood("kill-out");
      await expect.poll(() => of("done").length).toBeGreaterThan(200);
      await bus.broker.kill();
      await expect.poll(() => of("ill").length).toBeGreaterThan(0);
      await end();
      for (const kind of kinds()) expect(["done", "unknown", "ill"]).toContain(kind);
      await before.acknowledge!();
      expect(await writer.send([record("late")], call)).toMatchObject([{ kind: "ill" }]);
      await expect(poll.read(before.cursor, unheard)).rejects.toMatchObject({ code: "amqp.unreachable" });

      await bus.restart();
      const after = await poll.read(before.cursor, unheard);
      expect(after.messages).toEqual(before.messages);
      await after.acknowledge!();
      expect(await bus.left("kill-in")).toBe(0);

      const kept = (await bus.taken("kill-out")).map(
        ({ content }) => JSON.parse(content.toString()).id as string,
      );
      expect(new Set(kept).size).toBe(kept.length);
      const mayBe = new Set([...of("done"), ...of("unknown")]);
      expect(of("done").filter((id) => !kept.includes(id))).toEqual([]);
      expect(kept.filter((id) => !mayBe.has(id))).toEqual([]);
      const again = await writer.send(
        of("unknown").map((id) => record(id)),
        call,
      );
      expect(new Set(again.map(({ kind }) => kind))).toEqual(
        new Set(of("unknown").length > 0 ? ["done"] : []),
      );
      for (const { properties } of await bus.taken("kill-out"))
        expect(of("unknown").map((id) => `order.release:order:main/${id}`)).toContain(properties.messageId);
    });

    test("silent: what left is unknown, what waits is given up in its time, and the end is not waited for", {
      timeout: 60_000,
    }, async () => {
      await bus.put("silent-in", [event("s1")]);
      await bus.declare("silent-out");
      const session = bus.open({
        queues: ["silent-in"],
        messages: ["order.release"],
        routingKey: "silent-out",
        write: "none",
        heartbeatSeconds: 600,
      });
      const writer = session.writers["order.release"]!;
      const poll = session.polls!["silent-in"]!;
      expect(await writer.send([record("w1")], call)).toEqual([{ kind: "done" }]);
      const held = await poll.read(null, unheard);
      bus.broker.pause();
      const given = new AbortController();
      const [late, back] = [
        writer.send([record("w2")], { ...call, timeoutMs: 300 }),
        writer.send([record("w3")], { ...call, signal: given.signal }),
      ];
      expect(await late).toMatchObject([{ kind: "unknown" }]);
      given.abort(new Error("Given up."));
      expect(await back).toMatchObject([{ kind: "unknown" }]);
      await held.acknowledge!();
      const stop = new AbortController();
      const reading = poll.read(held.cursor, stop.signal);
      stop.abort(new Error("The node stops."));
      await expect(reading).rejects.toThrow("The node stops.");
      await session.close();
      await expect(poll.read(held.cursor, unheard)).rejects.toMatchObject({ code: "amqp.unreachable" });
      bus.broker.resume();
      await expect.poll(() => bus.left("silent-out"), { timeout: 20_000 }).toBe(3);
      expect(await bus.left("silent-in")).toBe(0);
    });

    test("silent for two heartbeats: it is gone, and found again when it speaks", {
      timeout: 60_000,
    }, async () => {
      await bus.put("gone-in", []);
      await bus.declare("gone-out");
      const options = { routingKey: "gone-out", queues: ["gone-in"], heartbeatSeconds: 1 };
      const writer = bus.writer(options);
      const poll = bus.poll("gone-in", options);
      expect(await writer.send([record("h1")], call)).toEqual([{ kind: "done" }]);
      await poll.read(null, unheard);
      bus.broker.pause();
      const [answers, read] = await Promise.all([
        writer.send([record("h2")], call),
        poll.read(null, unheard).then(
          () => "read",
          (error: Error) => error.message,
        ),
      ]);
      expect(answers).toMatchObject([{ kind: "unknown", reason: expect.stringContaining("Heartbeat") }]);
      expect(read).toContain("Heartbeat");
      bus.broker.resume();
      expect(await writer.send([record("h2")], call)).toEqual([{ kind: "done" }]);
      await bus.put("gone-in", [event("h3")]);
      await expect
        .poll(async () => idsOf((await poll.read(null, unheard)).messages), { timeout: 20_000 })
        .toEqual(["/wms h3"]);
    });

    test("short of memory: who publishes waits and is told busy, who reads goes on", {
      timeout: 60_000,
    }, async () => {
      await bus.put("memory-in", [event("m1")]);
      await bus.declare("memory-out");
      const writer = bus.writer({ routingKey: "memory-out" });
      expect(await writer.send([record("m2")], call)).toEqual([{ kind: "done" }]);
      await bus.broker.control("set_vm_memory_high_watermark", "absolute", "1");
      const said: Answer["kind"][] = [];
      await expect
        .poll(
          async () => {
            const [answer] = await writer.send([record(`n${said.length}`)], { ...call, timeoutMs: 500 });
            said.push(answer!.kind);
            return answer!.kind;
          },
          { timeout: 20_000 },
        )
        .toBe("busy");
      const { messages, acknowledge } = await bus.poll("memory-in").read(null, unheard);
      expect(idsOf(messages)).toEqual(["/wms m1"]);
      await acknowledge!();
      expect(await bus.left("memory-in")).toBe(0);
      await bus.broker.control("set_vm_memory_high_watermark", "0.4");
      await expect
        .poll(async () => (await writer.send([record("m3")], call))[0]!.kind, { timeout: 20_000 })
        .toBe("done");
      const kept = (await bus.taken("memory-out")).map(
        ({ content }) => JSON.parse(content.toString()).id as string,
      );
      // Those that were not confirmed are taken after all; those that were answered busy never left.
      expect(kept).toEqual(["m2", ...said.flatMap((kind, n) => (kind === "busy" ? [] : [`n${n}`])), "m3"]);
    });
  },
);

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { systemCodes } from "../../connector/codes.ts";
import type { ConnectorSession } from "../../connector/index.ts";
import { timeFromEpochMs } from "../../core/time.ts";
import { House, openProblems } from "../../engine/projection/testing.ts";
import { Receiver, type ReceiverOptions } from "../../engine/receive/receiver.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { amqp } from "./index.ts";
import { rabbitMissing } from "./testing/broker.ts";
import { Bus, event } from "./testing/bus.ts";

describe.skipIf(rabbitMissing !== undefined)(
  `a queue and the log${rabbitMissing ? `: ${rabbitMissing}` : ""}`,
  () => {
    let bus: Bus;
    let database: TestDatabase;
    let house: House;
    const receivers: Receiver[] = [];
    beforeAll(async () => {
      [bus, database] = await Promise.all([Bus.start(), testDatabase()]);
      house = await new House(database.db, { partitions: [] }).start();
    }, 120_000);
    afterEach(async () => {
      await Promise.all(receivers.splice(0).map((one) => one.stop()));
    });
    afterAll(async () => {
      await bus?.remove();
      await database?.drop();
    }, 60_000);

    function receive(
      system: string,
      session: ConnectorSession,
      recorder: ReceiverOptions["recorder"] = house.recorder,
    ) {
      const failures: string[] = [];
      const source = {
        system,
        company: "main",
        connector: amqp.connector,
        session,
        codes: () => systemCodes([]),
      };
      const receiver = new Receiver({
        db: database.db,
        recorder,
        sources: new Map([[system, source]]),
        owns: () => true,
        now: () => timeFromEpochMs(Date.now()),
        polled: (_system, _poll, error) => error !== undefined && failures.push((error as Error).message),
      });
      receivers.push(receiver);
      receiver.start();
      return failures;
    }

    /** As `mapped 1`, in the order in which they came. */
    const outcomes = async (system: string) =>
      (
        await database.db.query<{ outcome: string; events: string | number }>(
          "select outcome, events from receipt where system = $1 order by id",
          [system],
        )
      ).rows.map(({ outcome, events }) => `${outcome} ${events}`);
    const intake = async (system: string) =>
      (
        await database.db.query(
          `select native_mapped::int as mapped, native_failed::int as failed, native_duplicate::int as again,
           recorded::int as recorded from intake where system = $1`,
          [system],
        )
      ).rows[0];
    const nothingLeft = async (queue: string) => {
      // What is handed out is not counted: it is back when the reading ended.
      await Promise.all(receivers.splice(0).map((one) => one.stop()));
      await expect.poll(() => bus.left(queue)).toBe(0);
    };

    test("poison is one failed receipt and one exception each, and is never handed out again", async () => {
      const poison = ["{", "\u0000", "not JSON \u0000", "[]", { ...event("p"), id: "p\u0000" }, ""];
      await bus.put("poison", [event("p1"), ...poison, event("p2"), poison[0]]);
      await bus.put("poison", [poison[0]], { messageId: "\u0000", contentType: "a\u0000" });
      receive("poisoned", bus.open({ queues: ["poison"] }));
      const failed = poison.length + 1;
      const counts = { mapped: 2, failed, again: 1, recorded: 2 };
      await expect.poll(() => intake("poisoned"), { timeout: 20_000 }).toMatchObject(counts);
      expect(await outcomes("poisoned")).toEqual([
        "mapped 1",
        ...poison.map(() => "failed 0"),
        "mapped 1",
        "failed 0",
      ]);
      expect(await openProblems(database.db, "receipt.not-mapped")).toHaveLength(failed);
      await nothingLeft("poison");
    });

    test("a commit that fails brings the messages again; none is lost, each counts once", async () => {
      await bus.put("commits", [event("c1"), event("c2")]);
      let fails = 2;
      const failing = new Proxy(house.recorder, {
        get(target, name) {
          if (name === "record" && fails-- > 0)
            return () => Promise.reject(new Error("The database is away."));
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const failures = receive("committing", bus.open({ queues: ["commits"] }), failing);
      await expect.poll(() => outcomes("committing"), { timeout: 20_000 }).toEqual(["mapped 1", "mapped 1"]);
      expect(failures).toEqual(["The database is away.", "The database is away."]);
      expect(await intake("committing")).toMatchObject({ mapped: 2, again: 0, recorded: 2 });
      await nothingLeft("commits");
    });

    test("what is committed and not acknowledged comes again, as a duplicate", async () => {
      await bus.put("again", [event("r1"), event("r2")]);
      const session = bus.open({ queues: ["again"] });
      const poll = session.polls!.again!;
      let isFirst = true;
      const polls = {
        again: {
          ...poll,
          async read(cursor: string | null, signal: AbortSignal) {
            const result = await poll.read(cursor, signal);
            if (!isFirst) return result;
            isFirst = false;
            return { ...result, acknowledge: () => Promise.reject(new Error("The node died.")) };
          },
        },
      };
      const failures = receive("redelivered", { ...session, polls });
      await expect
        .poll(() => intake("redelivered"), { timeout: 20_000 })
        .toMatchObject({ mapped: 2, again: 2, recorded: 2 });
      expect(failures).toEqual(["The node died."]);
      expect(await outcomes("redelivered")).toEqual(["mapped 1", "mapped 1"]);
      await nothingLeft("again");
    });
  },
);

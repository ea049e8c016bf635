import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addMs, timeFromEpochMs } from "../../core/time.ts";
import type { Integration } from "../../policy/integration.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { dropDays } from "../../store/retention.ts";
import { at, brokenPromises, House, level, openProblems, testIntegration } from "../projection/testing.ts";
import { Scheduler } from "./scheduler.ts";
import { SilenceWatch } from "./silence.ts";

let database: TestDatabase;
let house: House;
let scheduler: Scheduler;

beforeAll(async () => {
  database = await testDatabase({ connectionsMax: 16 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query(
    "truncate event, stock_item, reservation, stock_movement, sales_order, key_position, task, exception, delivery, identity, idempotency, intake",
  );
  await database.db.query("update log_head set seq = 0");
  await database.db.query("update projection_position set seq = 0, day = '2000-01-01'");
});
afterEach(async () => {
  await scheduler?.stop();
  await house?.stop();
});

async function open(integration: Integration = testIntegration()): Promise<void> {
  house = await new House(database.db, { integration }).start();
  scheduler = new Scheduler({
    db: database.db,
    rules: house.rules,
    commands: house.commands,
    owns: () => true,
    failed: (error) => house.failures.push(error),
  });
  scheduler.start();
}

const problem = async (code: string) => (await openProblems(database.db, code))[0];
const soon = { timeout: 8_000, interval: 20 };

describe("milestones", () => {
  const sla = { "order.shipped": { within: "1500ms", warnBefore: "900ms" } };
  const ship = (orderId: string) => ({
    type: "shipment.shipped",
    data: {
      orderId,
      shipmentId: `s-${orderId}`,
      location: "EAST",
      lines: [{ lineId: "1", sku: "A", quantity: "2" }],
      shippedAt: at("13:00"),
    },
  });

  test("one that never comes warns, then breaches, and is solved when it comes after all", async () => {
    await open(testIntegration({ sla }));
    await house.say("east", level("A", "EAST", 10, at("09:00")));
    await house.settled();
    const submitted = Date.now();
    await house.submit("late", [["A", 2]]);
    await expect.poll(async () => (await problem("milestone.missed"))?.detail.phase, soon).toBe("warning");
    expect(Date.now() - submitted).toBeLessThan(1_500);
    await expect.poll(async () => (await problem("milestone.missed"))?.detail.phase, soon).toBe("breach");
    expect(Date.now() - submitted).toBeLessThan(10_000);
    await house.say("east", ship("late"));
    await expect.poll(() => problem("milestone.missed"), soon).toBe(undefined);
    expect(house.failures).toEqual([]);
  });

  test("one that comes at the very moment of its check leaves no problem behind", async () => {
    await open(testIntegration({ sla: { "order.shipped": { within: "600ms", warnBefore: "100ms" } } }));
    await house.say("east", level("A", "EAST", 1000, at("09:00")));
    await house.settled();
    const orders = Array.from({ length: 30 }, (_, n) => `x${n}`);
    await Promise.all(orders.map((orderId) => house.submit(orderId, [["A", 2]])));
    await expect.poll(() => problem("milestone.missed"), soon).toBeTruthy();
    await Promise.all(orders.map((orderId) => house.say("east", ship(orderId))));
    await house.settled();
    await expect.poll(async () => (await database.db.query("select 1 from task")).rows.length, soon).toBe(0);
    expect(await openProblems(database.db, "milestone.missed")).toEqual([]);
  });
});

describe("backorders", () => {
  const served = async () =>
    (
      await database.db.query<{ order_id: string; quantity: string }>(
        "select order_id, trim_scale(quantity)::text as quantity from reservation where location <> '' order by order_id",
      )
    ).rows.map((row) => `${row.order_id} ${row.quantity}`);

  test("arriving stock goes by priority, then age, and never to two", async () => {
    await open();
    await house.submit("b1-old", [["B", 4]]);
    await house.submit("b2-young", [["B", 4]]);
    await house.submit("b3-urgent", [["B", 4]], { priority: 9 });
    await house.say("east", level("B", "EAST", 6, at("10:00")));
    await expect.poll(served, soon).toEqual(["b1-old 2", "b3-urgent 4"]);
    await house.say("east", level("B", "EAST", 9, at("11:00")));
    await expect.poll(served, soon).toEqual(["b1-old 4", "b2-young 1", "b3-urgent 4"]);
    expect(await brokenPromises(database.db)).toEqual([]);
    expect(house.failures).toEqual([]);
  });

  test("more orders than are read at once are all served by one arrival", async () => {
    await open();
    await Promise.all(Array.from({ length: 250 }, (_, n) => house.submit(`many${n}`, [["M", 1]])));
    await house.say("east", level("M", "EAST", 250, at("10:00")));
    await expect.poll(async () => (await served()).length, { ...soon, timeout: 20_000 }).toBe(250);
    expect(await brokenPromises(database.db)).toEqual([]);
  });
});

describe("holds", () => {
  const kinds = async () =>
    (
      await database.db.query<{ held: string }>(
        "select order_id || ' ' || kind || ' ' || trim_scale(quantity)::text as held from reservation order by order_id, kind",
      )
    ).rows.map((row) => row.held);
  const told = async () => {
    const { rows } = await database.db.query<{ payload: string }>(
      "select payload from delivery where type = 'inventory.availability' order by id desc limit 1",
    );
    return JSON.parse(rows[0]!.payload).quantity as string;
  };

  test("one ends by itself at its time: the channels are told, and who waits is served", async () => {
    await open();
    await house.say("east", level("E", "EAST", 10, at("09:00")));
    await house.settled();
    const heldFrom = Date.now();
    await house.reserve("cart", [["E", 8]], { expiresInSeconds: 2 });
    expect(await told()).toBe("2");
    await house.submit("waits", [["E", 5]]);
    expect(await kinds()).toEqual(["cart expiring 8", "waits backorder 3", "waits firm 2"]);
    await expect.poll(kinds, soon).toEqual(["waits firm 5"]);
    expect(Date.now() - heldFrom).toBeGreaterThanOrEqual(2_000);
    await expect.poll(told, soon).toBe("5");
    await expect.poll(async () => (await database.db.query("select 1 from task")).rows.length, soon).toBe(0);
    expect(await brokenPromises(database.db)).toEqual([]);
    expect(house.failures).toEqual([]);
  });

  test("one that is prolonged ends at its later time, one that is ordered never", async () => {
    await open();
    await house.say("east", level("E", "EAST", 10, at("09:00")));
    await house.settled();
    await house.reserve("longer", [["E", 2]], { expiresInSeconds: 1 });
    await house.reserve("longer", [["E", 2]], { expiresInSeconds: 3 });
    await house.reserve("ordered", [["E", 3]], { expiresInSeconds: 1 });
    await house.reserve("ends", [["E", 4]], { expiresInSeconds: 1 });
    await house.submit("ordered", [["E", 3]]);
    // When the short one is over, the others' first times are too.
    await expect.poll(kinds, soon).toEqual(["longer expiring 2", "ordered firm 3"]);
    await expect.poll(kinds, soon).toEqual(["ordered firm 3"]);
    expect(house.failures).toEqual([]);
  });
});

describe("silence", () => {
  const integration = (speaksWithinMs: number): Integration => {
    const whole = testIntegration();
    return { ...whole, systems: { ...whole.systems, east: { ...whole.systems.east!, speaksWithinMs } } };
  };
  const watch = (startedAt = timeFromEpochMs(Date.now())) =>
    new SilenceWatch({
      db: database.db,
      integration: integration(3_600_000),
      startedAt,
      owns: () => true,
      failed: (error) => house.failures.push(error),
    });
  const heard = (agoMs: number) =>
    database.db.query(
      `insert into intake (system, day, last_at) values ('east', current_date, clock_timestamp() - make_interval(secs => $1))
       on conflict (system, day) do update set last_at = excluded.last_at`,
      [agoMs / 1000],
    );
  const longAgo = addMs(timeFromEpochMs(Date.now()), -86_400_000);

  test("a stream that goes silent warns, then breaches, and is solved when it speaks", async () => {
    await open();
    const one = watch(longAgo);
    await heard(1_000);
    await one.look();
    expect(await problem("stream.silent")).toBe(undefined);
    await heard(2_800_000);
    await one.look();
    expect((await problem("stream.silent"))?.detail.phase).toBe("warning");
    await heard(3_700_000);
    await one.look();
    expect((await problem("stream.silent"))?.detail.phase).toBe("breach");
    await heard(10);
    await one.look();
    expect(await problem("stream.silent")).toBe(undefined);
  });

  test("what another node said of a silence is solved by the one that looks now, and not before it is over", async () => {
    await open();
    await heard(3_700_000);
    await watch(longAgo).look();
    expect((await problem("stream.silent"))?.detail.phase).toBe("breach");
    // A node that began after the silence did: it has heard nothing either.
    const next = watch();
    await next.look();
    expect((await problem("stream.silent"))?.detail.phase).toBe("breach");
    await heard(-5);
    await next.look();
    expect(await problem("stream.silent")).toBe(undefined);
  });

  describe("by its own timer", () => {
    /** Each turn of its timer asks who looks. */
    const timed = () => {
      const state = { owned: true, turns: 0 };
      const one = new SilenceWatch({
        db: database.db,
        integration: integration(3_600_000),
        startedAt: longAgo,
        owns: () => {
          state.turns += 1;
          return state.owned;
        },
        failed: (error) => house.failures.push(error),
        lookMs: 10,
      });
      const turns = (more: number) => {
        const from = state.turns;
        return expect.poll(() => state.turns, soon).toBeGreaterThanOrEqual(from + more);
      };
      return { one, state, turns };
    };
    const phase = async () => (await problem("stream.silent"))?.detail.phase;

    test("a silence is warned of, breaches, and is solved, without anybody asking", async () => {
      await open();
      await heard(1_000);
      const { one, turns } = timed();
      one.start();
      await turns(3);
      expect(await phase()).toBe(undefined);
      await heard(2_800_000);
      await expect.poll(phase, soon).toBe("warning");
      await heard(3_700_000);
      await expect.poll(phase, soon).toBe("breach");
      await turns(3);
      await heard(10);
      await expect.poll(phase, soon).toBe(undefined);
      await one.stop();
      // Said when it changed, and not at every look.
      const { rows } = await database.db.query(
        "select occurrences from exception where code = 'stream.silent'",
      );
      expect(rows).toEqual([{ occurrences: "2" }]);
      expect(house.failures).toEqual([]);
    });

    test("a node that does not run the schedule says nothing, and looks as soon as it does", async () => {
      await open();
      await heard(3_700_000);
      const { one, state, turns } = timed();
      state.owned = false;
      one.start();
      await turns(3);
      expect(await phase()).toBe(undefined);
      state.owned = true;
      await expect.poll(phase, soon).toBe("breach");
      await one.stop();
    });

    test("another node takes over and back: what changed meanwhile is said again", async () => {
      await open();
      await heard(3_700_000);
      const { one, state, turns } = timed();
      one.start();
      await expect.poll(phase, soon).toBe("breach");
      state.owned = false;
      await turns(2);
      // The other one has heard it and said so; then it falls silent again.
      await database.db.query("update exception set resolved_at = clock_timestamp()");
      state.owned = true;
      await expect.poll(phase, soon).toBe("breach");
      await one.stop();
    });

    test("a look that fails is told and the next one goes on; once stopped there is none", async () => {
      await open();
      const { one, state, turns } = timed();
      await database.db.query("alter table intake rename to intake_away");
      one.start();
      await expect.poll(() => house.failures.length, soon).toBeGreaterThan(0);
      await database.db.query("alter table intake_away rename to intake");
      await heard(3_700_000);
      await expect.poll(phase, soon).toBe("breach");
      await turns(1);
      await one.stop();
      const { turns: after } = state;
      await heard(10);
      // Ten turns long.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([state.turns, await phase()]).toEqual([after, "breach"]);
      house.failures.length = 0;
    });
  });
});

test("days that hold what a held key waits for are not dropped", async () => {
  await open();
  await house.say("east", level("K", "EAST", 1, at("09:00")));
  await house.settled();
  await database.db.query("select ensure_day('2026-01-01')");
  const exists = async () =>
    (await database.db.query<{ there: boolean }>("select to_regclass('event_20260101') is not null as there"))
      .rows[0]!.there;
  await database.db.query("update projection_position set day = current_date");
  await database.db.query(
    `insert into event select seq + 1000, '2026-01-01', recorded_at, id, type, source, company, key, partition, occurred_at,
       decided, cause_seq, after_seq, receipt_id, correlation_id, traceparent, data from event`,
  );
  await database.db.query("update stock_item set held_seq = (select max(seq) from event)");
  await dropDays(database.db, 90);
  expect(await exists()).toBe(true);
  await database.db.query("update stock_item set held_seq = null");
  await dropDays(database.db, 90);
  expect(await exists()).toBe(false);
});

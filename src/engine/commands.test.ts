import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addMs, timeFromEpochMs } from "../core/time.ts";
import { type TestDatabase, testDatabase } from "../postgres/testing.ts";
import type { IdempotencyKey } from "./commands.ts";
import {
  at,
  brokenPromises,
  Dice,
  expected,
  House,
  type HouseOptions,
  level,
  onHand,
  oversold,
  rebuiltDifferences,
  submission,
} from "./projection/testing.ts";
import { Scheduler } from "./schedule/scheduler.ts";

let database: TestDatabase;
let open: House[] = [];

beforeAll(async () => {
  database = await testDatabase({ connectionsMax: 16 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  open = [];
  await database.db.query(
    "truncate event, stock_item, reservation, stock_movement, sales_order, key_position, task, exception, delivery, identity, idempotency",
  );
  await database.db.query("update log_head set seq = 0");
  await database.db.query("update projection_position set seq = 0, day = '2000-01-01'");
});
afterEach(async () => {
  for (const house of open) await house.stop();
});

async function house(options: HouseOptions = {}): Promise<House> {
  const one = await new House(database.db, options).start();
  open.push(one);
  return one;
}

const key = (name: string, request = "1"): IdempotencyKey => ({ client: "portal", key: name, request });
const count = async (sql: string) =>
  Number((await database.db.query<{ count: string }>(`select count(*) as count from ${sql}`)).rows[0]!.count);
const soon = (ms: number) => timeFromEpochMs(Date.now() + ms);

describe("stock is never promised twice", () => {
  test("64 at once over scarce SKUs on two nodes, while stock moves", async () => {
    const dice = new Dice();
    const nodes = [await house(), await house({ partitions: [] })];
    const skus = ["A", "B", "C", "D", "E"];
    await nodes[0]!.say(
      "east",
      ...skus.flatMap((sku) => [level(sku, "EAST", 60, at("09:00")), level(sku, "WEST", 30, at("09:00"))]),
    );
    await nodes[0]!.settled();
    let next = 0;
    const answers = new Map<string, { status: string }>();
    const caller = async (number: number) => {
      for (let n = 0; n < 5; n++) {
        const orderId = `o${next++}`;
        const first = dice.upTo(5);
        const lines: [string, number][] = [
          [skus[first]!, 1 + dice.upTo(4)],
          [skus[(first + 1 + dice.upTo(4)) % 5]!, 1 + dice.upTo(4)],
        ];
        const { body } = await nodes[number % 2]!.submit(orderId, lines);
        answers.set(orderId, body);
      }
    };
    // Movements that take nothing away: what is promised must be there.
    const moving = (async () => {
      for (let n = 0; n < 20; n++)
        await nodes[0]!.say("east", level(dice.pick(skus), "EAST", 60 + n, addMs(at("10:00"), n)));
    })();
    await Promise.all([...Array.from({ length: 64 }, (_, number) => caller(number)), moving]);
    await nodes[0]!.settled();
    expect(await oversold(database.db), `seed ${dice.seed}`).toEqual([]);
    expect(await brokenPromises(database.db), `seed ${dice.seed}`).toEqual([]);
    expect(await count("reservation where kind = 'backorder'")).toBeGreaterThan(0);
    const { rows } = await database.db.query<{ order_id: string; status: string; state: string }>(
      "select order_id, status, state from sales_order",
    );
    expect(rows).toHaveLength(320);
    for (const row of rows) expect(answers.get(row.order_id), row.order_id).toEqual(JSON.parse(row.state));
    expect(await rebuiltDifferences(database.db, nodes[0]!.rules), `seed ${dice.seed}`).toEqual([]);
  });

  test("held, ordered, given back and expired at once over scarce SKUs on two nodes", async () => {
    const dice = new Dice();
    const nodes = [await house(), await house({ partitions: [] })];
    const skus = ["HA", "HB", "HC"];
    await nodes[0]!.say("east", ...skus.map((sku) => level(sku, "EAST", 40, at("09:00"))));
    await nodes[0]!.settled();
    const heldUntil = async (orderId: string) => {
      const { rows } = await database.db.query<{ expires_at: string }>(
        "select expires_at from reservation where order_id = $1 and kind = 'expiring' limit 1",
        [orderId],
      );
      return rows[0]?.expires_at;
    };
    const unitsOf = async (orderId: string) => {
      const { rows } = await database.db.query<{ sum: string }>(
        "select coalesce(sum(quantity), 0)::float8::text as sum from reservation where order_id = $1",
        [orderId],
      );
      return Number(rows[0]!.sum);
    };
    const kindsOf = async (orderId: string) =>
      (
        await database.db.query<{ kind: string }>("select kind from reservation where order_id = $1", [
          orderId,
        ])
      ).rows.map((row) => row.kind);
    const caller = async (number: number) => {
      for (let n = 0; n < 4; n++) {
        const orderId = `h${number}-${n}`;
        const lines: [string, number][] = [
          [dice.pick(skus), 1 + dice.upTo(5)],
          [dice.pick(skus), 1 + dice.upTo(5)],
        ];
        const { body } = await dice.pick(nodes).reserve(orderId, lines);
        const held = await unitsOf(orderId);
        // All of it or nothing.
        const asked = lines.reduce((sum, [, quantity]) => sum + quantity, 0);
        expect(held, `seed ${dice.seed}`).toBe(body.status === "reserved" ? asked : 0);
        const expiresAt = await heldUntil(orderId);
        const acts = [() => dice.pick(nodes).submit(orderId, lines)];
        if (expiresAt !== undefined)
          acts.push(() => dice.pick(nodes).command("order.reservation.due", { orderId, expiresAt }));
        if (dice.upTo(3) === 0)
          acts.push(() => dice.pick(nodes).command("order.reservation.withdrawn", { orderId }));
        await Promise.all(acts.map((act) => act()));
        const after = await kindsOf(orderId);
        expect(after, `seed ${dice.seed}`).not.toContain("expiring");
        expect(await unitsOf(orderId), `seed ${dice.seed}`).toBe(asked);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, number) => caller(number)));
    expect(await oversold(database.db), `seed ${dice.seed}`).toEqual([]);
    expect(await brokenPromises(database.db), `seed ${dice.seed}`).toEqual([]);
    expect(await count("event where type = 'order.reservation.ended'")).toBeGreaterThan(0);
    expect(await count("event where type = 'inventory.reservation.changed'")).toBeGreaterThan(0);
    expect(await count("task where kind = 'expire-reservation'")).toBe(0);
    expect(await rebuiltDifferences(database.db, nodes[0]!.rules), `seed ${dice.seed}`).toEqual([]);
  });

  test("facts that are recorded and not applied are applied before the decision", async () => {
    const one = await house({ partitions: [] });
    await one.say("east", level("U", "EAST", 5, at("09:00")), level("U", "EAST", 3, at("10:00")));
    const { body } = await one.submit("u1", [["U", 5]]);
    expect(await onHand(database.db, "U")).toBe(3);
    expect(body.lines[0].backordered).toBe("2");
    // And the projection does not apply them again.
    const two = await house();
    await two.settled();
    expect(await onHand(database.db, "U")).toBe(3);
    expect(await brokenPromises(database.db)).toEqual([]);
  });

  test("an unknown SKU on a live backorder waits for all of it, and is served when it becomes known", async () => {
    const one = await house();
    const { body } = await one.submit("k1", [["never-heard-of", 5]]);
    expect(body.lines[0].backordered).toBe("5");
    const scheduler = new Scheduler({
      db: database.db,
      rules: one.rules,
      commands: one.commands,
      owns: () => true,
      failed: (error) => one.failures.push(error),
    });
    scheduler.start();
    await one.say("east", level("never-heard-of", "EAST", 9, at("10:00")));
    await one.settled();
    scheduler.hurry();
    await expect
      .poll(async () => count("reservation where location = 'EAST' and quantity = 5"), { timeout: 5_000 })
      .toBe(1);
    await scheduler.stop();
    expect(one.failures).toEqual([]);
  });
});

describe("sent again", () => {
  test("the same key and request get the same answer, one command and one order", async () => {
    const one = await house();
    await one.say("east", level("I", "EAST", 10, at("09:00")));
    await one.settled();
    const send = () => one.command("order.submitted", submission("i1", [["I", 3]]), key("k"));
    const [first, ...rest] = [await send(), ...(await Promise.all([send(), send(), send()]))];
    for (const answer of rest) expect(answer).toEqual({ ...first, replayed: true });
    expect(await count("event where type = 'order.submitted'")).toBe(1);
  });

  test("the same key with another request is refused and changes nothing", async () => {
    const one = await house();
    await one.command("order.submitted", submission("i2", [["I", 3]]), key("k2"));
    const other = await one.command("order.submitted", submission("i3", [["I", 3]]), key("k2", "2"));
    expect(other.status).toBe(422);
    expect(await count("sales_order where order_id = 'i3'")).toBe(0);
  });

  test("the same key at the same moment on two nodes: a partial cancel takes place once", async () => {
    const nodes = [await house(), await house({ partitions: [] })];
    for (let round = 0; round < 10; round++) {
      const orderId = `c${round}`;
      // Backordered, so that no place is asked before it is cancelled.
      await nodes[0]!.submit(orderId, [["J", 5]]);
      const cancel = (node: House) =>
        node.command(
          "order.cancellation.requested",
          {
            orderId,
            lines: [{ lineId: "1", sku: "J", quantity: "2" }],
            requestedAt: timeFromEpochMs(Date.now()),
          },
          key(`cancel-${round}`),
        );
      const answers = await Promise.all([...nodes, ...nodes].map(cancel));
      expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
      for (const answer of answers) expect(answer.body.lines[0].cancelled).toBe("2");
    }
    expect(await count("event where type = 'order.cancellation.requested'")).toBe(10);
  });

  test("an order that is submitted twice at once is one order; the second is told that it was there", async () => {
    const nodes = [await house(), await house({ partitions: [] })];
    await nodes[0]!.say("east", level("I", "EAST", 100, at("09:00")));
    await nodes[0]!.settled();
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        [...nodes, ...nodes].map((node, index) => node.submit(`twice${round}`, [["I", index + 1]])),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 201]);
      const made = answers.find((answer) => answer.status === 201)!;
      for (const answer of answers) expect(answer.body.lines).toEqual(made.body.lines);
    }
    expect(await brokenPromises(database.db)).toEqual([]);
  });

  test("a command that the engine cannot carry out fails alone", async () => {
    const one = await house();
    await database.db.query(
      "insert into key_position (key, applied_seq, held_seq) values ('order:main/held', 1, 1)",
    );
    const answers = await Promise.allSettled([
      one.submit("fine1", [["I", 1]]),
      one.submit("held", [["I", 1]]),
      one.submit("fine2", [["I", 1]]),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((answers[1] as PromiseRejectedResult).reason).toMatchObject({ code: "engine.key-held" });
  });
});

test("an order that its channel corrected while it was held is rebuilt as it was corrected", async () => {
  const one = await house();
  await one.submit("corrected", [["H", 3]], { customer: undefined });
  const { body } = await one.submit("corrected", [["H", 2]]);
  expect([body.status, body.lines[0].ordered]).toEqual(["accepted", "2"]);
  expect(await rebuiltDifferences(database.db, one.rules)).toEqual([]);
});

test("a cancel that races a ship confirmation: every unit is shipped or cancelled, none is both or lost", async () => {
  const dice = new Dice();
  const one = await house();
  await one.say("east", level("Z", "EAST", 1000, at("09:00")));
  await one.settled();
  for (let round = 0; round < 15; round++) {
    const orderId = `z${round}`;
    await one.submit(orderId, [["Z", 10]]);
    const shipped = 1 + dice.upTo(10);
    await Promise.all([
      one.say("east", {
        type: "shipment.shipped",
        data: {
          orderId,
          shipmentId: `s-${round}`,
          location: "EAST",
          lines: [{ lineId: "1", sku: "Z", quantity: String(shipped) }],
          shippedAt: at("13:00"),
        },
      }),
      one.command("order.cancellation.requested", { orderId, requestedAt: at("13:00") }),
    ]);
    await one.settled();
    const { rows } = await database.db.query<{ state: string }>(
      "select state from sales_order where order_id = $1",
      [orderId],
    );
    const line = JSON.parse(rows[0]!.state).lines[0];
    const reserved = await count(`reservation where order_id = '${orderId}'`);
    expect(Number(line.shipped), `seed ${dice.seed}, round ${round}`).toBe(shipped);
    expect(Number(line.cancelled) + Number(line.shipped) >= 10 || reserved > 0).toBe(true);
  }
  expect(await brokenPromises(database.db), `seed ${dice.seed}`).toEqual([]);
  expect(await rebuiltDifferences(database.db, one.rules), `seed ${dice.seed}`).toEqual([]);
});

describe("dated supply under promises", () => {
  const day = 86_400_000;

  test("a purchase order that is cancelled leaves its backorders without a date; re-dated, they move", async () => {
    const one = await house();
    const scheduler = new Scheduler({
      db: database.db,
      rules: one.rules,
      commands: one.commands,
      owns: () => true,
      failed: (error) => one.failures.push(error),
    });
    scheduler.start();
    const promisedAt = async (orderId: string) => {
      const { rows } = await database.db.query<{ state: string }>(
        "select state from sales_order where order_id = $1",
        [orderId],
      );
      return JSON.parse(rows[0]!.state).lines[0].promisedAt as string;
    };
    const [soonDue, laterDue] = [soon(2 * day), soon(5 * day)];
    await one.say("erp", expected("V", "PO1", 10, soonDue));
    await one.settled();
    const { body } = await one.submit("v1", [["V", 8]]);
    expect(body.lines[0]).toMatchObject({ backordered: "8", promisedAt: soonDue });

    await one.say("erp", expected("V", "PO1", 10, laterDue));
    await one.settled();
    scheduler.hurry();
    await expect.poll(() => promisedAt("v1"), { timeout: 5_000 }).toBe(laterDue);

    await one.say("erp", expected("V", "PO1", 0, laterDue));
    await one.settled();
    scheduler.hurry();
    await expect.poll(() => promisedAt("v1"), { timeout: 5_000 }).toBe("");
    await scheduler.stop();
    expect(await count("reservation where order_id = 'v1' and kind = 'backorder' and quantity = 8")).toBe(1);
    expect(one.failures).toEqual([]);
    expect(await rebuiltDifferences(database.db, one.rules)).toEqual([]);
  });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { addMs } from "../../src/core/time.ts";
import {
  allPartitions,
  at,
  brokenPromises,
  Dice,
  expected,
  House,
  level,
  moved,
  rebuiltDifferences,
} from "../../src/engine/projection/testing.ts";
import { Scheduler } from "../../src/engine/schedule/scheduler.ts";
import { type TestDatabase, testDatabase } from "../../src/postgres/testing.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ connectionsMax: 16 });
});
afterAll(() => database.drop());

interface Line {
  sku: string;
  location: string;
  released: number;
}

/** What was released of an order and where: what the places know of it. */
async function releasedLine(orderId: string): Promise<Line | undefined> {
  const { rows } = await database.db.query<{ state: string }>(
    "select state from sales_order where order_id = $1",
    [orderId],
  );
  const line = rows[0] === undefined ? undefined : JSON.parse(rows[0].state).lines[0];
  const place = line?.places.find(
    (one: { released: string; shipped: string }) => Number(one.released) > Number(one.shipped),
  );
  if (place === undefined) return undefined;
  return {
    sku: line.sku,
    location: place.location,
    released: Number(place.released) - Number(place.shipped),
  };
}

async function heldUntil(orderId: string): Promise<string | undefined> {
  const { rows } = await database.db.query<{ expires_at: string }>(
    "select expires_at from reservation where order_id = $1 and kind = 'expiring' limit 1",
    [orderId],
  );
  return rows[0]?.expires_at;
}

test("state rebuilt from the log equals the state after a random history through two nodes", async () => {
  const dice = new Dice();
  console.log(`history seed ${dice.seed}`);
  const halves = [0, 1].map((half) => allPartitions.filter((partition) => partition % 2 === half));
  const nodes = await Promise.all(halves.map((partitions) => new House(database.db, { partitions }).start()));
  const failures: unknown[] = [];
  const scheduler = new Scheduler({
    db: database.db,
    rules: nodes[0]!.rules,
    commands: nodes[0]!.commands,
    owns: () => true,
    failed: (error) => failures.push(error),
  });
  scheduler.start();
  const skus = Array.from({ length: 6 }, (_, n) => `H${n}`);
  const places = [
    ["east", "EAST"],
    ["west", "WEST"],
    ["partner", "3PL"],
  ] as const;
  const orders: string[] = [];
  const holds: string[] = [];
  let step = 0;
  const wanted = (): [string, number][] => [
    [dice.pick(skus), 1 + dice.upTo(8)],
    [dice.pick(skus), 1 + dice.upTo(8)],
  ];

  const acts: (() => Promise<unknown>)[] = [
    async () => {
      const orderId = `h${orders.length}`;
      orders.push(orderId);
      await dice.pick(nodes).submit(
        orderId,
        [
          [dice.pick(skus), 1 + dice.upTo(15)],
          [dice.pick(skus), 1 + dice.upTo(15)],
        ],
        dice.upTo(3) === 0 ? { shipComplete: true, priority: dice.upTo(10) } : {},
      );
    },
    async () => {
      const [system, location] = dice.pick(places);
      // Up to an hour late: some are older than what is known.
      const observedAt = addMs(at("10:00"), step * 1000 - dice.upTo(3_600_000));
      await dice.pick(nodes).say(system, level(dice.pick(skus), location, dice.upTo(60), observedAt));
    },
    async () => {
      const [system, location] = dice.pick(places);
      const time = addMs(at("10:00"), step * 1000 - dice.upTo(60_000));
      const quantity = dice.upTo(9) - 4 || 1;
      await dice
        .pick(nodes)
        .say(system, moved(`m${step}-${dice.upTo(1e9)}`, dice.pick(skus), location, quantity, time));
    },
    async () => {
      const dueAt = addMs(new Date().toISOString().replace("Z", "000Z"), (1 + dice.upTo(5)) * 86_400_000);
      await nodes[0]!.say("erp", expected(dice.pick(skus), `PO${dice.upTo(4)}`, dice.upTo(30), dueAt));
    },
    async () => {
      // One that is held already is held anew; one that was ordered is left alone.
      const orderId = dice.upTo(3) === 0 && holds.length > 0 ? dice.pick(holds) : `c${holds.length}`;
      if (!holds.includes(orderId)) holds.push(orderId);
      await dice.pick(nodes).reserve(orderId, wanted(), { expiresInSeconds: dice.pick([1, 2, 3_600]) });
    },
    async () => {
      if (holds.length === 0) return;
      const orderId = dice.pick(holds);
      orders.push(orderId);
      await dice.pick(nodes).submit(orderId, wanted(), dice.upTo(4) === 0 ? { customer: undefined } : {});
    },
    async () => {
      if (holds.length === 0) return;
      const orderId = dice.pick(holds);
      if (dice.upTo(2) === 0) {
        await dice.pick(nodes).command("order.reservation.withdrawn", { orderId });
        return;
      }
      // The schedule is late, early or says it twice.
      const expiresAt = (await heldUntil(orderId)) ?? at("12:00");
      await dice.pick(nodes).command("order.reservation.due", { orderId, expiresAt });
    },
    async () => {
      if (orders.length === 0) return;
      await dice.pick(nodes).command("order.cancellation.requested", {
        orderId: dice.pick(orders),
        requestedAt: addMs(at("12:00"), step),
      });
    },
    async () => {
      if (orders.length === 0) return;
      const orderId = dice.pick(orders);
      const line = await releasedLine(orderId);
      if (line === undefined) return;
      const [system] = places.find(([, location]) => location === line.location)!;
      const data = {
        orderId,
        shipmentId: `s${step}-${dice.upTo(1e6)}`,
        location: line.location,
        lines: [{ lineId: "1", sku: line.sku, quantity: String(1 + dice.upTo(line.released)) }],
        shippedAt: addMs(at("13:00"), step * 1000),
      };
      await dice.pick(nodes).say(system, { type: "shipment.shipped", data });
    },
    async () => {
      if (orders.length === 0) return;
      const orderId = dice.pick(orders);
      const line = await releasedLine(orderId);
      if (line === undefined) return;
      const [system] = places.find(([, location]) => location === line.location)!;
      const about = { orderId, location: line.location };
      const some = [{ lineId: "1", sku: line.sku, quantity: String(1 + dice.upTo(line.released)) }];
      const then = addMs(at("10:30"), step * 1000 - dice.upTo(60_000));
      const [type, data] = dice.pick([
        ["order.release.confirmed", { ...about, document: `d${step}`, confirmedAt: then, allocated: some }],
        ["order.release.confirmed", { ...about, document: `d${step}`, confirmedAt: then }],
        ["order.pick.short", { ...about, reportedAt: then, lines: some }],
        ["order.cancellation.confirmed", { ...about, confirmedAt: then, lines: some }],
      ] as const);
      await dice.pick(nodes).say(system, { type, data });
    },
  ];
  // Whatever the dice say, one hold expires by itself and one is ordered.
  await nodes[0]!.say("east", level("H0", "EAST", 50, at("09:00")));
  await nodes[0]!.settled();
  await nodes[0]!.reserve("expires", [["H0", 5]], { expiresInSeconds: 1 });
  await nodes[0]!.reserve("ordered", [["H0", 5]]);
  await nodes[1]!.submit("ordered", [["H0", 7]]);
  for (step = 0; step < 40; step++) await Promise.all(Array.from({ length: 6 }, () => dice.pick(acts)()));
  for (let round = 0; round < 2; round++) await Promise.all(nodes.map((node) => node.settled()));
  await expect.poll(() => heldUntil("expires"), { timeout: 10_000 }).toBe(undefined);
  await scheduler.stop();
  for (let round = 0; round < 2; round++) await Promise.all(nodes.map((node) => node.settled()));

  const seed = `seed ${dice.seed}`;
  expect(failures, seed).toEqual([]);
  expect(
    nodes.flatMap((node) => node.failures),
    seed,
  ).toEqual([]);
  expect(await brokenPromises(database.db), seed).toEqual([]);
  expect(await rebuiltDifferences(database.db, nodes[0]!.rules), seed).toEqual([]);
  const { rows } = await database.db.query<{ n: string }>("select count(*) as n from event");
  expect(Number(rows[0]!.n)).toBeGreaterThan(250);
  for (const node of nodes) await node.stop();
});

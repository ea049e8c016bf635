import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { partitionOf } from "../../core/crc32c.ts";
import { addMs } from "../../core/time.ts";
import { SELF } from "../../domains/event.ts";
import { stockKey } from "../../domains/key.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { readFacts } from "../../store/event.ts";
import { releaseKey } from "../operations/held-key.ts";
import type { Rules } from "./rules.ts";
import {
  allPartitions,
  at,
  brokenPromises,
  Dice,
  failingDatabase,
  House,
  type HouseOptions,
  level,
  moved,
  onHand,
  openProblems,
  rebuiltDifferences,
} from "./testing.ts";
import { applyEvents } from "./transaction.ts";

let database: TestDatabase;
let open: House[] = [];

beforeAll(async () => {
  database = await testDatabase({ connectionsMax: 16 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  open = [];
  await database.db.query(
    `truncate event, receipt, stock_item, reservation, stock_movement, sales_order, key_position, task, exception, delivery, identity, refused_event, intake`,
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

const movements = async () =>
  Number(
    (await database.db.query<{ count: string }>("select count(*) as count from stock_movement")).rows[0]!
      .count,
  );

const facts = (after = 0) =>
  readFacts(database.db, { after, to: 1e9, partitions: allPartitions, day: "2000-01-01", limit: 10_000 });

describe("once", () => {
  test("movements are counted once, though they are offered, read from the log, and applied by two at once", async () => {
    const dice = new Dice();
    const [one, two] = [await house(), await house({ partitions: allPartitions })];
    two!.handsOver = false;
    let total = 0;
    await one!.say("east", ...["A", "B", "C"].map((sku) => level(sku, "EAST", 1000, at("09:00"))));
    for (let round = 0; round < 25; round++) {
      const said = Array.from({ length: 1 + dice.upTo(12) }, (_, n) => {
        total += 1;
        return moved(`m${round}-${n}`, dice.pick(["A", "B", "C"]), "EAST", -1, addMs(at("10:00"), total));
      });
      await one!.say("east", ...said);
      // Anywhere in what is applied: who reads on from further would pass over what is not.
      const again = await facts(dice.upTo(1 + one!.projector.appliedSeq));
      if (again.length > 0) one!.projector.offer(again);
      two!.projector.offer(again.slice(dice.upTo(again.length)));
      if (dice.upTo(5) === 0) await two!.restart();
      await applyEvents({
        db: database.db,
        rules: one!.rules,
        events: again,
        catchUp: false,
        sinceDay: "2000-01-01",
      });
    }
    await Promise.all([one!.settled(), two!.settled()]);
    const left = (await Promise.all(["A", "B", "C"].map((sku) => onHand(database.db, sku)))) as number[];
    expect(
      left.reduce((sum, n) => sum + n, 0),
      `seed ${dice.seed}`,
    ).toBe(3000 - total);
    expect(await movements()).toBe(total);
    expect(await rebuiltDifferences(database.db, one!.rules)).toEqual([]);
    expect([...one!.failures, ...two!.failures]).toEqual([]);
  });

  test("killed at random statements, and started again: each key's facts once and in order", async () => {
    const dice = new Dice();
    let deadly = true;
    const through = failingDatabase(database.db, () => deadly && dice.upTo(8) === 0);
    const one = await house({ applyThrough: through });
    const skus = Array.from({ length: 12 }, (_, n) => `S${n}`);
    const figures = new Map<string, number>();
    for (let round = 0; round < 30; round++) {
      const time = addMs(at("10:00"), round * 1000);
      await one.say(
        "east",
        ...skus.flatMap((sku) => {
          const figure = dice.upTo(100);
          const then = dice.upTo(9) - 4 || 1;
          figures.set(sku, figure + then);
          return [
            level(sku, "EAST", figure, time),
            moved(`${sku}-${round}`, sku, "EAST", then, addMs(time, 500)),
          ];
        }),
      );
      if (dice.upTo(4) === 0) await one.restart();
    }
    deadly = false;
    await one.settled();
    expect(one.failures.length).toBeGreaterThan(3);
    for (const sku of skus)
      expect(await onHand(database.db, sku), `seed ${dice.seed}`).toBe(figures.get(sku));
    expect(await movements()).toBe(30 * skus.length);
    expect(await rebuiltDifferences(database.db, one.rules)).toEqual([]);
    expect(await brokenPromises(database.db)).toEqual([]);
  });

  test("a shipment of an unknown order, while somebody submits that order, moves its goods once", async () => {
    for (let round = 0; round < 12; round++) {
      const one = await house();
      await one.say("east", level(`R${round}`, "EAST", 100, at("09:00")));
      await one.settled();
      const shipped = {
        type: "shipment.shipped",
        data: {
          orderId: `race-${round}`,
          shipmentId: `sh-${round}`,
          location: "EAST",
          lines: [{ lineId: "1", sku: `R${round}`, quantity: "5" }],
          shippedAt: at("10:00"),
        },
      };
      await Promise.all([one.say("east", shipped), one.submit(`race-${round}`, [[`R${round}`, 10]])]);
      await one.settled();
      await one.settled();
      expect(await onHand(database.db, `R${round}`), `round ${round}`).toBe(95);
    }
  });
});

describe("hand-over", () => {
  test("offers that come out of order, twice, or with gaps lose nothing", async () => {
    const dice = new Dice();
    const one = await house();
    one.handsOver = false;
    await one.say(
      "east",
      ...Array.from({ length: 40 }, (_, n) => level(`O${n % 7}`, "EAST", n, addMs(at("10:00"), n))),
    );
    const all = await facts();
    for (let n = 0; n < 60; n++) {
      const from = dice.upTo(all.length - 1);
      one.projector.offer(all.slice(from, from + 1 + dice.upTo(6)));
    }
    await one.settled();
    for (let sku = 0; sku < 7; sku++) {
      const newest = Math.max(...Array.from({ length: 40 }, (_, n) => (n % 7 === sku ? n : -1)));
      expect(await onHand(database.db, `O${sku}`), `seed ${dice.seed}`).toBe(newest);
    }
  });

  test("more than memory should hold is read from the log", async () => {
    const one = await house();
    const [, ...rest] = Array.from({ length: 52 }, (_, n) => n);
    // The projector is busy elsewhere: what it is offered meanwhile must not be kept without end.
    const filler = await one.say("east", level("F", "EAST", 1, at("10:00")));
    expect(filler[0]!.status).toBe("recorded");
    await one.settled();
    const [event] = await facts();
    for (const n of rest)
      one.projector.offer(
        Array.from({ length: 1000 }, (_, i) => ({ ...event!, seq: 1_000_000 + n * 1000 + i })),
      );
    await one.say("east", level("F", "EAST", 7, at("11:00")));
    await one.settled();
    expect(await onHand(database.db, "F")).toBe(7);
  });
});

describe("an event that cannot be applied", () => {
  const define = (unit: string) => ({ type: "inventory.item.defined", data: { sku: "H", unit, ratios: {} } });

  test("holds back its own key alone, and what waited is applied in order when it is let go", async () => {
    const one = await house();
    await one.say("east", level("H", "EAST", 10, at("09:00")));
    await one.settled();
    await one.say(
      "east",
      define("CS"),
      moved("h1", "H", "EAST", -3, at("10:00")),
      level("I", "EAST", 5, at("10:00")),
      level("H", "EAST", 20, at("11:00")),
      moved("h2", "H", "EAST", -1, at("12:00")),
    );
    await one.settled();
    expect(await onHand(database.db, "H")).toBe(10);
    expect(await onHand(database.db, "I")).toBe(5);
    const [problem] = await openProblems(database.db, "event.not-applied");
    expect(problem).toMatchObject({ key: stockKey("main", "H"), detail: { code: "inventory.unit-changed" } });

    // Nothing has changed: it is held again, by the same event.
    expect(await releaseKey(database.db, one.rules, stockKey("main", "H"))).toMatchObject({
      released: false,
    });
    expect(await onHand(database.db, "H")).toBe(10);

    // Its stock is corrected, so that the definition fits.
    await database.db.query(`update stock_item set levels = '[]', inbound = '[]' where sku = 'H'`);
    const released = await releaseKey(database.db, one.rules, stockKey("main", "H"));
    expect(released).toMatchObject({ released: true, applied: 4 });
    expect(await onHand(database.db, "H")).toBe(19);
    expect(await openProblems(database.db, "event.not-applied")).toEqual([]);
    await one.say("east", moved("h3", "H", "EAST", -1, at("13:00")));
    await one.settled();
    expect(await onHand(database.db, "H")).toBe(18);
  });

  test("leaves nothing of itself behind where it fails after a part of it was decided", async () => {
    const one = await house();
    await one.say("east", level("P", "EAST", 10, at("09:00")), level("Q", "EAST", 10, at("09:00")));
    await one.settled();
    let failing = true;
    // Decided are the acceptance, the allocation and two reservations: the last ones fail.
    const rules: Rules = {
      ...one.rules,
      sourceOf(system) {
        if (failing && system === SELF) throw new Error("broken rule");
        return one.rules.sourceOf(system);
      },
    };
    one.handsOver = false;
    await one.projector.stop();
    await one.say("portal", {
      type: "order.submitted",
      data: {
        orderId: "partly",
        customer: { id: "C" },
        currency: "GBP",
        placedAt: at("12:00"),
        lines: [
          { lineId: "1", sku: "P", quantity: "4", price: "1" },
          { lineId: "2", sku: "Q", quantity: "4", price: "1" },
        ],
      },
    });
    const events = (await facts()).filter((event) => event.key.includes("partly"));
    const apply = () =>
      applyEvents({ db: database.db, rules, events, catchUp: true, sinceDay: "2000-01-01" });
    await apply();
    expect((await openProblems(database.db, "event.not-applied")).length).toBe(1);
    expect((await database.db.query("select 1 from reservation")).rows).toEqual([]);
    expect((await database.db.query("select 1 from sales_order")).rows).toEqual([]);
    expect((await database.db.query("select 1 from event where decided")).rows).toEqual([]);
    failing = false;
    await releaseKey(database.db, rules, "order:main/partly");
    const { rows } = await database.db.query<{ status: string }>("select status from sales_order");
    expect(rows).toHaveLength(1);
    expect(await brokenPromises(database.db)).toEqual([]);
    await one.projector.start();
  });
});

describe("full sets", () => {
  const set = (setId: string, count: number, observedAt: string) => ({
    type: "inventory.set.observed",
    data: { location: "EAST", setId, observedAt, count },
  });
  const figures = (setId: string, skus: string[], observedAt: string) =>
    skus.map((sku) => level(sku, "EAST", 9, observedAt, { setId }));
  const skus = Array.from({ length: 10 }, (_, n) => `T${n}`);

  test("what is absent from a whole set is zero; from a truncated one, nothing is", async () => {
    const one = await house();
    await one.say("east", ...figures("s1", skus, at("08:00")), set("s1", 10, at("08:00")));
    await one.settled();
    // Truncated: nine figures came, ten were counted.
    await one.say("east", ...figures("s2", skus.slice(1), at("09:00")), set("s2", 10, at("09:00")));
    await one.settled();
    await one.settled();
    expect(await onHand(database.db, "T0")).toBe(9);
    expect((await openProblems(database.db, "inventory.set-incomplete")).length).toBe(1);
    await one.say("east", ...figures("s3", skus.slice(1), at("10:00")), set("s3", 9, at("10:00")));
    await one.settled();
    await one.settled();
    expect(await onHand(database.db, "T0")).toBe(0);
    expect(await onHand(database.db, "T1")).toBe(9);
    expect(await rebuiltDifferences(database.db, one.rules)).toEqual([]);
  });

  test("a set that would zero most of a place is held", async () => {
    const one = await house();
    await one.say("east", ...figures("s1", skus, at("08:00")), set("s1", 10, at("08:00")));
    await one.settled();
    await one.say("east", ...figures("s4", skus.slice(0, 2), at("11:00")), set("s4", 2, at("11:00")));
    await one.settled();
    await one.settled();
    expect(await onHand(database.db, "T9")).toBe(9);
    expect((await openProblems(database.db, "inventory.set-held")).length).toBe(1);
  });

  test("two sets in one second: the later of them stands", async () => {
    const one = await house();
    await one.say("east", ...figures("s1", skus, at("08:00")), set("s1", 10, at("08:00")));
    await one.say(
      "east",
      ...figures("s5", skus.slice(1), at("12:00")),
      set("s5", 9, at("12:00")),
      ...skus.map((sku) => level(sku, "EAST", 4, at("12:00"), { setId: "s6" })),
      set("s6", 10, at("12:00")),
    );
    await one.settled();
    await one.settled();
    for (const sku of skus.slice(1)) expect(await onHand(database.db, sku)).toBe(4);
    expect(await rebuiltDifferences(database.db, one.rules)).toEqual([]);
  });

  test("a set's end is decided once, however many apply it", async () => {
    const one = await house();
    await one.say("east", ...figures("s1", skus, at("08:00")), set("s1", 10, at("08:00")));
    await one.settled();
    one.handsOver = false;
    await one.say("west", level("none", "WEST", 1, at("08:00")));
    await one.projector.stop();
    await one.say("east", ...figures("s7", skus.slice(1), at("13:00")), set("s7", 9, at("13:00")));
    const events = await facts();
    await Promise.all(
      [1, 2, 3].map(() =>
        applyEvents({ db: database.db, rules: one.rules, events, catchUp: false, sinceDay: "2000-01-01" }),
      ),
    );
    const { rows } = await database.db.query<{ count: string }>(
      "select count(*) as count from event where cause_seq is not null and key like '%/T0'",
    );
    expect(Number(rows[0]!.count)).toBe(1);
    await one.projector.start();
  });
});

test("a shortfall lists the orders at risk, newest first", async () => {
  const one = await house();
  await one.say("east", level("X", "EAST", 10, at("09:00")));
  await one.settled();
  await one.submit("first", [["X", 6]]);
  await one.submit("second", [["X", 4]]);
  await one.say("east", level("X", "EAST", 7, at("10:00")));
  await one.settled();
  const [problem] = await openProblems(database.db, "inventory.shortfall");
  expect(problem!.detail).toMatchObject({ short: "3", location: "EAST" });
  expect(JSON.stringify(problem!.detail.ordersAtRisk)).toContain("second");
  await one.say("east", level("X", "EAST", 12, at("11:00")));
  await one.settled();
  expect(await openProblems(database.db, "inventory.shortfall")).toEqual([]);
});

test("two nodes on one database share the work: each applies its own keys, and all is applied", async () => {
  const halves = [0, 1].map((half) => allPartitions.filter((partition) => partition % 2 === half));
  const nodes = [await house({ partitions: halves[0]! }), await house({ partitions: halves[1]! })];
  const skus = Array.from({ length: 40 }, (_, n) => `N${n}`);
  await Promise.all(
    nodes.map((node, index) =>
      node.say("east", ...skus.map((sku) => moved(`${sku}-${index}`, sku, "EAST", 5, at("10:00")))),
    ),
  );
  await Promise.all(nodes.map((node) => node.settled()));
  const { rows } = await database.db.query<{ key: string; applied: string }>(
    "select 'stock:main/' || sku as key, applied_seq as applied from stock_item",
  );
  expect(rows).toHaveLength(skus.length);
  expect(await movements()).toBe(2 * skus.length);
  for (const [index, node] of nodes.entries()) {
    const keys = node.applied.flatMap((result) => [...result.set.items.keys()]);
    expect(keys.every((key) => partitionOf(key) % 2 === index)).toBe(true);
    expect(keys.length).toBeGreaterThan(0);
  }
});

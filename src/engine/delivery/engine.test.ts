import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Answer } from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { deliveryBooks, sumTallies } from "../../store/delivery-tally.ts";
import {
  balanced,
  clear,
  delivery,
  MemorySystem,
  type NodeOptions,
  settled,
  startNode,
  type TargetPlan,
  type TestNode,
  until,
} from "./testing.ts";

let test: TestDatabase;
let node: TestNode | undefined;

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());
beforeEach(() => clear(test.db));
afterEach(async () => {
  await node?.stop();
  node = undefined;
});

async function start(plans: TargetPlan[], options: NodeOptions = {}): Promise<TestNode> {
  node = await startNode(test.url, plans, options);
  const { engine } = node;
  await until(() => engine.status().targets.every((target) => target.owned), "the node owns its targets");
  return node;
}

const release = { kind: "absolute", bulkMax: 1 } as const;
const levels = { kind: "absolute", bulkMax: 1 } as const;

const outcomes = async () =>
  (
    await test.db.query<{ key: string; outcome: string; attempts: number; reason: string | null }>(
      "select key, outcome, attempts, reason from delivery_done order by id",
    )
  ).rows;

describe("one target", () => {
  it("delivers what was handed over, in the lane's order, and balances the books", async () => {
    const east = new MemorySystem("east");
    const { deliver } = await start([{ system: east, writes: { "order.release": release } }]);
    await deliver([1, 2, 3].map((n) => delivery("east", "order.release", "O-1", n)));
    await deliver([4, 5].map((n) => delivery("east", "order.release", "O-1", n)));
    await settled(test.db);
    expect(east.numbers()).toEqual([1, 2, 3, 4, 5]);
    await sumTallies(test.db);
    expect(await deliveryBooks(test.db)).toEqual([
      {
        target: "east",
        flow: "flow",
        routed: 5,
        delivered: 5,
        merged: 0,
        skipped: 0,
        parked: 0,
        waiting: 0,
        balanced: true,
      },
    ]);
  });

  it("finds in the table what was never handed over", async () => {
    const east = new MemorySystem("east");
    const other = await start([{ system: east, writes: { "order.release": release } }], {
      tuning: { sweepMs: 50 },
    });
    const handOver = other.engine.handOver.bind(other.engine);
    other.engine.handOver = () => {};
    await other.deliver([delivery("east", "order.release", "O-1", 1)]);
    other.engine.handOver = handOver;
    await other.deliver([
      delivery("east", "order.release", "O-1", 2),
      delivery("east", "order.release", "O-2", 3),
    ]);
    await settled(test.db);
    expect(east.numbers("O-1")).toEqual([1, 2]);
  });

  it("does not deliver again what comes to it late", async () => {
    const east = new MemorySystem("east");
    const { deliver, engine } = await start([{ system: east, writes: { "inventory.level": levels } }]);
    const [first] = await deliver([delivery("east", "inventory.level", "SKU", 5)]);
    await settled(test.db);
    await deliver([delivery("east", "inventory.level", "SKU", 7)]);
    await settled(test.db);
    engine.handOver([first!]);
    engine.handOver([{ ...first!, insertedAt: first!.insertedAt - 60_000 }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(east.numbers()).toEqual([5, 7]);
  });

  it("has one message of a lane under way at a time, and as many lanes as it may", async () => {
    const east = new MemorySystem("east");
    const running = new Map<string, number>();
    let most = 0;
    east.script = async (message) => {
      running.set(message.key, (running.get(message.key) ?? 0) + 1);
      most = Math.max(most, running.get(message.key)!);
      await new Promise((resolve) => setTimeout(resolve, 3));
      running.set(message.key, running.get(message.key)! - 1);
      east.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: east, writes: { "order.release": release } }]);
    const rows = Array.from({ length: 100 }, (_, n) => delivery("east", "order.release", `O-${n % 10}`, n));
    await deliver(rows);
    await settled(test.db);
    expect(most).toBe(1);
    expect(east.runningMost).toBe(8);
    for (let lane = 0; lane < 10; lane++) {
      const numbers = east.numbers(`O-${lane}`);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(numbers).toHaveLength(10);
    }
  });

  it("keeps to the rate and honours Retry-After for the whole system", async () => {
    const east = new MemorySystem("east");
    const times: number[] = [];
    let refusedAt = 0;
    east.script = (message) => {
      times.push(performance.now());
      if (times.length === 4) {
        refusedAt = performance.now();
        return { kind: "busy", reason: "429", retryAfterMs: 300 };
      }
      east.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      { system: east, writes: { "order.release": release }, limits: { ratePerSecond: 100, concurrency: 1 } },
    ]);
    await deliver(Array.from({ length: 30 }, (_, n) => delivery("east", "order.release", `O-${n}`, n)));
    await settled(test.db);
    expect(east.effects).toHaveLength(30);
    const after = times.filter((time) => time > refusedAt);
    expect(after[0]! - refusedAt).toBeGreaterThanOrEqual(299);
    // A tenth of a second's worth at once, then the rate.
    expect(times.at(-1)! - after[0]!).toBeGreaterThanOrEqual(((after.length - 11) / 100) * 1000 - 20);
  });
});

describe("newest wins", () => {
  it("joins what waits, settles the older ones with the newer, and never joins what is under way", async () => {
    const portal = new MemorySystem("portal");
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    portal.script = async (message) => {
      if (portal.calls.length === 1) await gate;
      portal.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: portal, writes: { "inventory.availability": levels } }]);
    for (let n = 1; n <= 5; n++) await deliver([delivery("portal", "inventory.availability", "SKU", n)]);
    open!();
    await settled(test.db);
    expect(portal.numbers()).toEqual([1, 5]);
    expect((await outcomes()).map((row) => row.outcome)).toEqual([
      "delivered",
      "merged",
      "merged",
      "merged",
      "delivered",
    ]);
    expect(await balanced(test.db)).toBe(true);
  });

  it("joins only neighbours of one type and key", async () => {
    const erp = new MemorySystem("erp");
    erp.healthy = false;
    erp.script = (message) => {
      if (!erp.healthy) return { kind: "ill", reason: "down" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      { system: erp, writes: { "inventory.level": levels, "inventory.movement": release } },
    ]);
    const lane = { lane: "stock:SKU" };
    await deliver([
      delivery("erp", "inventory.level", "EAST", 1, lane),
      delivery("erp", "inventory.level", "EAST", 2, lane),
      delivery("erp", "inventory.movement", "M-1", 3, lane),
      delivery("erp", "inventory.level", "EAST", 4, lane),
      delivery("erp", "inventory.level", "WEST", 5, lane),
      delivery("erp", "inventory.level", "EAST", 6, lane),
      delivery("erp", "inventory.level", "EAST", 7, lane),
    ]);
    erp.healthy = true;
    await settled(test.db);
    expect(erp.numbers()).toEqual([2, 3, 4, 5, 7]);
  });
});

describe("bulk", () => {
  const bulk = { kind: "absolute", bulkMax: 10 } as const;

  it("carries one message of a lane a call and retries only what failed", async () => {
    const erp = new MemorySystem("erp");
    let failed = 0;
    erp.script = (message) => {
      if (message.key === "O-3" && failed < 3) {
        failed += 1;
        return { kind: "ill", reason: "record locked" };
      }
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.release": bulk } }]);
    await deliver(Array.from({ length: 60 }, (_, n) => delivery("erp", "order.release", `O-${n % 20}`, n)));
    await settled(test.db);
    for (const call of erp.calls) {
      expect(call.length).toBeLessThanOrEqual(10);
      expect(new Set(call.map((message) => message.key)).size).toBe(call.length);
    }
    expect(erp.effects).toHaveLength(60);
    expect(erp.numbers("O-3")).toEqual([3, 23, 43]);
    expect(Math.max(...erp.calls.map((call) => call.length))).toBe(10);
    expect((await outcomes()).filter((row) => row.attempts > 1)).toHaveLength(1);
  });

  it("halves a call that is refused as a whole down to the record that spoils it", async () => {
    const erp = new MemorySystem("erp");
    const spoilt = (call: { key: string }[]) => call.some((message) => message.key === "O-7");
    erp.script = (message, call): Answer => {
      if (spoilt(call)) return { kind: "refused", code: "422", reason: "the batch is not valid" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.release": { ...bulk, bulkMax: 16 } } }]);
    await deliver(Array.from({ length: 64 }, (_, n) => delivery("erp", "order.release", `O-${n}`, n)));
    await until(() => erp.effects.length === 63, "all but one are delivered");
    await until(async () => {
      const { rows } = await test.db.query<{ state: string }>("select state from delivery");
      return rows.length === 1 && rows[0]!.state === "parked";
    }, "the culprit is parked");
    expect(erp.numbers()).not.toContain(7);
    expect(await balanced(test.db)).toBe(true);
  });

  it("halves a call that breaks the system, while others go on", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message, call): Answer => {
      if (call.some((record) => record.key === "O-7")) return { kind: "ill", reason: "500" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.release": bulk } }], {
      tuning: { illParkAfterMs: 100, illAttemptsMax: 3 },
    });
    let n = 0;
    const feed = setInterval(() => void deliver([delivery("erp", "order.release", `X-${n}`, n++)]), 10);
    await deliver(Array.from({ length: 20 }, (_, i) => delivery("erp", "order.release", `O-${i}`, i)));
    onTestFinished(() => clearInterval(feed));
    await until(async () => {
      const { rows } = await test.db.query<{ key: string }>(
        "select key from delivery where state = 'parked'",
      );
      return rows.length === 1 && rows[0]!.key === "O-7";
    }, "the culprit is parked");
    clearInterval(feed);
    await until(
      () => Array.from({ length: 20 }, (_, i) => `O-${i}`).every((key) => key === "O-7" || erp.has(key)),
      "the others are delivered",
    );
  });
});

describe("urgency", () => {
  it("prefers the urgent without starving the rest", async () => {
    const erp = new MemorySystem("erp");
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    erp.script = async (message) => {
      await gate;
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      {
        system: erp,
        writes: { "order.release": release, "order.status": levels },
        limits: { concurrency: 1, requestTimeoutMs: 5_000 },
      },
    ]);
    await deliver(Array.from({ length: 100 }, (_, n) => delivery("erp", "order.status", `S-${n}`, n)));
    await deliver(Array.from({ length: 100 }, (_, n) => delivery("erp", "order.release", `R-${n}`, n)));
    open!();
    await settled(test.db);
    const urgent = erp.effects.slice(0, 90).filter((effect) => effect.type === "order.release").length;
    // Eight to one.
    expect(urgent).toBeGreaterThanOrEqual(78);
    expect(urgent).toBeLessThanOrEqual(82);
  });

  it("lends a lane the urgency of what waits in it", async () => {
    const erp = new MemorySystem("erp");
    let started = false;
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    erp.script = async (message) => {
      if (!started) {
        started = true;
        await gate;
      }
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      {
        system: erp,
        writes: { "order.release": release, "order.status": levels },
        limits: { concurrency: 1 },
      },
    ]);
    await deliver(Array.from({ length: 20 }, (_, n) => delivery("erp", "order.status", `S-${n}`, n)));
    await deliver([delivery("erp", "order.release", "R", 100, { lane: "S-19" })]);
    open!();
    await settled(test.db);
    expect(erp.numbers().indexOf(19)).toBeLessThan(4);
  });
});

describe("facts", () => {
  it("are recorded with the settlement, or neither is", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      erp.take(message);
      return { kind: "done", reference: "SO-1", facts: [{ type: "order.booked", data: { n: 1 } }] };
    };
    let refusals = 2;
    const recorded = await start(
      [{ system: erp, writes: { "order.booking": { kind: "keyed", bulkMax: 1 } } }],
      {
        recordFacts: async (tx) => {
          await tx.query("select 1");
          if (refusals-- > 0)
            throw new CrossdockError("log.away", "The log is not reachable.", { retry: "later" });
          return () => {};
        },
      },
    );
    await recorded.deliver([delivery("erp", "order.booking", "O-1", 1, { correlationId: "c" })]);
    await settled(test.db);
    expect(erp.effects).toHaveLength(1);
    expect(recorded.facts).toHaveLength(1);
    expect(recorded.facts[0]).toMatchObject({ key: "O-1", lane: "O-1", correlationId: "c" });
  });

  it("that can never be recorded hold up their own lane and no other", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      erp.take(message);
      return { kind: "done", facts: [{ type: "order.booked", data: message.payload }] };
    };
    const spoiling = await start(
      [{ system: erp, writes: { "order.booking": { kind: "keyed", bulkMax: 1 } } }],
      {
        recordFacts: async (_tx, _target, facts) => {
          if (facts.some((fact) => fact.key === "O-5")) throw new TypeError("nothing can be made of this");
          return () => {};
        },
      },
    );
    await spoiling.deliver(
      Array.from({ length: 20 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)),
    );
    await until(() => spoiling.facts.length === 19, "the others are settled");
    expect(erp.numbers("O-5")).toEqual([5]);
    node = undefined;
    await spoiling.stop(100);
  });
});

describe("observing", () => {
  it("compares and sends nothing", async () => {
    const erp = new MemorySystem("erp");
    erp.findScript = (message) => (message.key === "O-1" ? { kind: "found" } : { kind: "absent" });
    const { deliver } = await start([
      { system: erp, writes: { "order.booking": { kind: "lookup", bulkMax: 1 } }, mode: "observe" },
    ]);
    await deliver([delivery("erp", "order.booking", "O-1", 1), delivery("erp", "order.booking", "O-2", 2)]);
    await settled(test.db);
    expect(erp.calls).toHaveLength(0);
    expect(await outcomes()).toMatchObject([
      { outcome: "skipped", reason: "observed: found" },
      { outcome: "skipped", reason: "observed: absent" },
    ]);
  });
});

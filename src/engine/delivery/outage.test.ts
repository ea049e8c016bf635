import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
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
  unsettled,
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

const absolute = { kind: "absolute", bulkMax: 1 } as const;
const statusOf = (system: string) =>
  node!.engine.status().targets.find((target) => target.system === system)!;
const problems = async () =>
  (
    await test.db.query<{ code: string; open: boolean; occurrences: string }>(
      "select code, resolved_at is null as open, occurrences from exception order by first_at",
    )
  ).rows;

/** Down and up by `healthy`. */
function failing(system: MemorySystem, kind: "ill" | "denied" = "ill"): void {
  system.script = (message) => {
    if (!system.healthy) return { kind, reason: kind === "ill" ? "connection refused" : "401" };
    system.take(message);
    return { kind: "done" };
  };
}

describe("a system that is down", () => {
  it("is left alone but for probes, says so once, and drains by itself when it is back", async () => {
    const erp = new MemorySystem("erp");
    failing(erp);
    erp.healthy = false;
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver(Array.from({ length: 200 }, (_, n) => delivery("erp", "order.booking", `O-${n % 50}`, n)));
    await until(() => statusOf("erp").breaker === "open", "the breaker opens");
    await new Promise((resolve) => setTimeout(resolve, 60));
    const calls = erp.calls.length;
    const { probes } = erp;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(erp.calls.length).toBe(calls);
    expect(erp.probes).toBeGreaterThan(probes);
    expect(await problems()).toEqual([{ code: "system.unavailable", open: true, occurrences: "1" }]);
    erp.healthy = true;
    await settled(test.db);
    expect(erp.effects).toHaveLength(200);
    for (let lane = 0; lane < 50; lane++)
      expect(erp.numbers(`O-${lane}`)).toEqual([0, 1, 2, 3].map((i) => lane + i * 50));
    await until(async () => (await problems())[0]!.open === false, "the exception is solved");
    expect(await balanced(test.db)).toBe(true);
  });

  it("is not declared down for one poisoned lane", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      if (message.key === "O-BAD") return { kind: "ill", reason: "500" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver([delivery("erp", "order.booking", "O-BAD", 0)]);
    await until(() => erp.calls.length > 12, "it was tried often");
    expect(statusOf("erp").breaker).toBe("closed");
    await deliver([delivery("erp", "order.booking", "O-1", 1)]);
    await until(() => erp.has("O-1"), "the other is delivered");
  });

  it("is tried with another lane than the ones that failed, and closes on one success", async () => {
    const erp = new MemorySystem("erp");
    let poisoned = true;
    const bad = new Set(["B-0", "B-1", "B-2", "B-3", "B-4"]);
    erp.script = (message) => {
      if (poisoned && bad.has(message.key)) return { kind: "ill", reason: "500" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver([...bad].map((key, n) => delivery("erp", "order.booking", key, n)));
    await until(() => statusOf("erp").breaker !== "closed", "the breaker opens");
    await deliver([delivery("erp", "order.booking", "O-1", 10)]);
    await until(() => erp.has("O-1"), "another lane is tried");
    poisoned = false;
    await settled(test.db);
  });

  it("even with a single lane, is noticed by its health", async () => {
    const erp = new MemorySystem("erp");
    failing(erp);
    erp.healthy = false;
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver([delivery("erp", "order.booking", "O-1", 1)]);
    await until(() => statusOf("erp").breaker === "open", "the breaker opens");
    erp.healthy = true;
    await settled(test.db);
  });

  it("that refuses access is paused with its own exception and goes on when access is back", async () => {
    const erp = new MemorySystem("erp");
    failing(erp, "denied");
    erp.healthy = false;
    const { deliver } = await start([
      { system: erp, writes: { "order.booking": absolute }, limits: { concurrency: 1 } },
    ]);
    await deliver(Array.from({ length: 20 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await until(() => statusOf("erp").cause === "denied", "it is paused");
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(erp.calls).toHaveLength(1);
    expect(await problems()).toEqual([{ code: "system.access-refused", open: true, occurrences: "1" }]);
    erp.healthy = true;
    await settled(test.db);
    await until(async () => (await problems())[0]!.open === false, "the exception is solved");
    expect(await unsettled(test.db)).toBe(0);
  });

  it("that is busy for many without saying how long is asked ever more rarely", async () => {
    const erp = new MemorySystem("erp");
    let busy = true;
    erp.script = (message) => {
      if (busy) return { kind: "busy", reason: "503" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      {
        system: erp,
        writes: { "order.booking": absolute },
        limits: { backoffFirstMs: 50, backoffLastMs: 400, breakerLanes: 3, concurrency: 2 },
      },
    ]);
    await deliver(Array.from({ length: 300 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(erp.calls.length).toBeLessThan(60);
    busy = false;
    await settled(test.db);
  });
});

describe("a backlog", () => {
  it("of 100,000 behind a system that is down costs another system nothing, and drains", async () => {
    const erp = new MemorySystem("erp");
    const east = new MemorySystem("east");
    failing(erp);
    erp.healthy = false;
    const { deliver, engine } = await start([
      { system: erp, writes: { "order.booking": absolute }, limits: { concurrency: 32, probeEveryMs: 100 } },
      { system: east, writes: { "order.release": absolute }, limits: { concurrency: 32 } },
    ]);
    await deliver(Array.from({ length: 50 }, (_, n) => delivery("erp", "order.booking", `W-${n}`, n)));
    await until(() => statusOf("erp").breaker === "open", "the breaker opens");
    const flow = async () => {
      const begun = performance.now();
      await deliver(Array.from({ length: 1_000 }, (_, n) => delivery("east", "order.release", `R-${n}`, n)));
      await until(async () => (await unsettled(test.db, "target = 'east'")) === 0, "east is served");
      return performance.now() - begun;
    };
    await flow();
    await flow();
    for (let batch = 0; batch < 50; batch++)
      await deliver(
        Array.from({ length: 2_000 }, (_, n) =>
          delivery("erp", "order.booking", `O-${batch * 2_000 + n}`, n),
        ),
      );
    expect(statusOf("erp").inMemory).toBeLessThanOrEqual(20_000);
    const inMemory = statusOf("erp").inMemory;
    await flow();
    expect(statusOf("erp").inMemory).toBe(inMemory);
    expect(east.effects).toHaveLength(3_000);
    erp.healthy = true;
    await settled(test.db, 60_000);
    expect(erp.effects).toHaveLength(100_050);
    expect(engine.status().targets[0]!.inMemory).toBe(0);
    expect(await balanced(test.db)).toBe(true);
  }, 120_000);

  it("larger than memory keeps every lane's order and urgency", async () => {
    const erp = new MemorySystem("erp");
    failing(erp);
    erp.healthy = false;
    const { deliver } = await start(
      [{ system: erp, writes: { "order.booking": absolute, "order.release": absolute } }],
      { tuning: { windowMax: 80 } },
    );
    for (let n = 0; n < 2_000; n += 100) {
      await deliver(
        Array.from({ length: 100 }, (_, i) => delivery("erp", "order.booking", `O-${(n + i) % 90}`, n + i)),
      );
    }
    await deliver([delivery("erp", "order.release", "URGENT", 9_999)]);
    erp.healthy = true;
    await settled(test.db, 30_000);
    for (let lane = 0; lane < 90; lane++) {
      const numbers = erp.numbers(`O-${lane}`);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(erp.effects).toHaveLength(2_001);
    expect(erp.numbers().indexOf(9_999)).toBeLessThan(500);
  }, 60_000);
});

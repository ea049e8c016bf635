import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutboundMessage } from "../../connector/contract.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import {
  balanced,
  clear,
  delivery,
  MemorySystem,
  settled,
  startNode,
  type TargetPlan,
  type TestNode,
  unsettled,
  until,
} from "./testing.ts";

let test: TestDatabase;
let nodes: TestNode[] = [];

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());
beforeEach(() => clear(test.db));
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function start(plans: TargetPlan[], options = {}): Promise<TestNode> {
  const node = await startNode(test.url, plans, options);
  nodes.push(node);
  return node;
}

function kill(node: TestNode): void {
  node.kill();
  nodes = nodes.filter((other) => other !== node);
}

const owns = (node: TestNode) => node.engine.status().targets.every((target) => target.owned);
const lookup = { kind: "lookup", bulkMax: 1 } as const;
const absolute = { kind: "absolute", bulkMax: 1 } as const;

describe("a node that stands still past its lease", () => {
  it("goes on when it can, and does not pick for ever what it may not send", async () => {
    const shop = new MemorySystem("shop");
    let stood = false;
    shop.script = (message) => {
      // As when the machine pauses between two sends of one turn.
      const until = performance.now() + (stood ? 0 : 900);
      stood = true;
      while (performance.now() < until);
      shop.take(message);
      return { kind: "done" };
    };
    const node = await start([{ system: shop, writes: { "inventory.level": absolute } }]);
    await until(() => owns(node), "the node owns the target");
    await node.deliver(
      Array.from({ length: 20 }, (_, n) => delivery("shop", "inventory.level", `S-${n}`, n)),
    );
    await settled(test.db);
    expect(new Set(shop.calls.flat().map((message) => message.key)).size).toBe(20);
  });
});

describe("a node that dies", () => {
  it("leaves no exception behind about a system that is well again", async () => {
    const erp = new MemorySystem("erp");
    erp.healthy = false;
    erp.script = () => ({ kind: "ill", reason: "connection refused" });
    const plans = [{ system: erp, writes: { "order.booking": absolute } }];
    const first = await start(plans);
    await first.deliver(Array.from({ length: 20 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    const open = async () =>
      (
        await test.db.query(
          "select 1 from exception where code = 'system.unavailable' and resolved_at is null",
        )
      ).rows.length;
    await until(async () => (await open()) === 1, "the outage is said");
    kill(first);
    erp.healthy = true;
    erp.script = undefined;
    await start(plans);
    await settled(test.db);
    await until(async () => (await open()) === 0, "the next owner closes what the first one said");
  });

  it("is followed by another within its lease, and what it had sent is looked up", async () => {
    const erp = new MemorySystem("erp");
    const plans = [{ system: erp, writes: { "order.booking": lookup } }];
    const first = await start(plans);
    await until(() => owns(first), "the first node owns the target");
    // It dies with eight requests under way: some took effect, one takes effect after its death, some never do.
    erp.script = (message) => {
      if (["O-0", "O-1", "O-2"].includes(message.key)) erp.take(message);
      if (message.key === "O-3") setTimeout(() => erp.take(message), 150);
      return new Promise(() => {});
    };
    await first.deliver(
      Array.from({ length: 40 }, (_, n) => delivery("erp", "order.booking", `O-${n % 20}`, n)).map(
        (row, n) => ({
          ...row,
          key: `${row.key}${n < 20 ? "" : "-2"}`,
        }),
      ),
    );
    await until(() => erp.calls.length === 8, "requests are under way");
    const second = await start(plans);
    const diedAt = performance.now();
    kill(first);
    erp.script = undefined;
    await until(() => owns(second), "the second node owns the target");
    expect(performance.now() - diedAt).toBeLessThan(600 * 1.25 + 250);
    await settled(test.db);
    expect(erp.numbers().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    // Those under way, and as many that were claimed ahead of them.
    expect(erp.finds).toBeGreaterThanOrEqual(8);
    expect(erp.finds).toBeLessThanOrEqual(16);
    for (let n = 0; n < 20; n++) expect(erp.numbers().indexOf(n)).toBeLessThan(erp.numbers().indexOf(n + 20));
    expect(await unsettled(test.db)).toBe(0);
    expect(await balanced(test.db)).toBe(true);
  });

  it("leaves a person to decide what it had sent to a system that cannot be asked, and nothing else", async () => {
    const edi = new MemorySystem("edi");
    const plans = [
      {
        system: edi,
        writes: { "order.release": { kind: "none", bulkMax: 1 } as const },
        limits: { concurrency: 2 },
      },
    ];
    const first = await start(plans);
    await until(() => owns(first), "the first node owns the target");
    edi.script = () => new Promise(() => {});
    await first.deliver(Array.from({ length: 10 }, (_, n) => delivery("edi", "order.release", `O-${n}`, n)));
    await until(() => edi.calls.length === 2, "requests are under way");
    kill(first);
    edi.script = undefined;
    await start(plans);
    await until(
      async () => (await unsettled(test.db)) === (await unsettled(test.db, "state = 'parked'")),
      "everything else is delivered",
    );
    const parked = await unsettled(test.db);
    // Those under way, and what was claimed a little ahead of them.
    expect(parked).toBeGreaterThanOrEqual(2);
    expect(parked).toBeLessThanOrEqual(4);
    expect(edi.effects).toHaveLength(10 - parked);
  });

  it("finds its claims as long as one of what they hold is not settled", async () => {
    const erp = new MemorySystem("erp");
    erp.script = async (message) => {
      erp.take(message);
      if (message.key === "O-1") return { kind: "done", facts: [{ type: "order.booked", data: {} }] };
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { kind: "done" };
    };
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const node = await start([{ system: erp, writes: { "order.booking": lookup } }], {
      recordFacts: async () => {
        await gate;
        return () => {};
      },
    });
    await until(() => owns(node), "the node owns the target");
    await node.deliver([1, 2].map((n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await until(async () => (await unsettled(test.db)) === 1, "one is settled, the other waits for the log");
    for (const n of [3, 4]) {
      await node.deliver([delivery("erp", "order.booking", `O-${n}`, n)]);
      await until(async () => (await unsettled(test.db)) === 1, "another one is settled");
    }
    const held = test.db.query(
      "select d.key from delivery_claim c join delivery d on d.id = any(c.ids) order by d.key",
    );
    const { rows } = await held.finally(open);
    expect(rows).toEqual([{ key: "O-1" }]);
    await settled(test.db);
  });

  it("does not let an old request overwrite a newer level", async () => {
    const portal = new MemorySystem("portal");
    const plans = [
      { system: portal, writes: { "inventory.level": absolute }, limits: { requestTimeoutMs: 900 } },
    ];
    const first = await start(plans);
    await until(() => owns(first), "the first node owns the target");
    const stuck: OutboundMessage[] = [];
    portal.script = (message) => {
      stuck.push(message);
      setTimeout(() => portal.take(message), 850);
      return new Promise(() => {});
    };
    for (const n of [1, 2, 3]) await first.deliver([delivery("portal", "inventory.level", "SKU", n)]);
    await until(() => stuck.length === 1, "the first level is under way");
    kill(first);
    portal.script = undefined;
    const second = await start(plans);
    await until(() => owns(second), "the second node owns the target");
    await second.deliver([delivery("portal", "inventory.level", "SKU", 4)]);
    await settled(test.db);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(portal.numbers().at(-1)).toBe(4);
    expect(portal.numbers()).toContain(1);
  });
});

describe("two nodes", () => {
  it("share the targets, and each delivers what the other wrote", async () => {
    const systems = Array.from({ length: 8 }, (_, n) => new MemorySystem(`system-${n}`));
    const plans = systems.map((system) => ({ system, writes: { "order.release": absolute } }));
    const first = await start(plans);
    const second = await start(plans);
    const ownedBy = (node: TestNode) => node.engine.status().targets.filter((target) => target.owned).length;
    await until(() => ownedBy(first) + ownedBy(second) === 8 && ownedBy(second) > 0, "both own something");
    const rows = (base: number) => systems.map((s, n) => delivery(s.name, "order.release", "O-1", base + n));
    for (let round = 0; round < 10; round++)
      await (round % 2 === 0 ? first : second).deliver(rows(round * 10));
    await settled(test.db);
    for (const [n, system] of systems.entries())
      expect(system.numbers()).toEqual(Array.from({ length: 10 }, (_, round) => round * 10 + n));
  });

  it("hand a target over cleanly: nothing is looked up, nothing waits", async () => {
    const erp = new MemorySystem("erp");
    const plans = [{ system: erp, writes: { "order.booking": lookup } }];
    const first = await start(plans);
    await until(() => owns(first), "the first node owns the target");
    await first.deliver(Array.from({ length: 300 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    nodes = [];
    await first.stop();
    const second = await start(plans);
    const begun = performance.now();
    await settled(test.db);
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(second.engine.status().targets[0]!.owned).toBe(true);
    expect(erp.finds).toBe(0);
    expect(erp.numbers().sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
  });
});

describe("lanes", () => {
  /** What a system does with the nth request, and when its node dies. */
  const behaviour = fc.constantFrom(
    "done",
    "done",
    "done",
    "busy",
    "ill",
    "ill-after-effect",
    "unknown-before",
    "unknown-after",
    "unknown-late",
    "missing",
  );
  type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

  it("keep their order, and every effect happens once, whatever answers and crashes come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { minLength: 30, maxLength: 80 }),
        fc.array(fc.integer({ min: 20, max: 250 }), { maxLength: 2 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        async (script, crashes, lanes, bulk) => {
          await clear(test.db);
          await runLanes(script, crashes, lanes, bulk);
        },
      ),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);

  async function runLanes(
    script: Behaviour[],
    crashes: number[],
    lanes: number,
    bulk: boolean,
  ): Promise<void> {
    const erp = new MemorySystem("erp");
    const portal = new MemorySystem("portal");
    const known = new Set<string>();
    let turn = 0;
    const answer = (system: MemorySystem) => (message: OutboundMessage) => {
      const next = script[turn++] ?? "done";
      if (message.type === "customer.reference") {
        known.add(message.key);
        return { kind: "done" as const };
      }
      const late = () => setTimeout(() => system.take(message), 20 + ((turn * 37) % 100));
      switch (next) {
        case "busy":
          return { kind: "busy" as const, reason: "429", retryAfterMs: 5 };
        case "ill":
          return { kind: "ill" as const, reason: `500 ${turn}` };
        case "ill-after-effect":
          system.take(message);
          return { kind: "ill" as const, reason: `500 ${turn}` };
        case "unknown-before":
          return { kind: "unknown" as const, reason: `reset ${turn}` };
        case "unknown-after":
          system.take(message);
          return { kind: "unknown" as const, reason: `time-out ${turn}` };
        case "unknown-late":
          late();
          return { kind: "unknown" as const, reason: `time-out ${turn}` };
        case "missing": {
          const customer = `${message.key}-customer`;
          if (known.has(customer) || message.type !== "order.booking") break;
          return { kind: "missing" as const, references: [{ domain: "customer" as const, key: customer }] };
        }
      }
      system.take(message);
      return { kind: "done" as const };
    };
    erp.script = answer(erp);
    portal.script = answer(portal);
    const plans: TargetPlan[] = [
      {
        system: erp,
        writes: {
          "order.booking": { kind: "lookup", bulkMax: bulk ? 5 : 1 },
          "customer.reference": absolute,
        },
      },
      { system: portal, writes: { "inventory.level": { kind: "absolute", bulkMax: bulk ? 5 : 1 } } },
    ];
    let node = await start(plans, { tuning: { windowMax: 400 } });
    const count = 40;
    for (let n = 0; n < count; n += 4) {
      const rows = [0, 1, 2, 3].flatMap((i) => {
        const lane = `lane-${(n + i) % lanes}`;
        const customer = { id: `${n + i}`, name: "x" };
        return [
          delivery("erp", "order.booking", `O-${n + i}`, n + i, {
            lane,
            payloadMore: { company: "main", customer },
          }),
          delivery("portal", "inventory.level", lane, n + i),
        ];
      });
      await node.deliver(rows);
      if (crashes.length > 0 && n === 20) {
        const [afterMs] = crashes.splice(0, 1) as [number];
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        kill(node);
        node = await start(plans, { tuning: { windowMax: 400 } });
      }
    }
    for (const afterMs of crashes) {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      kill(node);
      node = await start(plans, { tuning: { windowMax: 400 } });
    }
    await settled(test.db, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 130));
    const effects = erp.numbers();
    expect([...effects].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
    for (let lane = 0; lane < lanes; lane++) {
      const inLane = effects.filter((n) => n % lanes === lane);
      expect(inLane).toEqual([...inLane].sort((a, b) => a - b));
      expect(portal.numbers(`lane-${lane}`).at(-1)).toBe(count - 1 - ((count - 1 - lane) % lanes));
    }
    expect(await balanced(test.db)).toBe(true);
    await node.stop();
    nodes = nodes.filter((other) => other !== node);
  }
});

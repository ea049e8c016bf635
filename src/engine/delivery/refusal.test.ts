import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Answer } from "../../connector/contract.ts";
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
const refused: Answer = { kind: "refused", code: "422", reason: "customer is blocked" };

const states = async () =>
  (
    await test.db.query<{ n: string; state: string }>(
      "select payload ->> 'n' as n, state from delivery order by id",
    )
  ).rows.map((row) => `${row.n} ${row.state}`);

const openProblems = async () =>
  (
    await test.db.query<{ code: string; occurrences: string }>(
      "select code, occurrences from exception where resolved_at is null order by fingerprint",
    )
  ).rows;

describe("a refusal", () => {
  it("parks its lane alone, with an exception, and marks what comes behind it", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      if (message.key === "O-1") return refused;
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([
      { system: erp, writes: { "order.booking": absolute, "order.cancellation": absolute } },
    ]);
    await deliver([
      delivery("erp", "order.booking", "O-1", 1),
      delivery("erp", "order.cancellation", "C-1", 2, { lane: "O-1" }),
      delivery("erp", "order.booking", "O-2", 3),
    ]);
    await until(async () => (await states()).join() === "1 parked,2 behind", "the lane is held");
    // What comes later, handed over or not, is behind as well.
    await deliver([delivery("erp", "order.cancellation", "C-2", 4, { lane: "O-1" })]);
    await until(
      async () => (await states()).join() === "1 parked,2 behind,4 behind",
      "the newcomer is behind",
    );
    expect(erp.numbers()).toEqual([3]);
    expect(await openProblems()).toEqual([{ code: "delivery.refused", occurrences: "1" }]);
    expect(await balanced(test.db)).toBe(true);
    const { rows } = await test.db.query("select attempt, answer, reason from delivery_attempt");
    expect(rows).toEqual([{ attempt: 1, answer: "refused", reason: "422: customer is blocked" }]);
  });

  it("of a level holds nothing up, and a newer level takes its place", async () => {
    const portal = new MemorySystem("portal");
    portal.script = (message) => {
      if ((message.payload as { n: number }).n === 1) return refused;
      portal.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: portal, writes: { "inventory.level": absolute } }]);
    const lane = { lane: "stock:SKU" };
    await deliver([
      delivery("portal", "inventory.level", "EAST", 1, lane),
      delivery("portal", "inventory.level", "WEST", 2, lane),
    ]);
    await until(
      async () => portal.has("WEST") && (await unsettled(test.db)) === 1,
      "the other level is delivered",
    );
    expect(await states()).toEqual(["1 parked"]);
    await deliver([delivery("portal", "inventory.level", "EAST", 3, lane)]);
    await settled(test.db);
    expect(portal.numbers()).toEqual([2, 3]);
    expect(await openProblems()).toEqual([]);
    expect(await balanced(test.db)).toBe(true);
  });

  it("records the facts it brings once", async () => {
    const erp = new MemorySystem("erp");
    erp.script = () => ({ ...refused, facts: [{ type: "order.booking.refused", data: {} }] }) as Answer;
    const { deliver, facts } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver([delivery("erp", "order.booking", "O-1", 1)]);
    await until(() => facts.length === 1, "the fact is recorded");
    expect(await states()).toEqual(["1 parked"]);
  });

  it("of a type that the system does not take is said, not tried", async () => {
    const erp = new MemorySystem("erp");
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }]);
    await deliver([delivery("erp", "return.advice", "R-1", 1)]);
    await until(async () => (await states()).join() === "1 parked", "it is parked");
    expect(erp.calls).toHaveLength(0);
  });
});

describe("a message that breaks a healthy system", () => {
  it("is parked after it failed often enough while others of its type succeeded", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      if (message.key === "O-BAD") return { kind: "ill", reason: "500 duplicate key" };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }], {
      tuning: { illAttemptsMax: 5, illParkAfterMs: 100 },
    });
    await deliver([delivery("erp", "order.booking", "O-BAD", 0)]);
    let n = 0;
    await until(async () => {
      n += 1;
      await deliver([delivery("erp", "order.booking", `O-${n}`, n)]);
      return (await states()).includes("0 parked");
    }, "it is parked");
    expect(await openProblems()).toMatchObject([{ code: "delivery.refused" }]);
  });

  it("is never parked while nothing else succeeds", async () => {
    const erp = new MemorySystem("erp");
    erp.script = () => ({ kind: "ill", reason: "500" });
    erp.healthy = false;
    const { deliver } = await start([{ system: erp, writes: { "order.booking": absolute } }], {
      tuning: { illAttemptsMax: 2, illParkAfterMs: 0 },
    });
    await deliver(Array.from({ length: 20 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await unsettled(test.db, "state <> 'waiting'")).toBe(0);
    erp.script = undefined;
    erp.healthy = true;
    await settled(test.db);
    expect(erp.effects).toHaveLength(20);
  });
});

describe("an unknown outcome", () => {
  it("of a write that can be looked up is looked up, not before the request must have ended", async () => {
    const erp = new MemorySystem("erp");
    const times = new Map<string, number[]>();
    erp.script = (message) => {
      times.set(message.key, [...(times.get(message.key) ?? []), performance.now()]);
      if (message.attempt > 1) {
        erp.take(message);
        return { kind: "done" };
      }
      // Took effect, took effect late, never took effect.
      if (message.key === "O-1") erp.take(message);
      if (message.key === "O-2") setTimeout(() => erp.take(message), 150);
      return { kind: "unknown", reason: "connection reset" };
    };
    const { deliver } = await start([
      { system: erp, writes: { "order.booking": { kind: "lookup", bulkMax: 1 } } },
    ]);
    const begun = performance.now();
    await deliver([1, 2, 3].map((n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await settled(test.db);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(200);
    expect(erp.numbers().sort()).toEqual([1, 2, 3]);
    expect(times.get("O-1")).toHaveLength(1);
    expect(times.get("O-2")).toHaveLength(1);
    expect(times.get("O-3")![1]! - times.get("O-3")![0]!).toBeGreaterThanOrEqual(200);
  });

  it("of a write that cannot be looked up is a person's to decide", async () => {
    const edi = new MemorySystem("edi");
    edi.script = (message) => {
      if (message.key !== "O-1") {
        edi.take(message);
        return { kind: "done" };
      }
      return { kind: "unknown", reason: "no answer" };
    };
    const { deliver } = await start([
      { system: edi, writes: { "order.release": { kind: "none", bulkMax: 1 } } },
    ]);
    await deliver([1, 2].map((n) => delivery("edi", "order.release", `O-${n}`, n)));
    await until(async () => (await states()).join() === "1 parked", "it is parked");
    expect(edi.calls).toHaveLength(2);
    expect(await openProblems()).toMatchObject([{ code: "delivery.outcome-unknown" }]);
  });

  it("keeps being looked up while the system does not say", async () => {
    const erp = new MemorySystem("erp");
    let answers = 3;
    erp.script = (message) => {
      if (message.attempt === 1) return { kind: "unknown", reason: "time-out" };
      erp.take(message);
      return { kind: "done" };
    };
    erp.findScript = () => (answers-- > 0 ? { kind: "unknown", reason: "503" } : undefined);
    const { deliver } = await start([
      { system: erp, writes: { "order.booking": { kind: "lookup", bulkMax: 1 } } },
    ]);
    await deliver([delivery("erp", "order.booking", "O-1", 1)]);
    await settled(test.db);
    expect(erp.numbers()).toEqual([1]);
    expect(erp.finds).toBe(4);
  });

  it("is a person's to decide where looking cannot tell, and what is behind it in other lanes goes on", async () => {
    const post = new MemorySystem("post");
    post.script = (message) => {
      if (message.key === "O-1" && message.attempt === 1) return { kind: "unknown", reason: "broken off" };
      post.take(message);
      return { kind: "done" };
    };
    post.findScript = () => ({ kind: "doubtful", reason: "it is a draft" });
    const { deliver, engine } = await start([
      { system: post, writes: { "order.release": { kind: "lookup", bulkMax: 1 } } },
    ]);
    await deliver([1, 2].map((n) => delivery("post", "order.release", `O-${n}`, n)));
    await until(async () => (await states()).join() === "1 parked", "it is parked");
    expect(post.finds).toBe(1);
    expect(post.numbers()).toEqual([2]);
    expect(await openProblems()).toMatchObject([{ code: "delivery.outcome-unknown" }]);
    expect(engine.status().targets[0]).toMatchObject({ breaker: "closed" });
  });

  it("of an absolute write is written again, and a connector that throws or hangs is no different", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) => {
      if (message.attempt === 1 && message.key === "O-1") throw new TypeError("a bug in a mapping");
      if (message.attempt === 1 && message.key === "O-2") return new Promise(() => {});
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes: { "order.release": absolute } }]);
    await deliver([1, 2].map((n) => delivery("erp", "order.release", `O-${n}`, n)));
    await settled(test.db);
    expect(erp.numbers().sort()).toEqual([1, 2]);
  });
});

describe("a reference that the target lacks", () => {
  const writes = {
    "order.booking": { kind: "lookup", bulkMax: 1 },
    "customer.reference": { kind: "absolute", bulkMax: 1 },
  } as const;
  const customer = (id: string) => ({
    payloadMore: { company: "main", customer: { id, name: `Customer ${id}` } },
  });

  function lacking(erp: MemorySystem) {
    const known = new Set<string>();
    erp.script = (message) => {
      if (message.type === "customer.reference") {
        known.add(message.key);
        erp.take(message);
        return { kind: "done", reference: `C-${message.key}` };
      }
      const { customer } = message.payload as { customer: { id: string } };
      if (!known.has(customer.id))
        return { kind: "missing", references: [{ domain: "customer", key: customer.id }] };
      erp.take(message);
      return { kind: "done" };
    };
    return known;
  }

  it("goes first, once, and lets go on what waited for it, in order", async () => {
    const erp = new MemorySystem("erp");
    lacking(erp);
    const { deliver } = await start([{ system: erp, writes }]);
    await deliver([
      ...Array.from({ length: 10 }, (_, n) =>
        delivery("erp", "order.booking", `O-${n}`, n, customer(`${n % 2}`)),
      ),
      delivery("erp", "order.booking", "X-1", 100, { lane: "O-1", ...customer("1") }),
    ]);
    await settled(test.db);
    const references = erp.effects.filter((effect) => effect.type === "customer.reference");
    expect(references.map((effect) => effect.key).sort()).toEqual(["0", "1"]);
    expect(references[0]!.payload).toMatchObject({
      company: "main",
      name: expect.stringMatching(/^Customer/),
    });
    expect(erp.effects.filter((effect) => effect.type === "order.booking")).toHaveLength(11);
    expect(erp.numbers().indexOf(1)).toBeLessThan(erp.numbers().indexOf(100));
    const { rows } = await test.db.query("select domain, key, native_id from reference order by key");
    expect(rows).toEqual([
      { domain: "customer", key: "0", native_id: "C-0" },
      { domain: "customer", key: "1", native_id: "C-1" },
    ]);
    expect(await balanced(test.db)).toBe(true);
  });

  it("that nobody can render is an exception, and goes on when it came there another way", async () => {
    const erp = new MemorySystem("erp");
    let there = false;
    erp.script = (message) => {
      if (!there) return { kind: "missing", references: [{ domain: "product", key: "SKU-1" }] };
      erp.take(message);
      return { kind: "done" };
    };
    const { deliver } = await start([{ system: erp, writes }], {
      tuning: { referenceRetryMs: 200, housekeepingMs: 50 },
    });
    await deliver([
      delivery("erp", "order.booking", "O-1", 1),
      delivery("erp", "order.booking", "O-1b", 2, { lane: "O-1" }),
    ]);
    await until(async () => (await states()).join() === "1 referring,2 behind", "it waits");
    expect(await openProblems()).toMatchObject([{ code: "delivery.reference-missing" }]);
    there = true;
    await settled(test.db);
    expect(erp.numbers()).toEqual([1, 2]);
    expect(await openProblems()).toEqual([]);
  });

  it("that is itself refused leaves what needs it waiting", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (message) =>
      message.type === "customer.reference"
        ? refused
        : { kind: "missing", references: [{ domain: "customer", key: "1" }] };
    const { deliver } = await start([{ system: erp, writes }]);
    await deliver([delivery("erp", "order.booking", "O-1", 1, customer("1"))]);
    await until(async () => (await unsettled(test.db, "state = 'parked'")) === 1, "the reference is parked");
    expect(await unsettled(test.db, "state = 'referring'")).toBe(1);
    expect(await balanced(test.db)).toBe(true);
  });
});

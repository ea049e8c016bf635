import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../postgres/pool.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { monotonicClock, silentLog } from "./context.ts";
import { type Lease, type LeaseHolder, Leases } from "./lease.ts";
import { Membership } from "./membership.ts";
import { ownerOf } from "./rendezvous.ts";

const TTL_MS = 600;
const NAMES = Array.from({ length: 12 }, (_, n) => `projection/${n}`);

let test: TestDatabase;
const running: TestNode[] = [];

beforeAll(async () => {
  test = await testDatabase({ connectionsMax: 20 });
});
afterAll(() => test.drop());
beforeEach(() => test.db.query("truncate node, lease"));
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
});

interface TestNode {
  id: string;
  leases: Leases;
  held: Map<string, Lease>;
  /** What happened, in order. */
  story: string[];
  /** The database no longer answers this node. */
  cut: { off: boolean };
  owned(): string[];
  stop(): Promise<void>;
}

async function startNode(
  options: { revision?: number; clean?: boolean; names?: string[]; ttlMs?: number } = {},
): Promise<TestNode> {
  const id = randomUUID();
  const ttlMs = options.ttlMs ?? TTL_MS;
  const cut = { off: false };
  const db: Database = {
    ...test.db,
    query: (statement, values) =>
      cut.off ? Promise.reject(new Error("cut off")) : test.db.query(statement, values),
  };
  const membership = new Membership({
    db,
    nodeId: id,
    configurationRevision: options.revision ?? 1,
    version: "test",
    log: silentLog,
    beatMs: ttlMs / 6,
    deadAfterMs: ttlMs * 0.75,
  });
  const leases = new Leases({
    db,
    membership,
    clock: monotonicClock,
    log: silentLog,
    ttlMs,
    renewMs: ttlMs / 4,
    acquireMs: 20,
  });
  const held = new Map<string, Lease>();
  const story: string[] = [];
  const holder: LeaseHolder = {
    acquired: (lease) => {
      held.set(lease.name, lease);
      story.push(`acquired ${lease.name}`);
    },
    lost: (lease) => {
      held.delete(lease.name);
      story.push(`lost ${lease.name}`);
    },
    yield: async (lease) => {
      await sleep(5);
      held.delete(lease.name);
      story.push(`yielded ${lease.name}`);
      return options.clean ?? true;
    },
  };
  for (const name of options.names ?? NAMES) leases.want(name, holder);
  await membership.start();
  await leases.start();
  const node: TestNode = {
    id,
    leases,
    held,
    story,
    cut,
    owned: () => [...held.values()].filter((lease) => lease.valid()).map((lease) => lease.name),
    async stop() {
      cut.off = false;
      await leases.stop();
      await membership.stop();
    },
  };
  running.push(node);
  return node;
}

async function until(met: () => boolean, what: string, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!met()) {
    if (performance.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await sleep(2);
  }
}

describe("leases", () => {
  it("are all the first node's, and are shared when a second one comes, never held twice", async () => {
    // Long enough that no machine is so slow as to lose what it holds.
    const first = await startNode({ ttlMs: 6_000 });
    await until(() => first.owned().length === 12, "the first owns all");
    let twice = 0;
    const second = await startNode({ ttlMs: 6_000 });
    const ofSecond = NAMES.filter((name) => ownerOf(name, [first.id, second.id]) === second.id);
    const watch = setInterval(() => {
      const both = new Set(first.owned());
      twice += second.owned().filter((name) => both.has(name)).length;
    }, 1);
    await until(
      () => first.owned().length + second.owned().length === 12 && second.owned().length === ofSecond.length,
      "they share",
    );
    clearInterval(watch);
    expect(twice).toBe(0);
    expect(second.owned().sort()).toEqual(ofSecond.sort());
    // Given back, not taken: nothing of the old owner can be under way.
    expect([...second.held.values()].every((lease) => lease.takenOver === null)).toBe(true);
  });

  it("of a node that is cut off go to the other in time, after the first has stopped by itself", async () => {
    const first = await startNode();
    await until(() => first.owned().length === 12, "the first owns all");
    const epochs = new Map([...first.held.values()].map((lease) => [lease.name, lease.epoch]));
    first.cut.off = true;
    const cutAt = performance.now();
    const second = await startNode();
    let twice = 0;
    const watch = setInterval(() => {
      const both = new Set(first.owned());
      twice += second.owned().filter((name) => both.has(name)).length;
    }, 1);
    await until(() => second.owned().length === 12, "the second owns all");
    clearInterval(watch);
    expect(performance.now() - cutAt).toBeLessThan(TTL_MS * 1.25 + 200);
    expect(twice).toBe(0);
    expect(first.owned()).toEqual([]);
    for (const lease of second.held.values()) {
      expect(lease.epoch).toBe(epochs.get(lease.name)! + 1);
      expect(lease.takenOver).toMatchObject({ from: first.id });
    }
    // It hears of it when it can, and holds nothing that it no longer has.
    first.cut.off = false;
    await until(() => first.story.some((line) => line.startsWith("lost")), "the first hears of it");
    await until(() => first.owned().length + second.owned().length === 12, "they share again");
  });

  it("that nobody took meanwhile are renewed as they were", async () => {
    const node = await startNode({ names: ["one"] });
    await until(() => node.owned().length === 1, "it is owned");
    const lease = node.held.get("one")!;
    node.cut.off = true;
    await sleep(TTL_MS * 1.5);
    expect(lease.valid()).toBe(false);
    node.cut.off = false;
    await until(() => lease.valid(), "it is renewed");
    expect(node.held.get("one")).toBe(lease);
    expect(node.story).toEqual(["acquired one"]);
  });

  it("are not given back by a node that could not end cleanly", async () => {
    const first = await startNode({ clean: false, names: ["one"] });
    await until(() => first.owned().length === 1, "it is owned");
    await first.stop();
    running.length = 0;
    const second = await startNode({ names: ["one"] });
    await until(() => second.owned().length === 1, "the second owns it");
    expect(second.held.get("one")!.takenOver).toMatchObject({ from: first.id });
  });

  it("are not for a node on an older configuration", async () => {
    const old = await startNode({ revision: 7 });
    await until(() => old.owned().length === 12, "the old one owns all");
    const fresh = await startNode({ revision: 8 });
    await until(() => fresh.owned().length === 12, "the new one owns all");
    expect(old.owned()).toEqual([]);
    expect(old.story.filter((line) => line.startsWith("yielded"))).toHaveLength(12);
    await fresh.stop();
    running.splice(running.indexOf(fresh), 1);
    await until(() => old.owned().length === 12, "the old one goes on when it is alone again");
  });

  it("survive five nodes that start at once", async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => startNode()));
    await until(() => nodes.reduce((sum, node) => sum + node.owned().length, 0) === 12, "all is owned");
    const names = nodes.flatMap((node) => node.owned());
    expect(new Set(names).size).toBe(12);
    const { rows } = await test.db.query("select count(*) as count from lease");
    expect(rows).toEqual([{ count: "12" }]);
  });
});

describe("rendezvous hashing", () => {
  it("spreads names and moves only those of a node that goes", () => {
    const nodes = Array.from({ length: 4 }, () => randomUUID());
    const names = Array.from({ length: 2_000 }, (_, n) => `target/system-${n}`);
    const before = names.map((name) => ownerOf(name, nodes)!);
    for (const node of nodes) {
      const share = before.filter((owner) => owner === node).length;
      expect(share).toBeGreaterThan(380);
      expect(share).toBeLessThan(620);
    }
    const left = nodes.slice(1);
    for (const [index, name] of names.entries()) {
      if (before[index] !== nodes[0]) expect(ownerOf(name, left)).toBe(before[index]);
    }
    expect(ownerOf("anything", [])).toBeUndefined();
  });
});

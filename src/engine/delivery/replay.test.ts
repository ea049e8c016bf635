import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Answer } from "../../connector/contract.ts";
import type { OutboundType } from "../../domains/outbound.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { type ReplaySource, Replays } from "./replay.ts";
import { distantOwner } from "./tell.ts";
import {
  balanced,
  clear,
  delivery,
  MemorySystem,
  quickLimits,
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

async function start(plan: TargetPlan, source: Partial<ReplaySource> = {}) {
  node = await startNode(test.url, [plan]);
  const { engine, deliver } = node;
  await until(() => engine.status().targets[0]!.owned, "the node owns its target");
  const session = plan.system.session(Object.keys(plan.writes) as OutboundType[], () => true);
  const replays = new Replays({
    db: test.db,
    // As the command line beside the node does it.
    owner: distantOwner(test.db, () => {}),
    targets: [{ system: plan.system.name, session, writes: plan.writes, limits: quickLimits, mode: "live" }],
    problems: { raise: raiseProblems, solve: solveProblems },
    source: { render: async () => [], stillWanted: async () => new Set(), ...source },
  });
  return { deliver, replays };
}

const absolute = { kind: "absolute", bulkMax: 1 } as const;
const lookup = { kind: "lookup", bulkMax: 1 } as const;
const refused: Answer = { kind: "refused", code: "422", reason: "blocked" };

function refusing(system: MemorySystem): { mended: boolean } {
  const state = { mended: false };
  system.script = (message) => {
    if (!state.mended && message.key.startsWith("BAD")) return refused;
    system.take(message);
    return { kind: "done" };
  };
  return state;
}

const openProblems = async () =>
  (await test.db.query("select code from exception where resolved_at is null")).rows.length;

describe("what is parked", () => {
  it("is shown before it is released, goes on in order with what is behind it, and its exception is solved", async () => {
    const erp = new MemorySystem("erp");
    const state = refusing(erp);
    const { deliver, replays } = await start({ system: erp, writes: { "order.booking": absolute } });
    await deliver([
      delivery("erp", "order.booking", "BAD-1", 1, { lane: "O-1" }),
      delivery("erp", "order.booking", "O-1b", 2, { lane: "O-1" }),
      delivery("erp", "order.booking", "O-1c", 3, { lane: "O-1" }),
      delivery("erp", "order.booking", "BAD-2", 4),
    ]);
    await until(async () => (await unsettled(test.db, "state in ('parked', 'behind')")) === 4, "all is held");
    expect(await replays.previewStuck({ system: "erp", lane: "O-1" })).toMatchObject({
      counts: [{ system: "erp", type: "order.booking", state: "parked", count: 1 }],
      samples: [{ key: "BAD-1", reason: "422: blocked" }],
    });
    state.mended = true;
    expect(await replays.release({ lane: "O-1" })).toBe(1);
    await until(async () => (await unsettled(test.db)) === 1, "the lane is delivered");
    expect(erp.numbers()).toEqual([1, 2, 3]);
    expect(await openProblems()).toBe(1);
    expect(await replays.release({ problem: "delivery.refused/erp/order.booking/BAD-2" })).toBe(1);
    await settled(test.db);
    expect(await openProblems()).toBe(0);
    expect(await balanced(test.db)).toBe(true);
  });

  it("is parked again where nothing was mended, with what is behind it", async () => {
    const erp = new MemorySystem("erp");
    refusing(erp);
    const { deliver, replays } = await start({ system: erp, writes: { "order.booking": absolute } });
    await deliver([
      delivery("erp", "order.booking", "BAD", 1, { lane: "O-1" }),
      delivery("erp", "order.booking", "O-1b", 2, { lane: "O-1" }),
    ]);
    await until(async () => (await unsettled(test.db, "state = 'behind'")) === 1, "the lane is held");
    for (let round = 1; round <= 3; round++) {
      await replays.release({});
      await until(async () => erp.calls.length === round + 1, "it was tried again");
      await until(async () => (await unsettled(test.db, "state = 'parked'")) === 1, "it is parked again");
    }
    expect(await unsettled(test.db, "state = 'behind'")).toBe(1);
    expect(erp.effects).toEqual([]);
    const { rows } = await test.db.query("select occurrences from exception where resolved_at is null");
    expect(rows).toEqual([{ occurrences: "4" }]);
  });

  it("can be skipped, and what is behind it goes on", async () => {
    const erp = new MemorySystem("erp");
    refusing(erp);
    const { deliver, replays } = await start({ system: erp, writes: { "order.booking": absolute } });
    await deliver([
      delivery("erp", "order.booking", "BAD", 1, { lane: "O-1" }),
      delivery("erp", "order.booking", "O-1b", 2, { lane: "O-1" }),
    ]);
    await until(async () => (await unsettled(test.db, "state = 'behind'")) === 1, "the lane is held");
    expect(await replays.skip({ key: "BAD" }, "booked by hand")).toBe(1);
    await settled(test.db);
    expect(erp.numbers()).toEqual([2]);
    const { rows } = await test.db.query("select outcome, reason from delivery_done order by id");
    expect(rows).toMatchObject([{ outcome: "skipped", reason: "booked by hand" }, { outcome: "delivered" }]);
    expect(await openProblems()).toBe(0);
    expect(await balanced(test.db)).toBe(true);
  });

  it("is not released over a newer level of its key", async () => {
    const portal = new MemorySystem("portal");
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    portal.script = async (message) => {
      if ((message.payload as { n: number }).n === 1) return refused;
      await gate;
      portal.take(message);
      return { kind: "done" };
    };
    const { deliver, replays } = await start({
      system: portal,
      writes: { "inventory.level": absolute },
      limits: { requestTimeoutMs: 5_000 },
    });
    await deliver([delivery("portal", "inventory.level", "SKU", 1)]);
    await until(async () => (await unsettled(test.db, "state = 'parked'")) === 1, "it is parked");
    await deliver([delivery("portal", "inventory.level", "SKU", 2)]);
    await until(() => portal.calls.length === 2, "the newer one is under way");
    await replays.release({});
    open!();
    await settled(test.db);
    expect(portal.numbers()).toEqual([2]);
    expect(await balanced(test.db)).toBe(true);
  });
});

describe("a replay", () => {
  it("draws levels anew from the current state, each key once", async () => {
    const portal = new MemorySystem("portal");
    const asked: string[] = [];
    const { deliver, replays } = await start(
      { system: portal, writes: { "inventory.level": absolute } },
      {
        render: async (_tx, target, wanted) => {
          asked.push(...wanted.map((w) => w.key));
          return wanted.map((w) => delivery(target, "inventory.level", w.key, 99, { lane: w.lane }));
        },
      },
    );
    for (const n of [1, 2, 3]) {
      await deliver([
        delivery("portal", "inventory.level", "A", n),
        delivery("portal", "inventory.level", "B", n),
      ]);
      await settled(test.db);
    }
    expect((await replays.preview({ system: "portal", key: "A" })).types).toMatchObject([
      { type: "inventory.level", treatment: "rendered", deliveries: 3, keys: 1 },
    ]);
    expect(await replays.replay({ system: "portal", domain: "inventory" })).toEqual({
      replayed: 2,
      unwanted: 0,
      underWay: 0,
    });
    await settled(test.db);
    expect(asked.sort()).toEqual(["A", "B"]);
    expect(portal.numbers("A")).toEqual([1, 2, 3, 99]);
  });

  it("sends a document again only where it is lost and still wanted", async () => {
    const erp = new MemorySystem("erp");
    const { deliver, replays } = await start(
      { system: erp, writes: { "order.booking": lookup, "order.release": { kind: "none", bulkMax: 1 } } },
      {
        stillWanted: async (_tx, _target, rows) =>
          new Set(rows.filter((r) => r.key !== "O-3").map((r) => r.id)),
      },
    );
    const rows = [0, 1, 2, 3].map((n) => delivery("erp", "order.booking", `O-${n}`, n));
    await deliver([...rows, delivery("erp", "order.release", "R-1", 9)]);
    await settled(test.db);
    // The ERP is restored from a backup: two of its orders are gone.
    erp.effects.splice(0, erp.effects.length, ...erp.effects.filter((e) => e.key === "O-0"));
    const preview = await replays.preview({ system: "erp" });
    expect(preview.types).toMatchObject([
      { type: "order.booking", treatment: "looked-up", keys: 4 },
      { type: "order.release", treatment: "left", keys: 1 },
    ]);
    expect(preview.samples.length).toBeGreaterThan(0);
    expect(erp.effects).toHaveLength(1);
    expect(await replays.replay({ system: "erp" })).toEqual({ replayed: 3, unwanted: 1, underWay: 0 });
    await settled(test.db);
    expect(erp.effects.map((e) => e.key)).toEqual(expect.arrayContaining(["O-0", "O-1", "O-2"]));
    expect(erp.effects).toHaveLength(3);
    expect(await balanced(test.db)).toBe(true);
  });

  it("keeps to its time range, and finds its own deliveries under way", async () => {
    const erp = new MemorySystem("erp");
    erp.findScript = () => ({ kind: "unknown", reason: "not now" });
    const { deliver, replays } = await start(
      { system: erp, writes: { "order.booking": lookup } },
      { stillWanted: async (_tx, _target, rows) => new Set(rows.map((r) => r.id)) },
    );
    await deliver([delivery("erp", "order.booking", "O-1", 1)]);
    await settled(test.db);
    const { rows } = await test.db.query<{ now: string }>("select clock_timestamp() as now");
    const { now } = rows[0]!;
    expect(await replays.replay({ system: "erp", from: now })).toMatchObject({ replayed: 0 });
    expect(await replays.replay({ system: "erp", to: now })).toMatchObject({ replayed: 1 });
    expect(await replays.replay({ system: "erp", to: now })).toMatchObject({ replayed: 0, underWay: 1 });
    expect(erp.effects).toHaveLength(1);
  });
});

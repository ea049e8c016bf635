// What stopping waits for: calls that have left, and nothing else. Every other wait here is an hour long.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Answer, Found } from "../../connector/contract.ts";
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
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());
beforeEach(() => clear(test.db));
afterEach(() => Promise.all(running.splice(0).map((node) => node.stop(0))));

/** Ended, whatever became of the test. */
const running: TestNode[] = [];

const HOUR_MS = 3_600_000;
/** What was sent may run so long, and is looked up then; that look-up may take so long again. */
const LOOK_UP_MS = 2_000;
const patient = { requestTimeoutMs: HOUR_MS, backoffFirstMs: HOUR_MS, backoffLastMs: HOUR_MS };
const absolute = { kind: "absolute", bulkMax: 1 } as const;
const lookup = { kind: "lookup", bulkMax: 1 } as const;
const never = <T>() => new Promise<T>(() => undefined);

async function start(plans: TargetPlan[]): Promise<TestNode> {
  const node = await startNode(test.url, plans);
  running.push(node);
  await until(() => node.engine.status().targets.every(({ owned }) => owned), "the node owns its targets");
  return {
    ...node,
    stop: (drainMs) => {
      running.splice(running.indexOf(node), 1);
      return node.stop(drainMs);
    },
  };
}

const problems = async () =>
  (await test.db.query<{ code: string }>("select code from exception")).rows.map(({ code }) => code);

describe("stopping", () => {
  it("waits for no backoff, no probe and no look-up", async () => {
    const erp = new MemorySystem("erp");
    erp.script = () => ({ kind: "ill", reason: "connection refused" });
    erp.healthScript = never;
    const desk = new MemorySystem("desk");
    desk.script = () => ({ kind: "unknown", reason: "broken off" });
    desk.findScript = () => never<Found>();
    const { deliver, stop } = await start([
      { system: erp, writes: { "order.booking": absolute }, limits: patient },
      {
        system: desk,
        writes: { "order.booking": lookup },
        limits: { requestTimeoutMs: LOOK_UP_MS, breakerLanes: 100 },
      },
    ]);
    await deliver(Array.from({ length: 20 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await deliver([delivery("desk", "order.booking", "D-1", 1)]);
    await until(() => erp.probes > 0, "the ERP is probed");
    await until(() => desk.finds > 0, "the desk is asked");
    const stopped = stop(HOUR_MS).then(() => "stopped");
    expect(await Promise.race([stopped, sleep(LOOK_UP_MS, "waits for the look-up")])).toBe("stopped");
    expect(await unsettled(test.db)).toBe(21);
    expect(erp.effects).toEqual([]);
  });

  it("waits for a call that has left, and settles what it says", async () => {
    const erp = new MemorySystem("erp");
    let answer: (answer: Answer) => void = () => undefined;
    erp.script = (message) => {
      erp.take(message);
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const { deliver, stop } = await start([
      { system: erp, writes: { "order.booking": lookup }, limits: { ...patient, concurrency: 1 } },
    ]);
    await deliver([delivery("erp", "order.booking", "O-1", 1), delivery("erp", "order.booking", "O-2", 2)]);
    await until(() => erp.running === 1, "the call is under way");
    let stopped = false;
    const stopping = stop(HOUR_MS).then(() => {
      stopped = true;
    });
    // As long as a node without a call under way takes several times over.
    await sleep(300);
    expect(stopped).toBe(false);
    answer({ kind: "done", reference: "SO-1" });
    await stopping;
    expect(await unsettled(test.db)).toBe(1);
    expect(erp.numbers()).toEqual([1]);
  });

  it("takes back what has not left: no outage is said, no attempt is left in doubt", async () => {
    const erp = new MemorySystem("erp");
    erp.script = (_message, _call, { stopping }) =>
      new Promise((resolve) =>
        stopping!.addEventListener("abort", () =>
          resolve({ kind: "ill", reason: "taken back before it left" }),
        ),
      );
    const plan: TargetPlan = {
      system: erp,
      writes: { "order.booking": { kind: "none", bulkMax: 1 } },
      limits: { ...patient, breakerLanes: 1 },
    };
    const { deliver, stop } = await start([plan]);
    await deliver(Array.from({ length: 8 }, (_, n) => delivery("erp", "order.booking", `O-${n}`, n)));
    await until(() => erp.running === 8, "all are under way");
    await stop(HOUR_MS);
    expect([await unsettled(test.db), await problems()]).toEqual([8, []]);
    // In doubt, each would be a person's to decide.
    erp.script = undefined;
    const next = await start([plan]);
    await settled(test.db);
    expect(erp.numbers().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await problems()).toEqual([]);
    await next.stop();
    expect(await balanced(test.db)).toBe(true);
  });

  it("who waits for word by another way ends with what is looked up later", async () => {
    const west = new MemorySystem("west");
    west.script = (message, _call, { stopping }) => {
      west.take(message);
      return new Promise((resolve) =>
        stopping!.addEventListener("abort", () => resolve({ kind: "unknown", reason: "not answered yet" })),
      );
    };
    const plan: TargetPlan = { system: west, writes: { "order.release": lookup } };
    const { deliver, stop } = await start([{ ...plan, limits: { requestTimeoutMs: 2_000 } }]);
    await deliver([delivery("west", "order.release", "O-1", 1)]);
    await until(() => west.running === 1, "the file is there");
    await stop(HOUR_MS);
    expect(await unsettled(test.db)).toBe(1);
    west.script = undefined;
    const next = await start([plan]);
    await settled(test.db);
    expect([west.numbers(), west.finds]).toEqual([[1], 1]);
    await next.stop();
  });
});

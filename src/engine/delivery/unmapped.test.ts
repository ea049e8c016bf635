// Deliveries whose codes no table knows: parked under one exception, and on their way again once one does.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemCodes } from "../../connector/codes.ts";
import type { CodeEntry } from "../../policy/codes.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { changeCodes } from "../../store/code.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { openCodeBook } from "../codes/book.ts";
import { freeMapped } from "../codes/watch.ts";
import { openProblems } from "../projection/testing.ts";
import type { NativeSource } from "../receive/native.ts";
import { Replays } from "./replay.ts";
import {
  balanced,
  clear,
  delivery,
  MemorySystem,
  settled,
  startNode,
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
beforeEach(async () => {
  await clear(test.db);
  await test.db.query("truncate code_entry, code_change");
});
afterEach(async () => {
  await node?.stop();
  node = undefined;
});

/** A system that is sent units by its own codes; `units` is what its tables say at the moment. */
async function start(bulkMax: number) {
  const erp = new MemorySystem("erp");
  const known = new Set<string>();
  erp.script = (message) => {
    const { unit } = message.payload as { unit: string };
    if (!known.has(unit)) return { kind: "unmapped", table: "unit", code: unit };
    erp.take(message);
    return { kind: "done" };
  };
  node = await startNode(test.url, [
    { system: erp, writes: { "order.booking": { kind: "lookup", bulkMax } } },
  ]);
  const { engine } = node;
  await until(() => engine.status().targets.every((target) => target.owned), "the node owns its target");
  return { erp, known };
}

const book = (lane: string, n: number, unit: string) =>
  delivery("erp", "order.booking", `${lane}#${n}`, n, { lane, payloadMore: { unit } });

async function look(): Promise<void> {
  const replays = new Replays({
    db: test.db,
    owner: node!.engine,
    targets: [],
    problems: { raise: raiseProblems, solve: solveProblems },
    source: { render: async () => [], stillWanted: async () => new Set() },
  });
  const sources = new Map([["erp", { system: "erp", codes: () => systemCodes([]) } as NativeSource]]);
  await freeMapped({ db: test.db, book: await openCodeBook(test.db), sources, replays });
}

const map = (code: string, means: string) =>
  test.db.transaction((tx) =>
    changeCodes(tx, "a steward", [
      { system: "erp", table: "unit", direction: "out", code, means } satisfies CodeEntry,
    ]),
  );

describe.each([1, 3])("a delivery whose code no table knows, %i a call", (bulkMax) => {
  it("waits with its lane, alone; all go on in order and once when it is known", async () => {
    const { erp, known } = await start(bulkMax);
    known.add("EA");
    await node!.deliver([
      book("order:main/O-1", 1, "PF"),
      book("order:main/O-1", 2, "EA"),
      book("order:main/O-2", 3, "PF"),
      book("order:main/O-3", 4, "EA"),
    ]);
    await until(async () => (await unsettled(test.db, "state = 'parked'")) === 2, "both are parked");
    await until(() => erp.numbers().includes(4), "the other lane goes on");
    expect(erp.numbers()).toEqual([4]);
    await until(
      async () => (await openProblems(test.db))[0]?.detail.deliveries === 2,
      "one exception counts both",
    );
    expect(await openProblems(test.db)).toMatchObject([
      {
        code: "code.unmapped",
        title: "No code table says what unit PF is in erp",
        detail: { orders: ["order:main/O-1", "order:main/O-2"], orderCount: 2, receipts: 0 },
      },
    ]);
    await look();
    expect(await unsettled(test.db, "state = 'parked'")).toBe(2);
    known.add("PF");
    await map("PF", "PAAR");
    await look();
    await settled(test.db);
    expect(erp.numbers().toSorted()).toEqual([1, 2, 3, 4]);
    expect(erp.numbers().indexOf(1)).toBeLessThan(erp.numbers().indexOf(2));
    expect(await openProblems(test.db)).toEqual([]);
    expect(await balanced(test.db)).toBe(true);
  });

  it("that is given up leaves the exception open for the others", async () => {
    await start(bulkMax);
    await node!.deliver([book("order:main/O-1", 1, "PF"), book("order:main/O-2", 2, "PF")]);
    await until(async () => (await unsettled(test.db, "state = 'parked'")) === 2, "both are parked");
    const replays = new Replays({
      db: test.db,
      owner: node!.engine,
      targets: [],
      problems: { raise: raiseProblems, solve: solveProblems },
      source: { render: async () => [], stillWanted: async () => new Set() },
    });
    await replays.skip({ lane: "order:main/O-1" }, "not wanted");
    expect(await openProblems(test.db)).toMatchObject([{ detail: { deliveries: 1, orderCount: 1 } }]);
    await replays.skip({ lane: "order:main/O-2" }, "not wanted");
    expect(await openProblems(test.db)).toEqual([]);
  });
});

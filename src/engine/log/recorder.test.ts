import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../postgres/pool.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { readFacts } from "../../store/event.ts";
import { allPartitions, at, Dice, House, level, openProblems } from "../projection/testing.ts";
import { uuidv7 } from "./event-id.ts";
import { type Incoming, incomingEvent, type Outcome } from "./incoming.ts";
import { Recorder } from "./recorder.ts";

let database: TestDatabase;
let house: House;
let number = 0;

beforeAll(async () => {
  database = await testDatabase({ connectionsMax: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  house = await newHouse();
});

const newHouse = (epochMax?: number) =>
  new House(database.db, { partitions: [], ...(epochMax === undefined ? {} : { epochMax }) }).start();

/** An event whose id nobody used, or `id`. */
function stock(quantity: number, id = `id-${++number}`, system = "east"): Incoming {
  return incomingEvent(system, "main", { id, ...level("A", "EAST", quantity, at("10:00")) });
}

/** What passed the contracts and cannot be stored all the same. */
function unstorable(): Incoming {
  const item = stock(1) as Extract<Incoming, { kind: "event" }>;
  return { ...item, event: { ...item.event, correlationId: "a\u0000b" } };
}

const statuses = (outcomes: Outcome[]) => {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const head = async () =>
  Number((await database.db.query<{ seq: string }>("select seq from log_head")).rows[0]!.seq);

async function intake(system: string) {
  const { rows } = await database.db.query<Record<string, string>>(
    "select received, recorded, duplicate, conflict, rejected, native_mapped, native_failed, native_ignored from intake where system = $1",
    [system],
  );
  return Object.fromEntries(Object.entries(rows[0]!).map(([name, value]) => [name, Number(value)]));
}

describe("one transaction for many", () => {
  test("what is answered is in the log at the seq that was answered", async () => {
    const outcomes = (
      await Promise.all(Array.from({ length: 200 }, (_, n) => house.recorder.record([stock(n)])))
    ).flat();
    const seqs = outcomes.map((outcome) => (outcome.status === "recorded" ? outcome.seq : 0));
    expect(new Set(seqs).size).toBe(200);
    const { rows } = await database.db.query<{ data: string }>(
      "select data from event where seq = any($1::bigint[]) order by array_position($1::bigint[], seq)",
      [`{${seqs.join(",")}}`],
    );
    expect(rows.map((row) => Number(JSON.parse(row.data).quantity))).toEqual(seqs.map((_, n) => n));
  });

  test("a NUL byte, a wrong type and a 2099 date among a thousand", async () => {
    const items = Array.from({ length: 1000 }, (_, n) => stock(n));
    const [nul] = await house.say("east", { ...level("A\u0000", "EAST", 1, at("10:00")) });
    expect(nul).toMatchObject({ status: "rejected", reason: { errors: [{ path: "$.sku" }] } });
    items[500] = incomingEvent("east", "main", {
      id: "n1",
      ...level("A", "EAST", 1, at("10:00"), { lot: "\u0000" }),
    });
    items[600] = incomingEvent("east", "main", { id: "n2", type: "inventory.levels.observed", data: {} });
    items[700] = incomingEvent("east", "main", {
      id: "n3",
      ...level("A", "EAST", 1, "2099-01-01T00:00:00.000000Z"),
    });
    const outcomes = await house.recorder.record(items);
    expect(statuses(outcomes)).toEqual({ recorded: 998, rejected: 2 });
    expect([outcomes[500]!.status, outcomes[600]!.status, outcomes[700]!.status]).toEqual([
      "rejected",
      "rejected",
      "recorded",
    ]);
  });

  test("what only the database refuses fails alone, is counted, and is kept", async () => {
    const before = await head();
    const items = Array.from({ length: 1000 }, () => stock(1, undefined, "refused"));
    items[417] = { ...unstorable(), system: "refused" } as Incoming;
    const outcomes = await house.recorder.record(items);
    expect(statuses(outcomes)).toEqual({ recorded: 999, rejected: 1 });
    expect(outcomes[417]).toMatchObject({ status: "rejected", reason: { code: "event.not-storable" } });
    expect(await head()).toBe(before + 999);
    const seqs = outcomes.flatMap((outcome) => (outcome.status === "recorded" ? [outcome.seq] : []));
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(await intake("refused")).toMatchObject({ received: 1000, recorded: 999, rejected: 1 });
    const { rows } = await database.db.query("select body from refused_event where system = 'refused'");
    expect(rows).toHaveLength(1);
  });

  test("of many callers only the one with the bad event hears of it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, n) => house.recorder.record([n === 20 ? unstorable() : stock(n)])),
    );
    expect(statuses(answers.flat())).toEqual({ recorded: 63, rejected: 1 });
    expect(answers[20]![0]!.status).toBe("rejected");
  });

  test("a database that fails is no reason to refuse: nobody is answered, and the same can be sent again", async () => {
    await database.db.query("alter table intake rename to intake_away");
    const items = [stock(1), stock(2)];
    await expect(house.recorder.record(items)).rejects.toThrow();
    await database.db.query("alter table intake_away rename to intake");
    expect(statuses(await house.recorder.record(items))).toEqual({ recorded: 2 });
  });

  test.each(["40001", "53100", "53200", "53400", "55000", "55P03", "57014", "57P01", "57P03", "58030"])(
    "a database that says %s takes nothing for wrong: all of it can be sent again",
    async (state) => {
      let fails = true;
      // As the server would: its state, at the last statement.
      const db: Database = {
        ...database.db,
        query: (statement, values) =>
          database.db.transaction(async (tx) => {
            const result = await tx.query(statement, values);
            if (fails)
              await tx.query(`do $$ begin raise exception 'not now' using errcode = '${state}'; end $$`);
            return result as never;
          }),
      };
      const recorder = new Recorder({ db, identities: house.identities, recorded: () => undefined });
      const before = await head();
      const items = [stock(1), stock(2), stock(3)];
      await expect(recorder.record(items)).rejects.toMatchObject({ retry: "later" });
      expect(await head()).toBe(before);
      fails = false;
      expect(statuses(await recorder.record(items))).toEqual({ recorded: 3 });
    },
  );

  test("a day without a partition is made when it is needed", async () => {
    const { rows } = await database.db.query<{ child: string }>(
      "select 'event_' || to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD') as child",
    );
    await database.db.query(`alter table event detach partition ${rows[0]!.child}`);
    await database.db.query(`alter table ${rows[0]!.child} rename to event_away`);
    expect(statuses(await house.recorder.record([stock(1)]))).toEqual({ recorded: 1 });
    await database.db.query(`insert into event select * from event_away`);
    await database.db.query("drop table event_away");
  });
});

describe("identity", () => {
  test("same id and content: duplicate; other content: conflict, kept, an exception", async () => {
    const [a, b, c, d] = await house.recorder.record([
      stock(5, "same"),
      stock(5, "same"),
      stock(6, "same"),
      stock(5, "same", "west"),
    ]);
    expect([a, b, c, d].map((outcome) => outcome!.status)).toEqual([
      "recorded",
      "duplicate",
      "conflict",
      "recorded",
    ]);
    const later = await house.recorder.record([stock(5, "same"), stock(7, "same")]);
    expect(later.map((outcome) => outcome.status)).toEqual(["duplicate", "conflict"]);
    expect((await openProblems(database.db, "event.conflict")).length).toBe(1);
  });

  test("5, 7 and 5 again with ids of their own are three facts", async () => {
    const outcomes = await house.recorder.record([stock(5), stock(7), stock(5)]);
    expect(statuses(outcomes)).toEqual({ recorded: 3 });
  });

  test("two nodes, eight callers, the same ids at once: each id is recorded once", async () => {
    const other = await newHouse();
    const before = await head();
    const batches = Array.from({ length: 8 }, (_, caller) => {
      const ids = Array.from({ length: 100 }, (_, n) => `race-${(n * 7 + caller * 13) % 100}`);
      return (caller % 2 === 0 ? house : other).recorder.record(ids.map((id) => stock(1, id)));
    });
    expect(statuses((await Promise.all(batches)).flat())).toEqual({ recorded: 100, duplicate: 700 });
    expect(await head()).toBe(before + 100);
  });

  test("epochs are sealed while two nodes record: nothing is recorded twice, and old epochs still know", async () => {
    const dice = new Dice();
    const nodes = [await newHouse(150), await newHouse(150)];
    let recording = true;
    const maintain = async (node: House) => {
      while (recording) {
        await node.identities.maintain();
        await sleep(5);
      }
    };
    const sealing = [...nodes, nodes[0]!].map(maintain);
    const recorded = new Map<string, number>();
    const worker = async (node: House) => {
      for (let round = 0; round < 40; round++) {
        const ids = Array.from({ length: 20 }, () => `epoch-${dice.upTo(900)}`);
        const outcomes = await node.recorder.record(ids.map((id) => stock(1, id)));
        outcomes.forEach((outcome, index) => {
          if (outcome.status === "recorded") recorded.set(ids[index]!, (recorded.get(ids[index]!) ?? 0) + 1);
          else expect(outcome.status, `seed ${dice.seed}`).toBe("duplicate");
        });
      }
    };
    await Promise.all([...nodes, ...nodes].map(worker));
    recording = false;
    await Promise.all(sealing);
    const { rows } = await database.db.query<{ count: string }>(
      "select count(*) as count from identity_epoch where sealed_at is not null",
    );
    expect(Number(rows[0]!.count)).toBeGreaterThan(2);
    expect(
      [...recorded].filter(([, times]) => times > 1),
      `seed ${dice.seed}`,
    ).toEqual([]);
    const again = await (await newHouse()).recorder.record([...recorded.keys()].map((id) => stock(1, id)));
    expect(statuses(again)).toEqual({ duplicate: recorded.size });
    const changed = await nodes[0]!.recorder.record([...recorded.keys()].map((id) => stock(2, id)));
    expect(statuses(changed)).toEqual({ conflict: recorded.size });
  });
});

describe("the order of the log", () => {
  test("seq is dense and in commit order: a reader that follows four writers skips nothing", async () => {
    const nodes = [house, await newHouse()];
    const from = await head();
    let writing = true;
    const seen: number[] = [];
    const follow = async () => {
      for (;;) {
        const last = !writing;
        for (;;) {
          const to = await head();
          const after = seen.at(-1) ?? from;
          const facts = await readFacts(database.db, {
            after,
            to,
            partitions: allPartitions,
            day: "2000-01-01",
            limit: 500,
          });
          seen.push(...facts.map((event) => event.seq));
          if (facts.length === 0) break;
        }
        if (last) return;
      }
    };
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; n < 60; n++)
        await nodes[writer % 2]!.recorder.record(
          Array.from({ length: 1 + ((n * (writer + 1)) % 9) }, () => stock(n)),
        );
    });
    const following = follow();
    await Promise.all(writers);
    writing = false;
    await following;
    const to = await head();
    expect(seen).toEqual(Array.from({ length: to - from }, (_, n) => from + 1 + n));
  });
});

describe("native messages and cursors", () => {
  const receipt = (nativeId: string, system = "poll") => ({
    id: uuidv7(),
    system,
    topic: "stock",
    nativeId,
    contentType: "text/plain",
    body: Buffer.from("a\u0000b"),
    outcome: "mapped" as const,
    mappingRevision: 1,
    events: 1,
  });
  const native = (nativeId: string): Incoming => {
    const { event, content, hash } = stock(1, `native-${nativeId}`) as Extract<Incoming, { kind: "event" }>;
    return {
      kind: "native",
      system: "poll",
      hash,
      content,
      receipt: receipt(nativeId),
      events: [event],
      problems: [],
    };
  };
  const cursor = async () =>
    (await database.db.query<{ cursor: string }>("select cursor from poll_cursor where system = 'poll'"))
      .rows[0]?.cursor;

  test("a cursor moves with its receipts, or not at all", async () => {
    await house.recorder.record([native("1")], { system: "poll", poll: "stock", cursor: "c1" });
    expect(await cursor()).toBe("c1");
    await database.db.query("alter table receipt rename to receipt_away");
    await expect(
      house.recorder.record([native("2")], { system: "poll", poll: "stock", cursor: "c2" }),
    ).rejects.toThrow();
    await database.db.query("alter table receipt_away rename to receipt");
    expect(await cursor()).toBe("c1");
    await house.recorder.record([], { system: "poll", poll: "stock", cursor: "c3" });
    expect(await cursor()).toBe("c3");
  });

  test("a message whose events cannot be stored is kept as a failed receipt before the cursor moves on", async () => {
    const bad = native("bad\u0000id") as Extract<Incoming, { kind: "native" }>;
    const outcomes = await house.recorder.record(
      [native("3"), { ...bad, events: [{ ...bad.events[0]!, correlationId: "\u0000" }] }, native("4")],
      { system: "poll", poll: "stock", cursor: "c4" },
    );
    expect(statuses(outcomes)).toEqual({ recorded: 3 });
    expect(await cursor()).toBe("c4");
    const { rows } = await database.db.query<{ body: Buffer; outcome: string }>(
      "select body, outcome from receipt where outcome = 'failed'",
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.body).toEqual(Buffer.from("a\u0000b"));
    expect(await openProblems(database.db, "receipt.not-mapped")).toHaveLength(1);
    expect(await intake("poll")).toMatchObject({ native_mapped: 3, native_failed: 1 });
  });

  test("a message that comes again with other content, NUL bytes and all, is a conflict and costs nobody anything", async () => {
    const again = { ...native("1"), content: "77" } as Incoming;
    expect(statuses(await house.recorder.record([native("5"), again]))).toEqual({ recorded: 1, conflict: 1 });
  });
});

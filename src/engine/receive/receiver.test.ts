import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemCodes } from "../../connector/codes.ts";
import type {
  Connector,
  ConnectorSession,
  Mapping,
  NativeMessage,
  PollResult,
} from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import { timeFromEpochMs } from "../../core/time.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { readCursor } from "../../store/intake.ts";
import { at, House, openProblems } from "../projection/testing.ts";
import type { NativeSource } from "./native.ts";
import { Receiver } from "./receiver.ts";

let database: TestDatabase;
let house: House;

beforeAll(async () => {
  database = await testDatabase();
  house = await new House(database.db, { partitions: [] }).start();
});
afterAll(() => database.drop());

/** A system whose messages say how they are to be mapped. */
function source(system: string, more: Partial<ConnectorSession> = {}): NativeSource {
  const session: ConnectorSession = {
    map: (message) => JSON.parse(String(message.body)).map as Mapping,
    writers: {},
    health: async () => undefined,
    close: async () => undefined,
    ...more,
  };
  return {
    system,
    company: "main",
    connector: { mappingRevision: 3 } as Connector,
    session,
    codes: () => systemCodes([]),
  };
}

const message = (id: string, map: unknown): NativeMessage => ({
  topic: "stock",
  id,
  contentType: "application/json",
  body: JSON.stringify({ map }),
});
const figure = (quantity: number, more: object = {}) => ({
  events: [
    {
      type: "inventory.level.observed",
      data: { sku: "A", location: "EAST", quantity: String(quantity), observedAt: at("10:00") },
      ...more,
    },
  ],
});

function receiver(sources: NativeSource[], owns = () => true, failures: unknown[] = []): Receiver {
  return new Receiver({
    db: database.db,
    recorder: house.recorder,
    sources: new Map(sources.map((one) => [one.system, one])),
    owns,
    now: () => timeFromEpochMs(Date.now()),
    polled: (_system, _poll, error) => failures.push(error),
  });
}

const receipts = async (system: string) =>
  (
    await database.db.query<{ native_id: string; outcome: string; events: string | number }>(
      "select native_id, outcome, events from receipt where system = $1 order by native_id",
      [system],
    )
  ).rows.map((row) => `${row.native_id} ${row.outcome} ${row.events}`);

const webhook = (split: NativeMessage[]) => ({
  stock: {
    verify(headers: Record<string, string | string[] | undefined>) {
      if (headers.signature !== "good")
        throw new CrossdockError("webhook.unsigned", "The signature does not fit.");
    },
    split: () => split,
  },
});

describe("a webhook", () => {
  test("whatever the mapping makes of a message, the message is kept and the others go on", async () => {
    const messages = [
      message("1-good", figure(1)),
      message("2-ignored", { ignored: "a heartbeat" }),
      message("3-failed", { failed: "no SKU", path: "$.sku" }),
      message("4-invalid", figure(1, { data: { sku: "A" } })),
      message("5-time", {
        events: [{ type: "order.hold.released", data: { orderId: "O", by: "x" }, time: "soon" }],
      }),
      message("6-decision", { events: [{ type: "inventory.reserved", data: {} }] }),
      { ...message("7-broken", {}), body: "not JSON \u0000" },
      message("8-good", figure(2)),
    ];
    const one = receiver([source("hooked", { webhooks: webhook(messages) })]);
    const outcomes = await one.webhook("hooked", "stock", { signature: "good" }, new Uint8Array());
    expect(outcomes.map((outcome) => outcome.status)).toEqual(messages.map(() => "recorded"));
    expect(await receipts("hooked")).toEqual([
      "1-good mapped 1",
      "2-ignored ignored 0",
      "3-failed failed 0",
      "4-invalid failed 0",
      "5-time failed 0",
      "6-decision failed 0",
      "7-broken failed 0",
      "8-good mapped 1",
    ]);
    expect(await openProblems(database.db, "receipt.not-mapped")).toHaveLength(5);
    const again = await one.webhook("hooked", "stock", { signature: "good" }, new Uint8Array());
    expect(again.map((outcome) => outcome.status)).toEqual(messages.map(() => "duplicate"));
    const { rows } = await database.db.query(
      `select native_mapped + native_ignored + native_failed as kept, native_duplicate as again, recorded from intake where system = 'hooked'`,
    );
    expect(rows).toEqual([{ kept: "8", again: "8", recorded: "2" }]);
  });

  test("an unsigned one, or one of a topic nobody knows, is refused and leaves nothing", async () => {
    const one = receiver([source("guarded", { webhooks: webhook([message("1", figure(1))]) })]);
    await expect(one.webhook("guarded", "stock", {}, new Uint8Array())).rejects.toMatchObject({
      code: "webhook.unsigned",
    });
    await expect(one.webhook("guarded", "other", {}, new Uint8Array())).rejects.toMatchObject({
      code: "webhook.unknown-topic",
    });
    expect(await receipts("guarded")).toEqual([]);
  });
});

describe("a poll", () => {
  test("fails, comes back, reads with an overlap: each message once, acknowledged after the commit", async () => {
    const failures: unknown[] = [];
    const cursors: (string | null)[] = [];
    const keptWhenAcknowledged: number[] = [];
    let reads = 0;
    const polling = source("polled", {
      polls: {
        stock: {
          everyMs: 5,
          read: async (cursor) => {
            reads += 1;
            cursors.push(cursor);
            if (reads === 2) throw new Error("the source is down");
            const from = Math.max(0, Number(cursor ?? 0) - 1);
            const ids = [from, from + 1, from + 2].filter((n) => n < 6);
            return {
              messages: ids.map((n) => message(`p${n}`, figure(n))),
              cursor: String(Math.min(6, from + 3)),
              more: false,
              acknowledge: async () => {
                keptWhenAcknowledged.push((await receipts("polled")).length);
              },
            };
          },
        },
      },
    });
    const one = receiver([polling], () => true, failures);
    one.start();
    await expect.poll(async () => (await receipts("polled")).length, { timeout: 8_000 }).toBe(6);
    await one.stop();
    expect(cursors.slice(0, 3)).toEqual([null, "3", "3"]);
    expect(failures[0]).toMatchObject({ message: "the source is down" });
    expect(failures[1]).toBe(undefined);
    expect(keptWhenAcknowledged[0]).toBe(3);
    const { rows } = await database.db.query("select 1 from event where source = 'polled'");
    expect(rows).toHaveLength(6);
  });

  test("stopping waits for no source that does not hear it, and keeps nothing of what it says later", async () => {
    let say: (result: PollResult) => void = () => undefined;
    let reads = 0;
    const read = () => {
      reads += 1;
      return new Promise<PollResult>((resolve) => {
        say = resolve;
      });
    };
    const deaf = source("deaf", { polls: { stock: { everyMs: 1, read } } });
    const one = receiver([deaf], () => true);
    one.start();
    await expect.poll(() => reads).toBe(1);
    await one.stop();
    say({ messages: [], cursor: "1", more: true });
    expect(await readCursor(database.db, "deaf", "stock")).toBe(null);
    expect(reads).toBe(1);
  });

  test("what a source numbered and never sent is one exception, until it comes after all", async () => {
    let missing = "";
    let reads = 0;
    const read = async () => {
      reads += 1;
      return { messages: [], cursor: "1", more: false, missing: [{ stream: "rows", numbers: missing }] };
    };
    const numbered = source("numbered", { polls: { files: { everyMs: 1, read } } });
    const open = async () =>
      (await openProblems(database.db, "stream.incomplete")).map(({ title, detail }) => [
        title,
        detail.missing,
      ]);
    const one = receiver([numbered], () => true);
    one.start();
    await expect.poll(() => reads).toBeGreaterThan(2);
    expect(await open()).toEqual([]);
    missing = "7, 12-14";
    await expect.poll(open).toEqual([["numbered has numbered rows that never came: 7, 12-14", "7, 12-14"]]);
    const said = reads;
    await expect.poll(() => reads).toBeGreaterThan(said + 3);
    missing = "12-14";
    await expect.poll(open).toEqual([["numbered has numbered rows that never came: 12-14", "12-14"]]);
    const { rows } = await database.db.query(
      "select occurrences from exception where code = 'stream.incomplete'",
    );
    expect(rows).toEqual([{ occurrences: "2" }]);
    await one.stop();
    // A node that is started later solves what an earlier one raised.
    missing = "";
    const next = receiver([numbered], () => true);
    next.start();
    await expect.poll(open).toEqual([]);
    await next.stop();
  });

  test("a node that does not own the system does not ask it", async () => {
    let reads = 0;
    let owned = false;
    const polling = source("foreign", {
      polls: {
        stock: {
          everyMs: 1,
          read: async () => {
            reads += 1;
            return { messages: [], cursor: "1", more: false };
          },
        },
      },
    });
    let looked = 0;
    const one = receiver([polling], () => {
      looked += 1;
      return owned;
    });
    one.start();
    await expect.poll(() => looked).toBeGreaterThan(3);
    expect(reads).toBe(0);
    owned = true;
    await expect.poll(() => reads).toBeGreaterThan(0);
    await one.stop();
  });
});

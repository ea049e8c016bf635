import { describe, expect, it } from "vitest";
import { NumberText } from "../../../src/core/json.ts";
import type { Fields } from "../native-fields.ts";
import { emptyFeed, type FeedCursor, readChanges } from "./change-feed.ts";
import type { LedgerlineClient, Query } from "./client.ts";

interface Stored {
  id: number;
  second: number;
  state: string;
}

/** A resource as the ERP answers for it: by id, or the newest first. */
function clientOf(stored: Stored[], before: (query: Query) => void = () => undefined): LedgerlineClient {
  const list = async (_: string, query: Query): Promise<Fields[]> => {
    before(query);
    const after = Number(/ID gt (\d+)/.exec(query.filter!)![1]);
    const since = /ge (\S+)/.exec(query.filter!)?.[1];
    const rows = stored.filter(
      ({ id, second }) => id > after && (since === undefined || second * 1000 >= Date.parse(since)),
    );
    rows.sort((a, b) => (query.orderBy === undefined ? a.id - b.id : b.second - a.second));
    return rows.slice(0, query.top).map(({ id, second, state }) => ({
      ID: new NumberText(String(id)),
      LastChangeDateTime: `/Date(${second * 1000})/`,
      state,
    }));
  };
  return { list } as unknown as LedgerlineClient;
}

const signal = new AbortController().signal;
const options = { pageMax: 3, overlapMs: 2_000, signal };

async function readAll(
  client: LedgerlineClient,
  from: FeedCursor,
): Promise<{ states: string[]; cursor: FeedCursor; largest: number }> {
  const states: string[] = [];
  let largest = 0;
  for (let cursor = from; ; ) {
    const read = await readChanges(client, "R", cursor, options);
    states.push(...read.changes.map(({ record }) => String(record.state)));
    cursor = JSON.parse(JSON.stringify(read.cursor));
    largest = Math.max(largest, Object.keys(cursor.seen).length);
    if (!read.more) return { states, cursor, largest };
  }
}

describe("reading changes by the second", () => {
  it("finds a record that became visible two seconds after its stamp, and each state once", async () => {
    const stored = [
      { id: 1, second: 100, state: "a" },
      { id: 2, second: 102, state: "b" },
    ];
    const client = clientOf(stored);
    const first = await readAll(client, emptyFeed());
    stored.push({ id: 3, second: 100, state: "late" });
    const second = await readAll(client, first.cursor);
    const third = await readAll(client, second.cursor);
    expect([first.states, second.states, third.states]).toEqual([["a", "b"], ["late"], []]);
  });

  it("tells a state that comes back within its second by a version of its own", async () => {
    const stored = [{ id: 1, second: 100, state: "5" }];
    const client = clientOf(stored);
    const versions: string[] = [];
    let cursor = emptyFeed();
    for (const state of ["5", "7", "5", "5", "7"]) {
      stored[0]!.state = state;
      const read = await readChanges(client, "R", cursor, options);
      versions.push(...read.changes.map(({ version }) => version));
      ({ cursor } = read);
    }
    expect(versions).toHaveLength(4);
    expect(new Set(versions).size).toBe(4);
    // The same states, read by one who remembers nothing, have the same names.
    const [again] = (await readChanges(client, "R", emptyFeed(), options)).changes;
    expect(versions).toContain(again!.version);
  });

  it("misses nothing that changes behind it in a scan of many pages", async () => {
    const stored = Array.from({ length: 10 }, (_, index) => ({
      id: index + 1,
      second: 100,
      state: `s${index + 1}`,
    }));
    let reads = 0;
    const client = clientOf(stored, ({ orderBy }) => {
      reads += 1;
      if (reads === 4 && orderBy === undefined) {
        Object.assign(stored[0]!, { second: 105, state: "changed" });
        Object.assign(stored[9]!, { second: 109, state: "far ahead" });
      }
    });
    const first = await readAll(client, emptyFeed());
    const second = await readAll(client, first.cursor);
    expect([...first.states, ...second.states]).toEqual(
      expect.arrayContaining(["s1", "s9", "changed", "far ahead"]),
    );
    expect((await readAll(client, second.cursor)).states).toEqual([]);
  });

  it("does not remember a whole history", async () => {
    const stored = Array.from({ length: 60 }, (_, index) => ({
      id: index + 1,
      second: 100 + index * 10,
      state: "x",
    }));
    const { states, largest, cursor } = await readAll(clientOf(stored), emptyFeed());
    expect(states).toHaveLength(60);
    expect(largest).toBeLessThan(4);
    expect(cursor.fromMs).toBe((100 + 59 * 10) * 1000 - 2_000);
  });
});

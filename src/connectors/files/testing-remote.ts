// What holds of a place of files on whatever server it stands: the tests that SFTP and FTPS share.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ConnectorSession, OutboundMessage } from "../../connector/index.ts";
import { type Input, open, type Stream, signal, stock, Taken } from "./testing.ts";

export const call = { timeoutMs: 10_000, signal };

export const message: OutboundMessage = {
  deliveryId: "d-1",
  type: "inventory.level",
  key: "stock:main/A",
  payload: { sku: "A", quantity: "5" },
  attempt: 1,
};

export interface Remote {
  /** On the machine of the tests: the place itself. */
  readonly root: string;
  /** A session, closed after the test. */
  connect(more?: Partial<Input["at"]>, stream?: Partial<Stream>): ConnectorSession;
  put(name: string, text: string): Promise<void>;
}

const outbound: Input["outbound"] = {
  "inventory.level": {
    folder: "in",
    name: "LVL_{deliveryId}.csv",
    format: { kind: "csv" },
    columns: [
      { name: "SKU", field: "sku" },
      { name: "QTY", field: "quantity" },
    ],
  },
};

/** `place` is asked within each test. */
export function remoteOf(place: () => { root: string; at: Input["at"] }): Remote {
  let sessions: ConnectorSession[] = [];
  afterEach(async () => {
    for (const session of sessions) await session.close();
    sessions = [];
  });
  return {
    get root() {
      return place().root;
    },
    connect(more = {}, stream = {}) {
      const at = { ...place().at, ...more } as Input["at"];
      const session = open({ at, inbound: { stock: stock(stream) }, outbound });
      sessions.push(session);
      return session;
    },
    put: (name, text) => writeFile(join(place().root, "out", name), text),
  };
}

/** `stranger`: an account, or a password, that does not hold. `rows`: of a file longer than one window. */
export function testRemote(
  remote: Remote,
  { stranger, rows }: { stranger: Partial<Input["at"]>; rows: number },
): void {
  test("reads a file once and files it away", async () => {
    await remote.put("STK_1.csv", "SKU,QTY\nA,1\nB,2\n");
    await remote.put("STK_2.csv.filepart", "SKU,QTY\nC,1\n");
    const taken = await new Taken().all(remote.connect());
    expect(taken.events.map(({ data }) => data)).toMatchObject([{ sku: "A" }, { sku: "B" }]);
    expect(await readdir(join(remote.root, "out/archive"))).toHaveLength(1);
    expect(await new Taken().all(remote.connect())).toMatchObject({ events: [] });
  });

  test("goes on in the middle of a long file on another connection", async () => {
    const skus = Array.from({ length: rows }, (_, n) => `SKU-${n}`);
    await remote.put("STK_1.csv", `SKU,QTY\n${skus.map((sku, n) => `${sku},${n}\n`).join("")}`);
    const taken = new Taken();
    expect(await taken.poll(remote.connect())).toBe(true);
    expect(await taken.poll(remote.connect(), "stock", "before commit")).toBe(true);
    await taken.all(remote.connect());
    expect(taken.events.map(({ data }) => (data as { sku: string }).sku)).toEqual(skus);
    expect(taken.problems).toEqual([]);
  });

  test("writes a file whole, and finds it after the answer was lost", async () => {
    const writer = remote.connect().writers["inventory.level"]!;
    expect(await writer.find!(message, call)).toEqual({ kind: "absent" });
    expect(await writer.send([message], call)).toEqual([{ kind: "done", reference: "LVL_d-1.csv" }]);
    expect(await writer.find!(message, call)).toEqual({ kind: "found", reference: "LVL_d-1.csv" });
    expect(await readFile(join(remote.root, "in/LVL_d-1.csv"), "utf8")).toBe("SKU,QTY\nA,5\n");
    expect(await readdir(join(remote.root, "in"))).toEqual(["LVL_d-1.csv"]);
  });

  test("credentials that do not hold are denied", async () => {
    const session = remote.connect(stranger);
    expect(await session.writers["inventory.level"]!.send([message], call)).toMatchObject([
      { kind: "denied" },
    ]);
  });

  test("health says whether the folders are there", async () => {
    await expect(remote.connect().health(signal)).resolves.toBeUndefined();
    expect(await readdir(join(remote.root, "in"))).toEqual([]);
    await expect(remote.connect({}, { folder: "nowhere" }).health(signal)).rejects.toMatchObject({
      retry: "later",
    });
  });
}

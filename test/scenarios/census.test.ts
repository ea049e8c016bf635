// Two nodes ask an ERP over HTTP what it holds: what the poll missed is fetched, what is gone is told, a restored system is noticed.
import pino from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ledgerline } from "../../sandbox/connectors/ledgerline/index.ts";
import { credentials } from "../../sandbox/systems/credentials.ts";
import { startErp } from "../../sandbox/systems/erp/start.ts";
import type { RunningSystem } from "../../sandbox/systems/simulation/running-system.ts";
import { caller } from "../../sandbox/systems/simulation/testing.ts";
import { resolveIntegration } from "../../src/connector/resolve.ts";
import { http } from "../../src/connectors/http/index.ts";
import { canonicalEvent } from "../../src/engine/log/incoming.ts";
import { type CrossdockNode, startNode } from "../../src/engine/node.ts";
import { drawBooks } from "../../src/engine/operations/books.ts";
import { openReplays } from "../../src/engine/operations/replays.ts";
import { installationStatus } from "../../src/engine/operations/status.ts";
import { openProblems, submission } from "../../src/engine/projection/testing.ts";
import { defineIntegration, flow } from "../../src/policy/define.ts";
import { type TestDatabase, testDatabase } from "../../src/postgres/testing.ts";
import { readWitnesses } from "../../src/store/census.ts";
import { HidingProxy } from "./hiding-proxy.ts";

let database: TestDatabase;
let erp: RunningSystem;
let proxy: HidingProxy;
let nodes: CrossdockNode[] = [];
const soon = { timeout: 20_000, interval: 50 };

beforeAll(async () => {
  erp = await startErp();
});
afterAll(() => erp.stop());
beforeEach(async () => {
  await erp.reset();
  await call("POST", "/control/seed", {
    items: [{ ItemNumber: "85123A" }],
    customers: [{ CustomerNumber: "C1", Name: "A shop", CountryCode: "GB" }],
  });
  database = await testDatabase({ connectionsMax: 16 });
  proxy = await new HidingProxy(erp.url).listen();
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
  await proxy.close();
  await database.drop();
});

const call = (...args: Parameters<ReturnType<typeof caller>>) =>
  caller(erp.url, { apikey: credentials.erp.apiKey })(...args);

function integration(url: string) {
  const declared = defineIntegration({
    systems: {
      erp: ledgerline({
        url,
        apiKey: credentials.erp.apiKey,
        plants: { EAST: "P100" },
        everyMs: 100,
        ownEveryMs: 100,
        overlapMs: 0,
        witness: { every: "1s", settled: "1s", overlap: "30s" },
        limits: { backoffFirst: "50ms" },
      }),
      east: http({ url: "http://127.0.0.1:9/" }),
    },
    ownership: { ledger: "erp", inventory: { owner: { byLocation: { EAST: "east" } } } },
    flows: [flow("bookings", "Bookings").domain("order").to("erp").messages("order.booking")],
  });
  return resolveIntegration(declared, {}).integration;
}

/** Two nodes; what is made from then on is compared. */
async function start(second = proxy.url): Promise<CrossdockNode> {
  const options = { db: database.db, log: pino({ level: "silent" }) };
  for (const url of [proxy.url, second])
    nodes.push(await startNode({ ...options, integration: integration(url) }));
  await expect.poll(compared, soon).toBe(true);
  return nodes[0]!;
}
/** Documents are looked at when they were made well within what is compared. */
async function compared(): Promise<boolean> {
  const { rows } = await database.db.query(
    "select 1 from census where clock_timestamp() > since + interval '1200 milliseconds'",
  );
  return rows.length === 1;
}

let numbers = 0;
async function book(node: CrossdockNode, count: number): Promise<string[]> {
  const documents: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const orderId = `CD-${++numbers}`;
    const data = { ...submission(orderId, [["85123A", 2]]), customer: { id: "C1" } };
    await node.commands.submit(canonicalEvent("east", "main", { type: "order.submitted", data }), () => ({
      status: 200,
      body: null,
    }));
    await expect.poll(() => documentOf(orderId), soon).toBeTruthy();
    documents.push((await documentOf(orderId))!);
  }
  return documents;
}
async function documentOf(orderId: string): Promise<string | undefined> {
  const { rows } = await database.db.query<{ document: string | null }>(
    "select state->'booking'->>'document' as document from sales_order where order_id = $1",
    [orderId],
  );
  return rows[0]?.document ?? undefined;
}
const key = async (): Promise<string> => {
  const Lines = [{ ItemNumber: "85123A", Quantity: 1, NetPrice: 1 }];
  return (await call("POST", "/odata/v4/SalesOrders", { CustomerNumber: "C1", Lines })).body.OrderNumber;
};
const witness = async () => (await readWitnesses(database.db))[0]!;
const now = async () =>
  (await database.db.query<{ now: string }>("select clock_timestamp() as now")).rows[0]!.now;
/** A census that was taken from now on is equal. */
async function witnessed(): Promise<void> {
  const from = await now();
  await expect.poll(async () => ((await witness()).witnessedUntil ?? "") > from, soon).toBe(true);
}
const problems = async () =>
  (await openProblems(database.db))
    .filter(({ code }) => code.startsWith("census.") || code === "system.restored")
    .map(({ code, detail }) => ({ code, ids: detail.ids }));

describe("a census on a schedule", () => {
  it("bears witness while both hold the same, in status and books", async () => {
    const node = await start();
    await book(node, 2);
    await key();
    await witnessed();
    expect(await witness()).toMatchObject({
      system: "erp",
      domain: "order",
      held: 3,
      missing: [],
      surplus: [],
    });
    expect(await problems()).toEqual([]);
    const status = await installationStatus(database.db, node.integration);
    expect(status.systems.map(({ system, census }) => [system, census.length])).toEqual([
      ["erp", 1],
      ["east", 0],
    ]);
    const books = await drawBooks(database.db, { from: "2000-01-01", to: (await now()).slice(0, 10) });
    expect(books.witnesses[0]).toMatchObject({ system: "erp", witnessedUntil: expect.any(String) });
  });

  it("asks from one node of two, and from the other when that one stops", async () => {
    const second = await new HidingProxy(erp.url).listen();
    try {
      await start(second.url);
      // The schedule may go to the second node when that joins; then it stays.
      const asking = async () => {
        const before = [proxy.censuses, second.censuses];
        await witnessed();
        return [proxy, second].flatMap(({ censuses }, index) => (censuses > before[index]! ? index : []));
      };
      let owners: number[] = [];
      await expect
        .poll(async () => {
          owners = await asking();
          return owners.length;
        }, soon)
        .toBe(1);
      const owner = owners[0]!;
      await nodes.splice(owner, 1)[0]!.stop();
      await witnessed();
      expect([second, proxy][owner]!.censuses).toBeGreaterThan(0);
      expect(await problems()).toEqual([]);
    } finally {
      await Promise.all(nodes.splice(0).map((node) => node.stop()));
      await second.close();
    }
  });

  it("fetches what the poll missed, without a word to anybody", async () => {
    await start();
    const other = await key();
    await expect.poll(() => documentOf(other), soon).toBe(other);
    // Behind the poll's back: not to be seen while its second is read, and older than the cursor when it is.
    let release = () => {};
    proxy.held = new Promise((resolve) => {
      release = resolve;
    });
    const hidden = await hiddenOrder();
    const second = Math.floor(Date.now() / 1000);
    await expect.poll(() => Math.floor(Date.now() / 1000), soon).toBeGreaterThan(second);
    const behind = await key();
    await expect.poll(() => documentOf(behind), soon).toBe(behind);
    proxy.unchanged.delete(hidden);
    const before = proxy.changes;
    await expect.poll(() => proxy.changes, soon).toBeGreaterThan(before + 3);
    expect(await documentOf(hidden)).toBe(undefined);
    release();
    await expect.poll(() => documentOf(hidden), soon).toBe(hidden);
    await witnessed();
    const { rows } = await database.db.query("select 1 from exception where code like 'census.%'");
    expect(rows).toEqual([]);
  });

  it("tells of what cannot be fetched once, by number, until it comes", async () => {
    await start();
    const hidden = await hiddenOrder();
    await expect.poll(problems, soon).toEqual([{ code: "census.missing", ids: [hidden] }]);
    const until = (await witness()).witnessedUntil;
    const looked = (await witness()).lookedAt;
    await expect.poll(async () => (await witness()).lookedAt > looked, soon).toBe(true);
    expect((await witness()).witnessedUntil).toBe(until);
    proxy.unchanged.clear();
    await key();
    const { rows } = await database.db.query<{ occurrences: string }>("select occurrences from exception");
    expect(rows).toEqual([{ occurrences: "1" }]);
    await nodes[0]!.receiver.readAgain(
      "erp",
      "sales",
      looked.replace(/^\d+/, "2000"),
      new AbortController().signal,
    );
    await expect.poll(problems, soon).toEqual([]);
  });

  it("tells of what was acknowledged and is gone, until it is there again", async () => {
    const node = await start();
    const documents = await book(node, 3);
    await witnessed();
    proxy.gone.add(documents[1]!);
    await expect.poll(problems, soon).toEqual([{ code: "census.surplus", ids: [`CD-${numbers - 1}`] }]);
    proxy.gone.clear();
    await expect.poll(problems, soon).toEqual([]);
    await witnessed();
  });

  it("notices a system that was restored, offers what to send again, and is content once that is done", async () => {
    const node = await start();
    await book(node, 2);
    const [, cut] = [await witnessed(), await now()];
    const lost = await book(node, 4);
    await witnessed();
    for (const document of lost) proxy.gone.add(document);
    await expect
      .poll(async () => (await problems()).map(({ code }) => code), soon)
      .toEqual(["system.restored"]);
    const [problem] = await openProblems(database.db, "system.restored");
    expect(problem!.detail).toMatchObject({
      count: 4,
      command: `crossdock replay --target erp --from ${problem!.detail.since}`,
    });
    expect((problem!.detail.since as string) < cut).toBe(true);
    const sessions = new Map([["erp", node.sources.get("erp")!.session]]);
    const replays = openReplays({ db: database.db, integration: node.integration, sessions });
    await replays.replay({ system: "erp", from: problem!.detail.since as string });
    await expect.poll(problems, soon).toEqual([]);
    await witnessed();
  });

  it("costs nothing else where it fails or is slow, and says why", async () => {
    const node = await start();
    proxy.ill = true;
    await expect.poll(async () => (await witness()).failure, soon).toBeTruthy();
    await book(node, 1);
    expect(await problems()).toEqual([]);
    proxy.ill = false;
    await expect.poll(async () => (await witness()).failure, soon).toBe(null);
    let release = () => {};
    proxy.held = new Promise((resolve) => {
      release = resolve;
    });
    const asked = proxy.censuses;
    await expect.poll(() => proxy.censuses, soon).toBe(asked + 1);
    await book(node, 1);
    // Nodes stop although it has not answered yet, and it was asked no second time meanwhile.
    await Promise.all(nodes.splice(0).map((one) => one.stop()));
    expect(proxy.censuses).toBe(asked + 1);
    release();
  });
});

/** One that no poll sees. */
async function hiddenOrder(): Promise<string> {
  const { body } = await call("GET", "/odata/v4/SalesOrders?$orderby=ID desc&$top=1");
  const last = body.value[0]?.OrderNumber ?? "SO-100000";
  const next = `SO-${Number(last.slice(3)) + 1}`;
  proxy.unchanged.add(next);
  expect(await key()).toBe(next);
  return next;
}

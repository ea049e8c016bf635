// What codes that no table knows hold back, and how it goes on: with a real PostgreSQL, in and out.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Connector, ConnectorSession, NativeMessage } from "../../connector/contract.ts";
import type { CodeEntry } from "../../policy/codes.ts";
import { distributor } from "../../policy/testing.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { changeCodes, pageCodeChanges, pageCodes } from "../../store/code.ts";
import { remapReceipts } from "../operations/remap.ts";
import { at, House, openProblems } from "../projection/testing.ts";
import { incomingNative, type NativeSource } from "../receive/native.ts";
import { type CodeBook, openCodeBook, seedCodes } from "./book.ts";
import { freeMapped } from "./watch.ts";

let database: TestDatabase;
let house: House;
let book: CodeBook;

beforeAll(async () => {
  database = await testDatabase();
  house = await new House(database.db, { partitions: [] }).start();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query("truncate receipt, unmapped_receipt, exception, code_entry, code_change, event");
  book = await openCodeBook(database.db);
});

/** Each message is one shipment: its carrier and the statuses of what it holds are the system's codes. */
const source: NativeSource = {
  system: "west",
  company: "main",
  connector: { mappingRevision: 1 } as Connector,
  session: {
    map: (message, codes) => {
      const { order, carrier, statuses = [], wrong } = JSON.parse(String(message.body));
      const shipped = {
        type: "shipment.shipped",
        data: {
          orderId: order,
          shipmentId: message.id,
          location: "WEST",
          carrier: codes.canonical("carrier", carrier),
          lines: [{ lineId: "1", sku: "A", quantity: wrong ?? "1" }],
          shippedAt: at("10:00"),
        },
      };
      for (const status of statuses) codes.canonical("status", status);
      return { events: [shipped] };
    },
  } as Partial<ConnectorSession> as ConnectorSession,
  codes: () => book.of("west"),
};
const sources = new Map([["west", source]]);

let numbers = 0;
function message(order: string, carrier: string, more: object = {}): NativeMessage {
  numbers += 1;
  const body = JSON.stringify({ order, carrier, ...more });
  return { topic: "shipments", id: `S-${numbers}`, contentType: "application/json", body };
}
const receive = (...messages: NativeMessage[]) =>
  house.recorder.record(messages.map((one) => incomingNative(source, one)));

const entry = (table: CodeEntry["table"], code: string, means: string): CodeEntry => ({
  system: "west",
  table,
  direction: "in",
  code,
  means,
});
const map = (...entries: CodeEntry[]) =>
  database.db.transaction((tx) => changeCodes(tx, "a steward", entries));

const look = () => freeMapped({ db: database.db, book, sources, replays: { release: async () => 0 } });

async function shipments(): Promise<string[]> {
  const { rows } = await database.db.query<{ data: string }>(
    "select data::text as data from event where type = 'shipment.shipped' order by seq",
  );
  return rows.map(({ data }) => JSON.parse(data)).map((data) => `${data.orderId} ${data.carrier}`);
}
const held = async () =>
  (await openProblems(database.db)).map(({ code, title, detail }) => ({ problem: code, title, ...detail }));

describe("a code that no table knows", () => {
  it("is one exception, whatever it holds back, with how many and of which orders", async () => {
    await map(entry("carrier", "DHL", "dhl"));
    await book.refresh();
    await receive(message("O-1", "UPSG"), message("O-2", "DHL"), message("O-2", "UPSG"));
    await receive(message("O-1", "UPSG"));
    expect(await shipments()).toEqual(["O-2 dhl"]);
    expect(await held()).toEqual([
      {
        problem: "code.unmapped",
        title: "west says carrier UPSG, and no code table says what that is",
        table: "carrier",
        direction: "in",
        code: "UPSG",
        receipts: 3,
        deliveries: 0,
        orders: ["order:main/O-1", "order:main/O-2"],
        orderCount: 2,
      },
    ]);
  });

  it("lets all that it held back go on once it is known: in order, once, by itself", async () => {
    const first = message("O-1", "UPSG");
    await receive(first, message("O-2", "UPSG"), message("O-3", "UPSG"));
    await look();
    expect(await shipments()).toEqual([]);
    await map(entry("carrier", "UPSG", "ups"));
    await Promise.all([look(), look()]);
    await look();
    expect(await shipments()).toEqual(["O-1 ups", "O-2 ups", "O-3 ups"]);
    expect(await held()).toEqual([]);
    // Sent again it is what was received before.
    expect(await receive(first)).toEqual([{ status: "duplicate" }]);
    expect(await shipments()).toHaveLength(3);
    const { rows } = await database.db.query("select 1 from unmapped_receipt");
    expect(rows).toEqual([]);
  });

  it("holds a message with several back until the last is known, and each has its exception", async () => {
    await receive(message("O-1", "UPSG", { statuses: ["Q", "Z"] }), message("O-2", "UPSG"));
    expect((await held()).map(({ table, code, receipts }) => `${table} ${code} ${receipts}`).sort()).toEqual([
      "carrier UPSG 2",
      "status Q 1",
      "status Z 1",
    ]);
    await map(entry("carrier", "UPSG", "ups"), entry("status", "Q", "held"));
    await look();
    expect(await shipments()).toEqual(["O-2 ups"]);
    expect((await held()).map(({ table, code, receipts }) => `${table} ${code} ${receipts}`)).toEqual([
      "status Z 1",
    ]);
    await map(entry("status", "Z", "available"));
    await look();
    expect(await shipments()).toEqual(["O-2 ups", "O-1 ups"]);
    expect(await held()).toEqual([]);
  });

  it("gives way to what it had hidden: a message that is wrong beside it", async () => {
    await receive(message("O-1", "UPSG", { wrong: "-" }));
    await map(entry("carrier", "UPSG", "ups"));
    await look();
    await look();
    expect(await openProblems(database.db)).toMatchObject([{ code: "receipt.not-mapped" }]);
    expect(await shipments()).toEqual([]);
  });

  it("that no table can hold is a message that is wrong, and waits for none", async () => {
    await receive(message("O-1", ""), message("O-2", "x".repeat(65)));
    const problems = await openProblems(database.db);
    expect(problems.map(({ code }) => code)).toEqual(["receipt.not-mapped", "receipt.not-mapped"]);
  });

  it("goes on by hand too, and the books count each message once", async () => {
    await receive(message("O-1", "UPSG"));
    await map(entry("carrier", "UPSG", "ups"));
    await book.refresh();
    expect(await remapReceipts(database.db, sources, { source: "west" }, true)).toMatchObject({ mapped: 1 });
    expect(await held()).toEqual([]);
    const { rows } = await database.db.query("select outcome, reason from receipt");
    expect(rows).toEqual([{ outcome: "mapped", reason: null }]);
  });
});

describe("code tables", () => {
  it("keep every change with who made it, under dense versions, and none for what is so already", async () => {
    const { version } = await map(entry("carrier", "UPSG", "ups"), entry("carrier", "UPSS", "ups"));
    expect(await map(entry("carrier", "UPSG", "ups"))).toEqual({ version, changes: [] });
    const many = await Promise.all(["a", "b", "c"].map((code) => map(entry("reason", code, "damaged"))));
    expect(many.map((made) => made.version).sort((a, b) => a - b)).toEqual([
      version + 1,
      version + 2,
      version + 3,
    ]);
    await database.db.transaction((tx) =>
      changeCodes(tx, "another", [{ ...entry("carrier", "UPSS", ""), means: null }]),
    );
    const [last] = await pageCodeChanges(database.db, { limit: 1 });
    expect(last).toMatchObject({
      version: version + 4,
      by: "another",
      code: "UPSS",
      was: "ups",
      means: null,
    });
    const codes = await pageCodes(database.db, { table: "carrier", limit: 10 });
    expect(codes).toEqual([{ ...entry("carrier", "UPSG", "ups"), version }]);
  });

  it("begin with what the configuration says, follow it, and are a person's once a person changed them", async () => {
    const configured = (codes: object) => {
      const integration = distributor();
      return { ...integration, systems: { west: { ...integration.systems.west!, codes } } };
    };
    const seed = (carrier: object) => seedCodes(database.db, configured({ carrier }));
    await seed({ UPSG: "ups", UPSS: "ups", DHL: "dhl" });
    await map(entry("carrier", "DHL", "dhl-express"));
    await database.db.transaction((tx) =>
      changeCodes(tx, "a steward", [{ ...entry("carrier", "UPSS", ""), means: null }]),
    );
    await seed({ UPSG: "ups-ground", UPSS: "ups", DHL: "dhl" });
    const codes = await pageCodes(database.db, { limit: 20 });
    expect(codes.map(({ direction, code, means }) => `${direction} ${code} ${means}`)).toEqual([
      "in DHL dhl-express",
      "in UPSG ups-ground",
      "out dhl DHL",
      "out ups UPSS",
      "out ups-ground UPSG",
    ]);
  });
});

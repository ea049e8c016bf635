// A reservation that expires during booking: the ledger is slow, the hold's time is over, and whichever came first in
// the log has decided.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { resolveIntegration } from "../../src/connector/resolve.ts";
import { http } from "../../src/connectors/http/index.ts";
import { createApiKey } from "../../src/engine/operations/api-key.ts";
import { oversold, rebuiltDifferences } from "../../src/engine/projection/testing.ts";
import { type Running, startCrossdock } from "../../src/main.ts";
import { defineIntegration, flow } from "../../src/policy/define.ts";
import { type TestDatabase, testDatabase } from "../../src/postgres/testing.ts";

/** A ledger that answers when the test lets it. */
class Ledger {
  readonly bookings: { orderId: string; answer: () => void }[] = [];
  readonly server: Server = createServer((request, response) => {
    void read(request).then((text) => {
      const record = text === "" ? {} : JSON.parse(text);
      const answer = () => response.end(JSON.stringify({ reference: `SO-${record.data?.orderId}` }));
      response.setHeader("content-type", "application/json");
      if (record.type === "order.booking") this.bookings.push({ orderId: record.data.orderId, answer });
      else answer();
    });
  });
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

let database: TestDatabase;
let running: Running;
let secret: string;
let ledger: Ledger;

beforeAll(async () => {
  database = await testDatabase();
  ledger = new Ledger();
  await new Promise<void>((resolve) => ledger.server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(ledger.server.address() as AddressInfo).port}/records`;
  const limits = { requestTimeout: "30s" };
  const declared = defineIntegration({
    systems: {
      erp: http({ url, messages: ["order.booking", "order.cancellation"], limits }),
      east: http({ url, messages: ["order.release", "order.cancellation"], limits }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east" } } }, ledger: "erp" },
    flows: [flow("orders", "Orders").domain("order").to("erp", "east")],
    allocation: { prefer: ["EAST"] },
  });
  const { integration } = resolveIntegration(declared, {});
  const log = pino({ level: process.env.TEST_LOG ?? "silent" });
  running = await startCrossdock({ integration, databaseUrl: database.url, port: 0, log });
  secret = (
    await createApiKey(database.db, {
      name: "shop",
      scopes: ["process:read", "process:write", "system:write"],
    })
  ).secret;
});
afterAll(async () => {
  await running.stop();
  ledger.server.closeAllConnections();
  ledger.server.close();
  await database.drop();
});
beforeEach(() => {
  ledger.bookings.splice(0);
});

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: any }> {
  const answer = await fetch(`http://127.0.0.1:${running.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, json: await answer.json() };
}

let said = 0;
const say = (system: string, type: string, data: object) =>
  call("POST", `/system/v1/${system}/events`, {
    specversion: "1.0",
    id: `s${++said}`,
    source: "/t",
    type,
    data,
  });

async function stock(sku: string, quantity: number): Promise<void> {
  const data = { sku, location: "EAST", quantity: String(quantity), observedAt: new Date().toISOString() };
  await say("east", "inventory.level.observed", data);
  await running.node.settled();
}

/** The ledger answers what it was sent, and says what it made of it. */
async function book(): Promise<void> {
  for (const { orderId, answer } of ledger.bookings) {
    answer();
    const data = { orderId, system: "erp", document: `SO-${orderId}`, bookedAt: new Date().toISOString() };
    await say("erp", "order.booked", data);
  }
}

const hold = (orderId: string, sku: string, quantity: number, expiresInSeconds: number) =>
  call("POST", "/process/v1/reservations", {
    orderId,
    expiresInSeconds,
    lines: [{ lineId: "1", sku, quantity: String(quantity) }],
  });
const submit = (orderId: string, sku: string, quantity: number) =>
  call("POST", "/process/v1/orders", {
    orderId,
    customer: { id: "C-1" },
    currency: "GBP",
    placedAt: new Date().toISOString(),
    lines: [{ lineId: "1", sku, quantity: String(quantity), price: "1" }],
  });
const reservations = async (sku: string) =>
  (
    await database.db.query<{ held: string }>(
      "select order_id || ' ' || kind || ' ' || trim_scale(quantity)::text as held from reservation where sku = $1 order by 1",
      [sku],
    )
  ).rows.map((row) => row.held);
const events = async (type: string, orderId: string) =>
  (await database.db.query("select 1 from event where type = $1 and data->>'orderId' = $2", [type, orderId]))
    .rows.length;
const status = async (orderId: string) => (await call("GET", `/process/v1/orders/${orderId}`)).json.status;
const soon = { timeout: 10_000, interval: 20 };

test("ordered first: the hold's time comes while the booking is under way, and nothing is given back", async () => {
  await stock("R", 5);
  expect((await hold("late", "R", 5, 60)).status).toBe(201);
  const { status: answered, json } = await submit("late", "R", 5);
  expect([answered, json.status]).toEqual([201, "accepted"]);
  expect(json.explanation[0]).toBe("Held before it was ordered: 5 R at EAST.");
  await expect.poll(() => ledger.bookings.length, soon).toBe(1);
  // The schedule had taken the task before the order was there: it says that the time has come all the same.
  const { expiresAt } = (await call("GET", "/process/v1/reservations/late")).json;
  await database.db.query(
    "insert into task (kind, key, due_at, payload) values ('expire-reservation', 'order:main/late', clock_timestamp(), $1)",
    [JSON.stringify({ expiresAt })],
  );
  await expect.poll(() => events("order.reservation.due", "late"), soon).toBe(1);
  expect(await reservations("R")).toEqual(["late firm 5"]);
  // Nobody else could have it at any moment.
  expect((await hold("other", "R", 1, 60)).json).toMatchObject({ status: 409, code: "reservation.short" });
  await book();
  await expect.poll(() => status("late"), soon).toBe("released");
  expect(await events("inventory.released", "late")).toBe(0);
  expect(await reservations("R")).toEqual(["late firm 5"]);
  expect(await oversold(database.db)).toEqual([]);
  expect((await call("GET", "/process/v1/reservations/late")).json.status).toBe("ordered");
});

test("expired first: the order is one like any other, and is booked with what is left", async () => {
  await stock("S", 5);
  await hold("slow", "S", 5, 1);
  await expect.poll(() => reservations("S"), soon).toEqual([]);
  expect((await submit("quick", "S", 3)).json.backordered).toEqual([]);
  const { json } = await submit("slow", "S", 5);
  expect(json.allocations).toEqual([{ lineId: "1", sku: "S", location: "EAST", quantity: "2" }]);
  await expect.poll(() => ledger.bookings.length, soon).toBe(2);
  await book();
  await expect.poll(() => status("slow"), soon).toBe("released");
  expect(await reservations("S")).toEqual(["quick firm 3", "slow backorder 3", "slow firm 2"]);
  expect(await oversold(database.db)).toEqual([]);
  expect((await call("GET", "/process/v1/reservations/slow")).json.status).toBe("expired");
});

test("at the very moment: ordered and expired at once, many times, is one or the other and never both", async () => {
  await stock("T", 200);
  const carts = Array.from({ length: 40 }, (_, n) => `t${n}`);
  await Promise.all(carts.map((orderId) => hold(orderId, "T", 5, 2)));
  // The holds fall due while the orders come in.
  await Promise.all(
    carts.map(async (orderId, n) => {
      await new Promise((resolve) => setTimeout(resolve, 1_700 + n * 20));
      await submit(orderId, "T", 5);
    }),
  );
  await book();
  await expect
    .poll(async () => (await reservations("T")).some((held) => held.includes("expiring")), soon)
    .toBe(false);
  // All of it was free for them, in time or not.
  expect(await reservations("T")).toEqual(carts.map((orderId) => `${orderId} firm 5`).sort());
  for (const orderId of carts) {
    const ended = await events("order.reservation.ended", orderId);
    expect(await events("inventory.reservation.changed", orderId)).toBe(1 - ended);
    expect(await events("inventory.released", orderId)).toBe(ended);
  }
  expect(await oversold(database.db)).toEqual([]);
  await running.node.settled();
  expect(await rebuiltDifferences(database.db, running.node.rules)).toEqual([]);
});

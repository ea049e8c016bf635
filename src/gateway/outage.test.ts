import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../postgres/pool.ts";
import { SERVER_VARIABLE } from "../postgres/testing.ts";
import { type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
let server: Database;
beforeAll(async () => {
  gateway = await testGateway();
  server = openDatabase((process.env[SERVER_VARIABLE] ?? process.env.DATABASE_URL)!, { applicationName: "outage" });
});
afterAll(async () => {
  await server.close();
  await gateway.stop();
});

let made = 0;
const post = (quantity = "1") =>
  gateway.send({
    path: "/system/v1/east/events",
    body: {
      specversion: "1.0",
      id: `outage-${++made}`,
      source: "/t",
      type: "inventory.level.observed",
      data: { sku: "A", location: "EAST", quantity, observedAt: "2026-11-24T07:00:00Z" },
    },
  });
const order = (orderId: string) =>
  gateway.send({
    path: "/process/v1/orders",
    body: { orderId, customer: { id: "C" }, currency: "GBP", placedAt: "2026-11-24T07:00:00Z", lines: [{ lineId: "1", sku: "A", quantity: "1", price: "1" }] },
  });

/** Nobody gets in, and whoever is in is thrown out. */
async function takeDatabaseAway(): Promise<() => Promise<void>> {
  const name = new URL(gateway.database.url).pathname.slice(1);
  await server.query(`alter database ${name} allow_connections false`);
  await server.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  return async () => {
    await server.query(`alter database ${name} allow_connections true`);
  };
}

describe("while the database is gone", () => {
  it("every request is told to come again, and afterwards everything works by itself", async () => {
    expect((await post()).status).toBe(200);
    const giveBack = await takeDatabaseAway();
    try {
      for (const answer of [await post(), await order("O-1"), await gateway.send({ path: "/process/v1/orders" }), await gateway.send({ path: "/ops/v1/status" })]) {
        expect([answer.status, answer.json.code]).toEqual([503, "gateway.overloaded"]);
        expect(answer.headers["retry-after"]).toBe("1");
        expect(answer.text).not.toMatch(/postgres|connection|127\.0\.0\.1|terminat/i);
      }
      await expect.poll(async () => (await gateway.send({ path: "/health", key: null })).status, { timeout: 5_000 }).toBe(503);
    } finally {
      await giveBack();
    }
    await expect.poll(async () => (await post()).status, { timeout: 10_000 }).toBe(200);
    await expect.poll(async () => (await order("O-1")).status, { timeout: 10_000 }).toBeLessThan(300);
    await expect.poll(async () => (await gateway.send({ path: "/health", key: null })).status, { timeout: 10_000 }).toBe(200);
  });
});

describe("stopping", () => {
  it("answers what is under way; whatever was acknowledged is in the log", async () => {
    const other = await testGateway();
    const send = (id: number) =>
      other
        .send({
          path: "/system/v1/east/events",
          body: {
            specversion: "1.0",
            id: `stop-${id}`,
            source: "/t",
            type: "inventory.level.observed",
            data: { sku: `S-${id}`, location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z" },
          },
        })
        .then(
          ({ status, json }) => ({ status, seq: json.seq as number | undefined }),
          () => ({ status: 0, seq: undefined }),
        );
    const sending = Array.from({ length: 200 }, (_, index) => send(index));
    await Promise.race(sending);
    const stopped = other.running.stop();
    const answers = await Promise.all(sending);
    await stopped;
    const acknowledged = answers.flatMap(({ status, seq }) => (status === 200 ? [seq!] : []));
    expect(answers.every(({ status }) => status === 200 || status === 503 || status === 0)).toBe(true);
    expect(acknowledged.length).toBeGreaterThan(0);
    const { rows } = await other.database.db.query<{ count: string }>("select count(*) as count from event where seq = any($1::bigint[])", [`{${acknowledged.join()}}`]);
    expect(Number(rows[0]!.count)).toBe(acknowledged.length);
    const { rows: applied } = await other.database.db.query<{ count: string }>("select count(*) as count from stock_item");
    expect(Number(applied[0]!.count)).toBeGreaterThanOrEqual(acknowledged.length);
    await other.database.drop();
  });
});

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "./testing.ts";

/** The way to the database, which can be cut. */
class Cable {
  private readonly sockets = new Set<Socket>();
  private cut = false;
  private readonly listener = createServer((near) => {
    if (this.cut) return void near.destroy();
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  private target!: URL;

  /** The address of the same database through the cable. */
  async lay(url: string): Promise<string> {
    this.target = new URL(url);
    await new Promise<void>((resolve) => this.listener.listen(0, "127.0.0.1", resolve));
    const through = new URL(url);
    through.searchParams.delete("host"); // the local socket, which no cable leads to
    through.host = `127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
    return through.href;
  }

  break(): void {
    this.cut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.cut = false;
  }

  async remove(): Promise<void> {
    this.break();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}

let gateway: TestGateway;
const cable = new Cable();
beforeAll(async () => {
  gateway = await testGateway({ through: (url) => cable.lay(url) });
});
afterAll(async () => {
  await gateway.stop();
  await cable.remove();
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
    body: {
      orderId,
      customer: { id: "C" },
      currency: "GBP",
      placedAt: "2026-11-24T07:00:00Z",
      lines: [{ lineId: "1", sku: "A", quantity: "1", price: "1" }],
    },
  });

describe("while the database is gone", () => {
  it("every request is told to come again, and afterwards everything works by itself", async () => {
    expect((await post()).status).toBe(200);
    cable.break();
    try {
      for (const answer of [
        await post(),
        await order("O-1"),
        await gateway.send({ path: "/process/v1/orders" }),
        await gateway.send({ path: "/ops/v1/status" }),
      ]) {
        expect([answer.status, answer.json.code]).toEqual([503, "gateway.overloaded"]);
        expect(answer.headers["retry-after"]).toBe("1");
        expect(answer.text).not.toMatch(/postgres|connection|127\.0\.0\.1|terminat/i);
      }
      await expect
        .poll(async () => (await gateway.send({ path: "/health", key: null })).status, { timeout: 5_000 })
        .toBe(503);
    } finally {
      cable.mend();
    }
    await expect.poll(async () => (await post()).status, { timeout: 10_000 }).toBe(200);
    await expect.poll(async () => (await order("O-1")).status, { timeout: 10_000 }).toBeLessThan(300);
    await expect
      .poll(async () => (await gateway.send({ path: "/health", key: null })).status, { timeout: 10_000 })
      .toBe(200);
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
    const { rows } = await other.database.db.query<{ count: string }>(
      "select count(*) as count from event where seq = any($1::bigint[])",
      [`{${acknowledged.join()}}`],
    );
    expect(Number(rows[0]!.count)).toBe(acknowledged.length);
    const { rows: applied } = await other.database.db.query<{ count: string }>(
      "select count(*) as count from stock_item",
    );
    expect(Number(applied[0]!.count)).toBeGreaterThanOrEqual(acknowledged.length);
    await other.database.drop();
  });
});

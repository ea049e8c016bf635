import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveIntegration } from "../connector/resolve.ts";
import { http } from "../connectors/http/index.ts";
import { defineIntegration, flow } from "../policy/define.ts";
import { type TestGateway, testGateway } from "./testing.ts";

interface Record {
  type: string;
  key: string;
  data: { sku?: string; quantity?: string; orderId?: string; company: string };
}

/** A system that remembers what it was sent, can be asked, and refuses what it is told to. */
class Target {
  readonly taken: Record[] = [];
  readonly refuse = new Set<string>();
  private server: Server | undefined;
  url = "";

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const [status, body] = this.answer(request.method!, request.url!, Buffer.concat(chunks).toString());
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer(method: string, url: string, text: string): [number, unknown] {
    const asked = /^\/lookup\/(.+)$/.exec(url)?.[1];
    if (method === "GET" && asked !== undefined) {
      const found = this.taken.find(({ key }) => key === decodeURIComponent(asked));
      return found === undefined ? [404, {}] : [200, { reference: found.key }];
    }
    if (method === "GET") return [200, {}];
    const record = JSON.parse(text) as Record;
    if ([...this.refuse].some((word) => text.includes(word)))
      return [422, { code: "blocked", reason: "not wanted here" }];
    this.taken.push(record);
    return [200, { reference: record.key }];
  }

  stop(): Promise<unknown> {
    this.server!.closeAllConnections();
    return new Promise((resolve) => this.server!.close(resolve));
  }
}

const east = new Target();
const portal = new Target();
let gateway: TestGateway;

beforeAll(async () => {
  await Promise.all([east.start(), portal.start()]);
  const declared = defineIntegration({
    systems: {
      east: http({
        url: `${east.url}/records`,
        messages: ["order.release"],
        write: "lookup",
        lookup: { path: "/lookup/{key}" },
      }),
      portal: http({
        url: `${portal.url}/records`,
        messages: ["inventory.availability", "order.status"],
        write: "absolute",
      }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east" } } } },
    flows: [
      flow("availability", "Availability").domain("inventory").to("portal"),
      flow("releases", "Releases").domain("order").to("east"),
      flow("status", "Status").domain("order").to("portal").messages("order.status"),
    ],
    allocation: { prefer: ["EAST"] },
  });
  gateway = await testGateway({ integration: resolveIntegration(declared, {}).integration });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([east.stop(), portal.stop()]);
});

let made = 0;
async function observe(sku: string, quantity: string): Promise<void> {
  const data = { sku, location: "EAST", quantity, observedAt: new Date().toISOString() };
  const body = {
    specversion: "1.0",
    id: `r-${++made}`,
    source: "/t",
    type: "inventory.level.observed",
    data,
  };
  expect((await gateway.send({ path: "/system/v1/east/events", body })).status).toBe(200);
  await gateway.running.node.settled();
}

async function submit(orderId: string, sku: string, quantity: string): Promise<void> {
  const lines = [{ lineId: "1", sku, quantity, price: "1" }];
  const body = { orderId, customer: { id: "C" }, currency: "GBP", placedAt: "2026-11-24T07:00:00Z", lines };
  const portalKey = await gateway.newKey(`portal-${orderId}`, ["process:write"], "portal");
  expect((await gateway.send({ path: "/process/v1/orders", body, key: portalKey })).status).toBe(201);
}

const ask = async (path: string, body: unknown) => {
  const { status, json } = await gateway.send({ path, body });
  expect(status, JSON.stringify(json)).toBe(200);
  return json;
};
const rest = () =>
  expect
    .poll(
      async () =>
        (await gateway.send({ path: "/ops/v1/books" })).json.deliveries.reduce(
          (sum: number, d: { waiting: number }) => sum + d.waiting,
          0,
        ),
      { timeout: 10_000 },
    )
    .toBe(0);
const told = (target: Target, type: string, word: string) =>
  target.taken.filter((record) => record.type === type && JSON.stringify(record).includes(word));

describe("a replay", () => {
  it("tells a channel its figures as they are now, each once", async () => {
    await observe("FIG-1", "10");
    await rest();
    await observe("FIG-1", "7");
    await observe("FIG-2", "5");
    await rest();
    const before = portal.taken.length;
    const preview = await ask("/ops/v1/replays", { system: "portal", domain: "inventory" });
    expect(preview).toMatchObject({
      executed: false,
      types: [{ type: "inventory.availability", treatment: "rendered", keys: 2 }],
    });
    await rest();
    expect(portal.taken.length).toBe(before);
    expect(
      await ask("/ops/v1/replays", { system: "portal", domain: "inventory", execute: true }),
    ).toMatchObject({ executed: true, replayed: 2 });
    await rest();
    expect(
      portal.taken
        .slice(before)
        .map(({ data }) => [data.sku, data.quantity])
        .sort(),
    ).toEqual([
      ["FIG-1", "7"],
      ["FIG-2", "5"],
    ]);
  });

  it("sends a document that was lost and is wanted; not one that is there, nor one that nobody wants", async () => {
    await observe("DOC", "100");
    for (const id of ["D-THERE", "D-LOST", "D-SHIPPED"]) await submit(id, "DOC", "2");
    await rest();
    expect(east.taken.filter(({ data }) => data.orderId?.startsWith("D-"))).toHaveLength(3);
    const data = {
      orderId: "D-SHIPPED",
      shipmentId: "S-1",
      location: "EAST",
      lines: [{ lineId: "1", sku: "DOC", quantity: "2" }],
      shippedAt: new Date().toISOString(),
    };
    await gateway.send({
      path: "/system/v1/east/events",
      body: { specversion: "1.0", id: "s-1", source: "/t", type: "shipment.shipped", data },
    });
    await gateway.running.node.settled();
    await rest();
    // EAST is restored from a backup: two of its orders are gone.
    east.taken.splice(0, east.taken.length, ...east.taken.filter(({ data }) => data.orderId === "D-THERE"));
    expect((await ask("/ops/v1/replays", { system: "east" })).types).toMatchObject([
      { type: "order.release", treatment: "looked-up", keys: 3 },
    ]);
    expect(await ask("/ops/v1/replays", { system: "east", execute: true })).toMatchObject({
      replayed: 2,
      unwanted: 1,
    });
    await rest();
    expect(east.taken.map(({ data }) => data.orderId).sort()).toEqual(["D-LOST", "D-THERE"]);
  });

  it("draws an order's status anew", async () => {
    await observe("STAT", "100");
    await submit("ST-1", "STAT", "1");
    await rest();
    const before = told(portal, "order.status", "ST-1").length;
    const { json } = await gateway.send({ path: "/ops/v1/deliveries?target=portal&lane=order:main%2FST-1" });
    expect(
      await ask("/ops/v1/replays", { system: "portal", lane: "order:main/ST-1", execute: true }),
    ).toMatchObject({ replayed: 1 });
    await rest();
    expect(told(portal, "order.status", "ST-1")).toHaveLength(before + 1);
    expect(json.items.length).toBeGreaterThan(0);
  });

  it("of a system or a time that is none is refused", async () => {
    for (const body of [
      { system: "moon" },
      { system: "east", from: "2026-02-30T00:00:00Z" },
      { system: "east", domain: "weather" },
      {},
    ]) {
      const { status, json } = await gateway.send({ path: "/ops/v1/replays", body });
      expect([status, json.code]).toEqual([422, "request.invalid"]);
    }
  });
});

describe("what is parked", () => {
  const parked = async (word: string) => {
    const find = async () => {
      const { json } = await gateway.send({ path: "/ops/v1/deliveries?state=parked" });
      return json.items.find((item: { key: string }) => item.key.includes(word));
    };
    await expect.poll(find, { timeout: 10_000 }).toBeDefined();
    return find();
  };

  it("is retried by a person after its cause was mended, and its exception closes", async () => {
    await observe("PARK", "100");
    east.refuse.add("P-1");
    await submit("P-1", "PARK", "1");
    const delivery = await parked("P-1");
    const { json: open } = await gateway.send({ path: "/ops/v1/exceptions?code=delivery.refused&open=true" });
    expect(open.items).toHaveLength(1);
    east.refuse.clear();
    const { status, json } = await gateway.send({
      path: `/ops/v1/deliveries/${delivery.id}/retry`,
      method: "POST",
    });
    expect([status, json]).toEqual([200, { id: delivery.id, state: "waiting" }]);
    await rest();
    expect(told(east, "order.release", "P-1")).toHaveLength(1);
    await expect
      .poll(
        async () =>
          (await gateway.send({ path: "/ops/v1/exceptions?code=delivery.refused&open=true" })).json.items,
        { timeout: 5_000 },
      )
      .toEqual([]);
    const again = await gateway.send({ path: `/ops/v1/deliveries/${delivery.id}/retry`, method: "POST" });
    expect([again.status, again.json.code]).toEqual([409, "delivery.not-parked"]);
  });

  it("is given up with a reason and a name", async () => {
    east.refuse.add("P-2");
    await submit("P-2", "PARK", "1");
    const delivery = await parked("P-2");
    expect((await gateway.send({ path: `/ops/v1/deliveries/${delivery.id}/skip`, body: {} })).status).toBe(
      422,
    );
    expect((await ask(`/ops/v1/deliveries/${delivery.id}/skip`, { reason: "shipped by hand" })).state).toBe(
      "skipped",
    );
    const { json } = await gateway.send({ path: `/ops/v1/deliveries/${delivery.id}` });
    expect(json).toMatchObject({ state: "skipped", reason: "all: shipped by hand" });
    expect((await gateway.send({ path: "/ops/v1/books" })).json.balanced).toBe(true);
    expect((await gateway.send({ path: "/ops/v1/deliveries/999999/retry", method: "POST" })).status).toBe(
      404,
    );
  });

  it("goes on together when its exception is retried", async () => {
    east.refuse.add("P-3");
    await submit("P-3", "PARK", "1");
    await parked("P-3");
    const { json } = await gateway.send({ path: "/ops/v1/exceptions?code=delivery.refused&open=true" });
    const { id } = json.items[0];
    expect(await ask(`/ops/v1/exceptions/${id}/retry`, {})).toMatchObject({
      executed: false,
      counts: [{ system: "east", state: "parked", count: 1 }],
    });
    east.refuse.clear();
    expect(await ask(`/ops/v1/exceptions/${id}/retry`, { execute: true })).toEqual({
      executed: true,
      released: 1,
    });
    await rest();
    expect(told(east, "order.release", "P-3")).toHaveLength(1);
  });
});

describe("receipts that could not be mapped", () => {
  it("are mapped again once that is possible, each once", async () => {
    const data = { sku: "MAPPED", location: "EAST", quantity: "3", observedAt: "2026-11-24T07:00:00Z" };
    const event = { specversion: "1.0", id: "bad-1", source: "/t", type: "inventory.level.observd", data };
    const sent = await gateway.send({ path: "/system/v1/east/webhooks/events", body: event });
    expect(sent.status).toBe(200);
    await gateway.send({ path: "/system/v1/east/webhooks/events", body: { ...event, id: "bad-2" } });
    expect(
      (await gateway.send({ path: "/ops/v1/exceptions?code=receipt.not-mapped&open=true" })).json.items,
    ).toHaveLength(2);
    expect(await ask("/ops/v1/remaps", { system: "east", execute: true })).toMatchObject({
      mapped: 0,
      stillFailing: 2,
    });
    // The mapping learns the word: here the message is mended in its place.
    await gateway.database.db.query(
      "update receipt set body = convert_to(replace(convert_from(body, 'UTF8'), 'observd', 'observed'), 'UTF8') where native_id = 'bad-1'",
    );
    expect(await ask("/ops/v1/remaps", { system: "east" })).toMatchObject({
      executed: false,
      mapped: 1,
      events: 1,
      stillFailing: 1,
      failures: [{ nativeId: "bad-2" }],
    });
    expect(await ask("/ops/v1/remaps", { system: "east", execute: true })).toMatchObject({
      executed: true,
      mapped: 1,
      events: 1,
      stillFailing: 1,
    });
    expect(await ask("/ops/v1/remaps", { system: "east", execute: true })).toMatchObject({ mapped: 0 });
    expect(
      (await gateway.send({ path: "/ops/v1/exceptions?code=receipt.not-mapped&open=true" })).json.items,
    ).toHaveLength(1);
    await gateway.running.node.settled();
    await expect
      .poll(
        async () =>
          (await gateway.send({ path: "/process/v1/availability?sku=MAPPED" })).json.items[0].available,
        { timeout: 5_000 },
      )
      .toBe("3");
    const { json } = await gateway.send({ path: "/ops/v1/books" });
    const [intake] = json.intake;
    expect([intake.nativeMapped, intake.nativeFailed, json.balanced]).toEqual([1, 1, true]);
  });
});

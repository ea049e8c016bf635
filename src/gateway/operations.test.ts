import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveIntegration } from "../connector/resolve.ts";
import { http } from "../connectors/http/index.ts";
import { defineIntegration, flow } from "../policy/define.ts";
import { problemKinds } from "./problem-codes.ts";
import { type TestGateway, testGateway } from "./testing.ts";

/** Nothing listens there: deliveries wait, and their attempts can be seen. */
function integration() {
  const limits = { backoffFirst: "50ms", backoffLast: "200ms", breakerLanes: 100 };
  const declared = defineIntegration({
    systems: {
      east: http({
        url: "http://127.0.0.1:9/records",
        messages: ["order.release", "order.cancellation"],
        limits,
      }),
      portal: http({
        url: "http://127.0.0.1:9/records",
        messages: ["inventory.availability", "order.status"],
        write: "absolute",
        limits,
      }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east" } } } },
    flows: [
      flow("availability", "Availability").domain("inventory").to("portal"),
      flow("releases", "Releases").domain("order").to("east"),
    ],
    allocation: { prefer: ["EAST"] },
  });
  return resolveIntegration(declared, {}).integration;
}

let gateway: TestGateway;
let eventId: string;
beforeAll(async () => {
  gateway = await testGateway({ integration: integration() });
  const stock = {
    specversion: "1.0",
    id: "stock-1",
    source: "/t",
    type: "inventory.level.observed",
    data: { sku: "A", location: "EAST", quantity: "10", observedAt: "2026-11-24T07:00:00Z" },
  };
  // As a webhook, so that there is a receipt.
  const received = await gateway.send({ path: "/system/v1/east/webhooks/events", body: stock });
  expect(received.json.recorded).toBe(1);
  await gateway.running.node.settled();
  const order = {
    orderId: "O-1",
    customer: { id: "C-1" },
    purchaseOrder: "PO-77",
    currency: "GBP",
    placedAt: "2026-11-24T07:00:00Z",
    lines: [{ lineId: "1", sku: "A", quantity: "4", price: "2.50" }],
  };
  expect((await gateway.send({ path: "/process/v1/orders", body: order })).status).toBe(201);
  const ship = {
    orderId: "O-1",
    shipmentId: "SH-9",
    location: "EAST",
    lines: [{ lineId: "1", sku: "A", quantity: "1" }],
    shippedAt: "2026-11-24T08:00:00Z",
  };
  await gateway.send({
    path: "/system/v1/east/events",
    body: { specversion: "1.0", id: "ship-1", source: "/t", type: "shipment.shipped", data: ship },
  });
  await gateway.running.node.settled();
  const { rows } = await gateway.database.db.query<{ id: string }>(
    "select id from event where type = 'order.allocated'",
  );
  eventId = rows[0]!.id;
});
afterAll(() => gateway.stop());

const get = (path: string) => gateway.send({ path });

describe("status", () => {
  it("says of every system how it stands and what waits for it", async () => {
    await expect
      .poll(async () => (await get("/ops/v1/status")).json.projection.lag, { timeout: 5_000 })
      .toBe(0);
    const { json } = await get("/ops/v1/status");
    expect(json.nodes).toEqual([expect.objectContaining({ alive: true, configurationRevision: 1 })]);
    expect(json.systems.map(({ system }: { system: string }) => system)).toEqual(["east", "portal"]);
    const portal = json.systems[1];
    expect(portal).toMatchObject({ product: "http", mode: "live", waiting: expect.any(Number) });
    expect(portal.waiting).toBeGreaterThan(0);
    expect(portal.oldestAgeMs).toBeGreaterThan(0);
    expect(json.node.deliveries.targets).toHaveLength(2);
    expect(json.orders).toMatchObject({ "partially-shipped": 1 });
  });

  it("lists systems with what they are declared to be, and flows; settings are not shown", async () => {
    const systems = await get("/ops/v1/systems");
    expect(systems.json.items[0].declared.writes).toHaveProperty(["order.release"]);
    expect(systems.text).not.toContain("127.0.0.1");
    expect((await get("/ops/v1/flows")).json.items.map(({ id }: { id: string }) => id)).toEqual([
      "availability",
      "releases",
    ]);
  });
});

describe("deliveries", () => {
  it("are listed newest first, filtered and paged", async () => {
    const { json } = await get("/ops/v1/deliveries");
    const ids = json.items.map(({ id }: { id: string }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(ids.length).toBeGreaterThanOrEqual(3);
    const first = await get("/ops/v1/deliveries?limit=1");
    const second = await get(`/ops/v1/deliveries?limit=1&cursor=${first.json.next}`);
    expect([first.json.items[0].id, second.json.items[0].id].map(Number)).toEqual(ids.slice(0, 2));
    const releases = await get("/ops/v1/deliveries?target=east&state=waiting&lane=order:main%2FO-1");
    expect(releases.json.items).toEqual([
      expect.objectContaining({ type: "order.release", target: "east", flow: "releases" }),
    ]);
    expect((await get("/ops/v1/deliveries?state=delivered")).json.items).toEqual([]);
  });

  it("show their payload and their failures", async () => {
    const { json } = await get("/ops/v1/deliveries?target=east");
    const path = `/ops/v1/deliveries/${json.items[0].id}`;
    await expect
      .poll(async () => (await get(path)).json.failures.length, { timeout: 10_000 })
      .toBeGreaterThan(0);
    const found = (await get(path)).json;
    expect(found.payload).toMatchObject({ orderId: "O-1", location: "EAST" });
    expect(found.failures[0]).toMatchObject({ attempt: 1, answer: expect.any(String) });
  });
});

describe("a trace", () => {
  const kinds = (json: { timeline: { kind: string }[] }) => new Set(json.timeline.map(({ kind }) => kind));

  it("of an order has what was said, decided and why, sent, and what came back", async () => {
    const { status, json } = await get("/ops/v1/traces/O-1");
    expect(status).toBe(200);
    expect(json.subjects).toEqual([expect.objectContaining({ kind: "order", key: "order:main/O-1" })]);
    expect([...kinds(json)]).toEqual(expect.arrayContaining(["said", "decided", "sent"]));
    const at = json.timeline.map((entry: { at: string }) => entry.at);
    expect(at).toEqual([...at].sort());
    const summaries = json.timeline.map(({ summary }: { summary: string }) => summary);
    expect(summaries).toEqual(
      expect.arrayContaining([
        "1 line ordered by C-1",
        "allocated from EAST 4 × A",
        "shipment SH-9 left EAST: 1 × A",
      ]),
    );
  });

  it("of a SKU has its observations with their receipts, promises and what channels were told", async () => {
    const { json } = await get("/ops/v1/traces/A");
    expect(json.subjects[0]).toMatchObject({ kind: "sku", key: "stock:main/A" });
    const observed = json.timeline.find(
      ({ event }: { event?: { type: string } }) => event?.type === "inventory.level.observed",
    );
    expect(observed).toMatchObject({
      kind: "said",
      summary: "EAST holds 10",
      receipt: { topic: "events", nativeId: "stock-1" },
    });
    expect(
      json.timeline.some(
        ({ delivery }: { delivery?: { type: string } }) => delivery?.type === "inventory.availability",
      ),
    ).toBe(true);
    const receipt = (await get(`/ops/v1/receipts/${observed.receipt.id}`)).json;
    expect(receipt).toMatchObject({ system: "east", outcome: "mapped", events: 1 });
    expect(JSON.parse(receipt.body.text)).toMatchObject({ id: "stock-1" });
    expect((await get(`/ops/v1/traces/${observed.receipt.id}`)).json.subjects[0]).toMatchObject({
      kind: "receipt",
      key: "stock:main/A",
    });
  });

  it("is found by a delivery, a message, a key and any document number", async () => {
    const delivery = (await get("/ops/v1/deliveries?target=east")).json.items[0].id;
    for (const [term, kind] of [
      [delivery, "delivery"],
      [eventId, "event"],
      ["order:main/O-1", "order"],
      ["SH-9", "document"],
      ["PO-77", "document"],
    ]) {
      const { status, json } = await get(`/ops/v1/traces/${encodeURIComponent(term)}`);
      expect([status, json.subjects?.[0]?.kind, json.subjects?.[0]?.key], term).toEqual([
        200,
        kind,
        "order:main/O-1",
      ]);
    }
  });

  it("is found by the id that a system gave its own message", async () => {
    const { json } = await get("/ops/v1/traces/stock-1");
    expect(json.subjects).toEqual([
      { kind: "receipt", name: "stock-1", key: "stock:main/A", found: "east events stock-1" },
    ]);
  });

  it("of a text that would be a pattern or a statement finds nothing", async () => {
    for (const term of ["%", "O-_", "'; drop table event; --", '{"a":1}', "\\", "$."]) {
      expect((await get(`/ops/v1/traces/${encodeURIComponent(term)}`)).status, term).toBe(404);
    }
  });
});

describe("exceptions", () => {
  it("are filtered and paged", async () => {
    const event = (id: string, quantity: string) => ({
      specversion: "1.0",
      id,
      source: "/t",
      type: "inventory.level.observed",
      data: { sku: "A", location: "EAST", quantity, observedAt: "2026-11-24T07:00:00Z" },
    });
    for (const id of ["x", "y", "z"]) {
      await gateway.send({ path: "/system/v1/east/events", body: event(id, "10") });
      await gateway.send({ path: "/system/v1/east/events", body: event(id, "11") });
    }
    const first = await get("/ops/v1/exceptions?code=event.conflict&limit=2");
    expect(first.json.items).toHaveLength(2);
    const second = await get(`/ops/v1/exceptions?code=event.conflict&limit=2&cursor=${first.json.next}`);
    expect(second.json.items).toHaveLength(1);
    expect(second.json.next).toBeUndefined();
    expect((await get("/ops/v1/exceptions?open=false&code=event.conflict")).json.items).toEqual([]);
    expect((await get("/ops/v1/exceptions?system=portal&code=event.conflict")).json.items).toEqual([]);
  });
});

describe("a held key", () => {
  it("goes on when it is released, and is held again where nothing has changed", async () => {
    const send = (id: string, type: string, data: object) =>
      gateway.send({
        path: "/system/v1/east/events",
        body: { specversion: "1.0", id, source: "/t", type, time: "2026-11-24T07:00:00Z", data },
      });
    const observe = (id: string, quantity: string, at: string) =>
      send(id, "inventory.level.observed", { sku: "HELD", location: "EAST", quantity, observedAt: at });
    await observe("h1", "5", "2026-11-24T07:00:00Z");
    // The base unit cannot change under stock: the key is held, and what follows waits.
    await send("h2", "inventory.item.defined", { sku: "HELD", unit: "KGM", ratios: {} });
    await observe("h3", "9", "2026-11-24T08:00:00Z");
    await gateway.running.node.settled();
    const open = await get("/ops/v1/exceptions?code=event.not-applied&key=stock:main%2FHELD");
    expect(open.json.items).toHaveLength(1);
    const order = {
      orderId: "O-HELD",
      customer: { id: "C" },
      currency: "GBP",
      placedAt: "2026-11-24T07:00:00Z",
      lines: [{ lineId: "1", sku: "HELD", quantity: "1", price: "1" }],
    };
    const release = () => gateway.send({ path: "/ops/v1/keys/stock%3Amain%2FHELD/release", method: "POST" });
    expect((await release()).json).toMatchObject({ released: false });
    // Somebody mends the cause: the definition is taken back.
    await gateway.database.db.query(
      'update event set data = \'{"sku":"HELD","unit":"EA","ratios":{}}\' where type = \'inventory.item.defined\' and key = \'stock:main/HELD\'',
    );
    const released = await release();
    expect([released.status, released.json]).toEqual([
      200,
      { key: "stock:main/HELD", released: true, applied: 2 },
    ]);
    const { json } = await get("/process/v1/availability?sku=HELD");
    expect(json.items[0].available).toBe("9");
    expect((await get("/ops/v1/exceptions?open=true&code=event.not-applied")).json.items).toEqual([]);
    expect((await release()).json.code).toBe("key.not-held");
    expect((await gateway.send({ path: "/process/v1/orders", body: order })).status).toBe(201);
  });
});

describe("the books", () => {
  it("balance, and say so equation by equation", async () => {
    await gateway.running.node.settled();
    const { json } = await get("/ops/v1/books?from=2000-01-01");
    expect(json.balanced).toBe(true);
    expect(json.intake[0]).toMatchObject({
      system: "east",
      balanced: true,
      topics: [{ topic: "events", mapped: 1, ignored: 0, failed: 0 }],
    });
    expect(json.deliveries.map(({ target }: { target: string }) => target)).toEqual(
      expect.arrayContaining(["east", "portal"]),
    );
    const [units] = json.units;
    expect(Number(units.accepted) + Number(units.overShipped)).toBe(
      Number(units.invoiced) + Number(units.cancelled) + Number(units.open),
    );
    expect(json.reservations[0].committed).toBe(json.reservations[0].reserved);
  });

  it("do not balance where a promise was lost", async () => {
    const db = gateway.database.db;
    await db.query("update reservation set quantity = quantity + 1 where order_id = 'O-1'");
    const { json } = await get("/ops/v1/books");
    expect([json.balanced, json.reservations[0].balanced, json.reservations[0].skusThatDiffer]).toEqual([
      false,
      false,
      1,
    ]);
    await db.query("update reservation set quantity = quantity - 1 where order_id = 'O-1'");
  });
});

describe("the OpenAPI document", () => {
  it("has every route once, every reference resolved, every path parameter declared", async () => {
    const { json, text } = await get("/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    const operations = Object.entries(
      json.paths as Record<
        string,
        Record<string, { operationId: string; parameters: { name: string; in: string }[] }>
      >,
    );
    const ids = operations.flatMap(([, methods]) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, methods] of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) {
        expect(
          parameters
            .filter((parameter) => parameter.in === "path")
            .map(({ name }) => name)
            .sort(),
          path,
        ).toEqual(named.sort());
      }
    }
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(json.components.schemas, name).toHaveProperty([name!]);
    expect(json.components.schemas).toHaveProperty(["inventory.level.observed"]);
    expect(json.components.schemas).not.toHaveProperty(["order.accepted"]);
  });

  it("is what docs/api.md says, route by route and code by code", async () => {
    const page = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
    const { json } = await get("/openapi.json");
    for (const [path, methods] of Object.entries(json.paths as Record<string, object>)) {
      for (const method of Object.keys(methods))
        expect(page).toContain(`\`${method.toUpperCase()} ${path}\``);
    }
    const rows = [...page.slice(page.indexOf("## Codes")).matchAll(/^\| (\d{3}) \| (.+) \|$/gm)];
    const documented = rows.flatMap(([, status, codes]) =>
      [...codes!.matchAll(/`([^`]+)`/g)].map(([, code]) => `${code} ${status}`),
    );
    expect(documented.sort()).toEqual(
      Object.entries(problemKinds)
        .map(([code, { status }]) => `${code} ${status}`)
        .sort(),
    );
  });
});

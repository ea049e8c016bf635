import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.stop());

const ORDERS = "/process/v1/orders";
let made = 0;
const newId = () => `O-${++made}`;
const order = (change: Record<string, unknown> = {}) => ({
  orderId: newId(),
  customer: { id: "C-1" },
  currency: "GBP",
  placedAt: "2026-11-24T07:00:00Z",
  lines: [{ lineId: "1", sku: "PLENTY", quantity: "2", price: "2.50" }],
  ...change,
});
const submit = (body: unknown, key?: string, apiKey?: string) =>
  gateway.send({
    path: ORDERS,
    body,
    headers: { "idempotency-key": key },
    ...(apiKey === undefined ? {} : { key: apiKey }),
  });

async function stock(sku: string, quantities: Record<string, string>): Promise<void> {
  for (const [location, quantity] of Object.entries(quantities)) {
    const system = location.toLowerCase();
    const data = { sku, location, quantity, observedAt: new Date().toISOString() };
    const { status } = await gateway.send({
      path: `/system/v1/${system}/events`,
      body: {
        specversion: "1.0",
        id: `stock-${++made}`,
        source: "/t",
        type: "inventory.level.observed",
        data,
      },
    });
    expect(status).toBe(200);
  }
  await gateway.running.node.settled();
}

beforeAll(() => stock("PLENTY", { EAST: "100000", WEST: "100000" }));

describe("submitting", () => {
  it("answers with the decision and why", async () => {
    await stock("SPLIT", { EAST: "4", WEST: "3" });
    const { status, json } = await submit(
      order({ lines: [{ lineId: "1", sku: "SPLIT", quantity: "10", price: "1" }] }),
    );
    expect(status).toBe(201);
    expect(json.allocations).toEqual([
      { lineId: "1", sku: "SPLIT", location: "EAST", quantity: "4" },
      { lineId: "1", sku: "SPLIT", location: "WEST", quantity: "3" },
    ]);
    expect(json.backordered).toEqual([{ lineId: "1", sku: "SPLIT", quantity: "3", promisedAt: null }]);
    expect(json.explanation.join(" ")).toMatch(/EAST had 4 of 10/);
  });

  it("again with its key gets the same decision, and decides nothing again", async () => {
    const body = order();
    const first = await submit(body, "key-1");
    expect(first.status).toBe(201);
    const again = await submit(body, "key-1");
    expect([again.status, again.headers["idempotency-replayed"]]).toEqual([200, "true"]);
    expect(again.text).toBe(first.text);
    const { rows } = await gateway.database.db.query<{ count: string }>(
      "select count(*) as count from event where type = 'order.submitted' and key = $1",
      [`order:main/${body.orderId}`],
    );
    expect(rows[0]!.count).toBe("1");
  });

  it("another order with a key that was used is refused", async () => {
    await submit(order(), "key-2");
    const { status, json } = await submit(order(), "key-2");
    expect([status, json.code]).toEqual([422, "command.key-reused"]);
  });

  it("with a key of another client's is another request", async () => {
    const other = await gateway.newKey("other-shop", ["process:write"]);
    expect((await submit(order(), "key-3")).status).toBe(201);
    expect((await submit(order(), "key-3", other)).status).toBe(201);
  });

  it("the same order without a key is recognised; another one under its number is refused", async () => {
    const body = order();
    expect((await submit(body)).status).toBe(201);
    const again = await submit({ ...body, lines: body.lines.map((line) => ({ ...line, quantity: "2.0" })) });
    expect([again.status, again.json.orderId]).toEqual([200, body.orderId]);
    const other = await submit({
      ...body,
      lines: [{ lineId: "1", sku: "PLENTY", quantity: "3", price: "2.50" }],
    });
    expect([other.status, other.json.code]).toEqual([409, "order.exists"]);
    const { json } = await gateway.send({ path: `${ORDERS}/${body.orderId}` });
    expect(json.lines[0].quantity).toBe("2");
  });

  it("takes the channel from the key", async () => {
    const portal = await gateway.newKey("portal-orders", ["process:write"], "portal");
    const body = order();
    await submit(body, undefined, portal);
    expect((await gateway.send({ path: `${ORDERS}/${body.orderId}` })).json.channel).toBe("portal");
  });

  it("an order without a customer is held, and says so", async () => {
    const { status, json } = await submit(order({ customer: undefined }));
    expect([status, json.status, json.hold.code]).toEqual([201, "held", expect.stringContaining("customer")]);
  });
});

describe("many at once", () => {
  it("with one key: one order, and everybody gets its decision", async () => {
    const body = order();
    const answers = await Promise.all(Array.from({ length: 30 }, () => submit(body, "key-many")));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { text } of answers) expect(text).toBe(answers[0]!.text);
  });

  it("never promise more than there is", async () => {
    await stock("SCARCE", { EAST: "20", WEST: "10" });
    const bodies = Array.from({ length: 40 }, () =>
      order({ lines: [{ lineId: "1", sku: "SCARCE", quantity: "2", price: "1" }] }),
    );
    const answers = await Promise.all(bodies.map((body) => submit(body)));
    const promised = answers
      .flatMap(({ json }) => json.allocations as { quantity: string }[])
      .reduce((sum, { quantity }) => sum + Number(quantity), 0);
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(promised).toBe(30);
    const { json } = await gateway.send({ path: "/process/v1/availability?sku=SCARCE" });
    expect(json.items[0]).toMatchObject({ available: "0", backordered: "50" });
  });
});

describe("reading", () => {
  it("costs nothing where nothing has changed", async () => {
    const body = order();
    await submit(body);
    const path = `${ORDERS}/${body.orderId}`;
    const { headers, json } = await gateway.send({ path });
    expect(json.status).toMatch(/accepted|released/);
    const etag = headers.etag as string;
    const unchanged = await gateway.send({ path, headers: { "if-none-match": `"other", W/${etag}` } });
    expect([unchanged.status, unchanged.text]).toEqual([304, ""]);
    await gateway.send({ path: `${path}/cancel`, body: {} });
    expect((await gateway.send({ path, headers: { "if-none-match": etag } })).status).toBe(200);
  });

  it("an order whose number needs escaping", async () => {
    for (const orderId of ["A/B", "50%", "ÄÖ 1", "a?b#c"]) {
      expect((await submit(order({ orderId }))).status).toBe(201);
      const { status, json } = await gateway.send({ path: `${ORDERS}/${encodeURIComponent(orderId)}` });
      expect([status, json.orderId]).toEqual([200, orderId]);
    }
  });

  it("pages through all of them once, while more come", async () => {
    const wanted = new Set<string>();
    for (let index = 0; index < 12; index++)
      wanted.add((await submit(order({ customer: { id: "C-PAGES" } }))).json.orderId);
    const seen: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const { json }: { json: { items: { orderId: string }[]; next?: string } } = await gateway.send({
        path: `${ORDERS}?customer=C-PAGES&limit=5${cursor}`,
      });
      seen.push(...json.items.map(({ orderId }) => orderId));
      cursor = json.next === undefined ? undefined : `&cursor=${encodeURIComponent(json.next)}`;
    }
    expect(new Set(seen)).toEqual(wanted);
    expect(seen).toHaveLength(12);
  });

  it("a cursor of another list is refused", async () => {
    const cursor = Buffer.from(JSON.stringify(["deliveries", "1"])).toString("base64url");
    expect((await gateway.send({ path: `${ORDERS}?cursor=${cursor}` })).status).toBe(400);
  });
});

describe("cancelling", () => {
  it("what no place has been told of is over at once, and frees its stock", async () => {
    await stock("ONCE", {});
    const body = order({ lines: [{ lineId: "1", sku: "NONE-YET", quantity: "5", price: "1" }] });
    await submit(body);
    const { status, json } = await gateway.send({
      path: `${ORDERS}/${body.orderId}/cancel`,
      body: { reason: "changed my mind" },
    });
    expect([status, json.status, json.lines[0].cancelled]).toEqual([200, "cancelled", "5"]);
    const again = await gateway.send({ path: `${ORDERS}/${body.orderId}/cancel`, body: {} });
    expect([again.status, again.json.status]).toEqual([200, "cancelled"]);
  });

  it("what a place has is asked back", async () => {
    const body = order();
    await submit(body);
    const { status, json } = await gateway.send({ path: `${ORDERS}/${body.orderId}/cancel`, body: {} });
    expect(status).toBe(202);
    expect(json.cancelling).toEqual([
      { location: "EAST", lines: [{ lineId: "1", sku: "PLENTY", quantity: "2" }] },
    ]);
  });

  it("again with its key gets the same bytes", async () => {
    const body = order();
    await submit(body);
    const cancel = () =>
      gateway.send({
        path: `${ORDERS}/${body.orderId}/cancel`,
        body: { reason: "again" },
        headers: { "idempotency-key": `cancel-${body.orderId}` },
      });
    const first = await cancel();
    const again = await cancel();
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect([again.status, again.text]).toEqual([first.status, first.text]);
  });

  it("what has left cannot be cancelled", async () => {
    const body = order();
    await submit(body);
    const data = {
      orderId: body.orderId,
      shipmentId: `S-${body.orderId}`,
      location: "EAST",
      lines: [{ lineId: "1", sku: "PLENTY", quantity: "2" }],
      shippedAt: new Date().toISOString(),
    };
    const shipped = await gateway.send({
      path: "/system/v1/east/events",
      body: { specversion: "1.0", id: `ship-${body.orderId}`, source: "/t", type: "shipment.shipped", data },
    });
    expect(shipped.json.outcome).toBe("recorded");
    await gateway.running.node.settled();
    const { status, json } = await gateway.send({ path: `${ORDERS}/${body.orderId}/cancel`, body: {} });
    expect([status, json.code]).toEqual([409, "order.not-cancellable"]);
  });
});

describe("availability", () => {
  it("says how much, where, as of when, and what a channel may sell", async () => {
    await stock("KNOWN", { EAST: "7", WEST: "5" });
    const { json } = await gateway.send({
      path: "/process/v1/availability?sku=KNOWN&sku=UNKNOWN&channel=portal",
    });
    expect(json.items[0]).toMatchObject({
      sku: "KNOWN",
      known: true,
      unit: "EA",
      available: "12",
      sellable: "12",
      asOf: expect.stringMatching(/Z$/),
    });
    expect(
      json.items[0].locations.map((place: { location: string; available: string }) => [
        place.location,
        place.available,
      ]),
    ).toEqual([
      ["EAST", "7"],
      ["WEST", "5"],
    ]);
    expect(json.items[1]).toEqual({
      sku: "UNKNOWN",
      known: false,
      unit: null,
      available: "0",
      asOf: null,
      backordered: "0",
      locations: [],
      sellable: "0",
    });
    const east = await gateway.send({
      path: "/process/v1/availability?sku=KNOWN&location=EAST&at=2030-01-01T00:00:00Z",
    });
    expect(east.json.items[0]).toMatchObject({ available: "7", locations: [{ location: "EAST" }] });
  });
});

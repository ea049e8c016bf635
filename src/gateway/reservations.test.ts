import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oversold } from "../engine/projection/testing.ts";
import { type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.stop());

const RESERVATIONS = "/process/v1/reservations";
let made = 0;
const newId = () => `R-${++made}`;
const wish = (sku: string, quantity: string, change: Record<string, unknown> = {}) => ({
  orderId: newId(),
  lines: [{ lineId: "1", sku, quantity }],
  ...change,
});
const hold = (body: unknown, key?: string, apiKey?: string) =>
  gateway.send({
    path: RESERVATIONS,
    body,
    headers: { "idempotency-key": key },
    ...(apiKey === undefined ? {} : { key: apiKey }),
  });
const read = (orderId: string) => gateway.send({ path: `${RESERVATIONS}/${encodeURIComponent(orderId)}` });
const giveBack = (orderId: string, key?: string) =>
  gateway.send({ method: "DELETE", path: `${RESERVATIONS}/${orderId}`, headers: { "idempotency-key": key } });
const submit = (orderId: string, sku: string, quantity: string, change: Record<string, unknown> = {}) =>
  gateway.send({
    path: "/process/v1/orders",
    body: {
      orderId,
      customer: { id: "C-1" },
      currency: "GBP",
      placedAt: "2026-11-24T07:00:00Z",
      lines: [{ lineId: "1", sku, quantity, price: "1" }],
      ...change,
    },
  });
const available = async (sku: string) =>
  (await gateway.send({ path: `/process/v1/availability?sku=${sku}` })).json.items[0].available;
const requests = async (orderId: string) => {
  const { rows } = await gateway.database.db.query<{ count: string }>(
    "select count(*) as count from event where type = 'order.reservation.requested' and key = $1",
    [`order:main/${orderId}`],
  );
  return Number(rows[0]!.count);
};

async function stock(sku: string, quantity: string): Promise<void> {
  const data = { sku, location: "EAST", quantity, observedAt: new Date().toISOString() };
  const type = "inventory.level.observed";
  const body = { specversion: "1.0", id: `stock-${++made}`, source: "/t", type, data };
  expect((await gateway.send({ path: "/system/v1/east/events", body })).status).toBe(200);
  await gateway.running.node.settled();
}

describe("holding", () => {
  it("answers with what is held where, and until when", async () => {
    await stock("HELD", "10");
    const body = wish("HELD", "4", { customer: { id: "C-7" }, expiresInSeconds: 600 });
    const { status, json } = await hold(body);
    expect(status).toBe(201);
    expect(json).toMatchObject({
      orderId: body.orderId,
      status: "held",
      channel: "api",
      customer: { id: "C-7" },
      lines: [{ lineId: "1", sku: "HELD", location: "EAST", quantity: "4", unit: "EA" }],
      refusal: null,
    });
    expect(Date.parse(json.expiresAt) - Date.now()).toBeGreaterThan(500_000);
    expect(await available("HELD")).toBe("6");
    expect((await read(body.orderId)).json).toEqual(json);
  });

  it("again with its key gets the same answer, and holds nothing again", async () => {
    await stock("AGAIN", "10");
    const body = wish("AGAIN", "4");
    const first = await hold(body, "hold-1");
    const again = await hold(body, "hold-1");
    expect([again.status, again.headers["idempotency-replayed"], again.json]).toEqual([
      201,
      "true",
      first.json,
    ]);
    expect([await requests(body.orderId), await available("AGAIN")]).toEqual([1, "6"]);
    const other = await hold(wish("AGAIN", "1"), "hold-1");
    expect([other.status, other.json.code]).toEqual([422, "command.key-reused"]);
  });

  it("too little stock is refused whole, with what there is; the same key is told the same", async () => {
    await stock("FEW", "3");
    const body = wish("FEW", "4", {
      lines: [
        { lineId: "1", sku: "HELD", quantity: "1" },
        { lineId: "2", sku: "FEW", quantity: "4" },
      ],
    });
    const { status, json } = await hold(body, "hold-few");
    expect([status, json.code, json.detail]).toEqual([
      409,
      "reservation.short",
      "Line 2, FEW: 3 of 4 are available.",
    ]);
    expect(await available("FEW")).toBe("3");
    expect((await read(body.orderId)).json).toMatchObject({
      status: "refused",
      expiresAt: null,
      lines: [],
      refusal: { code: "reservation.short" },
    });
    await stock("FEW", "9");
    expect((await hold(body, "hold-few")).json.code).toBe("reservation.short");
    expect((await hold(body)).status).toBe(201);
  });

  it("a cart that changes is held anew; what cannot be met leaves it as it was", async () => {
    await stock("CART", "5");
    const body = wish("CART", "2");
    await hold(body);
    const more = await hold({ ...body, lines: [{ lineId: "1", sku: "CART", quantity: "4" }] });
    expect([more.status, more.json.lines[0].quantity]).toEqual([200, "4"]);
    const refused = await hold({ ...body, lines: [{ lineId: "1", sku: "CART", quantity: "6" }] });
    expect([refused.status, refused.json.detail]).toEqual([409, "Line 1, CART: 5 of 6 are available."]);
    expect((await read(body.orderId)).json).toMatchObject({
      status: "held",
      lines: [{ quantity: "4" }],
      refusal: { code: "reservation.short" },
    });
    expect(await available("CART")).toBe("1");
  });

  it.each([
    [{ expiresInSeconds: 100_000 }, 422, "reservation.expiry-refused"],
    [{ expiresAt: "2020-01-01T00:00:00Z" }, 422, "reservation.expiry-refused"],
    [{ expiresAt: "2126-01-01T00:00:00Z" }, 422, "reservation.expiry-refused"],
    [{ expiresInSeconds: 0 }, 422, "request.invalid"],
    [{ expiresInSeconds: 60, expiresAt: "2126-01-01T00:00:00Z" }, 422, "request.invalid"],
    [{ lines: [] }, 422, "request.invalid"],
    [
      {
        lines: [
          { lineId: "1", sku: "HELD", quantity: "1" },
          { lineId: "1", sku: "CART", quantity: "1" },
        ],
      },
      422,
      "request.invalid",
    ],
    [{ lines: [{ lineId: "1", sku: "HELD", quantity: "-1" }] }, 422, "request.invalid"],
    [{ lines: [{ lineId: "1", sku: "HELD", quantity: "1", unit: "CS" }] }, 422, "reservation.unit-unknown"],
    [{ shipComplete: true }, 422, "request.invalid"],
  ])("refuses %j as a problem", async (change, status, code) => {
    const answer = await hold(wish("HELD", "1", change));
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
  });

  it("needs the scope of orders, and leaves another channel's hold alone", async () => {
    await stock("OTHERS", "9");
    const reader = await gateway.newKey("reader", ["process:read"]);
    expect((await hold(wish("OTHERS", "1"), undefined, reader)).json.code).toBe("access.scope-missing");
    const portal = await gateway.newKey("portal-carts", ["process:write"], "portal");
    const body = wish("OTHERS", "5");
    expect((await hold(body, undefined, portal)).json.channel).toBe("portal");
    const taken = await hold({ ...body, lines: [{ lineId: "1", sku: "OTHERS", quantity: "1" }] });
    expect([taken.status, taken.json.code]).toEqual([409, "reservation.taken"]);
    expect(await available("OTHERS")).toBe("4");
  });

  it("many at once never hold more than there is", async () => {
    await stock("CROWD", "30");
    const answers = await Promise.all(Array.from({ length: 40 }, () => hold(wish("CROWD", "2"))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(15);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(25);
    expect(await available("CROWD")).toBe("0");
    expect(await oversold(gateway.database.db)).toEqual([]);
  });
});

describe("an order-to-be is no order", () => {
  it("to who reads, lists or cancels orders", async () => {
    await stock("NONE", "9");
    const body = wish("NONE", "1");
    await hold(body);
    const path = `/process/v1/orders/${body.orderId}`;
    expect((await gateway.send({ path })).json.code).toBe("order.not-found");
    expect((await gateway.send({ path: `${path}/cancel`, body: {} })).json.code).toBe("order.not-found");
    const { json } = await gateway.send({ path: "/process/v1/orders?limit=500" });
    expect(json.items.map((order: { orderId: string }) => order.orderId)).not.toContain(body.orderId);
    expect((await gateway.send({ path: `${path}` })).status).toBe(404);
  });

  it("to the trace it is explained all the same", async () => {
    await stock("TRACED", "9");
    const body = wish("TRACED", "2");
    await hold(body);
    await giveBack(body.orderId);
    const { text } = await gateway.send({ path: `/ops/v1/traces/${body.orderId}` });
    for (const said of ["to be held: 2 × TRACED", "held until", "the hold is over: given back"])
      expect(text).toContain(said);
  });
});

describe("ordering what is held", () => {
  it("is a new order that says so; its reservation is over", async () => {
    await stock("BUY", "5");
    const body = wish("BUY", "5");
    await hold(body);
    expect((await hold(wish("BUY", "1"))).status).toBe(409);
    const { status, json } = await submit(body.orderId, "BUY", "5");
    expect([status, json.explanation]).toEqual([201, ["Held before it was ordered: 5 BUY at EAST."]]);
    expect((await submit(body.orderId, "BUY", "5")).status).toBe(200);
    expect((await submit(body.orderId, "BUY", "4")).json.code).toBe("order.exists");
    expect((await read(body.orderId)).json).toMatchObject({ status: "ordered", lines: [{ quantity: "5" }] });
    for (const answer of [await giveBack(body.orderId), await hold(body)])
      expect([answer.status, answer.json.code]).toEqual([409, "reservation.ordered"]);
    expect(await oversold(gateway.database.db)).toEqual([]);
  });

  it("while it waits for an answer, what is held can still be given back", async () => {
    await stock("WAIT", "5");
    const body = wish("WAIT", "5");
    await hold(body);
    expect((await submit(body.orderId, "WAIT", "5", { customer: undefined })).json.status).toBe("held");
    expect([(await read(body.orderId)).json.status, await available("WAIT")]).toEqual(["held", "0"]);
    expect((await giveBack(body.orderId)).json.status).toBe("withdrawn");
    expect(await available("WAIT")).toBe("5");
  });
});

describe("giving back", () => {
  it("frees it at once, and is answered alike when it is said again", async () => {
    await stock("BACK", "5");
    const body = wish("BACK", "5");
    await hold(body);
    const first = await giveBack(body.orderId, "back-1");
    expect([first.status, first.json.status, await available("BACK")]).toEqual([200, "withdrawn", "5"]);
    const again = await giveBack(body.orderId, "back-1");
    expect([again.headers["idempotency-replayed"], again.json]).toEqual(["true", first.json]);
    expect((await giveBack(body.orderId)).json.status).toBe("withdrawn");
    expect((await hold(body)).status).toBe(201);
  });

  it("what was never held is not found", async () => {
    for (const answer of [await giveBack("NEVER"), await read("NEVER")])
      expect([answer.status, answer.json.code]).toEqual([404, "reservation.not-found"]);
    await stock("PLAIN", "5");
    await submit("PLAIN-1", "PLAIN", "1");
    expect((await read("PLAIN-1")).status).toBe(404);
  });
});

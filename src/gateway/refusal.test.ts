import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Received, type SendOptions, type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway({
    limits: { bodyMaxBytes: 100_000, intakeMaxBytes: 200_000, batchMax: 1_000 },
  });
});
afterAll(() => gateway.stop());

/** What is refused changes nothing. */
afterEach(async () => {
  const { rows } = await gateway.database.db.query(
    "select (select seq from log_head) as seq, (select count(*) from event) as events, (select count(*) from sales_order) as orders, (select count(*) from idempotency) as answers",
  );
  expect(rows).toEqual([{ seq: "0", events: "0", orders: "0", answers: "0" }]);
});

const EVENTS = "/system/v1/east/events";
const ORDERS = "/process/v1/orders";
const event = {
  specversion: "1.0",
  id: "1",
  source: "/test",
  type: "inventory.level.observed",
  data: { sku: "A", location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z" },
};
const text = JSON.stringify(event);
const order = {
  orderId: "O-1",
  customer: { id: "C-1" },
  currency: "GBP",
  placedAt: "2026-11-24T07:00:00Z",
  lines: [{ lineId: "1", sku: "A", quantity: "1", price: "2.50" }],
};

async function refused(options: SendOptions, status: number, code: string): Promise<Received> {
  const answer = await gateway.send(options);
  expect([answer.status, answer.json?.code]).toEqual([status, code]);
  expect(answer.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  expect(answer.json).toMatchObject({
    status,
    type: `urn:crossdock:problem:${code}`,
    title: expect.any(String),
    detail: expect.any(String),
  });
  expect(answer.text).not.toMatch(/at .*\.[jt]s:\d+|node_modules|select |insert |cdk_/);
  return answer;
}

describe("bodies", () => {
  it("over the limit", async () => {
    await refused({ path: ORDERS, body: "x".repeat(100_001) }, 413, "request.too-large");
    await refused({ path: EVENTS, body: "x".repeat(200_001) }, 413, "request.too-large");
  });

  it("over the limit that do not say how long they are", async () => {
    expect(
      await sendWhole("transfer-encoding: chunked", "3d090\r\n", "x".repeat(250_000), "\r\n0\r\n\r\n"),
    ).toBe(413);
  });

  it("far over the limit: who reads only after all is sent still learns why", async () => {
    const mebibyte = "x".repeat(1024 * 1024);
    const parts = Array.from({ length: 24 }, () => mebibyte);
    expect(await sendWhole(`content-length: ${24 * mebibyte.length}`, ...parts)).toBe(413);
    expect(await sendWhole(`connection: close\r\ncontent-length: ${24 * mebibyte.length}`, ...parts)).toBe(
      413,
    );
  });

  it("of another type, or of none", async () => {
    for (const type of [
      "text/plain",
      "application/xml",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "nonsense",
    ]) {
      await refused(
        { path: EVENTS, body: text, headers: { "content-type": type } },
        415,
        "request.type-unsupported",
      );
      await refused(
        { path: ORDERS, body: text, headers: { "content-type": type } },
        415,
        "request.type-unsupported",
      );
    }
    await refused(
      { path: EVENTS, body: text, headers: { "content-type": undefined } },
      415,
      "request.type-unsupported",
    );
    await refused(
      { path: ORDERS, body: text, headers: { "content-type": "application/cloudevents+json" } },
      415,
      "request.type-unsupported",
    );
  });

  it("that are one event and say that they are a batch, or the other way round", async () => {
    await refused(
      { path: EVENTS, body: text, headers: { "content-type": "application/cloudevents-batch+json" } },
      415,
      "request.type-unsupported",
    );
    await refused(
      { path: EVENTS, body: `[${text}]`, headers: { "content-type": "application/cloudevents+json" } },
      415,
      "request.type-unsupported",
    );
  });

  it("in another charset or compressed", async () => {
    const latin = { "content-type": "application/json; charset=iso-8859-1" };
    await refused({ path: EVENTS, body: text, headers: latin }, 415, "request.encoding-unsupported");
    await refused(
      {
        path: EVENTS,
        body: Buffer.from(text, "utf16le"),
        headers: { "content-type": 'application/json; charset="UTF-16"' },
      },
      415,
      "request.encoding-unsupported",
    );
    for (const encoding of ["gzip", "br", "nonsense"]) {
      await refused(
        { path: EVENTS, body: gzipSync(text), headers: { "content-encoding": encoding } },
        415,
        "request.encoding-unsupported",
      );
    }
  });

  it("that are not UTF-8", async () => {
    const broken = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    await refused({ path: EVENTS, body: broken }, 400, "request.not-utf8");
    await refused({ path: ORDERS, body: broken }, 400, "request.not-utf8");
  });

  it("that are not JSON, with the place", async () => {
    for (const body of [
      "{",
      '{"id":1,}',
      "undefined",
      "NaN",
      "{'id':1}",
      `${text}${text}`,
      '\ufeff{"id":1}',
      "[1,2",
      '"',
      "{\u0000}",
    ]) {
      await refused({ path: EVENTS, body }, 400, "request.not-json");
    }
    const { json } = await refused(
      { path: ORDERS, body: '{\n  "orderId": "1"\n  "currency": "GBP"\n}' },
      400,
      "request.not-json",
    );
    expect(json.detail).toContain("line 3, column 3");
  });

  it("that quote what they hold nowhere", async () => {
    const { text: said } = await refused(
      { path: EVENTS, body: '{"password": hunter2}' },
      400,
      "request.not-json",
    );
    expect(said).not.toContain("hunter2");
  });

  it("that nest deep", async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    await refused({ path: EVENTS, body: deep(65) }, 400, "json.too-deep");
    await refused({ path: EVENTS, body: "[".repeat(100_000) }, 400, "json.too-deep");
    await refused(
      { path: ORDERS, body: `{"lines":${"[".repeat(20_000)}${"]".repeat(20_000)}}` },
      400,
      "json.too-deep",
    );
  });

  it("that are empty", async () => {
    for (const path of [EVENTS, ORDERS])
      await refused(
        { path, method: "POST" },
        path === EVENTS ? 415 : 400,
        path === EVENTS ? "request.type-unsupported" : "request.empty",
      );
    await refused({ path: EVENTS, body: "" }, 400, "request.empty");
  });

  it("with more events than a batch may hold", async () => {
    await refused({ path: EVENTS, body: `[${"1,".repeat(1_000)}1]` }, 413, "event.batch-too-large");
  });
});

describe("content", () => {
  it("of the wrong type, with the JSON path", async () => {
    const paths = async (body: unknown) =>
      ((await refused({ path: ORDERS, body }, 422, "request.invalid")).json.errors as { path: string }[]).map(
        ({ path }) => path,
      );
    expect(await paths({ ...order, currency: "XQX" })).toEqual(["$.currency"]);
    expect(await paths({ ...order, lines: [{ ...order.lines[0], quantity: 1 }] })).toEqual([
      "$.lines[0].quantity",
    ]);
    expect(await paths({ ...order, lines: [{ ...order.lines[0], quantity: "0" }] })).toEqual([
      "$.lines[0].quantity",
    ]);
    expect(await paths({ ...order, placedAt: "2026-02-30T00:00:00Z" })).toEqual(["$.placedAt"]);
    expect(await paths({ ...order, purchaseOder: "1" })).toEqual(["$.purchaseOder"]);
    expect(await paths([order])).toEqual(["$"]);
    expect(await paths(null)).toEqual(["$"]);
    expect(await paths({ ...order, orderId: "O\u0000" })).toEqual(["$.orderId"]);
    expect(
      await paths(JSON.parse(`{"__proto__":{"polluted":true},${JSON.stringify(order).slice(1)}`)),
    ).toEqual(["$.__proto__"]);
  });

  it("of parameters", async () => {
    const cases: [string, string][] = [
      ["/process/v1/orders?limit=501", "limit"],
      ["/process/v1/orders?limit=0", "limit"],
      ["/process/v1/orders?limit=ten", "limit"],
      ["/process/v1/orders?limit=1&limit=2", "limit"],
      ["/process/v1/orders?status=lost", "status"],
      ["/process/v1/orders?statu=held", "statu"],
      ["/process/v1/orders?cursor=nonsense", "cursor"],
      ["/process/v1/availability", "sku"],
      ["/process/v1/availability?sku=A&at=tomorrow", "at"],
      ["/process/v1/availability?sku=A&at=2026-02-30T00:00:00Z", "at"],
      ["/process/v1/availability?sku=A&channel=moon", "channel"],
      ["/process/v1/availability?sku=%00", "sku[0]"],
      ["/ops/v1/books?from=2026-02-30", "from"],
      ["/ops/v1/deliveries?state=gone", "state"],
      ["/ops/v1/deliveries/abc", "id"],
      ["/ops/v1/receipts/abc", "id"],
      ["/ops/v1/exceptions?open=maybe", "open"],
      ["/ops/v1/flows?x=1", "x"],
    ];
    for (const [path, name] of cases) {
      const { json } = await refused({ path }, 400, "request.parameter-invalid");
      expect(json.errors?.[0]?.path, path).toBe(name);
    }
    await refused(
      { path: ORDERS, body: order, headers: { "idempotency-key": "a b" } },
      400,
      "request.parameter-invalid",
    );
    await refused(
      { path: ORDERS, body: order, headers: { "idempotency-key": "x".repeat(256) } },
      400,
      "request.parameter-invalid",
    );
  });
});

describe("addresses", () => {
  it("that lead nowhere", async () => {
    for (const path of [
      "/",
      "/nowhere",
      "/system/v1/east",
      "/process/v2/orders",
      "/ops/v1/deliveries/1/2/3",
      "/HEALTH",
    ])
      await refused({ path }, 404, "route.unknown");
    await refused({ path: "/system/v1/moon/events", body: event }, 404, "system.unknown");
    await refused({ path: "/system/v1/constructor/events", body: event }, 404, "system.unknown");
    await refused({ path: "/system/v1/moon/webhooks/events", body: event }, 404, "webhook.unknown-topic");
    await refused({ path: "/system/v1/east/webhooks/nothing", body: event }, 404, "webhook.unknown-topic");
    await refused({ path: "/process/v1/orders/none" }, 404, "order.not-found");
    await refused({ path: "/process/v1/orders/none/cancel", body: {} }, 404, "order.not-found");
    await refused({ path: "/ops/v1/deliveries/4711" }, 404, "delivery.not-found");
    await refused(
      { path: "/ops/v1/receipts/00000000-0000-7000-8000-000000000000" },
      404,
      "receipt.not-found",
    );
    await refused({ path: "/ops/v1/traces/none" }, 404, "trace.not-found");
  });

  it("with another method", async () => {
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const { headers } = await refused({ path: ORDERS, method }, 405, "route.method-not-allowed");
      expect(headers.allow).toBe("GET, HEAD, POST");
    }
    expect((await refused({ path: EVENTS }, 405, "route.method-not-allowed")).headers.allow).toBe("POST");
  });

  it("that are not well-formed", async () => {
    await refused({ path: "/process/v1/orders/%zz" }, 400, "request.malformed");
  });
});

describe("what is not even HTTP", () => {
  it("gets a problem document and a closed connection", async () => {
    expect(await bare("nonsense\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*request\.malformed/,
    );
    expect(await bare(`GET /health HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(
      await bare(
        `POST ${EVENTS} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      ),
    ).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("headers", () => {
  it("are those of data for one caller, on refusals too", async () => {
    for (const path of ["/health", "/nowhere", "/process/v1/orders", "/ops/v1/deliveries/abc"]) {
      const { headers } = await gateway.send({ path });
      expect(headers["x-content-type-options"], path).toBe("nosniff");
      expect(headers["content-security-policy"], path).toContain("default-src 'none'");
      expect(headers["cache-control"], path).toBe("no-store");
      expect(headers["x-powered-by"], path).toBeUndefined();
      expect(headers.server, path).toBeUndefined();
    }
  });
});

/** Reads nothing until every byte is sent, and then until the server closes: the status, or 0 where none came. */
function sendWhole(framing: string, ...parts: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.running.port, "127.0.0.1");
    let received = "";
    socket.pause();
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("close", () => resolve(Number(received.slice(9, 12))));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EPIPE" || error.code === "ECONNRESET" ? undefined : reject(error),
    );
    socket.write(
      `POST ${EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`,
    );
    for (const part of parts) socket.write(part);
    socket.write("", () => socket.resume());
  });
}

function bare(sent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.running.port, "127.0.0.1", () => socket.write(sent));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("close", () => resolve(received));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? resolve(received) : reject(error),
    );
  });
}

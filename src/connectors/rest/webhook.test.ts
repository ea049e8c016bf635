import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import { answerJson } from "../../connector/testing-server.ts";
import { secret } from "../../policy/define.ts";
import { type Bench, type Input, openBench } from "./testing.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const KEY = "a secret of many letters";
const hook = (more: object): Input =>
  ({
    webhooks: {
      delivered: {
        id: "$.data.id",
        event: {
          type: "shipment.delivered",
          fields: { orderId: "$.data.order", shipmentId: "$.data.id", deliveredAt: "$.data.at" },
          where: { "$.type": ["delivered"] },
        },
        ...more,
      },
    },
  }) as Input;
const event = { type: "delivered", data: { id: 7, order: "TF-1", at: "2026-11-24T06:00:00Z" } };
const bytes = (body: unknown) => Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
const unsigned = expect.objectContaining({ code: "webhook.unsigned" });

test("an HMAC header, as it was declared", () => {
  const hmac = {
    header: "X-Sign",
    secret: secret("KEY"),
    algorithm: "sha512",
    encoding: "base64",
    prefix: "v=",
  };
  const webhook = bench.open(hook({ hmac }), { KEY }).webhooks!.delivered!;
  const sign = (body: Buffer) => `v=${createHmac("sha512", KEY).update(body).digest("base64")}`;
  webhook.verify({ "x-sign": sign(bytes(event)) }, bytes(event), bench.clock.now);
  for (const headers of [
    {},
    { "x-sign": sign(bytes("{}")) },
    { "x-sign": sign(bytes(event)).slice(2) },
    { "x-sign": "v=" },
  ]) {
    expect(() => webhook.verify(headers, bytes(event), bench.clock.now)).toThrow(unsigned);
  }
});

test("Standard Webhooks, and one that is old", () => {
  const webhook = bench.open(hook({ standard: { secret: KEY } })).webhooks!.delivered!;
  const at = Date.parse(bench.clock.now) / 1000;
  const signature = createHmac("sha256", KEY).update(`m.${at}.`).update(bytes(event)).digest("base64");
  const headers = {
    "webhook-id": "m",
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${signature}`,
  };
  webhook.verify(headers, bytes(event), bench.clock.now);
  expect(() => webhook.verify(headers, bytes(event), "2026-11-24T07:06:00.000000Z")).toThrow(unsigned);
  expect(() => webhook.verify({}, bytes(event), bench.clock.now)).toThrow(unsigned);
});

test("one item or a list, mapped as what is read", () => {
  const session = bench.open(hook({ unsigned: true, items: "$.events" }));
  const split = (body: unknown) => session.webhooks!.delivered!.split(bytes(body), {});
  const messages = split({ events: [event, { ...event, type: "packed" }, { type: "delivered", data: {} }] });
  expect(messages.map((message) => session.map(message, noCodes))).toEqual([
    {
      events: [
        {
          type: "shipment.delivered",
          data: { orderId: "TF-1", shipmentId: "7", deliveredAt: "2026-11-24T06:00:00.000000Z" },
        },
      ],
    },
    { ignored: "$.type is packed; meant are delivered" },
    { failed: "$.data.id: nothing is no text and no number.", path: "$.data.id" },
  ]);
  expect(messages[0]!.id).toBe("7");
  for (const body of ["{", "", "[".repeat(1000), { events: 5 }, []]) {
    expect(() => split(body)).toThrow(expect.objectContaining({ code: "webhook.malformed" }));
  }
});

test("a census lists what there is, or says that it cannot", async () => {
  const session = bench.open({
    census: [
      {
        domain: "order",
        path: "/orders",
        window: { from: "from", to: "to" },
        items: "$.items",
        id: "$.no",
        total: "$.total",
        paging: { offset: { parameter: "o" }, size: { value: 2 } },
      },
    ],
  });
  const all = ["1", "2", "3"];
  let total = 3;
  bench.server.handle(({ url }, response) => {
    const from = Number(new URL(url, "http://x").searchParams.get("o"));
    answerJson(response, 200, { total, items: all.slice(from, from + 2).map((no) => ({ no })) });
  });
  const window = { from: "2026-11-24T00:00:00.000000Z", to: "2026-11-25T00:00:00.000000Z" };
  expect(await session.census!(window)).toEqual([{ domain: "order", ids: ["1", "2", "3"] }]);
  expect(bench.server.seen[0]!.url).toBe(
    "/orders?from=2026-11-24T00%3A00%3A00Z&to=2026-11-25T00%3A00%3A00Z&o=0",
  );
  total = 4;
  await expect(session.census!(window)).rejects.toMatchObject({ code: "rest.census-incomplete" });
  expect(bench.open().census).toBeUndefined();
});

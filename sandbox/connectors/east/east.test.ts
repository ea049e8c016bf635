// EAST's connector against the simulated EAST, with its faults on.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHttpClient } from "../../../src/connector/http-client.ts";
import {
  type ConnectorSession,
  codesOf,
  type MappedEvent,
  type NativeMessage,
  type OutboundMessage,
  timeFromEpochMs,
} from "../../../src/connector/index.ts";
import { validateEvent } from "../../../src/domains/catalogue.ts";
import { credentials } from "../../systems/credentials.ts";
import { startEast } from "../../systems/east/start.ts";
import type { RunningSystem } from "../../systems/simulation/running-system.ts";
import { type Call, caller, startReceiver, waitFor } from "../../systems/simulation/testing.ts";
import { east } from "./index.ts";

let system: RunningSystem;
let call: Call;
let session: ConnectorSession;
const client = createHttpClient({ connections: 8, timeoutMs: 3_000 });
const signal = new AbortController().signal;
const limits = { timeoutMs: 3_000, signal };
const codes = codesOf(east.connector.codes!);
const now = () => timeFromEpochMs(Date.now());

beforeAll(async () => {
  system = await startEast();
  call = caller(system.url, { authorization: `Bearer ${credentials.east.token}` });
  const settings = {
    url: system.url,
    ...credentials.east,
    location: "EAST",
    eventsEveryMs: 100,
    stockEveryMs: 1_000,
  };
  session = east.connector.open(settings, {
    system: "east",
    company: "main",
    now,
    http: client,
    codes,
    log: () => {},
  });
});
afterAll(async () => {
  await client.close();
  await system.stop();
});
beforeEach(async () => {
  await system.reset();
  await call("POST", "/control/settings", {
    pickDelayMs: 30,
    shipDelayMs: 30,
    deliverDelayMs: 30,
    waveLinesMax: 2,
  });
  await call("POST", "/control/seed", {
    items: ["A", "B", "C"].map((sku) => ({ sku, quantity: 10, held: sku === "A" ? 2 : 0 })),
  });
});

type Lines = [lineId: string, sku: string, quantity: string][];

function release(orderId: string, number: number, lines: Lines, attempt = 1): OutboundMessage {
  return {
    deliveryId: "1",
    type: "order.release",
    key: `main/${orderId}@EAST#${number}`,
    attempt,
    payload: {
      company: "main",
      orderId,
      location: "EAST",
      releasedAt: now(),
      customer: { id: "17850", country: "GB" },
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, description: "", quantity, unit: "EA" })),
    },
  };
}

function cancellation(orderId: string, document: string, lines: Lines, attempt = 1): OutboundMessage {
  return {
    deliveryId: "2",
    type: "order.cancellation",
    key: `main/${orderId}@EAST/cancellation#1`,
    attempt,
    payload: {
      company: "main",
      orderId,
      location: "EAST",
      document,
      reason: "",
      lines: lines.map(([lineId, sku, quantity]) => ({ lineId, sku, quantity })),
    },
  };
}

const send = async (message: OutboundMessage) =>
  (await session.writers[message.type]!.send([message], limits))[0]!;
const factsOf = (answer: { kind: string }) => (answer as { facts?: MappedEvent[] }).facts ?? [];

async function pollEvents(): Promise<NativeMessage[]> {
  const messages: NativeMessage[] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const result = await session.polls!.events!.read(cursor, signal);
    messages.push(...result.messages);
    cursor = result.cursor;
    more = result.more;
  }
  return messages;
}

function map(messages: NativeMessage[]): MappedEvent[] {
  return messages.flatMap((message) => {
    const mapping = session.map(message, codes);
    if ("failed" in mapping) throw new Error(mapping.failed);
    const events = "events" in mapping ? mapping.events : [];
    for (const event of events) expect(validateEvent(event.type, event.data)).toEqual([]);
    return events;
  });
}

const until = (type: string, times = 1) =>
  waitFor(`${times} ${type}`, async () => {
    const events = map(await pollEvents()).filter((event) => event.type === type);
    return events.length >= times ? events : undefined;
  });

describe("releases", () => {
  it("are taken once, whatever happens to the answer", async () => {
    system.faults.set({ kind: "timeoutAfterEffect", ms: 200 });
    const message = release("4711", 1, [["1", "A", "3"]]);
    expect((await send(message)).kind).toBe("unknown");
    system.faults.clear();
    const answer = await send({ ...message, attempt: 2 });
    expect(answer.kind).toBe("done");
    // EAST forgets request ids: the order is looked for all the same.
    await call("POST", "/control/settings", { idempotencyWindowMs: 0 });
    expect((await send({ ...message, attempt: 3 })).kind).toBe("done");
    const { body } = await call("GET", "/api/outbound");
    expect(body.items.map((item: { externalOrderNo: string }) => item.externalOrderNo)).toEqual(["4711-R1"]);
    expect(factsOf(answer)[0]).toMatchObject({
      type: "order.release.confirmed",
      data: { orderId: "4711", location: "EAST", document: body.items[0].outboundId },
    });
  });

  it("of one order to the place again are other orders there, and both map back", async () => {
    await send(release("web/7%;é", 1, [["10", "A", "1"]]));
    await send(release("web/7%;é", 2, [["line a,b", "B", "2"]]));
    const shipped = await until("shipment.shipped", 2);
    expect(shipped.map(({ data }) => data)).toMatchObject([
      { orderId: "web/7%;é", lines: [{ lineId: "10", sku: "A", quantity: "1" }], cumulative: true },
      { orderId: "web/7%;é", lines: [{ lineId: "line a,b", sku: "B", quantity: "2" }] },
    ]);
  });

  it("are refused as a release where EAST does not keep a SKU, and park where they cannot be counted", async () => {
    const unknown = await send(release("1", 1, [["1", "Z", "1"]]));
    expect(unknown.kind).toBe("done");
    expect(factsOf(unknown)[0]).toMatchObject({
      type: "order.release.refused",
      data: { code: "east.unknown_sku" },
    });
    const half = await send(release("2", 1, [["1", "A", "0.5"]]));
    expect(half).toMatchObject({ kind: "refused", code: "east.not-shippable" });
  });

  it("wait while EAST is busy, ill, down or answers half", async () => {
    const message = release("1", 1, [["1", "A", "1"]]);
    system.faults.set({ kind: "429", ms: 2000 });
    expect(await send(message)).toMatchObject({ kind: "busy", retryAfterMs: 2000 });
    system.faults.clear();
    system.faults.set({ kind: "500" });
    expect((await send(message)).kind).toBe("ill");
    system.faults.clear();
    system.faults.set({ kind: "malformed" });
    expect((await send(message)).kind).toBe("unknown");
    system.faults.clear();
    expect((await send({ ...message, attempt: 2 })).kind).toBe("done");
    expect((await call("GET", "/api/outbound")).body.items).toHaveLength(1);
    const denied = east.connector.open(
      {
        url: system.url,
        token: "wrong",
        webhookSecret: "0123456789abcdef",
        location: "EAST",
        eventsEveryMs: 100,
        stockEveryMs: 1000,
      },
      { system: "east", company: "main", now, http: client, codes, log: () => {} },
    );
    expect((await denied.writers["order.release"]!.send([message], limits))[0]!.kind).toBe("denied");
    await expect(denied.health(signal)).rejects.toMatchObject({ code: "east.denied" });
  });
});

describe("cancellations", () => {
  it("give back whole orders that are not picked, also where the answer was lost", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 5_000 });
    const lines: Lines = [
      ["1", "A", "3"],
      ["2", "B", "1"],
    ];
    await send(release("1", 1, lines));
    await send(release("1", 2, [["1", "A", "2"]]));
    system.faults.set({ kind: "timeoutAfterEffect", ms: 200 });
    const asked = cancellation("1", "", [
      ["1", "A", "5"],
      ["2", "B", "1"],
    ]);
    expect((await send(asked)).kind).toBe("unknown");
    system.faults.clear();
    const answer = await send({ ...asked, attempt: 2 });
    expect(factsOf(answer)).toMatchObject([
      {
        type: "order.cancellation.confirmed",
        data: {
          lines: [
            { lineId: "1", quantity: "5" },
            { lineId: "2", quantity: "1" },
          ],
        },
      },
    ]);
    const { body } = await call("GET", "/api/outbound");
    expect(body.items.map((item: { status: string }) => item.status)).toEqual(["cancelled", "cancelled"]);
  });

  it("of a part, or after the pick, are refused and change nothing", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 400 });
    await send(release("1", 1, [["1", "A", "3"]]));
    const part = await send(cancellation("1", "", [["1", "A", "2"]]));
    expect(factsOf(part)).toMatchObject([
      { type: "order.cancellation.refused", data: { lines: [{ lineId: "1", quantity: "2" }] } },
    ]);
    await until("shipment.shipped");
    const late = await send(cancellation("1", "", [["1", "A", "3"]]));
    expect(factsOf(late)).toMatchObject([{ type: "order.cancellation.refused" }]);
    for (const { type, data } of [...factsOf(part), ...factsOf(late)])
      expect(validateEvent(type, data)).toEqual([]);
  });

  it("find an order whose lines have names of their own", async () => {
    await call("POST", "/control/settings", { pickDelayMs: 5_000 });
    await send(release("1", 1, [["802Q0A", "A", "3"]]));
    const answer = await send(cancellation("1", "", [["802Q0A", "A", "3"]]));
    expect(factsOf(answer)).toMatchObject([{ type: "order.cancellation.confirmed" }]);
  });
});

describe("events", () => {
  it("pushed twice, out of order, cut, or read, are the same message each", async () => {
    const receiver = await startReceiver();
    try {
      await call("PUT", "/api/subscription", { url: receiver.url });
      system.faults.set({ kind: "duplicateWebhooks" }, { kind: "reorderWebhooks", ms: 100 });
      system.faults.set({ kind: "malformed", probability: 0.3 });
      await send(
        release("1", 1, [
          ["1", "A", "3"],
          ["2", "B", "1"],
          ["3", "C", "20"],
        ]),
      ).catch(() => {});
      await waitFor("webhooks", () => (receiver.received.length >= 12 ? true : undefined));
      system.faults.clear();
      const webhook = session.webhooks!.events!;
      const pushed = new Map<string, Set<string>>();
      for (const { headers, text } of receiver.received) {
        const body = Buffer.from(text);
        webhook.verify(headers, body, now());
        try {
          for (const { topic, id, body: content } of webhook.split(body, headers)) {
            expect(topic).toBe("events");
            pushed.set(id, (pushed.get(id) ?? new Set()).add(String(content)));
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "webhook.malformed" });
        }
      }
      const read = new Map((await pollEvents()).map(({ id, body }) => [id, String(body)]));
      expect(pushed.size).toBeGreaterThan(3);
      for (const [id, contents] of pushed) expect([...contents]).toEqual([read.get(id)]);
    } finally {
      await receiver.stop();
    }
  });

  it("are refused unsigned, wrongly signed, changed or old", () => {
    const webhook = session.webhooks!.events!;
    const body = Buffer.from('{"seq":1}');
    const sign = (seconds: number, secret = credentials.east.webhookSecret) =>
      `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex")}`;
    const seconds = Math.floor(Date.now() / 1000);
    const verify = (signature: string | undefined, content = body) =>
      webhook.verify({ "x-east-signature": signature }, content, now());
    expect(() => verify(sign(seconds))).not.toThrow();
    const wrong = [
      undefined,
      "",
      "t=1",
      sign(seconds - 301),
      sign(seconds + 301),
      sign(seconds, "another secret"),
    ];
    for (const signature of wrong)
      expect(() => verify(signature)).toThrow(expect.objectContaining({ code: "webhook.unsigned" }));
    expect(() => verify(sign(seconds), Buffer.from('{"seq":2}'))).toThrow();
  });

  it("say what shipped, arrived, was short, was counted and came in", async () => {
    await send(
      release("1", 1, [
        ["1", "A", "3"],
        ["2", "B", "1"],
        ["3", "C", "20"],
      ]),
    );
    await until("order.pick.short");
    await call("POST", "/control/adjust", { sku: "B", change: -2, reason: "DAMAGE", condition: "available" });
    await call("POST", "/control/receive", {
      reference: "PO-700001",
      lines: [{ line: "10", sku: "C", quantity: 7 }],
    });
    const advice = {
      deliveryId: "3",
      type: "return.advice",
      key: "main/1/return/R-1@EAST",
      attempt: 1,
      payload: {
        company: "main",
        orderId: "1",
        returnId: "R-1",
        location: "EAST",
        document: "",
        reason: "",
        lines: [{ lineId: "1", sku: "A", quantity: "1" }],
      },
    } as const;
    expect((await send(advice)).kind).toBe("done");
    expect((await send(advice)).kind).toBe("done");
    await call("POST", "/control/receive-return", { reference: "R-1-R0" });
    await call("POST", "/control/receive-return", { reference: "RMA-X", lines: [{ sku: "A", quantity: 1 }] });
    const events = map(await pollEvents());
    const of = (type: string) => events.filter((event) => event.type === type).map((event) => event.data);
    expect(of("order.pick.short")).toMatchObject([
      { orderId: "1", lines: [{ lineId: "3", sku: "C", quantity: "10" }] },
    ]);
    expect(of("inventory.movement.recorded")).toMatchObject([
      { sku: "B", quantity: "-2", reason: "adjustment", note: "DAMAGE", status: "available" },
      { sku: "C", quantity: "7", reason: "receipt", inbound: { document: "PO-700001", line: "10" } },
    ]);
    expect(of("return.received")).toMatchObject([
      { orderId: "1", returnId: "R-1", lines: [{ lineId: "1", sku: "A", quantity: "1" }] },
      { orderId: "RMA-X", returnId: "RMA-X", lines: [{ lineId: "unknown", sku: "A", quantity: "1" }] },
    ]);
    await until("shipment.delivered", 2);
  });

  it("notices numbers that went back", async () => {
    await expect(session.polls!.events!.read("5", signal)).rejects.toMatchObject({
      code: "east.numbers-went-back",
    });
  });
});

describe("full sets", () => {
  it("are read over pages, and told with the count that EAST states", async () => {
    const items = Array.from({ length: 1500 }, (_, index) => ({ sku: `S${index}`, quantity: index }));
    await call("POST", "/control/seed", { items });
    const { messages } = await session.polls!.stock!.read(null, signal);
    const events = map(messages);
    const set = events.at(-1)!;
    expect(set).toMatchObject({ type: "inventory.set.observed", data: { location: "EAST", count: 1504 } });
    expect(events).toHaveLength(1505);
    const [available, held] = events;
    expect(available!.data).toMatchObject({ sku: "A", quantity: "10", status: "available" });
    expect(held!.data).toMatchObject({ sku: "A", quantity: "2", status: "held" });
    const pages = JSON.parse(String(messages[0]!.body));
    pages[1].items.pop();
    const cut = map([{ ...messages[0]!, body: JSON.stringify(pages) }]);
    expect(cut).toHaveLength(1504);
    expect(cut.at(-1)!.data).toMatchObject({ count: 1504 });
  });
});

describe("the census", () => {
  it("names the orders of a window", async () => {
    const from = now();
    await send(release("1", 1, [["1", "A", "1"]]));
    await send(release("1", 2, [["1", "A", "1"]]));
    const to = timeFromEpochMs(Date.now() + 1000);
    expect(await session.census!({ from, to })).toEqual([{ domain: "order", ids: ["1"] }]);
  });
});

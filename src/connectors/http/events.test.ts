import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { eventsWebhook, mapEvent } from "./events.ts";

const now = "2026-11-24T07:00:00.000000Z";
const webhook = eventsWebhook({});

describe("events from outside", () => {
  const level = { sku: "85123A", location: "EAST", quantity: "5", observedAt: now };
  const event = {
    specversion: "1.0",
    id: "e1",
    source: "/wms",
    type: "inventory.level.observed",
    time: "2026-11-24T08:00:00+01:00",
    data: level,
  };
  const split = (body: unknown) =>
    webhook.split(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), {});
  const map = (body: unknown) => mapEvent(split(body)[0]!);

  test("one, or a batch, each with its own id", () => {
    expect(split(event).map(({ topic, id }) => [topic, id])).toEqual([["events", "e1"]]);
    expect(split([event, { ...event, id: "e2" }]).map(({ id }) => id)).toEqual(["e1", "e2"]);
    expect(split([])).toEqual([]);
  });

  test("one to one, with the time in UTC", () => {
    expect(map(event)).toEqual({ events: [{ type: "inventory.level.observed", data: level, time: now }] });
    const { time: _, ...timeless } = event;
    expect(map(timeless)).toEqual({ events: [{ type: "inventory.level.observed", data: level }] });
  });

  test("a wrong one in a batch fails alone", () => {
    const batch = [
      event,
      { ...event, id: undefined },
      5,
      { ...event, id: "e3", type: "order.accepted" },
      { ...event, id: "e4", time: "soon" },
    ];
    const messages = split(batch);
    expect(messages).toHaveLength(5);
    expect(messages.map((native) => mapEvent(native))).toEqual([
      { events: [expect.anything()] },
      { failed: expect.any(String), path: "$.id" },
      { failed: "An event is an object.", path: "$" },
      { failed: expect.stringContaining("only Crossdock makes"), path: "$.type" },
      { failed: expect.any(String), path: "$.time" },
    ]);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(5);
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["JSON too deep", "[".repeat(100)],
  ])("%s cannot be taken apart", (_name, body) => {
    expect(() => split(body)).toThrow(expect.objectContaining({ code: "webhook.malformed" }));
  });

  test("are believed with a signature, where a secret is configured", () => {
    const webhookSecret = "a secret of many letters";
    const body = Buffer.from(JSON.stringify(event));
    const at = String(Date.parse(now) / 1000);
    const signature = createHmac("sha256", webhookSecret).update(`m1.${at}.`).update(body).digest("base64");
    const headers = { "webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": `v1,${signature}` };
    eventsWebhook({ webhookSecret }).verify(headers, body, now);
    expect(() => eventsWebhook({ webhookSecret }).verify(headers, Buffer.from("{}"), now)).toThrow(
      expect.objectContaining({ code: "webhook.unsigned" }),
    );
    expect(() => eventsWebhook({ webhookSecret }).verify({}, body, now)).toThrow();
    webhook.verify({}, body, now);
  });
});

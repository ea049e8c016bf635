import { describe, expect, test } from "vitest";
import { amqp } from "./index.ts";
import { mapMessage, nativeOf } from "./message.ts";
import { bytes, event, type Input } from "./testing/bus.ts";

describe("a message", () => {
  test("is known by the event's source and id, whatever else is said of it", () => {
    const one = nativeOf({ content: bytes(event("e1")), messageId: "m1" });
    expect(one).toMatchObject({ topic: "events", id: "/wms e1" });
    expect(nativeOf({ content: bytes(event("e1")), messageId: "m2" }).id).toBe(one.id);
    expect(mapMessage(one)).toMatchObject({ events: [{ type: "inventory.level.observed" }] });
  });

  test.each([
    ["no JSON", "{", "$"],
    ["no object", "[]", "$"],
    ["no source", { ...event("e1"), source: undefined }, "$.source"],
    ["no id", { ...event("e1"), id: undefined }, "$.id"],
    ["a space in its source", { ...event("e1"), source: "a b" }, "$.source"],
    ["NUL in its id", { ...event("e1"), id: "e\u0000" }, "$.id"],
    ["half a character in its id", { ...event("e1"), id: "e\ud800" }, "$.id"],
    ["an id without end", { ...event("x".repeat(600)) }, "$.id"],
    ["a decision", { ...event("e1"), type: "order.accepted" }, "$.type"],
  ])("with %s is one failure, however often it comes", (_name, body, path) => {
    const poison = nativeOf({ content: bytes(body) });
    expect(mapMessage(poison)).toMatchObject({ failed: expect.any(String), path });
    expect(nativeOf({ content: bytes(body) }).id).toBe(poison.id);
  });
});

test.each([
  [{ queues: [] }, "$.queues"],
  [{ messages: ["order.release" as const] }, "$.write"],
  [{ queues: ["a", "a"] }, "$.queues"],
  [{ url: "amqp://guest:guest@127.0.0.1", queues: ["a"] }, "$.url"],
  [{ url: "amqp://127.0.0.1/vhost", queues: ["a"] }, "$.url"],
])("settings %j are refused", (more: Input, path) => {
  const { settings } = amqp({ url: "amqp://h", user: "u", password: "p", ...more });
  const defaults = { vhost: "/", queues: [], messages: [], exchange: "", routingKey: "{type}" };
  expect(amqp.connector.check({ ...defaults, ...(settings as object) }).map((fault) => fault.path)).toContain(
    path,
  );
});

import type { FastifyRequest } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiKey } from "../engine/operations/api-key.ts";
import { revokeApiKey } from "../engine/operations/api-key.ts";
import { KeyRing } from "./access.ts";
import { KeyGate } from "./key-gate.ts";
import { defaultLimits } from "./limits.ts";
import { type TestGateway, testGateway } from "./testing.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.stop());

const event = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/test",
  type: "inventory.level.observed",
  data: { sku: "A", location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z" },
});

describe("without a key", () => {
  it("health answers, and nothing else does", async () => {
    expect((await gateway.send({ path: "/health", key: null })).status).toBe(200);
    const { json } = await gateway.send({ path: "/openapi.json" });
    const refused: string[] = [];
    for (const [path, methods] of Object.entries(json.paths as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        const address = path.replace("{system}", "east").replace(/\{\w+\}/g, "1");
        const { status } = await gateway.send({ method: method.toUpperCase(), path: address, key: null });
        if (status !== 401) refused.push(`${method} ${path} ${status}`);
      }
    }
    // A webhook is verified by its connector; the plain one of this test has no such topic.
    expect(refused).toEqual(["post /system/v1/{system}/webhooks/{topic} 404", "get /health 200"]);
  });

  it("is told what to send, and nothing of what is there", async () => {
    const { status, headers, json } = await gateway.send({ path: "/process/v1/orders/4711", key: null });
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toContain("Bearer");
    expect(headers["content-type"]).toContain("application/problem+json");
    expect(json).toMatchObject({
      code: "access.key-missing",
      status: 401,
      type: "urn:crossdock:problem:access.key-missing",
    });
  });
});

describe("a key", () => {
  it("that nobody knows is refused, whatever its form", async () => {
    for (const key of ["nonsense", `cdk_${"A".repeat(43)}`, "x".repeat(5_000), " "]) {
      expect((await gateway.send({ path: "/ops/v1/flows", key })).status).toBe(401);
    }
    expect(
      (
        await gateway.send({
          path: "/ops/v1/flows",
          key: null,
          headers: { authorization: `Basic ${gateway.key}` },
        })
      ).status,
    ).toBe(401);
  });

  it("may come as X-Api-Key", async () => {
    expect(
      (await gateway.send({ path: "/ops/v1/flows", key: null, headers: { "x-api-key": gateway.key } }))
        .status,
    ).toBe(200);
  });

  it("works from the moment it is made and not long after it is revoked", async () => {
    const key = await gateway.newKey("short-lived", ["ops:read"]);
    expect((await gateway.send({ path: "/ops/v1/flows", key })).status).toBe(200);
    await revokeApiKey(gateway.database.db, "short-lived");
    await expect
      .poll(async () => (await gateway.send({ path: "/ops/v1/flows", key })).status, {
        timeout: 8_000,
        interval: 300,
      })
      .toBe(401);
  });

  it("does what its scopes say and nothing more", async () => {
    const reads = await gateway.newKey("reads", ["process:read"]);
    expect((await gateway.send({ path: "/process/v1/orders", key: reads })).status).toBe(200);
    for (const path of ["/ops/v1/status", "/ops/v1/books"]) {
      const { status, json } = await gateway.send({ path, key: reads });
      expect([status, json.code]).toEqual([403, "access.scope-missing"]);
    }
    expect((await gateway.send({ path: "/process/v1/orders", body: {}, key: reads })).status).toBe(403);
    expect(
      (await gateway.send({ path: "/system/v1/east/events", body: event("scope"), key: reads })).status,
    ).toBe(403);
  });

  it("that is bound to a system speaks for no other", async () => {
    const east = await gateway.newKey("east-only", ["system:write"], "east");
    expect(
      (await gateway.send({ path: "/system/v1/east/events", body: event("own"), key: east })).status,
    ).toBe(200);
    const { status, json } = await gateway.send({
      path: "/system/v1/west/events",
      body: event("foreign"),
      key: east,
    });
    expect([status, json.code]).toEqual([403, "access.other-system"]);
    const { rows } = await gateway.database.db.query<{ source: string }>("select distinct source from event");
    expect(rows).toEqual([{ source: "east" }]);
  });

  it("is kept as a hash alone", async () => {
    const { rows } = await gateway.database.db.query<{ row: string }>(
      "select row_to_json(k)::text as row from api_key k",
    );
    expect(rows.some(({ row }) => row.includes(gateway.key.slice(4)))).toBe(false);
  });
});

describe("webhooks", () => {
  it("of a connector that verifies need no key, and a wrong signature is refused", async () => {
    const { status, json } = await gateway.send({
      path: "/system/v1/west/webhooks/events",
      body: event("unsigned"),
      key: null,
    });
    expect([status, json.code]).toEqual([401, "webhook.unsigned"]);
  });

  it("of a connector that takes anything need a key of that system", async () => {
    const send = (key: string | null) =>
      gateway.send({ path: "/system/v1/east/webhooks/events", body: event("plain"), key });
    expect((await send(null)).status).toBe(401);
    expect((await send(await gateway.newKey("west-only", ["system:write"], "west"))).status).toBe(403);
    expect((await send(await gateway.newKey("reader", ["ops:read"]))).status).toBe(403);
    const { status, json } = await send(gateway.key);
    expect(status).toBe(200);
    expect(json).toMatchObject({ received: 1, recorded: 1 });
  });
});

describe("throttling", () => {
  it("takes a new key that is used on many connections at once for one stranger, and looks it up once", async () => {
    const { promise, resolve } = Promise.withResolvers<ApiKey>();
    let lookUps = 0;
    const source = {
      all: async () => new Map<string, ApiKey>(),
      find: () => {
        lookUps += 1;
        return promise;
      },
    };
    const gate = new KeyGate(new KeyRing({ source, failed: () => undefined }), defaultLimits);
    const request = { ip: "10.0.0.1", headers: { "x-api-key": "a new one" } } as unknown as FastifyRequest;
    const callers = Array.from({ length: 200 }, () => gate.callerOf(request));
    resolve({ id: "1", name: "fresh", scopes: ["ops:read"], system: null } as unknown as ApiKey);
    expect(new Set((await Promise.all(callers)).map(({ name }) => name))).toEqual(new Set(["fresh"]));
    expect(lookUps).toBe(1);
  });

  it("holds a key to its rate, and strangers to theirs", async () => {
    const tight = await testGateway({
      limits: { perCaller: { perSecond: 1, burst: 5 }, perStranger: { perSecond: 1, burst: 5 } },
    });
    try {
      const mine = await Promise.all(Array.from({ length: 10 }, () => tight.send({ path: "/ops/v1/flows" })));
      expect(mine.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(6);
      const late = mine.find(({ status }) => status === 429)!;
      expect(late.json.code).toBe("access.throttled");
      expect(Number(late.headers["retry-after"])).toBeGreaterThanOrEqual(1);
      const strangers = await Promise.all(
        Array.from({ length: 10 }, () => tight.send({ path: "/ops/v1/flows", key: "guess" })),
      );
      expect(strangers.map(({ status }) => status)).toContain(429);
      // Somebody who guesses keys takes nothing from those who have one.
      const other = await tight.newKey("other", ["ops:read"]);
      await expect
        .poll(async () => (await tight.send({ path: "/ops/v1/flows", key: other })).status, {
          timeout: 5_000,
        })
        .toBe(200);
    } finally {
      await tight.stop();
    }
  });
});

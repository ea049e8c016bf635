import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CrossdockError } from "../core/errors.ts";
import { apiKeyHash } from "../engine/operations/api-key.ts";
import { scopes } from "../engine/operations/scopes.ts";
import { defaultLimits } from "./limits.ts";
import type { GatewayPorts } from "./ports.ts";
import { gatewayRoutes } from "./routes.ts";
import { type Gateway, openGateway } from "./server.ts";
import { testIntegration } from "./testing.ts";

const KEY = "a-key";
let gateway: Gateway;
let url: string;
let failure: () => Promise<never>;

beforeAll(async () => {
  const key = { id: "k", name: "k", scopes: [...scopes], system: null, createdAt: "", revokedAt: null };
  const ports = {
    integration: testIntegration(),
    version: "0",
    log: pino({ level: "silent" }),
    recorder: { record: () => failure() },
    commands: { submit: () => failure() },
    receiver: { webhook: () => failure() },
    webhookAccess: () => "signature",
    keys: { all: async () => new Map([[apiKeyHash(KEY), key]]), find: async () => null },
    operations: { order: () => failure(), ping: () => failure() },
  } as unknown as GatewayPorts;
  gateway = await openGateway({
    ports,
    limits: defaultLimits,
    routes: (gate) => gatewayRoutes(ports, defaultLimits, gate),
  });
  url = `http://127.0.0.1:${await gateway.listen(0, "127.0.0.1")}`;
});
afterAll(() => gateway.stop());

const data = { sku: "A", location: "EAST", quantity: "1", observedAt: "2026-11-24T07:00:00Z" };
const event = { specversion: "1.0", id: "1", source: "/t", type: "inventory.level.observed", data };
const order = {
  orderId: "1",
  currency: "GBP",
  placedAt: "2026-11-24T07:00:00Z",
  lines: [{ lineId: "1", sku: "A", quantity: "1", price: "1" }],
};

async function everyWayIn(): Promise<
  { status: number; code: string; retryAfter: string | null; text: string }[]
> {
  const post = (path: string, body: unknown) =>
    fetch(url + path, {
      method: "POST",
      headers: { "x-api-key": KEY, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const answers = await Promise.all([
    post("/system/v1/east/events", event),
    post("/system/v1/east/events", [event, event]),
    post("/system/v1/east/webhooks/events", event),
    post("/process/v1/orders", order),
    fetch(`${url}/process/v1/orders/1`, { headers: { "x-api-key": KEY } }),
  ]);
  return Promise.all(
    answers.map(async (answer) => {
      const text = await answer.text();
      return {
        status: answer.status,
        code: JSON.parse(text).code,
        retryAfter: answer.headers.get("retry-after"),
        text,
      };
    }),
  );
}

describe("what the engine throws", () => {
  it("because too much waits is answered with come again, wherever it was thrown", async () => {
    const overloaded = () =>
      new CrossdockError("log.overloaded", "100000 items wait in postgres://user:secret@host", {
        retry: "later",
      });
    for (const way of [
      () => Promise.reject(overloaded()),
      () => {
        throw overloaded();
      },
    ] as const) {
      failure = way as () => Promise<never>;
      for (const { status, code, retryAfter, text } of await everyWayIn()) {
        expect([status, code, retryAfter]).toEqual([503, "gateway.overloaded", "1"]);
        expect(text).not.toContain("secret");
      }
    }
  });

  it("because of a fault of ours says nothing of it but the request's id", async () => {
    failure = () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'secret')"));
    for (const { status, code, text } of await everyWayIn()) {
      expect([status, code]).toEqual([500, "gateway.fault"]);
      expect(text).toMatch(/under request [0-9a-f-]{36}/);
      expect(text).not.toMatch(/secret|undefined|TypeError/);
    }
  });

  it("with a code that callers know is told in its words", async () => {
    failure = () =>
      Promise.reject(
        new CrossdockError(
          "engine.key-held",
          "order:main/1 waits behind an event that could not be applied.",
        ),
      );
    for (const { status, code } of await everyWayIn())
      expect([status, code]).toEqual([409, "engine.key-held"]);
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { Answer, ConnectorSession, OutboundMessage } from "../../connector/contract.ts";
import type { SettingsInput } from "../../connector/define.ts";
import { type ClosableHttpClient, createHttpClient } from "../../connector/http-client.ts";
import { resolveSettings } from "../../connector/resolve.ts";
import { answerJson, startTestServer, type TestServer } from "../../connector/testing-server.ts";
import { env, secret } from "../../policy/define.ts";
import { http } from "./index.ts";
import type { HttpSettings } from "./settings.ts";

let server: TestServer;
let client: ClosableHttpClient;
const now = "2026-11-24T07:00:00.000000Z";

beforeEach(async () => {
  server = await startTestServer();
  client = createHttpClient({ connections: 4, timeoutMs: 2_000, answerBytesMax: 100_000 });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

type Input = Partial<SettingsInput<typeof HttpSettings>>;
const settle = (input: Input, environment = {}) =>
  resolveSettings(
    "target",
    http({ url: `${server.url}/records`, messages: ["inventory.availability"], ...input }),
    environment,
  );

function open(input: Input = {}): ConnectorSession {
  const context = {
    system: "target",
    company: "main",
    now: () => now,
    http: client,
    codes: noCodes,
    log: () => undefined,
  };
  return http.connector.open(settle(input).settings, context);
}

const message = (
  id: string,
  key = "stock:main/85123A",
  payload: unknown = { quantity: "5" },
): OutboundMessage => ({
  deliveryId: id,
  type: "inventory.availability",
  key,
  payload,
  attempt: 1,
});
const call = { timeoutMs: 500, signal: new AbortController().signal };
const send = (session: ConnectorSession, ...messages: OutboundMessage[]): Promise<Answer[]> =>
  session.writers["inventory.availability"]!.send(messages, call);
const kinds = (answers: Answer[]) => answers.map(({ kind }) => kind);
const bulk = (more: Input = {}) => open({ bulkMax: 100, ...more });
const three = [message("d1"), message("d2"), message("d3")];

describe("what is sent", () => {
  test("one record a call: the record is the body, with its keys", async () => {
    expect(await send(open({ token: "t0ken", headers: { "X-Tenant": "uk" } }), message("d1"))).toEqual([
      { kind: "done" },
    ]);
    const [seen] = server.seen;
    expect(JSON.parse(seen!.body)).toEqual({
      id: "d1",
      type: "inventory.availability",
      key: "stock:main/85123A",
      data: { quantity: "5" },
    });
    expect(seen).toMatchObject({
      method: "POST",
      url: "/records",
      headers: {
        "content-type": "application/json",
        "idempotency-key": "inventory.availability:stock:main/85123A",
        authorization: "Bearer t0ken",
        "x-tenant": "uk",
      },
    });
  });

  test("many records a call, as an object or an array", async () => {
    await send(bulk(), ...three);
    await send(bulk({ envelope: "array" }), ...three);
    const [asObject, asArray] = server.seen.map(({ body }) => JSON.parse(body));
    expect(asObject.records.map(({ id }: { id: string }) => id)).toEqual(["d1", "d2", "d3"]);
    expect(asArray).toEqual(asObject.records);
    expect(server.seen[0]!.headers["idempotency-key"]).toBeUndefined();
  });

  test("an absolute write goes by its delivery: its business key outlives its value", async () => {
    await send(open({ write: "absolute" }), message("d1"));
    expect(server.seen[0]!.headers["idempotency-key"]).toBe("d1");
  });

  test("a key that no header can hold is escaped", async () => {
    await send(open(), message("d1", "stock:main/Müsli 100%\n\ud800"));
    expect(server.seen[0]!.headers["idempotency-key"]).toBe(
      "inventory.availability:stock:main/M%C3%BCsli%20100%25%0A%EF%BF%BD",
    );
  });

  test("nothing to send is no call", async () => {
    expect(await send(open())).toEqual([]);
    expect(server.seen).toHaveLength(0);
  });
});

describe("answers per record", () => {
  test("are matched by id, whatever their order", async () => {
    server.handle((_, response) =>
      answerJson(response, 207, {
        results: [
          { id: "d3", status: "busy", reason: "locked" },
          { id: "d1", status: "done", reference: "SO-1" },
          { id: "d2", status: "refused", code: "no-such-sku", reason: "unknown SKU" },
          { id: "d9", status: "done" },
        ],
      }),
    );
    expect(await send(bulk(), ...three)).toEqual([
      { kind: "done", reference: "SO-1" },
      { kind: "refused", code: "no-such-sku", reason: "unknown SKU" },
      { kind: "busy", reason: "locked" },
    ]);
  });

  test("as an array, in order where they have no ids", async () => {
    server.handle((_, response) =>
      answerJson(response, 200, [{ status: "done" }, { status: "refused" }, { status: "duplicate" }]),
    );
    expect(kinds(await send(bulk(), ...three))).toEqual(["done", "refused", "done"]);
  });

  test("one that is left out, or has a word that nobody knows, is unknown", async () => {
    server.handle((_, response) =>
      answerJson(response, 200, [{ id: "d1", status: "done" }, { id: "d2", status: "ok" }, "x"]),
    );
    expect(kinds(await send(bulk(), ...three))).toEqual(["done", "unknown", "unknown"]);
    server.handle((_, response) => answerJson(response, 200, [{ status: "done" }, { status: "done" }]));
    expect(kinds(await send(bulk(), ...three))).toEqual(["unknown", "unknown", "unknown"]);
  });

  test("missing names what is missing, or it is refused", async () => {
    const references = [
      { domain: "customer", key: "12346", note: "x" },
      { domain: "planet", key: "1" },
    ];
    server.handle((_, response) =>
      answerJson(response, 200, [
        { id: "d1", status: "missing", references },
        { id: "d2", status: "missing" },
        { id: "d3", status: "done" },
      ]),
    );
    expect(await send(bulk(), ...three)).toEqual([
      { kind: "missing", references: [{ domain: "customer", key: "12346" }] },
      { kind: "refused", code: "http.reference-missing", reason: expect.any(String) },
      { kind: "done" },
    ]);
  });

  test("of a single record the answer itself may be the result", async () => {
    server.handle((_, response) =>
      answerJson(response, 201, '{"id":"d1","status":"done","reference":12345678901234567890}'),
    );
    expect(await send(open(), message("d1"))).toEqual([{ kind: "done", reference: "12345678901234567890" }]);
    server.handle((_, response) => answerJson(response, 200, { ok: true, reference: "R" }));
    expect(await send(open(), message("d1"))).toEqual([{ kind: "done", reference: "R" }]);
    server.handle((_, response) => answerJson(response, 200, { status: "refused", reason: "no" }));
    expect(await send(open(), message("d1"))).toEqual([
      { kind: "refused", code: "http.refused", reason: "no" },
    ]);
  });

  test("with an error status too, where they are there", async () => {
    server.handle((_, response) =>
      answerJson(response, 422, {
        results: [
          { id: "d1", status: "refused" },
          { id: "d2", status: "done" },
        ],
      }),
    );
    expect(kinds(await send(bulk(), ...three))).toEqual(["refused", "done", "unknown"]);
  });
});

describe("a 2xx that is not an answer", () => {
  test.each([
    ["nothing", 200, "", "application/json", "done"],
    ["204", 204, "", "", "done"],
    ["207 and nothing", 207, "", "", "unknown"],
    ["a word", 200, "OK", "text/plain", "done"],
    ["a page", 200, "<html>sign in</html>", "text/html", "unknown"],
    ["JSON that was cut off", 200, '{"results":[{"id":"d1","sta', "application/json", "unknown"],
    ["text that claims to be JSON", 200, "OK", "application/json", "unknown"],
    ["JSON without results", 200, '{"accepted":3}', "application/json", "unknown"],
    ["JSON too deep", 200, "[".repeat(5_000), "application/json", "unknown"],
    ["null", 200, "null", "application/json", "unknown"],
    ["results that are no list", 200, '{"results":{"d1":"done"}}', "application/json", "unknown"],
  ])("%s", async (_name, status, body, type, expected) => {
    server.handle(
      (_, response) => void response.writeHead(status, type === "" ? {} : { "content-type": type }).end(body),
    );
    expect(kinds(await send(bulk(), ...three))).toEqual([expected, expected, expected]);
  });
});

describe("a call that fails, fails for all", () => {
  test.each([
    [400, "refused"],
    [401, "denied"],
    [404, "refused"],
    [422, "refused"],
    [500, "ill"],
    [502, "ill"],
    [302, "ill"],
  ])("%i is %s", async (status, expected) => {
    server.handle((_, response) => answerJson(response, status, { error: "why" }));
    expect(kinds(await send(bulk(), ...three))).toEqual([expected, expected, expected]);
  });

  test("429 and 503 say when to come back, in seconds or as a date", async () => {
    server.handle((_, response) => answerJson(response, 429, {}, { "retry-after": "3" }));
    expect(await send(open(), message("d1"))).toMatchObject([{ kind: "busy", retryAfterMs: 3_000 }]);
    server.handle((_, response) =>
      answerJson(response, 503, {}, { "retry-after": "Tue, 24 Nov 2026 07:01:00 GMT" }),
    );
    expect(await send(open(), message("d1"))).toMatchObject([{ kind: "busy", retryAfterMs: 60_000 }]);
  });

  test("a time-out, after which the effect may be there, is unknown", async () => {
    server.handle(() => undefined);
    expect(kinds(await send(bulk(), ...three))).toEqual(["unknown", "unknown", "unknown"]);
  });

  test("so is a reset, and an answer that is cut off or never ends", async () => {
    server.handle((_, __, socket) => void socket.resetAndDestroy());
    expect(kinds(await send(open(), message("d1")))).toEqual(["unknown"]);
    server.handle((_, response) => void response.end(`[${" ".repeat(200_000)}]`));
    expect(await send(open(), message("d1"))).toMatchObject([
      { kind: "unknown", reason: expect.stringContaining("longer than 100000 bytes") },
    ]);
  });

  test("a target that is not there is ill, and nothing was sent", async () => {
    const session = open();
    await server.close();
    expect(kinds(await send(session, message("d1")))).toEqual(["ill"]);
  });

  test("a call that is taken back is unknown once it left", async () => {
    server.handle(() => undefined);
    const cancel = new AbortController();
    const sending = open().writers["inventory.availability"]!.send([message("d1")], {
      timeoutMs: 5_000,
      signal: cancel.signal,
    });
    await delay(50);
    cancel.abort();
    expect(kinds(await sending)).toEqual(["unknown"]);
  });
});

describe("looking a record up", () => {
  const lookUp = () =>
    open({ write: "lookup", lookup: { path: "/records/{type}/{key}" } }).writers["inventory.availability"]!
      .find!(message("d1", "stock:main/A B"), call);

  test("by its type and key", async () => {
    server.handle((_, response) => answerJson(response, 200, { reference: "R-7" }));
    expect(await lookUp()).toEqual({ kind: "found", reference: "R-7" });
    expect(server.seen[0]).toMatchObject({
      method: "GET",
      url: "/records/inventory.availability/stock%3Amain%2FA%20B",
    });
    server.handle((_, response) => void response.end());
    expect(await lookUp()).toEqual({ kind: "found" });
  });

  test("404 is absent; anything that is no clear word is unknown", async () => {
    server.handle((_, response) => answerJson(response, 404, {}));
    expect(await lookUp()).toEqual({ kind: "absent" });
    for (const status of [204, 301, 401, 429, 500]) {
      server.handle((_, response) => void response.writeHead(status).end());
      expect((await lookUp()).kind).toBe("unknown");
    }
    server.handle((_, response) => answerJson(response, 200, '{"refer'));
    expect((await lookUp()).kind).toBe("unknown");
    server.handle(() => undefined);
    expect((await lookUp()).kind).toBe("unknown");
  });

  test("only where it was configured", () => {
    expect(open().writers["inventory.availability"]!.find).toBeUndefined();
  });
});

describe("health", () => {
  const signal = new AbortController().signal;

  test("asks the path that was configured, or the address itself", async () => {
    await open({ healthPath: "/up?deep=1" }).health(signal);
    server.handle((_, response) => void response.writeHead(405).end());
    await open().health(signal);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /up?deep=1",
      "GET /records",
    ]);
  });

  test("is not well with 5xx, without credentials, or without an answer", async () => {
    server.handle((_, response) => void response.writeHead(500).end());
    await expect(open().health(signal)).rejects.toMatchObject({ code: "http.ill" });
    server.handle((_, response) => void response.writeHead(401).end());
    await expect(open().health(signal)).rejects.toMatchObject({ code: "http.denied" });
    server.handle((_, __, socket) => void socket.resetAndDestroy());
    await expect(open().health(signal)).rejects.toMatchObject({ code: "http.broken-off" });
  });
});

describe("settings", () => {
  test("say what the system can be sent", () => {
    const { writes } = settle({
      messages: ["order.release", "inventory.movement"],
      write: "lookup",
      lookup: { path: "/r/{key}" },
      bulkMax: 5,
    });
    expect(writes).toEqual({
      "order.release": { kind: "lookup", bulkMax: 5 },
      "inventory.movement": { kind: "lookup", bulkMax: 5 },
    });
    expect(Object.keys(open({ messages: [] }).writers)).toEqual([]);
  });

  test.each([
    [{ url: "erp.example" }, "systems.target.url"],
    [{ url: "https://user:pass@erp.example" }, "systems.target.url"],
    [{ url: "https://erp:port" }, "systems.target.url is no URL."],
    [{ messages: ["inventory.availabilty"] }, "systems.target.messages[0] must be one of"],
    [{ messages: ["order.status", "order.status"] }, "names order.status twice"],
    [{ write: "lookup" }, 'systems.target.lookup is required where write is "lookup"'],
    [{ lookup: { path: "/records" } }, "systems.target.lookup.path must hold {key}"],
    [{ bulkMax: 0 }, "systems.target.bulkMax must be 1 or more"],
    [{ headers: { a: "b\r\nc" } }, "systems.target.headers.a"],
    [{ token: env("NO_SUCH") }, "systems.target.token is taken from the environment"],
    [{ webhookSecret: secret("SHORT") }, "systems.target.webhookSecret does not have the form"],
  ])("%j is refused", (input, expected) => {
    let message = "";
    try {
      settle(input as Input, { SHORT: "abc" });
    } catch (error) {
      const { findings } = (error as { details: { findings: { path: string; message: string }[] } }).details;
      message = findings.map((finding) => `${finding.path} ${finding.message}`).join("\n");
    }
    expect(message).toContain(expected);
    expect(message).not.toContain("abc");
  });
});

import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerJson } from "../../connector/testing-server.ts";
import { secret } from "../../policy/define.ts";
import { type Bench, faultsOf, type Input, openBench, outbound, readOut, signal } from "./testing.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const health: Input = { healthPath: "/ping" };
const call = { timeoutMs: 1_000, signal };

describe("fixed credentials", () => {
  test.each([
    [{ apiKey: { header: "X-Key", value: "k" } }, { "x-key": "k" }, "/ping"],
    [{ apiKey: { query: "key", value: "k&=" } }, {}, "/ping?key=k%26%3D"],
    [{ basic: { user: "Jörg", password: "pä:ss" } }, { authorization: "Basic SsO2cmc6cMOkOnNz" }, "/ping"],
    [{ bearer: { token: "t" } }, { authorization: "Bearer t" }, "/ping"],
  ])("%j", async (auth, headers, url) => {
    await bench.open({ ...health, auth }).health(signal);
    expect(bench.server.seen[0]).toMatchObject({ url, headers });
  });

  test("a secret is shown nowhere, even where the system says it back", async () => {
    const auth = { apiKey: { query: "key", value: secret("KEY") } };
    const write = { kind: "keyed", path: "/x/{@.key}", method: "PUT" } as const;
    const input: Input = { auth, writes: { "order.status": write }, healthPath: "/ping" };
    const environment = { KEY: "s3cret+" };
    bench.server.handle(({ url }, response) => {
      response.writeHead(301, { location: `https://elsewhere${url}` });
      response.end();
    });
    const session = bench.open(input, environment);
    const [moved] = await session.writers["order.status"]!.send([outbound("order.status", {})], call);
    bench.server.handle(({ url }, response) => answerJson(response, 400, { error: `bad ${url} s3cret+` }));
    const [refused] = await session.writers["order.status"]!.send([outbound("order.status", {})], call);
    const failed = await session.health(signal).catch((error: Error) => error);
    const shown =
      JSON.stringify([moved, refused, bench.logged, bench.settle(input, environment)]) + inspect(failed);
    expect(moved).toMatchObject({ kind: "ill", reason: expect.stringContaining("***") });
    expect(refused!.kind).toBe("refused");
    expect(shown).not.toContain("s3cret");
  });

  test.each([401, 403])("%i is a denial", async (status) => {
    bench.server.handle((_, response) => answerJson(response, status, {}));
    const auth = { bearer: { token: "t" } };
    await expect(bench.open({ ...health, auth }).health(signal)).rejects.toMatchObject({
      code: "rest.denied",
    });
    expect(bench.server.seen).toHaveLength(1);
  });
});

describe("OAuth 2", () => {
  let issued = 0;
  let valid = new Set<string>();
  let tokenAnswer: (response: ServerResponse) => void;
  beforeEach(() => {
    issued = 0;
    valid = new Set();
    tokenAnswer = (response) => {
      issued += 1;
      valid.add(`Bearer token-${issued}`);
      answerJson(response, 200, { access_token: `token-${issued}`, expires_in: 3600 });
    };
    bench.server.handle(({ url, headers }, response) => {
      if (url === "/token") tokenAnswer(response);
      else if (!valid.has(headers.authorization ?? "")) answerJson(response, 401, {});
      else answerJson(response, 200, { items: [] });
    });
  });
  const oauth = (more: object = {}): Input => ({
    ...health,
    auth: {
      oauth2: {
        tokenUrl: `${bench.server.url}/token`,
        clientId: "me",
        clientSecret: "s3cret",
        scope: "stock",
        ...more,
      },
    },
    writes: { "order.status": { kind: "keyed", path: "/x/{@.key}", method: "PUT" } },
    reads: {
      feed: {
        path: "/feed",
        items: "$.items",
        id: "$.id",
        version: "$.v",
        event: {
          type: "shipment.delivered",
          fields: { orderId: "$.id", shipmentId: "S", deliveredAt: "$.at" },
        },
      },
    },
  });
  const many = (session: ReturnType<Bench["open"]>) =>
    Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        session.writers["order.status"]!.send([outbound("order.status", {}, `k${n}`)], call),
      ),
    );

  test("one token for all who want one at once; by header or form", async () => {
    const session = bench.open(oauth());
    expect((await many(session)).flat().every(({ kind }) => kind === "done")).toBe(true);
    expect(issued).toBe(1);
    const [asked] = bench.server.seen;
    expect(asked).toMatchObject({ method: "POST", headers: { authorization: "Basic bWU6czNjcmV0" } });
    expect(asked!.body).toBe("grant_type=client_credentials&scope=stock");
    await bench.open(oauth({ client: "form", parameters: { audience: "a" } })).health(signal);
    expect(bench.server.seen.findLast(({ url }) => url === "/token")!.body).toBe(
      "grant_type=client_credentials&audience=a&scope=stock&client_id=me&client_secret=s3cret",
    );
  });

  test("is renewed before it ends", async () => {
    const session = bench.open(oauth());
    await session.health(signal);
    bench.clock.now = "2026-11-24T07:58:30.000000Z";
    await session.health(signal);
    expect(issued).toBe(1);
    bench.clock.now = "2026-11-24T07:59:30.000000Z";
    await session.health(signal);
    expect(issued).toBe(2);
  });

  test("that expires in mid-run is renewed once for all, and each call is made again once", async () => {
    const session = bench.open(oauth());
    await many(session);
    valid.clear();
    expect((await many(session)).flat().every(({ kind }) => kind === "done")).toBe(true);
    expect(issued).toBe(2);
    valid.clear();
    expect((await readOut(session, "feed")).messages).toEqual([]);
  });

  test("a fresh token that is refused is a denial, not a circle", async () => {
    tokenAnswer = (response) => {
      issued += 1;
      answerJson(response, 200, { access_token: "useless" });
    };
    const [answer] = await bench
      .open(oauth())
      .writers["order.status"]!.send([outbound("order.status", {})], call);
    expect(answer!.kind).toBe("denied");
    expect(issued).toBe(2);
  });

  test.each([
    ["denied", (response: ServerResponse) => answerJson(response, 401, { error: "s3cret" })],
    ["denied", (response: ServerResponse) => answerJson(response, 400, {})],
    ["busy", (response: ServerResponse) => answerJson(response, 429, {}, { "retry-after": "7" })],
    ["ill", (response: ServerResponse) => answerJson(response, 500, {})],
    ["ill", (response: ServerResponse) => answerJson(response, 200, "{")],
    ["ill", (response: ServerResponse) => answerJson(response, 200, {})],
    ["ill", (response: ServerResponse) => answerJson(response, 200, "null")],
    ["ill", (response: ServerResponse) => void response.destroy()],
  ])("no token: %s, and nothing is sent", async (kind, answer) => {
    tokenAnswer = answer;
    const session = bench.open(oauth());
    const [given] = await session.writers["order.status"]!.send([outbound("order.status", {})], call);
    expect(given!.kind).toBe(kind);
    expect(JSON.stringify(given)).not.toContain("s3cret");
    expect(bench.server.seen.every(({ url }) => url === "/token")).toBe(true);
    await expect(session.health(signal)).rejects.toMatchObject({ code: /^rest\.(denied|ill)$/ });
    // The next caller asks again.
    tokenAnswer = (response) => {
      valid.add("Bearer ok");
      answerJson(response, 200, { access_token: "ok" });
    };
    await session.health(signal);
  });

  test("who is taken back does not wait for a token, and takes it from nobody", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const give = tokenAnswer;
    tokenAnswer = (response) => void held.then(() => give(response));
    const session = bench.open(oauth());
    const gone = new AbortController();
    const taken = session.writers["order.status"]!.send([outbound("order.status", {})], {
      ...call,
      signal: gone.signal,
    });
    const stays = session.writers["order.status"]!.send([outbound("order.status", {})], call);
    gone.abort();
    expect((await taken)[0]!.kind).toBe("ill");
    release();
    expect((await stays)[0]!.kind).toBe("done");
  });
});

test.each([
  [{}, "auth needs apiKey, basic, bearer or oauth2"],
  [{ bearer: { token: "a" }, basic: { user: "a", password: "b" } }, "auth has basic and bearer: one"],
  [{ apiKey: { value: "a" } }, "auth.apiKey needs a header or a query parameter"],
  [{ basic: { user: "a:b", password: "b" } }, "auth.basic.user must not hold a colon"],
  [{ bearer: { token: secret("NO_SUCH") } }, "auth.bearer.token is taken from the environment"],
])("%j is refused", (auth, expected) => {
  expect(faultsOf(bench, { auth })).toContain(expected);
});

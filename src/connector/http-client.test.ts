import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallFailed } from "./call-failed.ts";
import { type ClosableHttpClient, createHttpClient } from "./http-client.ts";
import { startTestServer, type TestServer } from "./testing-server.ts";

let server: TestServer;
let client: ClosableHttpClient;

beforeEach(async () => {
  server = await startTestServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(`${request.method} ${request.url} ${request.body}`);
  });
  client = createHttpClient({ connections: 4, timeoutMs: 2_000, answerBytesMax: 10_000 });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

/** Longer than any test: who waits for it never ends. */
const HOUR_MS = 3_600_000;

const post = (path = "/", more: object = {}) =>
  client.request({ method: "POST", url: `${server.url}${path}`, body: "{}", ...more });
async function failureOf(call: Promise<unknown>): Promise<CallFailed> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(CallFailed);
  return failure as CallFailed;
}

describe("an answer", () => {
  test("of any status is an answer", async () => {
    server.handle((_, response) => void response.writeHead(503, { "retry-after": "7" }).end("busy"));
    expect(await post()).toMatchObject({ status: 503, headers: { "retry-after": "7" }, body: "busy" });
  });

  test("brings body, headers, path and query over as they are", async () => {
    const { body } = await post("/a%20b?c=d%26e", {
      headers: { "x-own": "1", "user-agent": "mine" },
      body: "é€",
    });
    expect(body).toBe("POST /a%20b?c=d%26e é€");
    expect(server.seen[0]!.headers).toMatchObject({
      "x-own": "1",
      "user-agent": "mine",
      "content-length": "5",
    });
  });

  test.each([
    ["/a b", "/a%20b"],
    ["/ü?q=ä", "/%C3%BC?q=%C3%A4"],
    ["?q=1", "/?q=1"],
    ["", "/"],
    ["/x#fragment", "/x"],
  ])("to the path %j goes to %j", async (path, expected) => {
    await client.request({ method: "GET", url: server.url + path });
    expect(server.seen[0]!.url).toBe(expected);
  });

  test("is not followed where it points elsewhere", async () => {
    server.handle((_, response) => void response.writeHead(302, { location: "/other" }).end());
    expect((await post()).status).toBe(302);
    expect(server.seen).toHaveLength(1);
  });

  test("in several chunks, cut inside a character, is whole", async () => {
    server.handle(async (_, response) => {
      const bytes = Buffer.from("€uro");
      response.write(bytes.subarray(0, 2));
      await delay(20);
      response.end(bytes.subarray(2));
    });
    expect((await post()).body).toBe("€uro");
  });

  test("is read in the charset that it names, and as UTF-8 where nobody knows it", async () => {
    server.handle(
      (_, response) =>
        void response
          .writeHead(200, { "content-type": "text/xml; charset=ISO-8859-1" })
          .end(Buffer.from([0xe4])),
    );
    expect((await post()).body).toBe("ä");
    server.handle(
      (_, response) => void response.writeHead(200, { "content-type": "text/xml; charset=klingon" }).end("ä"),
    );
    expect((await post()).body).toBe("ä");
  });
});

describe("connections", () => {
  test("are kept, and never more than allowed", async () => {
    let open = 0;
    let most = 0;
    server.handle(async (_, response) => {
      open += 1;
      most = Math.max(most, open);
      await delay(5);
      open -= 1;
      response.end();
    });
    await Promise.all(Array.from({ length: 40 }, () => post()));
    expect(most).toBe(4);
    expect(server.connections).toBeLessThanOrEqual(4);
    expect(server.seen).toHaveLength(40);
  });

  test("that broke are replaced", async () => {
    server.handle((_, __, socket) => void socket.resetAndDestroy());
    await Promise.all(Array.from({ length: 8 }, () => failureOf(post())));
    server.handle((_, response) => void response.end("back"));
    expect((await post()).body).toBe("back");
  });

  test("that the server closed while they were idle cost nothing", async () => {
    server.handle((_, response) => void response.writeHead(200, { connection: "close" }).end("ok"));
    for (let index = 0; index < 5; index++) expect((await post()).body).toBe("ok");
  });
});

describe("a call that failed says whether its request could have left", () => {
  test("nobody listens: it could not", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const failure = await failureOf(
      client.request({ method: "POST", url: `http://127.0.0.1:${port}/x?key=secret` }),
    );
    expect(failure).toMatchObject({ code: "http.unreachable", sent: false, retry: "later" });
    expect(failure.message).toContain("ECONNREFUSED");
    expect(failure.message).not.toContain("secret");
  });

  test("no such host: it could not", async () => {
    const failure = await failureOf(client.request({ method: "GET", url: "http://host.invalid/" }));
    expect(failure).toMatchObject({ code: "http.unreachable", sent: false });
  });

  test("TLS with somebody who speaks none: it could not", async () => {
    const failure = await failureOf(
      client.request({ method: "GET", url: server.url.replace("http:", "https:") }),
    );
    expect(failure).toMatchObject({ code: "http.unreachable", sent: false });
    expect(server.seen).toHaveLength(0);
  });

  test("a reset after the request arrived: it did", async () => {
    server.handle((_, __, socket) => void socket.resetAndDestroy());
    expect(await failureOf(post())).toMatchObject({ code: "http.broken-off", sent: true });
  });

  test("an answer cut short: it did", async () => {
    server.handle((_, response, socket) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => socket.destroy(), 20);
    });
    expect(await failureOf(post())).toMatchObject({ code: "http.broken-off", sent: true });
  });

  test("no answer in time: it did, and the time-out is the call's own", async () => {
    server.handle(() => undefined);
    const begun = performance.now();
    const failure = await failureOf(post("/", { timeoutMs: 150 }));
    expect(failure).toMatchObject({ code: "http.timeout", sent: true });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test("a body that dribbles for ever is cut by the same time-out", async () => {
    server.handle(async (_, response) => {
      for (let index = 0; index < 100 && !response.destroyed; index++) {
        response.write(".");
        await delay(20);
      }
    });
    expect(await failureOf(post("/", { timeoutMs: 150 }))).toMatchObject({
      code: "http.timeout",
      sent: true,
    });
  });

  test("taken back while it waited for a connection: it did not leave", async () => {
    server.handle(async (_, response) => {
      await delay(200);
      response.end();
    });
    const first = Array.from({ length: 4 }, () => post());
    const cancel = new AbortController();
    const waiting = failureOf(post("/waiting", { signal: cancel.signal }));
    const late = failureOf(post("/late", { timeoutMs: 50 }));
    cancel.abort();
    expect(await waiting).toMatchObject({ code: "http.cancelled", sent: false });
    expect(await late).toMatchObject({ code: "http.timeout", sent: false });
    await Promise.all(first);
    await post("/after");
    expect(server.seen.map(({ url }) => url)).toEqual(["/", "/", "/", "/", "/after"]);
  });

  test("taken back under way, or before it began", async () => {
    server.handle(() => undefined);
    const cancel = new AbortController();
    const running = failureOf(post("/", { signal: cancel.signal }));
    await delay(50);
    cancel.abort();
    expect(await running).toMatchObject({ code: "http.cancelled", sent: true });
    expect(await failureOf(post("/", { signal: cancel.signal }))).toMatchObject({
      code: "http.cancelled",
      sent: false,
    });
  });

  test("who stops lets what has left end, and takes back the rest", async () => {
    let answer: () => void = () => undefined;
    server.handle((_, response) => {
      answer = () => void response.end("well");
    });
    const one = createHttpClient({ connections: 1, timeoutMs: HOUR_MS });
    const stopping = new AbortController();
    const call = (path: string) =>
      one.request({ method: "POST", url: `${server.url}${path}`, stopping: stopping.signal });
    const left = call("/left");
    const stayed = failureOf(call("/stayed"));
    await expect.poll(() => server.seen.length).toBe(1);
    stopping.abort();
    expect(await stayed).toMatchObject({ code: "http.cancelled", sent: false });
    expect(await failureOf(call("/late"))).toMatchObject({ code: "http.cancelled", sent: false });
    answer();
    expect((await left).body).toBe("well");
    await one.close();
    expect(server.seen.map(({ url }) => url)).toEqual(["/left"]);
  });

  test("an answer beyond the limit is broken off, announced or not", async () => {
    server.handle((_, response) => void response.end("x".repeat(20_000)));
    expect(await failureOf(post())).toMatchObject({ code: "http.answer-too-large", sent: true });
    server.handle(async (_, response) => {
      for (let index = 0; index < 50 && !response.destroyed; index++) {
        response.write("x".repeat(1_000));
        await delay(1);
      }
      response.end();
    });
    expect(await failureOf(post())).toMatchObject({ code: "http.answer-too-large", sent: true });
  });

  test.each([
    ["a URL that is none", { url: "erp/orders" }],
    ["another protocol", { url: "ftp://erp/orders" }],
    ["a password in the URL", { url: "http://user:pass@127.0.0.1/" }],
    ["a header with a line break", { headers: { "x-a": "a\r\nx-b: c" } }],
    ["a header's name with a space", { headers: { "x a": "a" } }],
  ])("%s can never be sent", async (_name, change) => {
    const failure = await failureOf(post("/", change));
    expect(failure).toMatchObject({ code: "http.invalid-call", sent: false, retry: "never" });
    expect(server.seen).toHaveLength(0);
  });

  test("after a time-out the next call on that origin works", async () => {
    server.handle(() => undefined);
    await Promise.all(Array.from({ length: 6 }, () => failureOf(post("/", { timeoutMs: 100 }))));
    server.handle((_, response) => void response.end("well"));
    expect((await post()).body).toBe("well");
  });
});

test("closing waits for what is under way", async () => {
  server.handle(async (_, response) => {
    await delay(50);
    response.end("done");
  });
  const running = post();
  await delay(10);
  await client.close();
  expect((await running).body).toBe("done");
  expect(await failureOf(post())).toMatchObject({ sent: false });
});

test("closing lets calls that wait for a connection have theirs", async () => {
  server.handle(async (_, response) => {
    await delay(20);
    response.end("done");
  });
  const calls = Array.from({ length: 10 }, () => post());
  await client.close();
  for (const call of calls) expect((await call).body).toBe("done");
});

test("closing waits for no connection that is still being made", async () => {
  const deaf = await startDeafServer();
  const one = createHttpClient({ connections: 2, timeoutMs: HOUR_MS });
  const cancel = new AbortController();
  const waiting = failureOf(one.request({ method: "GET", url: deaf.url, signal: cancel.signal }));
  await delay(50);
  cancel.abort();
  expect(await waiting).toMatchObject({ code: "http.cancelled", sent: false });
  const closed = one.close().then(() => "closed");
  expect(await Promise.race([closed, delay(CONNECT_MS / 2, "waits")])).toBe("closed");
  await deaf.close();
});

/** What a connection may take to be made, at the longest. */
const CONNECT_MS = 10_000;

/** Its queue of connections is full: the system answers no further one, as a host that is gone does. */
async function startDeafServer(): Promise<{ url: string; close(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      "-e",
      `const server = require("node:net").createServer();
       server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
         require("node:fs").writeSync(1, String(server.address().port));
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const sockets = Array.from({ length: 8 }, () => connect(Number(port), "127.0.0.1").on("error", () => {}));
  await once(sockets[0]!, "connect");
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      for (const socket of sockets) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

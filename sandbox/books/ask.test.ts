import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Asked, ask, parseKeepingDigits } from "./ask.ts";

const answers: { status: number; body: string; headers?: Record<string, string> }[] = [];
let asked = 0;
const server = createServer((_request, response) => {
  asked++;
  const { status, body, headers } = answers.shift() ?? { status: 200, body: "{}" };
  response.writeHead(status, headers).end(body);
});
let system: Asked;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  system = {
    name: "the shop",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
  };
});
beforeEach(() => {
  asked = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("keeps a number's digits, which no float could", () => {
  const text = '{"a":0.1,"b":[2.50,12345678901234.123456],"c":"x","d":null,"e":true,"f":-0}';
  expect(parseKeepingDigits(text)).toEqual({
    a: "0.1",
    b: ["2.50", "12345678901234.123456"],
    c: "x",
    d: null,
    e: true,
    f: "-0",
  });
});

test("asks a busy, an ill and a stuttering system again", async () => {
  answers.push(
    { status: 429, body: "", headers: { "retry-after": "0" } },
    { status: 503, body: "down" },
    { status: 200, body: '{"cut' },
    { status: 200, body: '{"whole":1}' },
  );
  expect(await ask(system, "path")).toEqual({ whole: "1" });
  expect(asked).toBe(4);
});

test("does not ask again where it is refused, and says what was asked", async () => {
  answers.push({ status: 403, body: '{"detail":"no"}' });
  await expect(ask(system, "a/path?b=1")).rejects.toThrow(
    `the shop cannot be read: ${system.url}/a/path?b=1 answered 403: {"detail":"no"}`,
  );
  expect(asked).toBe(1);
});

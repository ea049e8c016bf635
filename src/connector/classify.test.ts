import { expect, test } from "vitest";
import { CallFailed } from "./call-failed.ts";
import { classifyCall, outcomeOf, readRetryAfter } from "./classify.ts";
import type { HttpAnswer } from "./contract.ts";

const now = "2026-11-24T07:00:00.000000Z";
const answer = (status: number, body = "", headers: HttpAnswer["headers"] = {}): HttpAnswer => ({
  status,
  headers,
  body,
});
const kindOf = (status: number) => classifyCall(answer(status), { now }).kind;

test.each([
  [[200, 201, 202, 204, 299], "done"],
  [[408, 423, 425, 429, 503], "busy"],
  [[401, 403, 407], "denied"],
  [[400, 404, 405, 409, 410, 413, 415, 422], "refused"],
  [[500, 502, 504, 507, 599], "ill"],
  // A wrong address parks nothing.
  [[301, 302, 307, 308], "ill"],
])("%j is %s", (statuses, kind) => {
  for (const status of statuses) expect(kindOf(status)).toBe(kind);
});

test.each([
  ["7", 7_000],
  ["0", 0],
  ["1.5", 1_500],
  ["Tue, 24 Nov 2026 07:00:30 GMT", 30_000],
  ["Tuesday, 24-Nov-26 07:00:30 GMT", 30_000],
  ["Tue Nov 24 07:00:30 2026 GMT", 30_000],
  ["Tue, 24 Nov 2026 06:00:00 GMT", 0],
  ["-5", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After %j is %s ms", (header, ms) => {
  expect(readRetryAfter(header, now)).toBe(ms);
});

test("busy says when to come back, where the product does", () => {
  expect(classifyCall(answer(429, "slow down", { "retry-after": "2" }), { now })).toEqual({
    kind: "busy",
    reason: "HTTP 429: slow down",
    retryAfterMs: 2_000,
  });
  expect(classifyCall(answer(503), { now })).toEqual({ kind: "busy", reason: "HTTP 503" });
});

test("a product's own meaning and words go first", () => {
  const options = {
    now,
    statuses: { 500: "done", 503: "refused", 404: "unknown" } as const,
    reasonOf: ({ body }: HttpAnswer) => (body === "" ? undefined : `said ${body}`),
  };
  expect(classifyCall(answer(500, "duplicate"), options)).toEqual({ kind: "done" });
  expect(classifyCall(answer(503, "short"), options)).toEqual({
    kind: "refused",
    code: "http.503",
    reason: "HTTP 503: said short",
  });
  expect(classifyCall(answer(404), options)).toEqual({ kind: "unknown", reason: "HTTP 404" });
});

test("reasons do not grow with the answer, and a redirect says where to", () => {
  const { reason } = classifyCall(answer(400, "x".repeat(10_000)), { now }) as { reason: string };
  expect(reason.length).toBeLessThan(400);
  expect(classifyCall(answer(301, "", { location: "https://erp/" }), { now })).toMatchObject({
    reason: "HTTP 301: moved to https://erp/",
  });
});

test("no answer is unknown only where the request could have left", () => {
  const failed = (code: "http.timeout" | "http.unreachable" | "http.invalid-call", sent: boolean) =>
    classifyCall(new CallFailed(code, "no answer", { sent }), { now }).kind;
  expect(failed("http.timeout", true)).toBe("unknown");
  expect(failed("http.timeout", false)).toBe("ill");
  expect(failed("http.unreachable", false)).toBe("ill");
  expect(failed("http.invalid-call", false)).toBe("refused");
});

test("only a failed call is an outcome; a bug stays a bug", async () => {
  const failure = new CallFailed("http.timeout", "late", { sent: true });
  expect(await outcomeOf(Promise.reject(failure))).toBe(failure);
  await expect(outcomeOf(Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
});

import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hmacFits, verifyStandardWebhook } from "./signature.ts";

const now = "2026-11-24T07:00:00.000000Z";
const body = Buffer.from('{"a":1}');
const key = Buffer.from("a secret of many bytes");
const secret = `whsec_${key.toString("base64")}`;
const sign = (id: string, at: string, content = body) =>
  `v1,${createHmac("sha256", key).update(`${id}.${at}.`).update(content).digest("base64")}`;
const at = String(Date.parse("2026-11-24T06:58:00Z") / 1000);
const headers = { "webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": sign("m1", at) };

describe("Standard Webhooks", () => {
  test("a signature that fits passes, beside older ones too", () => {
    verifyStandardWebhook(secret, headers, body, now);
    const several = `v1,${Buffer.from("old").toString("base64")} v2,x ${headers["webhook-signature"]}`;
    verifyStandardWebhook(secret, { ...headers, "webhook-signature": several }, body, now);
  });

  test.each([
    ["another body", {}, Buffer.from('{"a":2}')],
    ["another id", { "webhook-id": "m2" }, body],
    ["no signature", { "webhook-signature": undefined }, body],
    ["an empty one", { "webhook-signature": "v1," }, body],
    ["two of them", { "webhook-signature": ["v1,a", "v1,b"] }, body],
    ["a time that is not a number", { "webhook-timestamp": "1e9" }, body],
    [
      "a replay",
      {
        "webhook-timestamp": String(Number(at) - 600),
        "webhook-signature": sign("m1", String(Number(at) - 600)),
      },
      body,
    ],
    [
      "the future",
      {
        "webhook-timestamp": String(Number(at) + 600),
        "webhook-signature": sign("m1", String(Number(at) + 600)),
      },
      body,
    ],
  ])("%s does not", (_name, change, content) => {
    expect(() => verifyStandardWebhook(secret, { ...headers, ...change }, content, now)).toThrow(
      expect.objectContaining({ code: "webhook.unsigned" }),
    );
  });
});

test("an HMAC in hex, in base64, and of another length", () => {
  const hex = createHmac("sha1", "s").update("text").digest("hex");
  expect(hmacFits({ algorithm: "sha1", secret: "s", encoding: "hex" }, "text", hex)).toBe(true);
  expect(hmacFits({ algorithm: "sha1", secret: "s", encoding: "hex" }, "text", hex.slice(2))).toBe(false);
  expect(hmacFits({ algorithm: "sha1", secret: "s", encoding: "hex" }, "text", `${hex.slice(0, -2)}zz`)).toBe(
    false,
  );
  expect(hmacFits({ algorithm: "sha1", secret: "t", encoding: "hex" }, "text", hex)).toBe(false);
});

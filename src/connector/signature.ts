// Signatures of webhooks: an HMAC over what was sent, compared in constant time. A signature that does not fit, or
// that is too old to be believed, throws `webhook.unsigned`.
import { createHmac, timingSafeEqual } from "node:crypto";
import { CrossdockError } from "../core/errors.ts";
import { epochMs, type Time } from "../core/time.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface Hmac {
  algorithm: "sha1" | "sha256" | "sha512";
  secret: string | Uint8Array;
  encoding: "hex" | "base64";
}

export function hmacFits(hmac: Hmac, content: string | Uint8Array, signature: string): boolean {
  const expected = createHmac(hmac.algorithm, hmac.secret).update(content).digest();
  const given = Buffer.from(signature, hmac.encoding);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function unsigned(message: string): CrossdockError {
  return new CrossdockError("webhook.unsigned", message);
}

/** The one value of a header; one that comes twice is nobody's. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

/** A replayed request is refused when its time is further away than this. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * Standard Webhooks: `webhook-signature` holds one or more `v1,BASE64` over `id.timestamp.body`, so that a secret
 * can be changed without a pause. The secret may begin with `whsec_`, its bytes then follow in base64.
 */
export function verifyStandardWebhook(secret: string, headers: Headers, body: Uint8Array, now: Time): void {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (id === undefined || timestamp === undefined || signatures === undefined) {
    throw unsigned("The headers webhook-id, webhook-timestamp and webhook-signature are needed.");
  }
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) * 1000 - epochMs(now)) > TOLERANCE_MS) {
    throw unsigned("The webhook's time is more than five minutes away.");
  }
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const hmac: Hmac = { algorithm: "sha256", secret: key, encoding: "base64" };
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const fits = signatures
    .split(" ")
    .some((signature) => signature.startsWith("v1,") && hmacFits(hmac, content, signature.slice(3)));
  if (!fits) throw unsigned("The webhook's signature does not fit its content.");
}

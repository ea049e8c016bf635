// Canonical events from outside, as CloudEvents in JSON: one, or a batch. What cannot be taken apart throws
// `webhook.malformed` and nothing is kept of it; an event that is wrong is kept and fails alone.
import { createHash } from "node:crypto";
import type { Mapping, NativeMessage, Webhook } from "../../connector/contract.ts";
import { verifyStandardWebhook } from "../../connector/signature.ts";
import { CrossdockError } from "../../core/errors.ts";
import { assertDepth } from "../../core/json.ts";
import { jsonPath } from "../../core/json-path.ts";
import { isTime, parseTime, type Time } from "../../core/time.ts";
import { catalogue } from "../../domains/catalogue.ts";
import type { HttpSettings } from "./settings.ts";

export const EVENTS_TOPIC = "events";

const EVENT_TYPE = "application/cloudevents+json";
const DEPTH_MAX = 32;

export function eventsWebhook({ webhookSecret }: Pick<HttpSettings, "webhookSecret">): Webhook {
  return {
    verify(headers, body, now) {
      if (webhookSecret !== undefined) verifyStandardWebhook(webhookSecret, headers, body, now);
    },
    split(body) {
      const parsed = parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
      const events = Array.isArray(parsed) ? parsed : [parsed];
      return events.map(messageOf);
    },
  };
}

function parse(text: string): unknown {
  try {
    assertDepth(text, DEPTH_MAX);
    return JSON.parse(text);
  } catch (error) {
    throw new CrossdockError("webhook.malformed", (error as Error).message, { cause: error });
  }
}

function messageOf(event: unknown): NativeMessage {
  const body = JSON.stringify(event);
  const id = (event as { id?: unknown } | null)?.id;
  // Without an id it fails when it is mapped; until then its content is all that tells it from others.
  const known =
    typeof id === "string" && id !== ""
      ? id
      : `without-id/${createHash("sha256").update(body).digest("hex")}`;
  return { topic: EVENTS_TOPIC, id: known, contentType: EVENT_TYPE, body };
}

/** One CloudEvent, one event; its contract is checked by whoever records it. */
export function mapEvent(message: NativeMessage): Mapping {
  if (message.topic !== EVENTS_TOPIC) return { failed: `There is no topic ${message.topic}.` };
  const text = typeof message.body === "string" ? message.body : Buffer.from(message.body).toString("utf8");
  const event = JSON.parse(text) as unknown;
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return { failed: "An event is an object.", path: "$" };
  }
  const { id, type, time, data, specversion } = event as Record<string, unknown>;
  if (typeof id !== "string" || id === "")
    return { failed: "is required and must be a text.", path: jsonPath(["id"]) };
  if (specversion !== undefined && specversion !== "1.0")
    return { failed: 'must be "1.0".', path: jsonPath(["specversion"]) };
  if (typeof type !== "string")
    return { failed: "is required and must be a text.", path: jsonPath(["type"]) };
  if (catalogue[type]?.decided === true) {
    return { failed: `${type} is a decision that only Crossdock makes.`, path: jsonPath(["type"]) };
  }
  const at = time === undefined ? undefined : timeOf(time);
  if (time !== undefined && at === undefined)
    return { failed: "is no RFC 3339 time.", path: jsonPath(["time"]) };
  return { events: [at === undefined ? { type, data } : { type, data, time: at }] };
}

function timeOf(value: unknown): Time | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return isTime(value) ? value : parseTime(value);
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

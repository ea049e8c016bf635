// Canonical events from outside, as CloudEvents in JSON: one, or a batch. What cannot be taken apart throws
// `webhook.malformed` and nothing is kept of it; an event that is wrong is kept and fails alone.
import { createHash } from "node:crypto";
import { CLOUD_EVENT_TYPE, mapCloudEvent } from "../../connector/cloud-event.ts";
import type { Mapping, NativeMessage, Webhook } from "../../connector/contract.ts";
import { verifyStandardWebhook } from "../../connector/signature.ts";
import { CrossdockError } from "../../core/errors.ts";
import { assertDepth } from "../../core/json.ts";
import type { HttpSettings } from "./settings.ts";

export const EVENTS_TOPIC = "events";

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
  return { topic: EVENTS_TOPIC, id: known, contentType: CLOUD_EVENT_TYPE, body };
}

/** One CloudEvent, one event; its contract is checked by whoever records it. */
export function mapEvent(message: NativeMessage): Mapping {
  if (message.topic !== EVENTS_TOPIC) return { failed: `There is no topic ${message.topic}.` };
  const text = typeof message.body === "string" ? message.body : Buffer.from(message.body).toString("utf8");
  return mapCloudEvent(JSON.parse(text));
}

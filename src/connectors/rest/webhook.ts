// What a system sends by itself: signed, taken apart into items, mapped as what is read.
import {
  CrossdockError,
  headerOf,
  hmacFits,
  type NativeMessage,
  parseJsonPath,
  unsigned,
  valueAt,
  verifyStandardWebhook,
  type Webhook,
} from "../../connector/index.ts";
import { readJson } from "./api.ts";
import { identify, itemMessage, nameless } from "./item.ts";
import type { WebhookSettings } from "./settings.ts";

export function webhookOf(topic: string, settings: WebhookSettings): Webhook {
  const { standard, hmac } = settings;
  return {
    verify(headers, body, now) {
      if (standard !== undefined) verifyStandardWebhook(standard.secret, headers, body, now);
      if (hmac === undefined) return;
      const { secret, algorithm = "sha256", encoding = "hex", prefix = "" } = hmac;
      const given = headerOf(headers, hmac.header.toLowerCase());
      const fits =
        given?.startsWith(prefix) &&
        hmacFits({ algorithm, secret, encoding }, body, given.slice(prefix.length));
      if (fits !== true) throw unsigned(`The header ${hmac.header} does not fit the webhook's content.`);
    },
    split: (body) => itemsIn(body, settings.items).map((item) => messageOf(topic, item, settings)),
  };
}

function itemsIn(body: Uint8Array, path: string | undefined): unknown[] {
  let document: unknown;
  try {
    document = readJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch (cause) {
    throw new CrossdockError("webhook.malformed", (cause as Error).message, { cause });
  }
  if (path === undefined) return [document];
  const items = valueAt(document, parseJsonPath(path).segments);
  if (Array.isArray(items)) return items;
  throw new CrossdockError("webhook.malformed", `${path} is no list.`);
}

function messageOf(topic: string, value: unknown, settings: WebhookSettings): NativeMessage {
  const item = identify(value, settings);
  if (item === undefined) return nameless(topic, value);
  // Without a version, the id is the webhook's own: a second one of it is the same.
  return settings.version === undefined
    ? { ...itemMessage(topic, item, ""), id: item.id }
    : itemMessage(topic, item, "");
}

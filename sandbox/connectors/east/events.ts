// EAST's numbered events, pushed or read behind a number: the same event is the same message on either way. What
// cannot be taken apart throws `webhook.malformed`, so that EAST sends it again.
import {
  CrossdockError,
  canonicalJson,
  epochMs,
  headerOf,
  hmacFits,
  type Mapping,
  type NativeMessage,
  type Poll,
  readExact,
  unsigned,
  type Webhook,
} from "../../../src/connector/index.ts";
import type { EastApi } from "./api.ts";
import { countOf, type Fields, fieldsOf, listOf, textOf } from "./fields.ts";
import { eventMappings, type Place } from "./map-event.ts";
import type { EastSettings } from "./settings.ts";

export const EVENTS_TOPIC = "events";
/** A replayed request is refused when its time is further away than this. */
const TOLERANCE_MS = 5 * 60_000;
const PAGE = 500;

export function eventsWebhook({ webhookSecret }: EastSettings): Webhook {
  return {
    verify(headers, body, now) {
      const parts = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(headerOf(headers, "x-east-signature") ?? "");
      if (parts === null) throw unsigned("The header X-East-Signature, t=…,v1=…, is needed.");
      const [, seconds = "", signature = ""] = parts;
      if (Math.abs(Number(seconds) * 1000 - epochMs(now)) > TOLERANCE_MS) {
        throw unsigned("The webhook's time is more than five minutes away.");
      }
      const hmac = { algorithm: "sha256", secret: webhookSecret, encoding: "hex" } as const;
      if (!hmacFits(hmac, Buffer.concat([Buffer.from(`${seconds}.`), body]), signature)) {
        throw unsigned("The webhook's signature does not fit its content.");
      }
    },
    split(body) {
      try {
        return [messageOf(fieldsOf(readExact(body), "$"))];
      } catch (error) {
        throw new CrossdockError("webhook.malformed", `No event of EAST: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
  };
}

/** What webhooks did not bring. */
export function eventsPoll(api: EastApi, { eventsEveryMs }: EastSettings): Poll {
  return {
    everyMs: eventsEveryMs,
    async read(cursor, signal) {
      const after = cursor ?? "0";
      const page = await api.read(`/api/events?after=${after}&limit=${PAGE}`, { signal });
      const messages = listOf(page, "items", "$").map(messageOf);
      const last = countOf(page, "lastSeq", "$");
      if (Number(last) < Number(after)) {
        throw new CrossdockError(
          "east.numbers-went-back",
          `EAST's last event is ${last}, and ${after} was read before: it was set up anew or restored from a copy.`,
        );
      }
      const next = messages.at(-1)?.id ?? after;
      return { messages, cursor: next, more: Number(next) < Number(last) };
    },
  };
}

/** In one spelling, so that the same event pushed and read is the same content. */
function messageOf(event: Fields): NativeMessage {
  const id = countOf(event, "seq", "$");
  return { topic: EVENTS_TOPIC, id, contentType: "application/json", body: canonicalJson(event) };
}

export function mapEvent(message: NativeMessage, place: Place): Mapping {
  const event = fieldsOf(readExact(message.body), "$");
  const type = textOf(event, "type", "$");
  const map = Object.hasOwn(eventMappings, type) ? eventMappings[type] : undefined;
  if (map === undefined) return { failed: `EAST has no event ${type} that is known here.`, path: "$.type" };
  return map({ event, data: fieldsOf(event.data, "$.data"), ...place });
}

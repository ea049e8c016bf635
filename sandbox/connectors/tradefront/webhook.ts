// The shop's pushes: one event each, with a shared token. An order is taken as it comes; a request is only noted, for
// it can overtake its order: the poll reads it, behind that order.
import { createHash, timingSafeEqual } from "node:crypto";
import {
  CrossdockError,
  headerOf,
  type NativeMessage,
  unsigned,
  type Webhook,
} from "../../../src/connector/index.ts";
import { type Fields, fieldsOf, readFields, textOf } from "../native-fields.ts";
import { noticeMessage, orderMessage } from "./message.ts";

export function pushes(webhookToken: string): Webhook {
  return {
    verify(headers) {
      const given = headerOf(headers, "x-tradefront-token");
      if (given === undefined || !isSame(given, webhookToken)) {
        throw unsigned("The header X-Tradefront-Token is missing or wrong.");
      }
    },
    split(body) {
      try {
        return [messageOf(readFields(body, "push"))];
      } catch (error) {
        if (!(error instanceof CrossdockError)) throw error;
        throw new CrossdockError("webhook.malformed", error.message, { cause: error });
      }
    },
  };
}

function messageOf(push: Fields): NativeMessage {
  if (textOf(push, "event") === "order.placed") return orderMessage(fieldsOf(push.order, "order"));
  return noticeMessage(push);
}

/** In constant time, whatever their lengths. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

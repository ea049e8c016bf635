// The plugin's pushes, signed as Standard Webhooks: an order that was placed. One that is less already by then is only
// noted: the poll reads it, its cancellation behind it.
import {
  CrossdockError,
  type NativeMessage,
  readExact,
  verifyStandardWebhook,
  type Webhook,
} from "../../connector/index.ts";
import { isReduced, isSellers, noticeMessage, orderMessage } from "./order-message.ts";
import { fieldsOf } from "./values.ts";

export function pushes(secret: string): Webhook {
  return {
    verify: (headers, body, now) => verifyStandardWebhook(secret, headers, body, now),
    split(body) {
      try {
        return messagesOf(body);
      } catch (cause) {
        if (!(cause instanceof CrossdockError)) throw cause;
        throw new CrossdockError("webhook.malformed", cause.message, { cause });
      }
    },
  };
}

function messagesOf(body: Uint8Array): NativeMessage[] {
  const order = fieldsOf(fieldsOf(readExact(body), "push").order, "order");
  return [isReduced(order) || isSellers(order) ? noticeMessage(order) : orderMessage(order)];
}

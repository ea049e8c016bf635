// What the subscriber in templates/medusa tells: that something happened to an order. It is a hint and no more: the
// order is read by the next poll, which would have met it anyway unless it had been committed late.
import {
  CrossdockError,
  headerOf,
  type Mapping,
  unsigned,
  verifyStandardWebhook,
  type Webhook,
} from "../../connector/index.ts";
import { fieldsOf, readFields, textOf } from "./fields.ts";

/** Orders that are to be read whatever their time says. */
export interface Wanted {
  add(ids: readonly string[]): void;
  /** All of them; they are no longer wanted. */
  take(): string[];
}

/** More than that are met by their times. */
const WANTED_MAX = 1_000;

export function createWanted(): Wanted {
  let ids = new Set<string>();
  return {
    add(more) {
      for (const id of more) if (ids.size < WANTED_MAX) ids.add(id);
    },
    take() {
      const taken = [...ids];
      ids = new Set();
      return taken;
    },
  };
}

export function eventsWebhook(secret: string, wanted: Wanted): Webhook {
  return {
    verify: (headers, body, now) => verifyStandardWebhook(secret, headers, body, now),
    split(body, headers) {
      const id = headerOf(headers, "webhook-id");
      if (id === undefined) throw unsigned("The header webhook-id is missing.");
      try {
        const event = readFields(body, "event");
        textOf(event, "name");
        const order = textOf(fieldsOf(event.data, "data"), "id");
        if (/^order_[0-9A-Za-z]{1,64}$/.test(order)) wanted.add([order]);
      } catch (error) {
        if (!(error instanceof CrossdockError)) throw error;
        throw new CrossdockError("webhook.malformed", error.message, { cause: error });
      }
      return [{ topic: "events", id, contentType: "application/json", body }];
    },
  };
}

export const mapEvent = (): Mapping => ({
  ignored: "It only says that an order changed: the poll reads that order.",
});

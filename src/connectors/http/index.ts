// A system that takes canonical records over plain HTTP, and may send canonical events: configured without code.
// It promises nothing about the other side: what its answers do not say is unknown.
import type { ConnectorSession } from "../../connector/contract.ts";
import { defineConnector } from "../../connector/define.ts";
import { CrossdockError } from "../../core/errors.ts";
import { EVENTS_TOPIC, eventsWebhook, mapEvent } from "./events.ts";
import { checkSettings, HttpSettings } from "./settings.ts";
import { headersOf, writerOf } from "./writer.ts";

export const http = defineConnector({
  name: "http",
  title: "Plain HTTP",
  settings: HttpSettings,
  mappingRevision: 1,
  writes: ({ messages, write, bulkMax }) =>
    Object.fromEntries(messages.map((type) => [type, { kind: write, bulkMax }])),
  check: checkSettings,
  open(settings, context): ConnectorSession {
    const writer = writerOf(settings, context);
    const headers = headersOf(settings);
    return {
      map: mapEvent,
      webhooks: { [EVENTS_TOPIC]: eventsWebhook(settings) },
      writers: Object.fromEntries(settings.messages.map((type) => [type, writer])),
      async health(signal) {
        const url =
          settings.healthPath === undefined ? settings.url : new URL(settings.healthPath, settings.url).href;
        const { status } = await context.http.request({ method: "GET", url, headers, signal });
        if (status === 401 || status === 403) {
          throw new CrossdockError("http.denied", `${url} answers ${status}: the credentials do not hold.`);
        }
        if (status >= 500) {
          throw new CrossdockError("http.ill", `${url} answers ${status}.`, { retry: "later" });
        }
      },
      async close() {
        // The client is the caller's, and there is nothing else.
      },
    };
  },
});

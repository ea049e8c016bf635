// Warehouse EAST: takes orders over HTTP under request ids, pushes signed and numbered events, tells physical stock.
// Webhooks that never came are read from its list of events; nothing is counted twice, however often it is told.
import {
  type Census,
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Mapping,
  type NativeMessage,
} from "../../../src/connector/index.ts";
import { eastApi } from "./api.ts";
import { cancellationWriter } from "./cancellation.ts";
import { EVENTS_TOPIC, eventsPoll, eventsWebhook, mapEvent } from "./events.ts";
import { textOf, timeOf } from "./fields.ts";
import type { Place } from "./map-event.ts";
import { allOutbounds } from "./outbound.ts";
import { readReference } from "./reference.ts";
import { releaseWriter } from "./release.ts";
import { returnWriter } from "./return-advice.ts";
import { EastSettings } from "./settings.ts";
import { mapStock, STOCK_TOPIC, stockPoll } from "./stock.ts";

const CENSUS_TIMEOUT_MS = 60_000;

export const east = defineConnector({
  name: "east",
  title: "Warehouse EAST",
  settings: EastSettings,
  // Its words for the state of stock; an installation may say more.
  codes: { status: { AVAILABLE: "available", HELD: "held" } },
  mappingRevision: 1,
  writes: {
    "order.release": { kind: "keyed", bulkMax: 1 },
    "order.cancellation": { kind: "keyed", bulkMax: 1 },
    "return.advice": { kind: "keyed", bulkMax: 1 },
  },
  figures: { quantity: "physical" },
  clock: { resolutionMs: 1 },
  limits: { concurrency: 8 },
  open(settings, context): ConnectorSession {
    const api = eastApi(settings, context);
    return {
      map: (message, codes) => mapMessage(message, { location: settings.location, codes }),
      webhooks: { [EVENTS_TOPIC]: eventsWebhook(settings) },
      polls: { [EVENTS_TOPIC]: eventsPoll(api, settings), [STOCK_TOPIC]: stockPoll(api, settings) },
      writers: {
        "order.release": releaseWriter(api, context),
        "order.cancellation": cancellationWriter(api, context),
        "return.advice": returnWriter(api, context),
      },
      async health(signal) {
        await api.read("/api/events?limit=1", { signal });
      },
      async census({ from, to }, given): Promise<Census[]> {
        const ids = new Set<string>();
        const overdue = AbortSignal.timeout(CENSUS_TIMEOUT_MS);
        const signal = given === undefined ? overdue : AbortSignal.any([given, overdue]);
        for await (const fields of allOutbounds(api, { signal })) {
          const createdAt = timeOf(fields, "createdAt", "$");
          if (createdAt < from || createdAt >= to) continue;
          ids.add(readReference(textOf(fields, "externalOrderNo", "$")).orderId);
        }
        return [{ domain: "order", ids: [...ids] }];
      },
      async close() {
        // The client is the caller's, and there is nothing else.
      },
    };
  },
});

export function mapMessage(message: NativeMessage, place: Place): Mapping {
  try {
    if (message.topic === EVENTS_TOPIC) return mapEvent(message, place);
    if (message.topic === STOCK_TOPIC) return mapStock(message, place.location);
    return { failed: `There is no topic ${message.topic}.` };
  } catch (error) {
    if (!(error instanceof CrossdockError)) throw error;
    const { path } = error.details;
    return typeof path === "string" ? { failed: error.message, path } : { failed: error.message };
  }
}

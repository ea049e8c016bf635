// Parcelworks, a 3PL: takes fulfilments under our references, is asked for its events, tells stock that is net of what
// it has allocated. Its limit of calls is kept to; what it refuses for that is sent when it says so.
import {
  type Census,
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Mapping,
  type NativeMessage,
} from "../../../src/connector/index.ts";
import { parcelworksApi } from "./api.ts";
import { cancellationWriter } from "./cancellation.ts";
import { EVENTS_TOPIC, eventsPoll, mapEvent } from "./events.ts";
import { textOf, timeOf } from "./fields.ts";
import { allFulfilments } from "./fulfilment.ts";
import type { Place } from "./map-event.ts";
import { readReference } from "./reference.ts";
import { releaseWriter } from "./release.ts";
import { returnWriter } from "./return-notice.ts";
import { ParcelworksSettings } from "./settings.ts";
import { mapStock, STOCK_TOPIC, stockPoll } from "./stock.ts";

const CENSUS_TIMEOUT_MS = 60_000;

export const parcelworks = defineConnector({
  name: "parcelworks",
  title: "Parcelworks",
  settings: ParcelworksSettings,
  // Its buckets of stock; an installation may say more.
  codes: { status: { good: "available", quarantine: "held" } },
  mappingRevision: 1,
  writes: {
    "order.release": { kind: "absolute", bulkMax: 1 },
    "order.cancellation": { kind: "absolute", bulkMax: 1 },
    "return.advice": { kind: "absolute", bulkMax: 1 },
  },
  figures: { quantity: "net" },
  clock: { resolutionMs: 1 },
  // It gives 50 calls a second; the rest is for reading.
  limits: { concurrency: 4, ratePerSecond: 40 },
  open(settings, context): ConnectorSession {
    const api = parcelworksApi(settings, context);
    return {
      map: (message, codes) => mapMessage(message, { location: settings.warehouse, codes }),
      polls: { [EVENTS_TOPIC]: eventsPoll(api, settings), [STOCK_TOPIC]: stockPoll(api, settings) },
      writers: {
        "order.release": releaseWriter(api, context),
        "order.cancellation": cancellationWriter(api, context),
        "return.advice": returnWriter(api, context),
      },
      async health(signal) {
        await api.read("/v2/events?limit=1", { signal });
      },
      async census({ from, to }, given): Promise<Census[]> {
        const ids = new Set<string>();
        const overdue = AbortSignal.timeout(CENSUS_TIMEOUT_MS);
        const signal = given === undefined ? overdue : AbortSignal.any([given, overdue]);
        for await (const fields of allFulfilments(api, { signal })) {
          const createdAt = timeOf(fields, "createdAt", "$");
          if (createdAt < from || createdAt >= to) continue;
          ids.add(readReference(textOf(fields, "clientRef", "$")).orderId);
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

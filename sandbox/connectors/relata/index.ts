// Relata, a CRM: asked for the orders of account managers and what they want cancelled or returned, and told how
// those orders stand.
import { type ConnectorSession, defineConnector } from "../../../src/connector/index.ts";
import { epochMs, parseTime } from "../../../src/core/time.ts";
import { AccountIndex } from "./account-index.ts";
import { orderCensus } from "./census.ts";
import { RelataClient } from "./client.ts";
import { mapMessage } from "./map.ts";
import { ordersPoll } from "./poll.ts";
import { RelataSettings } from "./settings.ts";
import { statusWriter } from "./status.ts";

export const relata = defineConnector({
  name: "relata",
  title: "Relata CRM",
  settings: RelataSettings,
  mappingRevision: 1,
  writes: {
    "order.status": { kind: "absolute", bulkMax: 1 },
  },
  clock: { resolutionMs: 1000 },
  open(settings, context): ConnectorSession {
    const client = new RelataClient(settings, context);
    const accounts = new AccountIndex(client, context.now);
    const { everyMs, overlapMs, pageMax } = settings;
    const takeFrom = settings.takeFrom === undefined ? undefined : parseTime(settings.takeFrom);
    const fromMs = takeFrom === undefined ? undefined : epochMs(takeFrom);
    return {
      map: (message) => mapMessage(message, takeFrom),
      polls: { orders: ordersPoll({ client, accounts, everyMs, overlapMs, pageMax, fromMs }) },
      writers: { "order.status": statusWriter(client, context) },
      async health(signal) {
        await client.list("accounts", { pageSize: 1 }, { signal });
      },
      census: (window) => orderCensus(client, window),
      async close() {
        // The client is the caller's; the token ends by itself.
      },
    };
  },
});

// Tradefront, a B2B shop: pushes what buyers order, is asked for what no push brought, and is told what it may sell and
// how orders stand.
import { type ConnectorSession, defineConnector } from "../../../src/connector/index.ts";
import { availabilityWriter, ROWS_MAX } from "./availability.ts";
import { orderCensus } from "./census.ts";
import { TradefrontClient } from "./client.ts";
import { mapMessage } from "./map.ts";
import { shopPoll } from "./poll.ts";
import { TradefrontSettings } from "./settings.ts";
import { statusWriter } from "./status.ts";
import { pushes } from "./webhook.ts";

export const tradefront = defineConnector({
  name: "tradefront",
  title: "Tradefront B2B portal",
  settings: TradefrontSettings,
  mappingRevision: 1,
  writes: {
    "inventory.availability": { kind: "absolute", bulkMax: ROWS_MAX },
    "order.status": { kind: "absolute", bulkMax: 1 },
  },
  clock: { resolutionMs: 1 },
  open(settings, context): ConnectorSession {
    const client = new TradefrontClient(settings, context);
    const { everyMs, pageMax, takeFrom } = settings;
    return {
      map: mapMessage,
      // The shop knows one address for all its pushes.
      webhooks: { events: pushes(settings.webhookToken) },
      polls: { shop: shopPoll({ client, everyMs, pageMax, takeFrom }) },
      writers: {
        "inventory.availability": availabilityWriter(client),
        "order.status": statusWriter(client),
      },
      async health(signal) {
        await client.page(
          { path: "orders", name: "orders" },
          { since: undefined, page: 1, perPage: 1 },
          { signal },
        );
      },
      census: (window, signal) => orderCensus(client, window, signal),
      async close() {
        // The client is the caller's, and there is nothing else.
      },
    };
  },
});

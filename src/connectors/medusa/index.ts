// Medusa: the shop or portal where buyers order. Its orders are read as they change; it is told what it may sell and how
// its orders stand.
import { type ConnectorSession, CrossdockError, defineConnector } from "../../connector/index.ts";
import { orderCensus } from "./census.ts";
import { createClient } from "./client.ts";
import { mapMessage } from "./map.ts";
import { orderPoll } from "./poll.ts";
import { checkSettings, MedusaSettings } from "./settings.ts";
import { statusWriter } from "./status.ts";
import { availabilityWriter, FIGURES_MAX } from "./stock.ts";
import { createWanted, eventsWebhook } from "./webhook.ts";

export const medusa = defineConnector({
  name: "medusa",
  title: "Medusa",
  settings: MedusaSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: {
    "inventory.availability": { kind: "absolute", bulkMax: FIGURES_MAX },
    "order.status": { kind: "lookup", bulkMax: 1 },
  },
  limits: { concurrency: 4 },
  clock: { resolutionMs: 1 },
  open(settings, context): ConnectorSession {
    const client = createClient(settings, context);
    const wanted = createWanted();
    const { stockLocation, webhookSecret, orderPrefix, customerKey } = settings;
    return {
      map: (message) => mapMessage(message, orderPrefix, customerKey),
      webhooks: webhookSecret === undefined ? {} : { events: eventsWebhook(webhookSecret, wanted) },
      polls: { orders: orderPoll({ ...settings, client, wanted }) },
      writers: {
        "inventory.availability": availabilityWriter(client, stockLocation),
        "order.status": statusWriter(client, stockLocation),
      },
      async health(signal) {
        const location = await client.get(`/stock-locations/${encodeURIComponent(stockLocation)}`, [], {
          signal,
        });
        if (location !== undefined) return;
        const message = `Medusa has no stock location ${stockLocation}.`;
        throw new CrossdockError("medusa.location-unknown", message);
      },
      census: (window) => orderCensus(client, orderPrefix, window),
      async close() {
        // The client is the caller's, and there is nothing else.
      },
    };
  },
});

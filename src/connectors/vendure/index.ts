// Vendure: the shop, or a B2B portal, where orders are placed. It is read by polling and by a plugin's pushes, is told
// what may be sold and how orders stand, and says which orders it holds.
import { type ConnectorSession, defineConnector, type Writes } from "../../connector/index.ts";
import { orderCensus } from "./census.ts";
import { createClient } from "./client.ts";
import { mapMessage } from "./map.ts";
import { ordersPoll } from "./poll.ts";
import { checkSettings, VendureSettings } from "./settings.ts";
import { createLocations, createShelf } from "./shelf.ts";
import { statusWriter } from "./status.ts";
import { availabilityWriter, levelWriter, ROWS_MAX } from "./stock.ts";
import { pushes } from "./webhook.ts";

export const vendure = defineConnector({
  name: "vendure",
  title: "Vendure",
  settings: VendureSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: ({ availabilityAt, locations }): Writes => ({
    "order.status": { kind: "lookup", bulkMax: 1 },
    ...(availabilityAt === undefined
      ? undefined
      : { "inventory.availability": { kind: "absolute", bulkMax: ROWS_MAX } }),
    ...(locations === undefined ? undefined : { "inventory.level": { kind: "absolute", bulkMax: ROWS_MAX } }),
  }),
  limits: { concurrency: 4 },
  clock: { resolutionMs: 1 },
  open(settings, context): ConnectorSession {
    const { availabilityAt, locations: places, webhookSecret, moneyDigits } = settings;
    const client = createClient(settings, context);
    const names = availabilityAt === undefined ? Object.values(places ?? {}) : [availabilityAt];
    const locations = createLocations(client, names);
    const desk = { client, settings, context, shelf: createShelf(client), locations };
    return {
      map: (message) => mapMessage(message, moneyDigits),
      ...(webhookSecret === undefined ? undefined : { webhooks: { orders: pushes(webhookSecret) } }),
      polls: { orders: ordersPoll(desk) },
      writers: {
        "order.status": statusWriter(desk),
        ...(availabilityAt === undefined
          ? undefined
          : { "inventory.availability": availabilityWriter(desk) }),
        ...(places === undefined ? undefined : { "inventory.level": levelWriter(desk) }),
      },
      async health(signal) {
        await client.ask("query { orders(options: { take: 1 }) { items { id } } }", {}, { signal });
        await createLocations(client, names)({ signal });
      },
      census: (window) => orderCensus(client, window),
      async close() {
        // The client is the caller's; the session ends by itself.
      },
    };
  },
});

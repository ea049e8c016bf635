// Tryton: the ERP where orders are booked as sales. It is told orders, is looked up by our number, and says which of
// our orders it holds.
import { type ConnectorSession, CrossdockError, defineConnector } from "../../connector/index.ts";
import { bookingWriter } from "./booking.ts";
import { orderCensus } from "./census.ts";
import { createClient } from "./client.ts";
import { checkSettings, TrytonSettings } from "./settings.ts";

export const tryton = defineConnector({
  name: "tryton",
  title: "Tryton ERP",
  settings: TrytonSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: { "order.booking": { kind: "lookup", bulkMax: 1 } },
  limits: { concurrency: 4 },
  clock: { resolutionMs: 1 },
  open(settings, context): ConnectorSession {
    const client = createClient(settings, context);
    const desk = { client, settings, context };
    return {
      map: ({ topic }) => ({ failed: `There is no topic ${topic}.` }),
      writers: { "order.booking": bookingWriter(desk) },
      async health(signal) {
        const id = settings.company;
        const [company] = await client.search("company.company", [["id", "=", id]], ["id"], { signal });
        if (company !== undefined) return;
        const message = `Tryton shows ${settings.user} no company ${id}: it is not there, or not the user's.`;
        throw new CrossdockError("tryton.company-unknown", message);
      },
      census: (window, signal) => orderCensus(desk, window, signal),
      async close() {
        // The client is the caller's; the session ends by itself.
      },
    };
  },
});

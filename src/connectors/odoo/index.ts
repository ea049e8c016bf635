// Odoo, 19 by JSON-2 or 14 by JSON-RPC: the ERP where orders are booked, shipped in its ledger and invoiced. It is told
// orders, customers, cancellations and shipments, and is asked what was keyed and invoiced there.
import {
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Mapping,
  type NativeMessage,
  readExact,
} from "../../connector/index.ts";
import { bookingWriter } from "./booking.ts";
import { cancellationWriter } from "./cancellation.ts";
import { orderCensus } from "./census.ts";
import { createClient } from "./client.ts";
import { customerWriter } from "./customer.ts";
import { type MapContext, mapOrder } from "./map-order.ts";
import { mapPaper } from "./map-paper.ts";
import { movementWriter } from "./movement.ts";
import { salesPoll } from "./sales-poll.ts";
import { checkSettings, OdooSettings } from "./settings.ts";
import { type Fields, fieldsOf } from "./values.ts";

const mappings: Record<string, (body: Fields, context: MapContext) => Mapping> = {
  orders: mapOrder,
  papers: mapPaper,
};

export const odoo = defineConnector({
  name: "odoo",
  title: "Odoo ERP",
  settings: OdooSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: {
    "order.booking": { kind: "lookup", bulkMax: 1 },
    "order.cancellation": { kind: "absolute", bulkMax: 1 },
    "inventory.movement": { kind: "lookup", bulkMax: 1 },
    "customer.reference": { kind: "lookup", bulkMax: 1 },
  },
  limits: { concurrency: 4 },
  clock: { resolutionMs: 1000 },
  open(settings, context): ConnectorSession {
    const client = createClient(settings, context);
    const desk = { client, settings, context };
    return {
      map: (message) => mapMessage(message, { system: context.system, settings }),
      polls: { sales: salesPoll(client, settings) },
      writers: {
        "order.booking": bookingWriter(desk),
        "order.cancellation": cancellationWriter(desk),
        "inventory.movement": movementWriter(desk),
        "customer.reference": customerWriter(desk),
      },
      async health(signal) {
        const id = settings.company;
        const [company] = await client.search("res.company", [["id", "=", id]], ["id"], { signal });
        if (company !== undefined) return;
        const message = `Odoo shows the key's user no company ${id}: it is not there, or not the user's.`;
        throw new CrossdockError("odoo.company-unknown", message);
      },
      census: (window, signal) => orderCensus(client, settings, window, signal),
      async close() {
        // The client is the caller's; nothing is held open.
      },
    };
  },
});

function mapMessage(message: NativeMessage, context: MapContext): Mapping {
  const map = Object.hasOwn(mappings, message.topic) ? mappings[message.topic] : undefined;
  if (map === undefined) return { failed: `There is no topic ${message.topic}.` };
  try {
    return map(fieldsOf(readExact(message.body), message.topic), context);
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

// Tryton: the ERP where orders are booked as sales, goods are valued and invoices are drawn. It is told orders,
// cancellations and goods movements, and is asked what was keyed, ordered and invoiced there.
import {
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Mapping,
  type NativeMessage,
  parseTime,
  readExact,
} from "../../connector/index.ts";
import { bookingWriter } from "./booking.ts";
import { cancellationWriter } from "./cancellation.ts";
import { orderCensus } from "./census.ts";
import { createClient } from "./client.ts";
import { customerWriter } from "./customer.ts";
import { mapInvoice } from "./map-invoice.ts";
import { mapProduct, mapPurchase } from "./map-purchase.ts";
import { type MapContext, mapCancellation, mapOrder } from "./map-sale.ts";
import { movementWriter } from "./movement.ts";
import { productsPoll } from "./products-poll.ts";
import { purchasesPoll } from "./purchases-poll.ts";
import { ownOrdersPoll, salesPoll } from "./sales-poll.ts";
import { checkSettings, TrytonSettings } from "./settings.ts";
import { type Fields, fieldsOf } from "./values.ts";

const mappings: Record<string, (body: Fields, context: MapContext) => Mapping> = {
  orders: mapOrder,
  "order-cancellations": mapCancellation,
  invoices: mapInvoice,
  "purchase-orders": mapPurchase,
  products: mapProduct,
};

export const tryton = defineConnector({
  name: "tryton",
  title: "Tryton ERP",
  settings: TrytonSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: {
    "order.booking": { kind: "lookup", bulkMax: 1 },
    "order.cancellation": { kind: "lookup", bulkMax: 1 },
    "inventory.movement": { kind: "lookup", bulkMax: 1 },
    "customer.reference": { kind: "lookup", bulkMax: 1 },
  },
  limits: { concurrency: 4 },
  clock: { resolutionMs: 1 },
  open(settings, context): ConnectorSession {
    const client = createClient(settings, context);
    const desk = { client, settings, context };
    const takeFrom = settings.takeFrom === undefined ? undefined : parseTime(settings.takeFrom);
    const sales = { client, settings, from: takeFrom };
    return {
      map: (message) => mapMessage(message, { system: context.system, settings, takeFrom }),
      polls: {
        sales: salesPoll(sales),
        "own-orders": ownOrdersPoll(sales),
        "purchase-orders": purchasesPoll(client, settings),
        ...(settings.items ? { products: productsPoll(client, settings) } : undefined),
      },
      writers: {
        "order.booking": bookingWriter(desk),
        "order.cancellation": cancellationWriter(desk),
        "inventory.movement": movementWriter(desk),
        "customer.reference": customerWriter(desk),
      },
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

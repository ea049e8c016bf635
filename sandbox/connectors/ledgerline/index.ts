// Ledgerline: where orders are booked, goods are valued and invoices are drawn. It is told orders, cancellations and
// goods movements, and is asked what was keyed, ordered, invoiced and credited there.
import {
  type ConnectorSession,
  CrossdockError,
  defineConnector,
  type Mapping,
  type NativeMessage,
} from "../../../src/connector/index.ts";
import { epochMs, parseTime } from "../../../src/core/time.ts";
import { type Fields, readFields } from "../native-fields.ts";
import { bookingWriter, type Desk } from "./booking.ts";
import { cancellationWriter } from "./cancellation.ts";
import { orderCensus } from "./census.ts";
import { changePoll } from "./change-poll.ts";
import { LedgerlineClient } from "./client.ts";
import { customerWriter } from "./customer.ts";
import { CustomerIndex } from "./customer-index.ts";
import { type MapContext, mapCancellation, mapOrder } from "./map-order.ts";
import { mapCreditMemo, mapInvoice } from "./map-paper.ts";
import { mapItem, mapPurchaseOrder } from "./map-supply.ts";
import { MOVEMENTS_MAX, movementWriter } from "./movement.ts";
import { OrderIndex } from "./order-index.ts";
import { ownOrdersPoll, salesPoll } from "./sales-poll.ts";
import { checkSettings, LedgerlineSettings } from "./settings.ts";

const mappings: Record<string, (body: Fields, context: MapContext) => Mapping> = {
  orders: mapOrder,
  "order-cancellations": mapCancellation,
  invoices: mapInvoice,
  "credit-memos": mapCreditMemo,
  "purchase-orders": mapPurchaseOrder,
  items: mapItem,
};

const PURCHASE_ORDERS = { resource: "PurchaseOrders", topic: "purchase-orders", number: "OrderNumber" };
const ITEMS = { resource: "Items", topic: "items", number: "ItemNumber" };

export const ledgerline = defineConnector({
  name: "ledgerline",
  title: "Ledgerline ERP",
  settings: LedgerlineSettings,
  check: checkSettings,
  mappingRevision: 1,
  writes: {
    "order.booking": { kind: "lookup", bulkMax: 1 },
    "order.cancellation": { kind: "absolute", bulkMax: 1 },
    "inventory.movement": { kind: "lookup", bulkMax: MOVEMENTS_MAX },
    "customer.reference": { kind: "keyed", bulkMax: 1 },
  },
  clock: { resolutionMs: 1000 },
  open(settings, context): ConnectorSession {
    const client = new LedgerlineClient(settings, context);
    const orders = new OrderIndex(client);
    const customers = new CustomerIndex(client, context.now);
    const desk: Desk = { client, orders, settings, context };
    const { pageMax, overlapMs, everyMs, ownEveryMs } = settings;
    const pace = { pageMax, overlapMs, everyMs };
    const takeFrom = settings.takeFrom === undefined ? undefined : parseTime(settings.takeFrom);
    const fromMs = takeFrom === undefined ? undefined : epochMs(takeFrom);
    const sales = { client, orders, customers, pageMax, overlapMs, fromMs };
    return {
      map: (message) => mapMessage(message, { system: context.system, settings, takeFrom }),
      polls: {
        sales: salesPoll(sales, everyMs),
        "own-orders": ownOrdersPoll(sales, ownEveryMs),
        "purchase-orders": changePoll(client, PURCHASE_ORDERS, pace),
        ...(settings.items ? { items: changePoll(client, ITEMS, pace) } : undefined),
      },
      writers: {
        "order.booking": bookingWriter(desk),
        "order.cancellation": cancellationWriter(desk),
        "inventory.movement": movementWriter(desk),
        "customer.reference": customerWriter(desk),
      },
      async health(signal) {
        await client.list("Customers", { top: 1, select: "ID" }, { signal });
      },
      census: (window, signal) => orderCensus(client, window, signal),
      async close() {
        // The client is the caller's, and what is remembered was only read.
      },
    };
  },
});

function mapMessage(message: NativeMessage, context: MapContext): Mapping {
  const map = Object.hasOwn(mappings, message.topic) ? mappings[message.topic] : undefined;
  if (map === undefined) return { failed: `There is no topic ${message.topic}.` };
  try {
    return map(readFields(message.body, message.topic), context);
  } catch (error) {
    if (error instanceof CrossdockError) return { failed: error.message };
    throw error;
  }
}

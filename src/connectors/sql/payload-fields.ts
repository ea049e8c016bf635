// What messages carry, by path, so that a staging column that is filled from a misspelt one is refused before
// anything is sent.
import type { OutboundType } from "../../connector/index.ts";

interface Fields {
  own: readonly string[];
  /** By the name of the list. */
  lists: Readonly<Record<string, readonly string[]>>;
}

const words = (text: string) => text.split(" ");
const customer = words("customer customer.id customer.name customer.country");

export const payloadFields: Readonly<Record<OutboundType, Fields>> = {
  "order.release": {
    own: [...words("company orderId location releasedAt lines"), ...customer],
    lists: { lines: words("lineId sku description quantity unit") },
  },
  "order.cancellation": {
    own: words("company orderId location document reason lines"),
    lists: { lines: words("lineId sku quantity cancelled") },
  },
  "order.booking": {
    own: [
      ...words("company orderId channel purchaseOrder currency placedAt lines charges customer.class"),
      ...customer,
    ],
    lists: {
      lines: words("lineId sku description quantity unit price priceUnit"),
      charges: words("chargeId kind description amount"),
    },
  },
  "return.advice": {
    own: words("company orderId returnId location document reason lines"),
    lists: { lines: words("lineId sku quantity") },
  },
  "inventory.movement": {
    own: words(
      "company movementId sku location status quantity unit reason note occurredAt document order order.orderId order.lineId order.shipmentId inbound inbound.document inbound.line",
    ),
    lists: {},
  },
  "inventory.availability": { own: words("company sku unit quantity asOf"), lists: {} },
  "inventory.level": {
    own: words("company sku location status owner lot unit quantity observedAt"),
    lists: {},
  },
  "order.status": {
    own: words("company orderId reference status lines shipments"),
    lists: {
      lines: words("lineId sku quantity backordered shipped invoiced cancelled returned"),
      shipments: words("shipmentId carrier tracking shippedAt deliveredAt"),
    },
  },
  "customer.reference": { own: words("company id name country class"), lists: {} },
};

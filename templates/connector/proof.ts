// Example's connector, proved against a running system: node --test connectors/example/
import { after, test } from "node:test";
import type { BookingPayload } from "crossdock/connector";
import { proveConnector } from "crossdock/testing";
import { startExample } from "./example-system.ts";
import { example } from "./index.ts";

const system = await startExample();
after(() => system.close());
let number = 0;

proveConnector(
  {
    upstream: system.url,
    system: (url) => example({ url, apiKey: "secret" }),
    timeoutMs: 500,
    reads: {
      stock: {
        change: async (count) =>
          Array.from({ length: count }, () => {
            const { sku, quantity } = system.count();
            return { type: "inventory.level.observed", data: { sku, quantity: String(quantity) } };
          }),
      },
    },
    writes: {
      "order.booking": {
        message: () => ({
          deliveryId: String(++number),
          type: "order.booking",
          key: `main/O-${number}`,
          attempt: 1,
          payload: bookingOf(`O-${number}`),
        }),
        effects: async ({ payload }) => system.ordersOf((payload as BookingPayload).orderId),
      },
    },
  },
  { test, skip: test.skip },
);

function bookingOf(orderId: string): BookingPayload {
  return {
    company: "main",
    orderId,
    channel: "portal",
    customer: { id: "C-1", name: "A customer" },
    purchaseOrder: "",
    currency: "EUR",
    placedAt: "2026-01-01T12:00:00.000000Z",
    lines: [
      {
        lineId: "1",
        sku: "SKU-1",
        description: "",
        quantity: "2",
        unit: "EA",
        price: "12.50",
        priceUnit: "1",
      },
    ],
    charges: [],
  };
}

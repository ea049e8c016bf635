// The demo's integration: six systems, who owns what, and the flows between them. The addresses come from the
// environment; sandbox/demo sets them.
import { defineIntegration, env, flow, secret } from "crossdock";
import { east } from "./connectors/east/index.ts";
import { ledgerline } from "./connectors/ledgerline/index.ts";
import { parcelworks } from "./connectors/parcelworks/index.ts";
import { relata } from "./connectors/relata/index.ts";
import { tradefront } from "./connectors/tradefront/index.ts";
import { west } from "./connectors/west/index.ts";

const fast = { backoffFirst: "200ms", backoffLast: "2s", probeEvery: "500ms" } as const;

export default defineIntegration({
  systems: {
    erp: ledgerline({
      url: env("ERP_URL"),
      apiKey: secret("ERP_KEY"),
      plants: { EAST: "P100", WEST: "P200", "3PL": "P300" },
      everyMs: 2_000,
      overlapMs: 0,
      limits: { concurrency: 8, ...fast },
    }),
    crm: relata({
      url: env("CRM_URL"),
      clientId: env("CRM_CLIENT"),
      clientSecret: secret("CRM_SECRET"),
      everyMs: 1_000,
      limits: { concurrency: 4, ...fast },
    }),
    east: east({
      url: env("EAST_URL"),
      token: secret("EAST_TOKEN"),
      webhookSecret: secret("EAST_WEBHOOK_SECRET"),
      eventsEveryMs: 1_000,
      stockEveryMs: 30_000,
      limits: { concurrency: 8, ...fast },
    }),
    west: west({ folder: env("WEST_FOLDER"), filesEveryMs: 300, limits: { concurrency: 8, ...fast } }),
    partner: parcelworks({
      url: env("PARTNER_URL"),
      apiKey: secret("PARTNER_KEY"),
      warehouse: "3PL",
      eventsEveryMs: 500,
      stockEveryMs: 30_000,
      limits: { concurrency: 4, ratePerSecond: 40, ...fast },
    }),
    portal: tradefront({
      url: env("PORTAL_URL"),
      token: secret("PORTAL_TOKEN"),
      webhookToken: secret("PORTAL_WEBHOOK_TOKEN"),
      limits: { concurrency: 4, ...fast },
    }),
  },
  ownership: {
    ledger: "erp",
    inventory: { owner: { byLocation: { EAST: "east", WEST: "west", "3PL": "partner" } } },
  },
  flows: [
    flow("availability", "Availability to the portal")
      .domain("inventory")
      .to("portal")
      .messages("inventory.availability")
      .pattern("event")
      .within("5s")
      .impact("oversell")
      .owner("operations"),
    flow("movements", "Goods movements to the ledger")
      .domain("inventory")
      .from("east", "west", "partner")
      .to("erp")
      .messages("inventory.movement")
      .pattern("event")
      .within("1m")
      .impact("valuation")
      .owner("finance"),
    flow("bookings", "Orders to the ERP")
      .domain("order")
      .to("erp")
      .messages("order.booking", "order.cancellation")
      .pattern("event")
      .within("1m")
      .impact("revenue")
      .owner("finance"),
    flow("fulfilment", "Orders to the places that ship")
      .domain("order")
      .to("east", "west", "partner")
      .messages("order.release", "order.cancellation", "return.advice")
      .pattern("event")
      .within("30s")
      .impact("late shipment")
      .owner("operations"),
    flow("status", "Order status to the channels")
      .domain("order")
      .to("portal", "crm")
      .messages("order.status")
      .pattern("event")
      .within("1m")
      .impact("customer calls")
      .owner("service"),
    flow("customers", "Customers to the ERP")
      .domain("customer")
      .to("erp")
      .pattern("event")
      .within("1m")
      .impact("orders wait")
      .owner("finance"),
  ],
  allocation: { prefer: ["EAST", "WEST"], overflow: ["3PL"], split: "minimise" },
  stock: { ageing: [{ after: "1h", percent: 10 }] },
});

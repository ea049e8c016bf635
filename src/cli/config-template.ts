// The configuration that crossdock init writes: it starts as it is, and says what to change.
export const CONFIG_TEMPLATE = `// Everything Crossdock does is declared here. \`npx crossdock check\` proves it; \`npx crossdock start\` runs it.
import { defineIntegration, env, flow } from "crossdock";
import { http } from "crossdock/connectors/http";

export default defineIntegration({
  // What is connected. The name is yours and stays when the product behind it changes.
  systems: {
    // A warehouse that takes orders to ship, over plain HTTP. It reports stock and shipments as events:
    // POST /system/v1/warehouse/events
    warehouse: http({
      url: env("WAREHOUSE_URL", "http://127.0.0.1:9001/records"),
      messages: ["order.release", "order.cancellation"],
    }),

    // A shop that is told what it may sell, up to a hundred SKUs a call, and how its orders stand.
    shop: http({
      url: env("SHOP_URL", "http://127.0.0.1:9002/records"),
      messages: ["inventory.availability", "order.status"],
      write: "absolute",
      bulkMax: 100,
      // A secret comes from the environment and is shown nowhere; import secret from "crossdock" as well:
      // token: secret("SHOP_TOKEN"),
      limits: { concurrency: 4, ratePerSecond: 50 },
    }),
  },

  // Who is believed about what. Stock at a place is what its owner says, and orders ship from there.
  ownership: {
    inventory: { owner: { byLocation: { MAIN: "warehouse" } } },
    // ledger: "erp",  the system where orders are booked and goods are valued
  },

  // What goes where, how soon, and who answers for it. What no flow carries goes nowhere.
  flows: [
    flow("availability", "Availability to the shop")
      .domain("inventory").to("shop").within("5s").impact("oversell").owner("operations"),
    flow("releases", "Orders to the warehouse")
      .domain("order").to("warehouse").within("30s").impact("late orders").owner("operations"),
    flow("status", "Order status to the shop")
      .domain("order").to("shop").messages("order.status").within("1m").impact("calls to service").owner("service"),
  ],

  // Where orders are shipped from: preferred places first, as few shipments as possible.
  allocation: { prefer: ["MAIN"], split: "minimise" },

  stock: {
    // Kept from every channel, so that a count that is a little off oversells nothing.
    buffers: [{ channel: "shop", percent: 5 }],
  },

  orders: {
    // Lines without stock wait for it; "reject" refuses them.
    shortage: "backorder",
  },
});
`;

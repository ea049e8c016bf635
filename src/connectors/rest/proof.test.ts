// A declared system, proved as every connector is.
import { afterAll, beforeAll, describe, test } from "vitest";
import { proveConnector } from "../../proof/index.ts";
import { type Shop, shopSubject, startShop } from "../../proof/testing.ts";
import { rest } from "./index.ts";

let shop: Shop;
let subject: ReturnType<typeof shopSubject>;
beforeAll(async () => {
  shop = await startShop();
  subject = shopSubject(shop);
});
afterAll(() => shop.server.close());

describe("rest", () => {
  proveConnector(
    {
      get upstream() {
        return shop.server.url;
      },
      system: (url) =>
        rest({
          url,
          healthPath: "/ping",
          reads: {
            levels: {
              path: "/levels",
              id: "$.number",
              since: { parameter: "after", sequence: "$.number", overlap: "100" },
              event: {
                type: "inventory.level.observed",
                fields: { sku: "$.sku", location: "EAST", quantity: "$.quantity", observedAt: "$.at" },
              },
            },
          },
          writes: {
            "order.booking": {
              kind: "lookup",
              path: "/orders",
              body: { order: "@.key" },
              lookup: { path: "/orders/{@.key}", match: { item: "$.order", record: "@.key" } },
            },
          },
        }),
      reads: {
        levels: {
          change: (count) => subject.reads!.levels!.change(count),
          begin: () => subject.reads!.levels!.begin!(),
        },
      },
      writes: {
        "order.booking": {
          message: () => subject.writes!["order.booking"]!.message(),
          effects: async ({ key }) => shop.bookings.filter((order) => order === key).length,
        },
      },
      timeoutMs: 300,
    },
    { test, skip: test.skip },
  );
});

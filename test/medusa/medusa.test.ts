import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClosableHttpClient, createHttpClient } from "../../src/connector/http-client.ts";
import {
  type Answer,
  type ConnectorSession,
  noCodes,
  type OrderStatusPayload,
  type OutboundType,
} from "../../src/connector/index.ts";
import { resolveSettings } from "../../src/connector/resolve.ts";
import { medusa } from "../../src/connectors/medusa/index.ts";
import { type FaultProxy, proveConnector, startFaultProxy } from "../../src/proof/index.ts";
import { type Medusa, startMedusa } from "./server.ts";
import { FREIGHT, openShop, PRICES, type Shop } from "./shop.ts";

const SECRET = "a-secret-of-the-webhook";
type Push = { headers: Record<string, string | string[] | undefined>; body: Buffer };

let server: Medusa;
let shop: Shop;
let proxy: FaultProxy;
let http: ClosableHttpClient;
let session: ConnectorSession;
let receiver: Server;
const pushes: Push[] = [];

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    pushes.push({ headers: request.headers, body: Buffer.concat(await Array.fromAsync(request)) });
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => receiver.once("listening", resolve));
  server = await startMedusa({
    CROSSDOCK_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    CROSSDOCK_WEBHOOK_SECRET: SECRET,
  });
  shop = await openShop(server);
  proxy = await startFaultProxy(server.url);
  http = createHttpClient({ connections: 4, timeoutMs: 60_000 });
  const declared = resolveSettings("portal", system(proxy.url), {});
  const context = { system: "portal", company: "main", now, http, codes: noCodes, log: () => undefined };
  session = medusa.connector.open(declared.settings, context);
});
afterAll(async () => {
  await http?.close();
  await proxy?.close();
  await server?.stop();
  receiver?.close();
});

const now = () => new Date().toISOString().replace("Z", "000Z");
const system = (url: string) =>
  medusa({
    url,
    apiKey: server?.apiKey ?? "sk_unknown",
    stockLocation: shop?.location ?? "sloc",
    webhookSecret: SECRET,
  });
const limits = () => ({ timeoutMs: 60_000, signal: new AbortController().signal });
const message = (type: OutboundType, key: string, payload: unknown) => ({
  deliveryId: key,
  type,
  key,
  payload,
  attempt: 1,
});
const send = (type: OutboundType, payloads: object[]): Promise<Answer[]> =>
  session.writers[type]!.send(
    payloads.map((payload, index) => message(type, String(index), payload)),
    limits(),
  );
const figure = (sku: string, quantity: string) => ({ company: "main", sku, unit: "EA", quantity, asOf: "" });
const stocked = async (sku: string) => {
  const { inventory_levels: levels } = await shop.admin(
    "GET",
    `/inventory-items/${shop.inventory[sku]}/location-levels`,
  );
  return levels.map((level: { stocked_quantity: number }) => level.stocked_quantity);
};

async function read(): Promise<Record<string, Record<string, unknown>[]>> {
  const found: Record<string, Record<string, unknown>[]> = {};
  let cursor: string | null = null;
  for (;;) {
    const page = await session.polls!.orders!.read(cursor, limits().signal);
    for (const native of page.messages) {
      const mapping = session.map(native, noCodes);
      if (!("events" in mapping)) throw new Error(JSON.stringify(mapping));
      for (const { type, data } of mapping.events) {
        found[type] = [...(found[type] ?? []), data as Record<string, unknown>];
      }
    }
    cursor = page.cursor;
    if (!page.more) return found;
  }
}

function told(reference: string, lineId: string, more: Partial<OrderStatusPayload>): OrderStatusPayload {
  const line = {
    lineId,
    sku: "LAMP-1",
    quantity: "2",
    backordered: "0",
    shipped: "2",
    invoiced: "0",
    cancelled: "0",
    returned: "0",
  };
  return {
    company: "main",
    orderId: "M-1",
    reference,
    status: "shipped",
    lines: [line],
    shipments: [],
    ...more,
  };
}
const parcel = {
  shipmentId: "S-1",
  carrier: "UPS",
  tracking: "1Z9",
  shippedAt: "2026-11-24T10:00:00Z",
  deliveredAt: "",
};

describe("a real Medusa", () => {
  test("an order comes exact, its freight as a charge, and a cancellation behind it; the census names it", async () => {
    const id = await shop.checkOut({ "LAMP-1": 3, "LAMP-2": 1 }, { metadata: { purchase_order: "PO é" } });
    const found = (await read())["order.submitted"]!.find(({ reference }) => reference === id)!;
    expect(found).toMatchObject({ purchaseOrder: "PO é", currency: "USD", customer: { country: "US" } });
    const lines = found.lines as { sku: string; quantity: string; price: string }[];
    const bySku = Object.fromEntries(lines.map(({ sku, quantity, price }) => [sku, [quantity, price]]));
    expect(bySku).toEqual({
      "LAMP-1": ["3", String(PRICES["LAMP-1"])],
      "LAMP-2": ["1", String(PRICES["LAMP-2"])],
    });
    expect(found.charges).toMatchObject([{ kind: "freight", amount: String(FREIGHT) }]);
    const window = { from: "2020-01-01T00:00:00.000000Z", to: "2100-01-01T00:00:00.000000Z" };
    expect((await session.census!(window))[0]!.ids).toContain(found.orderId);
    await shop.admin("POST", `/orders/${id}/cancel`, {});
    expect((await read())["order.cancellation.requested"]).toMatchObject([{ orderId: found.orderId }]);
    expect((await session.census!(window))[0]!.ids).not.toContain(found.orderId);
  });

  test("figures are absolute, and a SKU that is not there holds back no other", async () => {
    await shop.admin("POST", "/inventory-items", { sku: "NEW" }).then(({ inventory_item: item }) => {
      shop.inventory.NEW = item.id;
    });
    const figures = [
      figure("LAMP-1", "90000"),
      figure("NOPE", "1"),
      figure("NEW", "7.5"),
      figure("LAMP-2", "1234567890.123456"),
    ];
    const answers = await send("inventory.availability", figures);
    expect(answers.map(({ kind }) => kind)).toEqual(["done", "refused", "done", "refused"]);
    expect([await stocked("LAMP-1"), await stocked("NEW")]).toEqual([[90_000], [7.5]]);
    // Somebody removes the level that is remembered, which Medusa lets him do where nothing is stocked.
    await shop.admin("POST", `/inventory-items/${shop.inventory.NEW}/location-levels/${shop.location}`, {
      stocked_quantity: 0,
    });
    await shop.admin("DELETE", `/inventory-items/${shop.inventory.NEW}/location-levels/${shop.location}`);
    const again = await send("inventory.availability", [figure("LAMP-1", "90001"), figure("NEW", "-3")]);
    expect(again.map(({ kind }) => kind)).toEqual(["done", "done"]);
    expect([await stocked("LAMP-1"), await stocked("NEW")]).toEqual([[90_001], [0]]);
  });

  test("a shipment is fulfilled, shipped with its tracking number and delivered once, though every answer is lost", async () => {
    const id = await shop.checkOut({ "LAMP-1": 2 });
    const [item] = (await shop.order(id)).items;
    const shipped = told(id, item.id, { shipments: [parcel] });
    const delivered = told(id, item.id, {
      status: "delivered",
      shipments: [{ ...parcel, deliveredAt: parcel.shippedAt }],
    });
    const kinds: string[] = [];
    for (const payload of [shipped, delivered]) {
      for (let turn = 0; turn < 4; turn++) {
        // Of the read and the write, the write's answer.
        proxy.spoil({ kind: "drop-answer" }, 1);
        const [answer] = await send("order.status", [payload]);
        proxy.mend();
        kinds.push(answer!.kind);
        if (answer!.kind === "done") break;
      }
      const found = await session.writers["order.status"]!.find!(
        message("order.status", "1", payload),
        limits(),
      );
      expect(found).toEqual({ kind: "found", reference: id });
    }
    expect(kinds).toEqual(["unknown", "unknown", "done", "unknown", "done"]);
    const { fulfillments } = await shop.order(id);
    expect(fulfillments).toHaveLength(1);
    expect(fulfillments[0].labels.map((label: { tracking_number: string }) => label.tracking_number)).toEqual(
      ["1Z9"],
    );
    expect(fulfillments[0].delivered_at).not.toBeNull();
  });

  test("an order that is rejected is cancelled there, and one that is not there is refused", async () => {
    const id = await shop.checkOut();
    const rejected = told(id, "x", { status: "rejected" });
    expect(await send("order.status", [rejected])).toEqual([{ kind: "done", reference: id }]);
    expect((await shop.order(id)).status).toBe("canceled");
    expect(await send("order.status", [rejected])).toEqual([{ kind: "done", reference: id }]);
    expect(await send("order.status", [told("order_NOPE", "x", {})])).toMatchObject([{ kind: "refused" }]);
  });

  test("the subscriber's pushes are signed as they are verified, and have their order read", async () => {
    const id = await shop.checkOut();
    const isOf = ({ body }: Push) => body.includes(id);
    await expect.poll(() => pushes.some(isOf), { timeout: 60_000 }).toBe(true);
    const { headers, body } = pushes.find(isOf)!;
    const { events } = session.webhooks!;
    events!.verify(headers, body, now());
    expect(() => events!.verify(headers, Buffer.from("{}"), now())).toThrow("signature");
    const [native] = events!.split(body, headers);
    expect(session.map(native!, noCodes)).toHaveProperty("ignored");
    // Far behind what the push tells of.
    const cursor = JSON.stringify({ from: "2100-01-01T00:00:00.000000Z", offset: 0, seen: {} });
    const { messages } = await session.polls!.orders!.read(cursor, limits().signal);
    expect(messages.map(({ id: name }) => name.split("@")[0])).toEqual([id]);
  });
});

describe("proved", () => {
  let next = 0;
  const orders: string[] = [];

  proveConnector(
    {
      get upstream() {
        return server.url;
      },
      system,
      timeoutMs: 20_000,
      reads: {
        // Somebody in the office notes the buyer's number.
        orders: {
          async change(count) {
            // More than one proof changes: an order that is changed twice is read as it is in the end.
            while (orders.length < Math.max(count, 6)) orders.push(await shop.checkOut({ "LAMP-1": 1 }));
            const wanted = Array.from({ length: count }, () => ({
              id: orders[next % orders.length]!,
              note: `PO ${next++}`,
            }));
            for (const { id, note } of wanted)
              await shop.admin("POST", `/orders/${id}`, { metadata: { purchase_order: note } });
            return wanted.map(({ id, note }) => ({
              type: "order.submitted",
              data: { reference: id, purchaseOrder: note },
            }));
          },
        },
      },
      writes: {
        "inventory.availability": {
          async message() {
            next += 1;
            const sku = `PROOF-${next}`;
            const { inventory_item: item } = await shop.admin("POST", "/inventory-items", { sku });
            shop.inventory[sku] = item.id;
            return message("inventory.availability", sku, figure(sku, "7"));
          },
          effects: async ({ key }) =>
            (await stocked(key)).filter((quantity: number) => quantity === 7).length,
        },
      },
      skip: {
        "writes order.status": "its steps need an order each: a test above loses the answer of every step",
        "writes inventory.availability: an answer that comes too late":
          "takes twice the limit for every call: a lost answer is the same",
      },
    },
    { test, skip: test.skip },
  );
});

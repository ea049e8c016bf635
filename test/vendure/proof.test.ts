// Vendure's connector, proved against a real Vendure.
import { Client } from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { AvailabilityPayload, LevelPayload, OrderStatusPayload } from "../../src/connector/index.ts";
import { vendure } from "../../src/connectors/vendure/index.ts";
import { proveConnector, type ReadSubject, type WriteSubject } from "../../src/proof/index.ts";
import { startVendure, type Vendure } from "./server.ts";
import { type Answered, openShop, type PlacedOrder, type Shop, SKUS } from "./shop.ts";

let server: Vendure;
let shop: Shop;
let number = 0;

beforeAll(async () => {
  server = await startVendure();
  shop = await openShop(server);
});
afterAll(() => server?.stop());

const settings = { username: "superadmin", password: "superadmin", customerField: "erpCode" };
const submitted = ({ code, lines }: PlacedOrder) => ({
  type: "order.submitted",
  data: {
    orderId: code,
    customer: { id: "C-1", name: "Zoë & Söhne", country: "GB" },
    lines: lines.map(({ id, sku, quantity }) => ({
      lineId: id,
      sku,
      description: `Goods ${sku}`,
      quantity: String(quantity),
      price: sku === "P1" ? "10.05" : "10.06",
    })),
  },
});

const orders: ReadSubject = {
  async change(count) {
    const expected: ReturnType<typeof submitted>[] = [];
    for (let made = 0; made < count; made += 5) {
      const some = Array.from({ length: Math.min(5, count - made) }, () => shop.place({ P1: 3, P2: 2 }));
      expected.push(...(await Promise.all(some)).map(submitted));
    }
    return expected;
  },
  /** As a checkout whose transaction stays open: its times are those of its beginning. */
  async begin() {
    const id = await shop.draft({ P1: 3, P2: 2 });
    const client = new Client({ connectionString: server.database.url });
    await client.connect();
    await client.query("begin");
    await client.query(
      `update "order" set active = false, state = 'PaymentSettled', "orderPlacedAt" = now(), "updatedAt" = now()
        where id = $1`,
      [id],
    );
    await client.query(`update order_line set "orderPlacedQuantity" = quantity where "orderId" = $1`, [id]);
    const query = "query ($id: ID!) { order(id: $id) { code lines { id quantity productVariant { sku } } } }";
    const { order } = await shop.ask(query, { id });
    const lines = order.lines.map((line: Answered) => ({ ...line, sku: line.productVariant.sku }));
    return {
      expected: submitted({ id, code: order.code, lines }),
      async commit() {
        await client.query("commit");
        await client.end();
      },
    };
  },
};

const outbound = (
  type: "inventory.availability" | "inventory.level" | "order.status",
  key: string,
  payload: object,
) => ({ deliveryId: String(number), type, key, payload, attempt: 1 }) as const;

const onHand = async (sku: string, location: string): Promise<number | undefined> =>
  (await shop.levels(sku))[location]?.[0];

const availability: WriteSubject = {
  message() {
    number += 1;
    const sku = SKUS[number % SKUS.length]!;
    const payload: AvailabilityPayload = {
      company: "main",
      sku,
      unit: "EA",
      quantity: `${1_000 + number}.5`,
      asOf: "",
    };
    return outbound("inventory.availability", `main/${sku}`, payload);
  },
  async effects({ payload }) {
    const { sku, quantity } = payload as AvailabilityPayload;
    return (await onHand(sku, "Default Stock Location")) === Math.floor(Number(quantity)) ? 1 : 0;
  },
};

const level: WriteSubject = {
  message() {
    number += 1;
    const sku = SKUS[number % SKUS.length]!;
    const place = {
      location: "EAST",
      status: "available",
      owner: "",
      lot: "",
      unit: "EA",
      observedAt: "",
    } as const;
    const payload: LevelPayload = { company: "main", sku, ...place, quantity: String(2_000 + number) };
    return outbound("inventory.level", `main/${sku}@EAST`, payload);
  },
  async effects({ payload }) {
    const { sku, quantity } = payload as LevelPayload;
    return (await onHand(sku, "Second")) === Number(quantity) ? 1 : 0;
  },
};

/** Five were ordered: three ship and arrive, one is cancelled, one is still to come. */
const status: WriteSubject = {
  async message() {
    number += 1;
    const { code, lines } = await shop.place({ P3: 5 });
    const at = "2026-11-24T10:00:00.000000Z";
    const payload: OrderStatusPayload = {
      company: "main",
      orderId: code,
      reference: code,
      status: "partially-shipped",
      lines: lines.map(({ id, sku }) => ({
        ...{ lineId: id, sku, quantity: "5", backordered: "0", shipped: "3" },
        ...{ invoiced: "0", cancelled: "1", returned: "0" },
      })),
      shipments: [
        { shipmentId: `S-${number}`, carrier: "DHL", tracking: `T${number}`, shippedAt: at, deliveredAt: at },
      ],
    };
    return outbound("order.status", `main/${code}`, payload);
  },
  async effects({ payload }) {
    const order = await shop.order((payload as OrderStatusPayload).orderId);
    const [line] = order.lines;
    if (line.quantity !== 4) return 0;
    return order.fulfillments.filter(
      (one: Answered) =>
        one.state === "Delivered" && one.trackingCode.startsWith("T") && one.lines[0].quantity === 3,
    ).length;
  },
};

describe("Vendure, told what may be sold", () => {
  proveConnector(
    {
      get upstream() {
        return server.url;
      },
      system: (url) => vendure({ url, ...settings, availabilityAt: "Default Stock Location", pageSize: 20 }),
      reads: { orders },
      writes: { "inventory.availability": availability, "order.status": status },
      timeoutMs: 5_000,
    },
    { test, skip: test.skip },
  );
});

describe("Vendure, told what stands where", () => {
  proveConnector(
    {
      get upstream() {
        return server.url;
      },
      system: (url) => vendure({ url, ...settings, locations: { EAST: "Second" } }),
      writes: { "inventory.level": level },
      skip: { "reads orders": "proved above", "writes order.status": "proved above" },
      timeoutMs: 5_000,
    },
    { test, skip: test.skip },
  );
});

// What the proofs do not try: the plugin's pushes, stock that a fulfilment moves, cancellations by the shop's staff.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ClosableHttpClient, createHttpClient } from "../../src/connector/http-client.ts";
import {
  type ConnectorSession,
  type NativeMessage,
  noCodes,
  type OrderStatusPayload,
} from "../../src/connector/index.ts";
import { resolveSettings } from "../../src/connector/resolve.ts";
import { startTestServer, type TestServer } from "../../src/connector/testing-server.ts";
import { vendure } from "../../src/connectors/vendure/index.ts";
import { timeFromEpochMs } from "../../src/core/time.ts";
import { startVendure, type Vendure } from "./server.ts";
import { openShop, type PlacedOrder, type Shop } from "./shop.ts";

const SECRET = "a secret of the plugin";
const HOME = "Default Stock Location";
let receiver: TestServer;
let server: Vendure;
let shop: Shop;
let http: ClosableHttpClient;
let session: ConnectorSession;
/** What the receiver answers next; then 200. */
let refusals: number[] = [];

beforeAll(async () => {
  receiver = await startTestServer((_, response) => void response.writeHead(refusals.shift() ?? 200).end());
  server = await startVendure({ CROSSDOCK_WEBHOOK: receiver.url, CROSSDOCK_SECRET: SECRET });
  shop = await openShop(server);
  http = createHttpClient({ connections: 4, timeoutMs: 20_000 });
  session = open({});
});
afterAll(async () => {
  await http?.close();
  await server?.stop();
  await receiver?.close();
});
beforeEach(() => {
  refusals = [];
});

function open(more: { password?: string }): ConnectorSession {
  const given = vendure({
    ...{ url: server.url, username: "superadmin", password: "superadmin", customerField: "erpCode" },
    ...{ availabilityAt: HOME, webhookSecret: SECRET, ...more },
  });
  const { settings } = resolveSettings("portal", given, {});
  const now = () => timeFromEpochMs(Date.now());
  return vendure.connector.open(settings, {
    system: "portal",
    company: "main",
    now,
    http,
    codes: noCodes,
    log: () => undefined,
  });
}

const call = () => ({ timeoutMs: 20_000, signal: new AbortController().signal });
const message = (type: "order.status" | "inventory.availability", payload: object) =>
  ({ deliveryId: "d", type, key: "k", payload, attempt: 1 }) as const;
const tell = async (sku: string, quantity: string) =>
  (
    await session.writers["inventory.availability"]!.send(
      [message("inventory.availability", { company: "main", sku, unit: "EA", quantity, asOf: "" })],
      call(),
    )
  )[0]!;
const status = async (order: PlacedOrder, shipped: string, cancelled: string, word = "partially-shipped") => {
  const [line] = order.lines;
  const payload: OrderStatusPayload = {
    ...{ company: "main", orderId: order.code, reference: order.code, status: word },
    lines: [
      {
        ...{ lineId: line!.id, sku: line!.sku, quantity: String(line!.quantity), backordered: "0", shipped },
        ...{ invoiced: "0", cancelled, returned: "0" },
      },
    ],
    shipments:
      shipped === "0"
        ? []
        : [
            {
              ...{ shipmentId: "S-1", carrier: "DHL", tracking: "T1", deliveredAt: "" },
              shippedAt: "2026-11-24T10:00:00.000000Z",
            },
          ],
  };
  return (await session.writers["order.status"]!.send([message("order.status", payload)], call()))[0]!;
};

async function read(): Promise<NativeMessage[]> {
  const messages: NativeMessage[] = [];
  for (let cursor: string | null = null; ; ) {
    const result = await session.polls!.orders!.read(cursor, new AbortController().signal);
    messages.push(...result.messages);
    if (!result.more) return messages;
    ({ cursor } = result);
  }
}
const of = ({ code }: PlacedOrder, messages: NativeMessage[]) =>
  messages.filter(({ id }) => id === code || id.startsWith(`${code}@`));

test("a push is the message that the poll reads, signed, and repeated until it is taken", async () => {
  refusals = [503, 500];
  receiver.seen.length = 0;
  const order = await shop.place({ P1: 3, P2: 1 });
  const pushed = await expect
    .poll(() => receiver.seen.filter(({ body }) => body.includes(order.code)), { timeout: 60_000 })
    .toHaveLength(3)
    .then(() => receiver.seen.findLast(({ body }) => body.includes(order.code))!);
  const webhook = session.webhooks!.orders!;
  const body = Buffer.from(pushed.body);
  webhook.verify(pushed.headers, body, timeFromEpochMs(Date.now()));
  expect(() =>
    webhook.verify(pushed.headers, Buffer.from(`${pushed.body} `), timeFromEpochMs(Date.now())),
  ).toThrow(expect.objectContaining({ code: "webhook.unsigned" }));
  expect(webhook.split(body, pushed.headers)).toEqual(of(order, await read()));
});

test("what ships is taken off once, by who told the figure, and more may ship than is on hand", async () => {
  expect(await tell("P5", "10")).toEqual({ kind: "done" });
  const order = await shop.place({ P5: 8 });
  expect((await shop.levels("P5"))[HOME]).toEqual([10, 8]);
  // The shelf has 4 left by the time the shop is told of the shipment.
  expect(await tell("P5", "4")).toEqual({ kind: "done" });
  expect(await status(order, "6", "0")).toEqual({ kind: "done", reference: order.code });
  expect((await shop.levels("P5"))[HOME]).toEqual([4, 2]);
  expect(await status(order, "6", "2")).toEqual({ kind: "done", reference: order.code });
  expect((await shop.levels("P5"))[HOME]).toEqual([4, 0]);
  const { fulfillments, lines } = await shop.order(order.code);
  expect(fulfillments).toMatchObject([{ state: "Shipped", method: "DHL [S-1]", trackingCode: "T1" }]);
  expect(lines).toMatchObject([{ quantity: 6, orderPlacedQuantity: 8 }]);
  expect(await status(order, "6", "2")).toMatchObject({ kind: "done" });
});

test("what the staff cancels comes as totals, behind the order as it was placed", async () => {
  const order = await shop.place({ P6: 5 });
  const [before] = of(order, await read());
  const cancel = `mutation ($input: CancelOrderInput!) {
    cancelOrder(input: $input) { __typename ... on ErrorResult { errorCode message } } }`;
  const lines = [{ orderLineId: order.lines[0]!.id, quantity: 2 }];
  await shop.ask(cancel, { input: { orderId: order.id, lines } });
  const [placed, reduced] = of(order, await read());
  expect(session.map(placed!, noCodes)).toMatchObject({
    events: [{ data: { lines: [{ quantity: "5", price: "10.1" }] } }],
  });
  expect(placed!.id).toBe(before!.id);
  const data = { cumulative: true, lines: [{ quantity: "2", sku: "P6" }] };
  expect(session.map(reduced!, noCodes)).toMatchObject({
    events: [{ type: "order.cancellation.requested", data }],
  });
});

test("an order that is rejected is cancelled there, and an unknown one is refused", async () => {
  const order = await shop.place({ P7: 2 });
  expect(await status(order, "0", "0", "rejected")).toMatchObject({ kind: "done" });
  expect((await shop.order(order.code)).state).toBe("Cancelled");
  expect(await status({ ...order, code: "NONE" }, "0", "0")).toMatchObject({ code: "vendure.order-unknown" });
});

test("an unknown SKU is refused alone", async () => {
  const rows = ["P8", "NONE", "P9"].map((sku) =>
    message("inventory.availability", { company: "main", sku, unit: "EA", quantity: "7", asOf: "" }),
  );
  const answers = await session.writers["inventory.availability"]!.send(rows, call());
  expect(answers.map((answer) => ("code" in answer ? answer.code : answer.kind))).toEqual([
    "done",
    "vendure.variant-unknown",
    "done",
  ]);
});

test("the census names what was placed in its window; a wrong password is denied", async () => {
  const order = await shop.place({ P1: 1 });
  const window = { from: "2020-01-01T00:00:00.000000Z", to: "2100-01-01T00:00:00.000000Z" };
  expect((await session.census!(window))[0]!.ids).toContain(order.code);
  expect((await session.census!({ ...window, to: window.from }))[0]!.ids).toEqual([]);
  await expect(open({ password: "wrong" }).health(call().signal)).rejects.toThrow(
    /does not let superadmin in/,
  );
});

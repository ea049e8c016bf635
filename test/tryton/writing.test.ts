import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ClosableHttpClient, createHttpClient } from "../../src/connector/http-client.ts";
import type {
  Answer,
  ConnectorSession,
  MovementPayload,
  OutboundMessage,
} from "../../src/connector/index.ts";
import { startTestServer, type TestServer } from "../../src/connector/testing-server.ts";
import { type Clerk, openClerk } from "./clerk.ts";
import { isInstalled, MISSING, startTryton, type Tryton } from "./server.ts";
import { drain, openSystem } from "./subject.ts";

let server: Tryton;
let proxy: TestServer;
let clerk: Clerk;
let http: ClosableHttpClient;
let session: ConnectorSession;
/** Methods whose next answer is dropped after Tryton has given it. */
let drops: Set<string>;

if (!isInstalled()) process.stderr.write(`${MISSING}\n`);

beforeAll(async () => {
  if (!isInstalled()) return;
  server = await startTryton();
  clerk = await openClerk(server);
  proxy = await startTestServer(async (request, response, socket) => {
    const { method } = JSON.parse(request.body) as { method: string };
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (request.headers.authorization !== undefined) headers.authorization = request.headers.authorization;
    const answer = await fetch(server.url + request.url, { method: "POST", headers, body: request.body });
    const body = await answer.text();
    if (drops.delete(method)) socket.destroy();
    else response.writeHead(answer.status).end(body);
  });
  http = createHttpClient({ connections: 4, timeoutMs: 60_000 });
});
afterAll(async () => {
  await http?.close();
  await proxy?.close();
  await clerk?.close();
  await server?.stop();
});
beforeEach(() => {
  drops = new Set();
  if (isInstalled()) session = openSystem({ ...server, url: proxy.url }, http);
});

const limits = () => ({ timeoutMs: 60_000, signal: new AbortController().signal });
const outbound = (type: OutboundMessage["type"], key: string, payload: unknown): OutboundMessage => ({
  deliveryId: key,
  type,
  key,
  payload,
  attempt: 1,
});
const send = async (message: OutboundMessage): Promise<Answer> =>
  (await session.writers[message.type]!.send([message], limits()))[0]!;
const find = (message: OutboundMessage) => session.writers[message.type]!.find!(message, limits());

/** Goes on as a node does: what is unknown is looked up, what is absent is sent again. */
async function settle(message: OutboundMessage): Promise<{ unknown: number }> {
  for (let unknown = 0; ; unknown++) {
    const answer = await send(message);
    if (answer.kind === "done") return { unknown };
    expect(answer.kind).toMatch(/unknown|ill|busy/);
    if ((await find(message)).kind === "found") return { unknown: unknown + 1 };
  }
}

async function book(orderId: string, quantity = "5"): Promise<void> {
  const line = {
    lineId: "1",
    sku: "85123A",
    description: "",
    quantity,
    unit: "EA",
    price: "2",
    priceUnit: "1",
  };
  await settle(
    outbound("order.booking", `main/${orderId}`, {
      company: "main",
      orderId,
      channel: "portal",
      customer: { id: "C-1" },
      purchaseOrder: "PO",
      currency: "GBP",
      placedAt: "2026-07-01T23:30:00.000000Z",
      lines: [line],
      charges: [],
    }),
  );
}

function movement(movementId: string, quantity: string, reason: string, more: Partial<MovementPayload> = {}) {
  return outbound("inventory.movement", movementId, {
    company: "main",
    movementId,
    sku: "85123A",
    location: "MAIN",
    status: "available",
    quantity,
    unit: "EA",
    reason,
    note: "",
    occurredAt: new Date().toISOString().replace("Z", "000Z"),
    document: "",
    ...more,
  } satisfies MovementPayload);
}
const issue = (orderId: string, number: number, quantity: string) =>
  movement(`${orderId}/${number}`, quantity, "issue", { order: { orderId, lineId: "1" } });

const cancellation = (orderId: string, number: number, cancelled: string) =>
  outbound("order.cancellation", `main/${orderId}/cancellation#${number}`, {
    company: "main",
    orderId,
    location: "",
    document: "",
    reason: "",
    lines: [{ lineId: "1", sku: "85123A", quantity: cancelled, cancelled }],
  });

/** The moves to customers of an order, with how many invoice lines each has. */
const goods = (orderId: string) =>
  clerk.query<{ state: string; quantity: number; lines: number }>(
    `select m.state, m.quantity,
       (select count(*)::int from "account_invoice_line-stock_move" i where i.stock_move = m.id) as lines
     from stock_move m join sale_line l on m.origin = 'sale.line,' || l.id join sale_sale s on s.id = l.sale
     where s.reference = $1 order by m.id`,
    [orderId],
  );
const invoices = (orderId: string) =>
  clerk.query<{ state: string; quantity: number }>(
    `select i.state, il.quantity from account_invoice i join account_invoice_line il on il.invoice = i.id
     join sale_line l on il.origin = 'sale.line,' || l.id join sale_sale s on s.id = l.sale
     where s.reference = $1 order by i.id`,
    [orderId],
  );
const onHand = async () => {
  const storage = await clerk.id("stock.location", "code", "STO");
  const product = await clerk.id("product.product", "code", "85123A");
  const [row] = await clerk.query<{ sum: number }>(
    `select coalesce(sum(case when to_location = $1 then quantity else -quantity end), 0) as sum from stock_move
     where state = 'done' and product = $2 and $1 in (from_location, to_location)`,
    [storage, product],
  );
  return row!.sum;
};

describe.skipIf(!isInstalled())("goods of an order in a real Tryton", () => {
  test("leave in parts, each once, are invoiced each once, and what is cancelled is not shipped", async () => {
    await book("W-parts");
    await settle(issue("W-parts", 1, "-2"));
    await settle(cancellation("W-parts", 1, "1"));
    await settle(issue("W-parts", 2, "-2"));
    expect(await goods("W-parts")).toEqual([
      { state: "done", quantity: 2, lines: 1 },
      { state: "cancelled", quantity: 1, lines: 0 },
      { state: "done", quantity: 2, lines: 1 },
    ]);
    expect(await invoices("W-parts")).toEqual([
      { state: "posted", quantity: 2 },
      { state: "posted", quantity: 2 },
    ]);
    const { events } = await drain(session, "sales", null);
    const posted = events.filter(({ data }) => (data as { orderId: string }).orderId === "W-parts");
    expect(posted).toMatchObject([
      {
        type: "invoice.posted",
        data: { kind: "invoice", total: "4", lines: [{ lineId: "1", quantity: "2" }] },
      },
      { type: "invoice.posted", data: { kind: "invoice", total: "4" } },
    ]);
    expect(await send(cancellation("W-parts", 2, "2"))).toMatchObject({
      kind: "refused",
      code: "tryton.too-late",
      facts: [{ type: "order.cancellation.refused" }],
    });
  }, 180_000);

  test("leave once and are invoiced once, though every answer on the way is lost", async () => {
    await book("W-lost");
    const before = await onHand();
    for (const method of ["create", "write", "wait", "assign_try", "pick", "pack", "done"])
      drops.add(`model.stock.shipment.out.${method}`);
    drops.add("model.account.invoice.post");
    const { unknown } = await settle(issue("W-lost", 1, "-2"));
    expect(drops).toEqual(new Set());
    expect(unknown).toBe(8);
    expect(await find(issue("W-lost", 1, "-2"))).toMatchObject({ kind: "found" });
    expect((await goods("W-lost")).map(({ state, quantity }) => [state, quantity])).toEqual([
      ["draft", 3],
      ["done", 2],
    ]);
    expect(await invoices("W-lost")).toEqual([{ state: "posted", quantity: 2 }]);
    expect(await onHand()).toBe(before - 2);
  }, 240_000);

  test("are cancelled once, though every answer on the way is lost", async () => {
    await book("W-cancel");
    for (const method of ["stock.shipment.out.create", "stock.shipment.out.write", "sale.line.write"])
      drops.add(`model.${method}`);
    await settle(cancellation("W-cancel", 1, "2"));
    expect(drops).toEqual(new Set());
    expect((await goods("W-cancel")).map(({ state, quantity }) => [state, quantity])).toEqual([
      ["draft", 3],
      ["cancelled", 2],
    ]);
    await settle(cancellation("W-cancel", 1, "2"));
    expect(await goods("W-cancel")).toHaveLength(2);
  }, 180_000);

  test("that Tryton has not got do not leave it, and its plan stays whole", async () => {
    await book("W-short", "1000");
    const before = await onHand();
    expect(await send(issue("W-short", 1, "-900"))).toMatchObject({ kind: "refused", code: "tryton.short" });
    expect(await find(issue("W-short", 1, "-900"))).toEqual({ kind: "absent" });
    expect((await goods("W-short")).map(({ state, quantity }) => [state, quantity])).toEqual([
      ["draft", 100],
      ["draft", 900],
    ]);
    expect(await onHand()).toBe(before);
  }, 120_000);
});

describe.skipIf(!isInstalled())("goods without an order in a real Tryton", () => {
  test("are moved from and to what is lost and found, once", async () => {
    const before = await onHand();
    drops.add("model.stock.shipment.internal.create");
    await settle(movement("A/1", "3", "receipt"));
    await settle(movement("A/2", "-1", "adjustment"));
    expect(await find(movement("A/1", "3", "receipt"))).toMatchObject({ kind: "found" });
    expect(await onHand()).toBe(before + 2);
    expect(await send(movement("A/3", "-900", "damage"))).toMatchObject({
      kind: "refused",
      code: "tryton.short",
    });
  }, 120_000);

  test("of a purchase are received in part, and that much less is expected", async () => {
    const made = await clerk.purchase([20], new Date(Date.now() + 864_000_000));
    const inbound = { document: made.number, line: String(made.lines[0]) };
    drops.add("model.stock.shipment.in.create").add("model.stock.shipment.in.receive");
    await settle(movement("B/1", "8", "receipt", { inbound }));
    const { events } = await drain(session, "purchase-orders", null);
    expect(events).toMatchObject([{ data: { document: made.number, quantity: "12" } }]);
    expect(await send(movement("B/2", "13", "receipt", { inbound }))).toMatchObject({
      kind: "refused",
      code: "tryton.over-received",
    });
  }, 120_000);

  test("a customer is brought once", async () => {
    const message = outbound("customer.reference", "main/N-1", {
      company: "main",
      id: "N-1",
      name: "Né",
      country: "FR",
    });
    drops.add("model.party.party.create");
    await settle(message);
    await settle(message);
    expect(await clerk.query("select name from party_party where code = 'N-1'")).toEqual([{ name: "Né" }]);
  }, 60_000);
});

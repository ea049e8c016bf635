import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ClosableHttpClient, createHttpClient } from "../../src/connector/http-client.ts";
import type { ConnectorSession } from "../../src/connector/index.ts";
import { type Clerk, date, openClerk } from "./clerk.ts";
import { isInstalled, MISSING, startTryton, type Tryton } from "./server.ts";
import { drain, openSystem } from "./subject.ts";

let server: Tryton;
let clerk: Clerk;
let http: ClosableHttpClient;
let session: ConnectorSession;

if (!isInstalled()) process.stderr.write(`${MISSING}\n`);

beforeAll(async () => {
  if (!isInstalled()) return;
  server = await startTryton();
  clerk = await openClerk(server);
  http = createHttpClient({ connections: 4, timeoutMs: 20_000 });
});
afterAll(async () => {
  await http?.close();
  await clerk?.close();
  await server?.stop();
});
beforeEach(() => {
  if (isInstalled()) session = openSystem(server, http);
});

const due = (days: number) => new Date(Date.now() + days * 86_400_000);
const day = (when: Date) => when.toISOString().slice(0, 10);

/** Gives shipping of a sale's goods up, as the dialogue does: that is noted on the line alone. */
async function giveUp(sale: number, line: number): Promise<void> {
  const [{ shipments }] = await clerk.call<[{ shipments: number[] }]>(
    "sale.sale",
    "read",
    [sale],
    ["shipments"],
  );
  await clerk.call("stock.shipment.out", "cancel", shipments);
  const [{ moves }] = await clerk.call<[{ moves: number[] }]>("sale.line", "read", [line], ["moves"]);
  await clerk.call("sale.line", "write", [line], { moves_ignored: [["add", moves]] });
}

describe.skipIf(!isInstalled())("sales that were keyed in a real Tryton", () => {
  test("come once, with their exact prices, as orders that are booked already", async () => {
    const before = await drain(session, "sales", null);
    const made = await clerk.sale([
      { sku: "85123A", quantity: 2, price: "12.3456" },
      { sku: "FREIGHT", quantity: 1, price: "4.95" },
    ]);
    const read = await drain(session, "sales", before.cursor);
    expect(read.events).toMatchObject([
      {
        type: "order.submitted",
        data: {
          orderId: made.number,
          customer: { id: "C-1", name: "Zoë Müller & Söhne", country: "FR" },
          currency: "GBP",
          lines: [
            { lineId: String(made.lines[0]), sku: "85123A", quantity: "2", unit: "EA", price: "12.3456" },
          ],
          charges: [{ chargeId: String(made.lines[1]), kind: "freight", amount: "4.95" }],
          booked: { system: "erp", document: made.number },
        },
      },
    ]);
    expect((await drain(session, "sales", read.cursor)).messages).toEqual([]);
  });

  test("of one who was never changed come too: the date of the last change is empty until then", async () => {
    const before = await drain(session, "sales", null);
    const { id, number } = await clerk.sale([{ sku: "22423", quantity: 1, price: "1" }]);
    await clerk.query("update sale_sale set write_date = null where id = $1", [id]);
    const { events } = await drain(session, "sales", before.cursor);
    expect(events.map(({ data }) => data)).toMatchObject([{ orderId: number }]);
  });

  test("that were all changed in one microsecond come all, page by page", async () => {
    session = openSystem(server, http, { pageMax: 2 });
    const before = await drain(session, "sales", null);
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map(() => clerk.sale([{ sku: "22423", quantity: 1, price: "1" }])),
    );
    const ids = made.map(({ id }) => id);
    await clerk.query("update sale_sale set write_date = now() at time zone 'utc' where id = any($1)", [ids]);
    const { events } = await drain(session, "sales", before.cursor);
    const orders = new Set(events.map(({ data }) => (data as { orderId: string }).orderId));
    for (const { number } of made) expect(orders).toContain(number);
  });

  test("before a moment that the settings name are left alone", async () => {
    await clerk.sale([{ sku: "22423", quantity: 1, price: "1" }]);
    session = openSystem(server, http, { takeFrom: "2100-01-01T00:00:00Z" });
    expect((await drain(session, "sales", null)).events).toEqual([]);
  });

  test("and what of them is given up is a cancellation, in totals, once", async () => {
    const made = await clerk.sale([
      { sku: "85123A", quantity: 3, price: "2" },
      { sku: "22423", quantity: 1, price: "2" },
    ]);
    const before = await drain(session, "sales", null);
    await giveUp(made.id, made.lines[0]!);
    const read = await drain(session, "sales", before.cursor);
    // The order itself comes again under the same number and content: a duplicate.
    const orders = [...before.messages, ...read.messages].filter(({ topic }) => topic === "orders");
    expect(new Set(orders.map(({ id }) => id)).size).toBe(new Set(orders.map(({ body }) => body)).size);
    expect(read.events.filter(({ type }) => type !== "order.submitted")).toMatchObject([
      {
        type: "order.cancellation.requested",
        data: {
          orderId: made.number,
          cumulative: true,
          lines: [{ lineId: String(made.lines[0]), sku: "85123A", quantity: "3", unit: "EA" }],
        },
      },
    ]);
    expect((await drain(session, "sales", read.cursor)).messages).toEqual([]);
  });
});

describe.skipIf(!isInstalled())("purchase orders in a real Tryton", () => {
  const supply = (events: { data: unknown }[]) =>
    events.map(({ data }) => {
      const { line, quantity, dueAt } = data as { line: string; quantity: string; dueAt: string };
      return [line, quantity, dueAt.slice(0, 10)];
    });

  test("are dated supply: said, re-dated, received in part, and gone when they are cancelled", async () => {
    let { cursor } = await drain(session, "purchase-orders", null);
    const next = async () => {
      const read = await drain(session, "purchase-orders", cursor);
      cursor = read.cursor;
      return read.events;
    };
    const made = await clerk.purchase([20, 5], due(10));
    const [first, second] = made.lines.map(String);
    const said = await next();
    expect(said).toMatchObject([
      {
        type: "inventory.inbound.expected",
        data: { sku: "85123A", location: "MAIN", document: made.number },
      },
      {},
    ]);
    expect(supply(said)).toEqual([
      [first, "20", day(due(10))],
      [second, "5", day(due(10))],
    ]);
    expect(await next()).toEqual([]);

    const [{ moves }] = await clerk.call<[{ moves: number[] }]>(
      "purchase.line",
      "read",
      [made.lines[0]],
      ["moves"],
    );
    await clerk.call("stock.move", "write", moves, { planned_date: date(due(30)) });
    expect(supply(await next())).toEqual([
      [first, "20", day(due(30))],
      [second, "5", day(due(10))],
    ]);

    const [input] = await clerk.query<{ id: number }>(
      "select input_location as id from stock_location where code = 'WH'",
    );
    const supplier = await clerk.id("party.party", "code", "S-1");
    const [shipment] = await clerk.call<number[]>("stock.shipment.in", "create", [
      {
        supplier,
        company: 1,
        warehouse: await clerk.id("stock.location", "code", "WH"),
        incoming_moves: [
          ["add", moves],
          ["write", moves, { quantity: 12, to_location: input!.id }],
        ],
      },
    ]);
    await clerk.call("stock.shipment.in", "receive", [shipment]);
    expect(supply(await next())).toEqual([
      [first, "8", day(due(10))],
      [second, "5", day(due(10))],
    ]);

    await clerk.query("update purchase_purchase set state = 'cancelled' where id = $1", [made.id]);
    expect((await next()).map(({ data }) => (data as { quantity: string }).quantity)).toEqual(["0", "0"]);
    expect(await next()).toEqual([]);
  });

  test("that are deleted leave no trace, and are gone all the same; each word of one is newer than the last", async () => {
    const made = await clerk.purchase([7], due(5));
    const first = await drain(session, "purchase-orders", null);
    await clerk.query("delete from stock_move where origin = $1", [`purchase.line,${made.lines[0]}`]);
    await clerk.query("delete from purchase_line where id = $1", [made.lines[0]]);
    const second = await drain(session, "purchase-orders", first.cursor);
    expect(second.events).toMatchObject([{ data: { line: String(made.lines[0]), quantity: "0" } }]);
    const revision = (events: { data: unknown }[]) =>
      BigInt((events.at(-1)!.data as { revision: string }).revision);
    const said = first.events.filter(({ data }) => (data as { document: string }).document === made.number);
    expect(revision(second.events)).toBeGreaterThan(revision(said));
  });
});

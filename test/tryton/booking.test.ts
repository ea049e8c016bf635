import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noCodes } from "../../src/connector/codes.ts";
import { type ClosableHttpClient, createHttpClient } from "../../src/connector/http-client.ts";
import type { BookingPayload, ConnectorSession, SettingsInput } from "../../src/connector/index.ts";
import { resolveSettings } from "../../src/connector/resolve.ts";
import { startTestServer, type TestServer } from "../../src/connector/testing-server.ts";
import { tryton } from "../../src/connectors/tryton/index.ts";
import type { TrytonSettings } from "../../src/connectors/tryton/settings.ts";
import { openDatabase } from "../../src/postgres/pool.ts";
import { isInstalled, MISSING, startTryton, type Tryton } from "./server.ts";

let server: Tryton;
let proxy: TestServer;
let http: ClosableHttpClient;
/** Which answers are dropped after Tryton has given them. */
let drops: (method: string) => boolean;
let calls: string[];
let shift = 0;

if (!isInstalled()) process.stderr.write(`${MISSING}\n`);

beforeAll(async () => {
  if (!isInstalled()) return;
  server = await startTryton();
  proxy = await startTestServer(async (request, response, socket) => {
    const { method } = JSON.parse(request.body) as { method: string };
    calls.push(method);
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (request.headers.authorization !== undefined) headers.authorization = request.headers.authorization;
    const answer = await fetch(server.url + request.url, { method: "POST", headers, body: request.body });
    const body = await answer.text();
    if (drops(method)) socket.destroy();
    else response.writeHead(answer.status).end(body);
  });
  http = createHttpClient({ connections: 4, timeoutMs: 20_000 });
});
afterAll(async () => {
  await http?.close();
  await proxy?.close();
  await server?.stop();
});
beforeEach(() => {
  drops = () => false;
  calls = [];
  shift = 0;
});

function open(more: Partial<SettingsInput<typeof TrytonSettings>> = {}): ConnectorSession {
  const given = {
    url: proxy.url,
    database: server.database,
    user: "crossdock",
    password: "Wq8#crossdock!zT5k",
    locations: { MAIN: "WH" },
    bookAt: "MAIN",
    units: { u: "EA", kg: "KGM", g: "GRM" },
    charges: { freight: "FREIGHT" },
    ...more,
  };
  const now = () => new Date(Date.now() + shift).toISOString().replace("Z", "000Z");
  const context = { system: "erp", company: "main", now, http, codes: noCodes, log: () => undefined };
  return tryton.connector.open(resolveSettings("erp", tryton(given), {}).settings, context);
}

function booking(orderId: string, more: Partial<BookingPayload> = {}, line: object = {}): BookingPayload {
  const goods = {
    lineId: "1",
    sku: "85123A",
    description: "Lampe « cœur » 白",
    quantity: "3",
    unit: "EA",
    price: "12.3456",
    priceUnit: "1",
    ...line,
  };
  return {
    company: "main",
    orderId,
    channel: "portal",
    customer: { id: "C-1" },
    purchaseOrder: "PO é",
    currency: "GBP",
    placedAt: "2026-07-01T23:30:00.000000Z",
    lines: [goods],
    charges: [],
    ...more,
  };
}

const limits = () => ({ timeoutMs: 20_000, signal: new AbortController().signal });
const message = (payload: BookingPayload) =>
  ({ deliveryId: "d", type: "order.booking", key: payload.orderId, payload, attempt: 1 }) as const;
const send = async (session: ConnectorSession, payload: BookingPayload) =>
  (await session.writers["order.booking"]!.send([message(payload)], limits()))[0]!;
const find = (session: ConnectorSession, payload: BookingPayload) =>
  session.writers["order.booking"]!.find!(message(payload), limits());

async function query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
  const db = openDatabase(server.databaseUrl);
  try {
    return (await (await db.connection()).query<Row>(sql, values)).rows;
  } finally {
    await db.close();
  }
}
const sales = (orderId: string) =>
  query<{ state: string }>("select state, sale_date::text, description from sale_sale where reference = $1", [
    orderId,
  ]);

describe.skipIf(!isInstalled())("a booking in a real Tryton", () => {
  test("is a sale in process, exact to the last digit, dated where the company is", async () => {
    const freight = { chargeId: "F", kind: "freight", description: "Freight", amount: "4.95" };
    const answer = await send(open(), booking("T-1", { charges: [freight] }));
    expect(answer).toMatchObject({
      kind: "done",
      facts: [{ type: "order.booked", data: { orderId: "T-1" } }],
    });
    expect(await sales("T-1")).toEqual([
      { state: "processing", sale_date: "2026-07-02", description: "PO é" },
    ]);
    const lines = await query(
      "select l.unit_price::text, l.quantity, l.note, l.description from sale_line l join sale_sale s on s.id = l.sale where s.reference = 'T-1' order by l.sequence",
    );
    expect(lines).toEqual([
      { unit_price: "12.3456", quantity: 3, note: "line:1", description: "Lampe « cœur » 白" },
      { unit_price: "4.95", quantity: 1, note: "charge:F", description: "Freight" },
    ]);
    const taxes = await query(
      "select 1 from sale_line_account_tax t join sale_line l on l.id = t.line join sale_sale s on s.id = l.sale where s.reference = 'T-1'",
    );
    expect(taxes).toHaveLength(1);
  });

  test.each(["create", "quote", "confirm"])(
    "is one sale though the answer to %s is dropped",
    async (step) => {
      const session = open();
      const payload = booking(`T-drop-${step}`);
      let dropped = 0;
      drops = (method) => method === `model.sale.sale.${step}` && dropped++ === 0;
      expect(await send(session, payload)).toMatchObject({ kind: "unknown" });
      expect(dropped).toBe(1);
      if ((await find(session, payload)).kind === "absent")
        expect(await send(session, payload)).toMatchObject({ kind: "done" });
      expect(await find(session, payload)).toMatchObject({ kind: "found" });
      expect((await sales(payload.orderId)).map(({ state }) => state)).toEqual(["processing"]);
    },
  );

  test("sent twice is one sale", async () => {
    const session = open();
    const first = await send(session, booking("T-twice"));
    expect(await send(open(), booking("T-twice"))).toEqual(first);
    expect(await sales("T-twice")).toHaveLength(1);
  });

  test("goes on when the session has ended: one log-in for all who notice", async () => {
    const session = open();
    await session.health(limits().signal);
    await query("delete from ir_session");
    calls = [];
    const answers = await Promise.all(["a", "b", "c"].map((id) => send(session, booking(`T-401-${id}`))));
    expect(answers.map(({ kind }) => kind)).toEqual(["done", "done", "done"]);
    expect(calls.filter((method) => method === "common.db.login")).toHaveLength(1);
  });

  test("a credit limit's warning refuses, or is accepted where the settings say so", async () => {
    const payload = booking("T-limit", { customer: { id: "C-LIMIT" } });
    const answer = await send(open(), payload);
    expect(answer).toMatchObject({ kind: "refused", code: "tryton.warning" });
    expect((await sales("T-limit"))[0]!.state).toBe("quotation");
    const accepting = open({ warnings: { credit_limit_amount: "accept" } });
    expect(await send(accepting, payload)).toMatchObject({ kind: "done" });
    expect((await sales("T-limit")).map(({ state }) => state)).toEqual(["processing"]);
  });

  test("what Tryton cannot hold is refused, or missing, and nothing is written", async () => {
    const session = open();
    const refusals: [BookingPayload, object][] = [
      [booking("T-no"), { price: "1.23456" }],
      [booking("T-no"), { sku: "NOPE" }],
      [booking("T-no"), { unit: "KGM" }],
      [booking("T-no"), { sku: "WOOL", unit: "KGM", quantity: "1.234567" }],
      [booking("T-no", { currency: "XXX" }), {}],
      [booking("T-no", { charges: [{ chargeId: "1", kind: "fee", description: "", amount: "1" }] }), {}],
    ];
    for (const [payload, line] of refusals) {
      const lines = payload.lines.map((one) => ({ ...one, ...line }));
      expect(await send(session, { ...payload, lines })).toMatchObject({ kind: "refused" });
    }
    expect(await send(session, booking("T-no", { customer: { id: "C/9" } }))).toEqual({
      kind: "missing",
      references: [{ domain: "customer", key: "main/C%2F9" }],
    });
    expect(await sales("T-no")).toEqual([]);
  });

  test("a price per hundred is divided exactly", async () => {
    expect(await send(open(), booking("T-100", {}, { price: "123.45", priceUnit: "100" }))).toMatchObject({
      kind: "done",
    });
    const lines = await query(
      "select l.unit_price::text from sale_line l join sale_sale s on s.id = l.sale where s.reference = 'T-100'",
    );
    expect(lines).toEqual([{ unit_price: "1.2345" }]);
  });

  test("the census names what was booked in its window", async () => {
    const session = open();
    const window = { from: "2020-01-01T00:00:00.000000Z", to: "2100-01-01T00:00:00.000000Z" };
    await send(session, booking("T-census"));
    expect((await session.census!(window))[0]!.ids).toContain("T-census");
    expect((await session.census!({ ...window, to: window.from }))[0]!.ids).toEqual([]);
  });

  test("a wrong password is denied and not tried again until a minute has passed", async () => {
    const session = open({ user: "clerk", password: "wrong" });
    expect(await send(session, booking("T-denied"))).toMatchObject({ kind: "denied" });
    expect(await send(session, booking("T-denied"))).toMatchObject({ kind: "denied" });
    await expect(session.health(limits().signal)).rejects.toThrow("the name or the password is wrong");
    expect(calls).toEqual(["common.db.login"]);
    for (let turn = 0; turn < 5; turn++) {
      shift += 61_000;
      await send(session, booking("T-denied"));
    }
    const last = await send(session, booking("T-denied"));
    expect(last.kind).toBe("busy");
    expect(calls.length).toBeLessThan(7);
  });
});

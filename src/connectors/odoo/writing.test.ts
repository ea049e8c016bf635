import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, type ConnectorSession, noCodes } from "../../connector/index.ts";
import { validateEvent } from "../../domains/catalogue.ts";
import { type SimulatedOdoo, startOdoo } from "./testing/server.ts";
import { booking, call, issue, open, outbound, send } from "./testing/session.ts";

let odoo: SimulatedOdoo;
let session: ConnectorSession;

const cancellation = (orderId: string, cancelled: string) =>
  outbound("order.cancellation", `main/${orderId}/1`, {
    company: "main",
    orderId,
    location: "",
    document: "",
    reason: "",
    lines: [{ lineId: "a", sku: "85123A", quantity: "1", cancelled }],
  });

/** Everything that the poll says, as events that fit their contracts. */
async function said() {
  const { messages } = await session.polls!.sales!.read(null, new AbortController().signal);
  const events = messages.flatMap((message) => {
    const mapping = session.map(message, noCodes);
    if ("failed" in mapping) throw new Error(mapping.failed);
    return "events" in mapping ? mapping.events : [];
  });
  for (const { type, data } of events) expect(validateEvent(type, data)).toEqual([]);
  return events;
}

describe.each(["19", "14"] as const)("Odoo %s", (version) => {
  beforeEach(async () => {
    odoo = await startOdoo(version);
    session = open(version, odoo.url, { pageMax: 1000 });
  });
  afterEach(() => odoo.close());

  const orders = () => odoo.store.rows("sale.order");
  const open_ = (line: number) =>
    odoo.store.rows("stock.move").filter((move) => move.sale_line_id === line && move.state === "assigned");

  test("an order keeps its lines recoverable, and its prices per hundred are of one unit", async () => {
    const answer = (await send(session, booking("O-1"))) as Extract<Answer, { kind: "done" }>;
    expect(answer).toMatchObject({ kind: "done", reference: orders()[0]!.name });
    for (const { type, data } of answer.facts!) expect(validateEvent(type, data)).toEqual([]);
    const lines = odoo.store.rows("sale.order.line");
    expect(lines.map((line) => [line.product_uom_qty, line.price_unit, line.price_subtotal])).toEqual([
      [6, 2.55, 15.3],
      [2, 12.75, 25.5],
      [1, 18, 18],
    ]);
    expect(await said()).toMatchObject([{ type: "order.booked", data: { orderId: "O-1" } }]);
  });

  test("an order of somebody else's with our number is not taken for ours", async () => {
    const partner_id = odoo.store.rows("res.partner")[0]!.id;
    odoo.createOrder({ partner_id, client_order_ref: "O-1" });
    const { find } = session.writers["order.booking"]!;
    expect(await find!(booking("O-1"), call())).toEqual({ kind: "absent" });
    expect((await send(session, booking("O-1"))).kind).toBe("done");
    expect(orders().map(({ state }) => state)).toEqual(["draft", "sale"]);
  });

  test("of four that confirm one order at once all find it confirmed, once", async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => send(session, booking("O-1"))));
    expect(answers.map(({ kind }) => kind)).toEqual(["done", "done", "done", "done"]);
    expect(orders().filter(({ state }) => state === "sale")).toHaveLength(1);
    expect(orders().filter(({ state }) => state === "draft")).toHaveLength(0);
  });

  test("what is missing is named, what Odoo cannot hold is refused, and nothing is written", async () => {
    const customer = { id: "99" };
    const line = { lineId: "a", description: "", quantity: "1", unit: "EA", price: "1", priceUnit: "1" };
    const nobody = await send(session, booking("O-1", { customer, lines: [{ ...line, sku: "X" }] }));
    expect(nobody).toEqual({
      kind: "missing",
      references: [
        { domain: "customer", key: "main/99" },
        { domain: "product", key: "main/X" },
      ],
    });
    const codes = [];
    for (const more of [{ price: "2.555" }, { quantity: "0.001" }, { unit: "CS" }]) {
      const answer = await send(session, booking("O-1", { lines: [{ ...line, sku: "85123A", ...more }] }));
      codes.push("code" in answer ? answer.code : answer.kind);
    }
    const dollars = await send(session, booking("O-1", { currency: "USD" }));
    odoo.store.rows("product.product")[0]!.active = false;
    const archived = await send(session, booking("O-1"));
    expect(
      [...codes, dollars, archived].map((it) => (typeof it === "string" ? it : "code" in it && it.code)),
    ).toEqual([
      "odoo.price-precision",
      "odoo.quantity-precision",
      "odoo.unit-unknown",
      "odoo.currency-unknown",
      "odoo.product-archived",
    ]);
    expect(orders()).toHaveLength(0);
  });

  test("shipments in parts keep the rest, and are invoiced and read back to the penny", async () => {
    await send(session, booking("O-1"));
    expect(await send(session, issue("M1", "O-1", "4"))).toMatchObject({ kind: "done" });
    expect(await send(session, issue("M2", "O-1", "3"))).toMatchObject({ code: "odoo.more-than-open" });
    expect(await send(session, issue("M2", "O-1", "2"))).toMatchObject({ kind: "done" });
    expect(await send(session, issue("M2", "O-1", "2"))).toMatchObject({ kind: "done" });
    const [line] = odoo.store.rows("sale.order.line");
    expect(line!.qty_delivered).toBe(6);
    const invoices = (await said()).filter(({ type }) => type === "invoice.posted");
    expect(invoices.map(({ data }) => data)).toMatchObject([
      {
        orderId: "O-1",
        total: "28.2",
        lines: [
          { lineId: "a", quantity: "4", amount: "10.2" },
          { chargeId: "post", amount: "18" },
        ],
      },
      { orderId: "O-1", total: "5.1", lines: [{ lineId: "a", quantity: "2", amount: "5.1" }] },
    ]);
  });

  test("cancelled totals may be set again; what was delivered is not given back", async () => {
    await send(session, booking("O-1"));
    const id = odoo.store.rows("sale.order.line")[0]!.id;
    for (const _ of [1, 2])
      expect(await send(session, cancellation("O-1", "2"))).toMatchObject({ kind: "done" });
    expect(open_(id).map((move) => move.product_uom_qty)).toEqual([4]);
    await send(session, issue("M1", "O-1", "3"));
    const refused = (await send(session, cancellation("O-1", "4"))) as Extract<Answer, { kind: "refused" }>;
    expect(refused).toMatchObject({ kind: "refused", code: "odoo.delivered" });
    for (const { type, data } of refused.facts!) expect(validateEvent(type, data)).toEqual([]);
    const [told] = (await said()).filter(({ type }) => type === "order.cancellation.requested");
    expect(told!.data).toMatchObject({ cumulative: true, lines: [{ lineId: "a", quantity: "2" }] });
  });

  test("an order of which nothing is left is cancelled as a whole, however often it is asked", async () => {
    const [only] = (booking("O-1").payload as { lines: never[] }).lines;
    await send(session, booking("O-1", { lines: [only!] }));
    for (const _ of [1, 2])
      expect(await send(session, cancellation("O-1", "6"))).toMatchObject({ kind: "done" });
    expect(orders()[0]!.state).toBe("cancel");
  });

  test("a wrong key, an unknown database and an unknown number are told apart", async () => {
    const answers = [
      await send(open(version, odoo.url, { apiKey: "wrong" }), booking("O-1")),
      await send(open(version, odoo.url, { database: "other" }), booking("O-1")),
      await send(session, issue("M1", "O-404", "1")),
    ];
    expect(answers.map(({ kind }) => kind)).toEqual(["denied", "ill", "missing"]);
    await session.health(new AbortController().signal);
  });

  test("the census names ours by our number and keyed ones by Odoo's", async () => {
    await send(session, booking("O-1"));
    const window = { from: "2000-01-01T00:00:00.000000Z", to: "9999-01-01T00:00:00.000000Z" };
    expect(await session.census!(window)).toEqual([{ domain: "order", ids: ["O-1"], poll: "sales" }]);
    const { read, since } = session.polls!.sales!;
    const signal = new AbortController().signal;
    const { messages } = await read(null, signal);
    expect(messages).toHaveLength(1);
    expect((await read(since!(window.from), signal)).messages).toEqual(messages);
    expect((await read(since!(window.to), signal)).messages).toEqual([]);
  });
});

// The connector, proved against the simulated Odoo of both versions.
import { afterAll, beforeAll, describe, test } from "vitest";
import type { BookingPayload, CustomerReferencePayload, MovementPayload } from "../../connector/index.ts";
import { proveConnector } from "../../proof/index.ts";
import { type SimulatedOdoo, startOdoo } from "./testing/server.ts";
import { booking, declared, issue, open, outbound, send } from "./testing/session.ts";
import type { Row } from "./testing/store.ts";

let number = 0;
const next = (word: string) => `${word}-${++number}`;

describe.each(["19", "14"] as const)("Odoo %s", (version) => {
  let odoo: SimulatedOdoo;
  beforeAll(async () => {
    odoo = await startOdoo(version);
  });
  afterAll(() => odoo.close());

  const rows = (model: string, test: (row: Row) => boolean) => odoo.store.rows(model).filter(test).length;

  /** As a clerk keys it. */
  function key(): Row {
    const partner_id = odoo.store.rows("res.partner")[0]!.id;
    const product = odoo.store.rows("product.product")[0]!.id;
    const order_line = [[0, 0, { product_id: product, product_uom_qty: 2, price_unit: 2.55 }]];
    const order = odoo.createOrder({ partner_id, order_line });
    odoo.run("sale.order", "action_confirm", order.id);
    return order;
  }
  const keyed = (order: Row) => ({ type: "order.submitted", data: { orderId: order.name } });

  proveConnector(
    {
      get upstream() {
        return odoo.url;
      },
      system: (url) => declared(version, url),
      reads: {
        sales: {
          change: async (count) => Array.from({ length: count }, () => keyed(key())),
          // Its date is the start of its transaction, which ends later.
          async begin() {
            const order = key();
            const table = odoo.store.tables.get("sale.order")!;
            table.delete(order.id);
            return { expected: keyed(order), commit: async () => void table.set(order.id, order) };
          },
        },
      },
      writes: {
        "order.booking": {
          message: () => booking(next("PROOF")),
          effects: async ({ payload }) => {
            const { orderId } = payload as BookingPayload;
            return rows("sale.order", (row) => row.client_order_ref === orderId && row.state === "sale");
          },
        },
        "customer.reference": {
          message() {
            const id = next("C");
            return outbound("customer.reference", `main/${id}`, { company: "main", id, country: "FR" });
          },
          effects: async ({ payload }) => {
            const { id } = payload as CustomerReferencePayload;
            return rows("res.partner", (row) => row.ref === id && row.active === true);
          },
        },
        "inventory.movement": {
          async message() {
            const order = next("SHIP");
            await send(open(version, odoo.url), booking(order));
            return issue(`EAST/${order}`, order, "4");
          },
          effects: async ({ payload }) => {
            const { movementId } = payload as MovementPayload;
            const mark = `crossdock:${movementId}`;
            const moved = odoo.store
              .rows("stock.move")
              .filter((row) => row.origin === mark && row.state === "done");
            // Once shipped, once invoiced.
            const lines = new Set(moved.map((row) => row.sale_line_id));
            const billed = rows("account.move.line", (row) =>
              (row.sale_line_ids as number[]).some((id) => lines.has(id)),
            );
            return moved.length === billed ? moved.length : -1;
          },
        },
      },
      skip: { "writes order.cancellation": "sets totals of an order that is there: writing.test.ts" },
      timeoutMs: 700,
    },
    { test, skip: test.skip },
  );
});

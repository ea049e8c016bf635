import { describe, expect, test } from "vitest";
import { type OrderStatusPayload, validateEvent } from "../../connector/index.ts";
import { mapMessage } from "./map.ts";
import { orderMessage } from "./message.ts";
import { checkSettings, type MedusaSettings } from "./settings.ts";
import { nextStep } from "./steps.ts";

const item = (more: object = {}) => ({
  id: "ordli_1",
  variant_sku: "LAMP-1",
  product_title: "Lampe",
  is_tax_inclusive: false,
  quantity: 3,
  unit_price: 0.1,
  raw_unit_price: { value: "12345678901234.123456" },
  requires_shipping: true,
  detail: { fulfilled_quantity: "0" },
  adjustments: [{ id: "adj_1", code: "TEN", amount: 1.5, is_tax_inclusive: false }],
  ...more,
});
const order = (more: object = {}) => ({
  id: "order_1",
  version: "1",
  display_id: "1001",
  currency_code: "eur",
  created_at: "2026-11-24T10:00:00.000Z",
  updated_at: "2026-11-24T10:00:00.000Z",
  canceled_at: null,
  customer: { id: "cus_1", company_name: "A shop", metadata: { erp: "17850" } },
  metadata: { purchase_order: "PO-1" },
  items: [item()],
  shipping_methods: [],
  ...more,
});
const mapped = (more: object = {}, customerKey?: string) =>
  mapMessage(
    orderMessage(order(more), { customerKey, purchaseOrderKey: "purchase_order" }),
    "M-",
    customerKey,
  );

describe("an order", () => {
  test("has the digits that Medusa keeps beside its numbers, and discounts as charges", () => {
    const mapping = mapped({}, "erp");
    expect(mapping).toMatchObject({
      events: [
        {
          type: "order.submitted",
          data: {
            orderId: "M-1001",
            customer: { id: "17850", name: "A shop" },
            lines: [{ price: "12345678901234.123456" }],
            charges: [{ kind: "discount", amount: "-1.5" }],
          },
        },
      ],
    });
    const [event] = "events" in mapping ? mapping.events : [];
    expect(validateEvent(event!.type, event!.data)).toEqual([]);
  });

  test("with tax in a price, or with more digits than we hold, fails with the path", () => {
    expect(mapped({ items: [item({ is_tax_inclusive: true })] })).toMatchObject({
      failed: expect.stringContaining("items[0].is_tax_inclusive"),
    });
    expect(mapped({ items: [item({ raw_unit_price: { value: "0.1234567" } })] })).toMatchObject({
      failed: expect.stringContaining("unit_price"),
    });
  });

  test("without our customer number is without a customer; an item without a SKU is named beside the others", () => {
    const mapping = mapped({ items: [item(), item({ id: "ordli_2", variant_sku: null })] }, "missing");
    expect(mapping).toMatchObject({
      events: [{ type: "order.submitted" }, { type: "order.row.rejected", data: { rows: ["ordli_2"] } }],
    });
    expect(JSON.stringify(mapping)).not.toContain('"customer"');
  });
});

describe("what is told next", () => {
  const payload = (more: Partial<OrderStatusPayload> = {}): OrderStatusPayload => ({
    company: "main",
    orderId: "M-1001",
    reference: "order_1",
    status: "partially-shipped",
    lines: [
      {
        lineId: "ordli_1",
        sku: "LAMP-1",
        quantity: "3",
        backordered: "0",
        shipped: "2",
        invoiced: "0",
        cancelled: "0",
        returned: "0",
      },
    ],
    shipments: [
      { shipmentId: "S", carrier: "", tracking: "", shippedAt: "2026-11-24T10:00:00Z", deliveredAt: "" },
    ],
    ...more,
  });
  const begun = {
    id: "ful_1",
    canceled_at: null,
    shipped_at: null,
    delivered_at: null,
    metadata: { crossdock_shipments: ["S"] },
    items: [{ line_item_id: "ordli_1", quantity: "2" }],
  };

  test("is a fulfilment of what no fulfilment has, and waits while Medusa has not counted one", () => {
    expect(nextStep(order(), payload(), "sloc")).toMatchObject({ path: "/fulfillments" });
    expect(nextStep(order({ fulfillments: [begun] }), payload(), "sloc")).toHaveProperty("pending");
    const counted = order({ fulfillments: [begun], items: [item({ detail: { fulfilled_quantity: "2" } })] });
    expect(nextStep(counted, payload(), "sloc")).toMatchObject({ path: "/fulfillments/ful_1/shipments" });
  });

  test("is nothing for what was cancelled, and impossible where goods left of a cancelled order", () => {
    const canceled = order({ canceled_at: "2026-11-24T10:00:00.000Z" });
    expect(nextStep(canceled, payload({ status: "cancelled" }), "sloc")).toBeUndefined();
    expect(nextStep(canceled, payload(), "sloc")).toHaveProperty("impossible");
  });
});

test("settings that contradict themselves are named by their path", () => {
  const settings = {
    url: "https://shop.example/admin",
    webhookSecret: "whsec_0123456789abcdef",
  } as MedusaSettings;
  expect(checkSettings(settings).map(({ path }) => path)).toEqual(["$.url", "$.webhookSecret"]);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, type OrderStatusPayload, readExact, validateEvent } from "../../connector/index.ts";
import { failureOf, resultOf, VendureFailed } from "./failure.ts";
import { mapMessage } from "./map.ts";
import { decimalOf } from "./money.ts";
import { isReduced, orderMessage, reductionMessage } from "./order-message.ts";
import { type Fulfilment, planOf, type ShopOrder } from "./plan.ts";
import { checkSettings, type VendureSettings } from "./settings.ts";
import type { Fields } from "./values.ts";

const line = (id: string, placed: number, quantity = placed, unitPrice = 1_005) => ({
  ...{ id, updatedAt: "2026-11-24T10:00:01.000Z", quantity, orderPlacedQuantity: placed, unitPrice },
  productVariant: { sku: `SKU-${id}`, name: "Goods" },
});
const shopOrder = (more: object = {}): Fields =>
  readExact(
    JSON.stringify({
      ...{ id: "7", code: "ABC", type: "Regular", state: "PaymentSettled", currencyCode: "GBP" },
      ...{ updatedAt: "2026-11-24T10:00:00.500Z", orderPlacedAt: "2026-11-24T10:00:00.000Z" },
      ...{ subTotal: 3_015, shipping: 495 },
      customer: { id: "1", firstName: "Zoë", lastName: "Müller", key: "zoe@example.com" },
      shippingAddress: { company: null, fullName: "Zoë", countryCode: "GB" },
      lines: [line("10", 3)],
      surcharges: [],
      shippingLines: [{ id: "1", price: 495, shippingMethod: { code: "Post" } }],
      discounts: [],
      ...more,
    }),
  ) as Fields;
const mapped = (order: Fields) => mapMessage(orderMessage(order), 2);

describe("an order", () => {
  test("is told as it was placed, whatever becomes of it, with exact money", () => {
    const mapping = mapped(shopOrder());
    expect(mapping).toEqual({
      events: [
        {
          type: "order.submitted",
          data: {
            orderId: "ABC",
            reference: "ABC",
            customer: { id: "zoe@example.com", name: "Zoë Müller", country: "GB" },
            currency: "GBP",
            placedAt: "2026-11-24T10:00:00.000000Z",
            lines: [{ lineId: "10", sku: "SKU-10", description: "Goods", quantity: "3", price: "10.05" }],
            charges: [{ chargeId: "shipping-1", kind: "freight", description: "Post", amount: "4.95" }],
          },
        },
      ],
    });
    const { type, data } = (mapping as { events: { type: string; data: unknown }[] }).events[0]!;
    expect(validateEvent(type, data)).toEqual([]);
    const later = shopOrder({ state: "Shipped", updatedAt: "2026-11-25T10:00:00.000Z" });
    expect(orderMessage(later)).toEqual(orderMessage(shopOrder()));
  });

  test("comes the same in whatever order its lists are shown", () => {
    const lines = [line("9", 1), line("10", 1), line("100", 1)];
    const told = orderMessage(shopOrder({ lines, subTotal: 3_015 }));
    expect(orderMessage(shopOrder({ lines: lines.toReversed(), subTotal: 3_015 }))).toEqual(told);
  });

  test("has charges that make up its total; a rest that is no rounding is a fault", () => {
    const discounts = [{ adjustmentSource: "P:1", description: "Ten off", amount: -300 }];
    const chargesOf = (subTotal: number) => {
      const mapping = mapped(shopOrder({ discounts, subTotal }));
      return "events" in mapping ? (mapping.events[0]!.data as { charges: Fields[] }).charges : mapping;
    };
    expect(chargesOf(2_715)).toMatchObject([{ amount: "4.95" }, { kind: "discount", amount: "-3" }]);
    expect(chargesOf(2_717)).toMatchObject([{}, {}, { chargeId: "rounding", amount: "0.02" }]);
    expect(chargesOf(2_500)).toMatchObject({ failed: expect.stringContaining("-2.15"), path: "$.subTotal" });
  });

  test("that is less by now is told with its cancellation, as totals", () => {
    const order = shopOrder({ lines: [line("10", 3, 1), line("11", 2)], subTotal: 3_015 });
    expect(isReduced(order)).toBe(true);
    const message = reductionMessage(order);
    expect(message.id).toBe("ABC@2026-11-24T10:00:01.000Z");
    expect(mapMessage(message, 2)).toMatchObject({
      events: [
        {
          type: "order.cancellation.requested",
          data: { cumulative: true, lines: [{ lineId: "10", sku: "SKU-10", quantity: "2" }] },
        },
      ],
    });
    expect(mapped(order)).toMatchObject({
      events: [{ data: { lines: [{ quantity: "3" }, { quantity: "2" }] } }],
    });
  });

  test("without a customer is told without one; nonsense fails with its field", () => {
    const [event] = (mapped(shopOrder({ customer: null })) as { events: { data: object }[] }).events;
    expect(event!.data).not.toHaveProperty("customer");
    const message = (body: string) => ({ topic: "orders", id: "x", contentType: "application/json", body });
    for (const body of ["", "null", "{}", canonicalJson({ code: "A" })])
      expect(mapMessage(message(body), 2)).toEqual({ failed: expect.any(String) });
  });
});

test("minor units are exact decimals", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.integer({ min: 0, max: 6 }),
      (minor, digits) => {
        const [whole, fraction = ""] = decimalOf(minor, digits).replace("-", "").split(".");
        const back = BigInt(whole + fraction.padEnd(digits, "0"));
        expect(minor < 0n ? -back : back).toBe(minor);
      },
    ),
  );
});

const payload = (
  more: Partial<OrderStatusPayload["lines"][number]>,
  shipments = ["S-1"],
): OrderStatusPayload => ({
  ...{ company: "main", orderId: "ABC", reference: "ABC", status: "partially-shipped" },
  lines: [
    {
      ...{ lineId: "10", sku: "A", quantity: "5", backordered: "0", shipped: "0" },
      ...{ invoiced: "0", cancelled: "0", returned: "0", ...more },
    },
  ],
  shipments: shipments.map((shipmentId) => ({
    ...{ shipmentId, carrier: "DHL", tracking: `T ${shipmentId}`, deliveredAt: "" },
    shippedAt: "2026-11-24T10:00:00.000000Z",
  })),
});
const held = (fulfilments: Fulfilment[] = [], quantity = 5n): ShopOrder => ({
  ...{ id: "1", code: "ABC", fulfilments },
  lines: [{ id: "10", quantity, placed: 5n, levels: [] }],
});
const made = (id: string, units: bigint, method = "DHL [S-1]", state = "Shipped"): Fulfilment => ({
  ...{ id, state, method, createdAt: `2026-11-24T10:00:0${id}.000Z`, units: new Map([["10", units]]) },
});

describe("what an order still lacks", () => {
  test("is what shipped beyond its fulfilments, under the shipments that none names", () => {
    const lines = [{ line: "10", quantity: 3n }];
    expect(planOf(held(), payload({ shipped: "3" })).fulfil).toEqual({
      lines,
      method: "DHL [S-1]",
      tracking: "T S-1",
    });
    const second = planOf(held([made("1", 3n)]), payload({ shipped: "5" }, ["S-1", "S 2"])).fulfil;
    expect(second).toEqual({
      lines: [{ line: "10", quantity: 2n }],
      method: "DHL [S%202]",
      tracking: "T S 2",
    });
    expect(planOf(held([made("1", 3n)]), payload({ shipped: "3" }))).toEqual({ cancel: [], move: [] });
  });

  test("is a second fulfilment less, where one that was lost came twice", () => {
    const twice = [made("2", 3n, "DHL [S-1]", "Pending"), made("1", 3n)];
    expect(planOf(held(twice), payload({ shipped: "3" })).move).toEqual([
      { fulfilment: "2", to: "Cancelled" },
    ]);
    // Two real ones of a shipment that grew, or one of the staff's own, are left alone.
    expect(planOf(held([made("1", 3n), made("2", 2n)]), payload({ shipped: "5" })).move).toEqual([]);
    expect(
      planOf(held([made("1", 3n, "DHL"), made("2", 2n, "DHL")]), payload({ shipped: "3" })).move,
    ).toEqual([]);
  });

  test("is cancelled to the total that is stated, and wholly where the order is rejected", () => {
    expect(planOf(held([], 4n), payload({ cancelled: "3" })).cancel).toEqual([{ line: "10", quantity: 2n }]);
    expect(planOf(held([], 4n), payload({ cancelled: "1" })).cancel).toEqual([]);
    const rejected = { ...payload({}, []), status: "rejected" };
    expect(planOf(held(), rejected).cancel).toEqual([{ line: "10", quantity: 5n }]);
  });

  test("is refused where Vendure cannot hold it", () => {
    const refusalOf = (told: OrderStatusPayload) => {
      try {
        return planOf(held(), told);
      } catch (error) {
        return (error as VendureFailed).refusal;
      }
    };
    expect(refusalOf(payload({ shipped: "1.5" }))).toBe("vendure.not-whole");
    expect(refusalOf(payload({ shipped: "1", lineId: "99" }))).toBe("vendure.line-unknown");
    expect(refusalOf(payload({ shipped: "1" }, ["S".repeat(256)]))).toBe("vendure.too-long");
    expect(refusalOf(payload({ shipped: "1" }, []))).toBe("vendure.no-shipment");
  });
});

test("errors are told apart by their codes", () => {
  const kindOf = (code: string, message = "x", changes = true) =>
    failureOf([{ message, extensions: { code } }], changes).kind;
  expect(["FORBIDDEN", "ENTITY_NOT_FOUND", "INTERNAL_SERVER_ERROR"].map((code) => kindOf(code))).toEqual([
    "denied",
    "refused",
    "unknown",
  ]);
  expect(kindOf("INTERNAL_SERVER_ERROR", "x", false)).toBe("ill");
  expect(kindOf("INTERNAL_SERVER_ERROR", "deadlock detected")).toBe("busy");
  const refusal = { errorCode: "ITEMS_ALREADY_FULFILLED_ERROR", message: "No" };
  expect(() => resultOf({ add: refusal }, "add")).toThrow(VendureFailed);
});

test("settings that contradict themselves are named by their path", () => {
  const settings = { availabilityAt: "A", locations: { X: "B", Y: "B" }, takeFrom: "2026-13-01T00:00:00Z" };
  expect(checkSettings(settings as unknown as VendureSettings).map(({ path }) => path)).toEqual([
    "$.locations",
    "$.locations",
    "$.takeFrom",
  ]);
});

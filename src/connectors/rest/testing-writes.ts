// An order, and how a REST system is told of it.
import type { OutboundType } from "../../connector/index.ts";
import type { Input } from "./testing.ts";

export const booking = {
  company: "main",
  orderId: "TF-1/2",
  channel: "portal",
  customer: { id: "C1" },
  purchaseOrder: "",
  currency: "GBP",
  placedAt: "2026-11-24T07:00:00.000000Z",
  charges: [],
  lines: [
    {
      lineId: "1",
      sku: "A",
      description: "",
      quantity: "123456789012345.000001",
      unit: "EA",
      price: "0.10",
      priceUnit: "1",
    },
  ],
};
export const bookingWrite = {
  kind: "lookup",
  path: "/orders",
  body: {
    ref: "$.orderId",
    key: "@.key",
    po: { $from: "$.purchaseOrder", optional: true },
    at: { $from: "$.placedAt", zone: "Europe/Berlin" },
    stamp: { $from: "$.placedAt", format: "epoch-s" },
    source: "crossdock",
    literal: { $constant: "$.not a path" },
    lines: {
      $each: "$.lines",
      item: {
        item: "@.sku",
        qty: { $from: "@.quantity", as: "number" },
        unit: { $from: "@.unit", words: { EA: "PCE" } },
        order: "$.orderId",
      },
    },
  },
  reference: "$.number",
  lookup: {
    path: "/orders?ref={$.orderId}",
    items: "$.items",
    match: { item: "$.ref", record: "$.orderId" },
    reference: "$.number",
  },
} as const;

export const writing = (type: OutboundType, write: object): Input => ({ writes: { [type]: write } }) as Input;

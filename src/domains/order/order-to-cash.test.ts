import { expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import { House, line } from "./testing.ts";

const lines = [line("1", "A", 10), line("2", "B", 5)];

test("an order is accepted, booked, released, shipped, delivered, invoiced and closed", () => {
  const house = new House().stock("A", "EAST", 50).stock("B", "EAST", 50);
  expect(house.submit({ lines }).status).toBe("accepted");
  expect(house.reserved()).toEqual({ "1@EAST": "10", "2@EAST": "5" });
  expect(house.sent()).toEqual(["order.booking → erp", "order.status → portal"]);

  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  expect(house.order().status).toBe("released");
  expect(house.sent("order.release")).toEqual(["order.release → east"]);

  house.say("order.release.confirmed", "east", { location: "EAST", confirmedAt: house.now, document: "E-1" });
  house.say("shipment.shipped", "east", {
    location: "EAST",
    shipmentId: "S-1",
    shippedAt: house.now,
    lines: [
      { lineId: "1", sku: "A", quantity: "10" },
      { lineId: "2", sku: "B", quantity: "5" },
    ],
  });
  expect(house.order().status).toBe("shipped");
  expect(house.reserved()).toEqual({});
  expect([house.onHand("A", "EAST"), house.onHand("B", "EAST")]).toEqual(["40", "45"]);

  house.say("shipment.delivered", "east", { shipmentId: "S-1", deliveredAt: house.now });
  expect(house.order().status).toBe("delivered");
  house.say("invoice.posted", "erp", {
    invoice: "I-1",
    kind: "invoice",
    currency: "GBP",
    postedAt: house.now,
    lines: [
      { lineId: "1", quantity: "10", amount: "25" },
      { lineId: "2", quantity: "5", amount: "12.5" },
    ],
    total: "37.5",
  });
  expect(house.order().status).toBe("closed");
  expect(house.problems).toEqual([]);
  expect(house.order().lines.map((one) => formatDecimal(one.invoiced))).toEqual(["10", "5"]);
});

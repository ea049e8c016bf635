import { describe, expect, test } from "vitest";
import type { MovementRecorded } from "../inventory/contract.ts";
import { House, line } from "./testing.ts";
import { orderUnits } from "./units.ts";

const of = (lineId: string, sku: string, quantity: number) => ({ lineId, sku, quantity: String(quantity) });

function shipped(quantity = 10): House {
  const house = new House().stock("A", "EAST", 6).stock("A", "WEST", 20);
  house.submit({ lines: [line("1", "A", 24)] });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  const ship = (location: string, units: number) =>
    house.say("shipment.shipped", location.toLowerCase(), {
      location,
      shipmentId: `S-${location}`,
      shippedAt: house.now,
      lines: [of("1", "A", units)],
    });
  ship("EAST", Math.min(6, quantity));
  if (quantity > 6) ship("WEST", quantity - 6);
  return house;
}

const request = (house: House, quantity: number, more: Record<string, unknown> = {}) =>
  house.say("return.requested", "portal", {
    returnId: "R-1",
    requestedAt: house.now,
    lines: [of("1", "A", quantity)],
    ...more,
  });
const receive = (house: House, quantity: number, more: Record<string, unknown> = {}) =>
  house.say("return.received", "east", {
    returnId: "R-1",
    location: "EAST",
    receivedAt: house.now,
    lines: [of("1", "A", quantity)],
    ...more,
  });

describe("a return that is asked for", () => {
  test("is announced to each place that shipped, and to the ledger with its document", () => {
    const house = shipped(24);
    const { outbound, problems } = request(house, 8);
    expect(problems).toEqual([]);
    expect(outbound.map((one) => [one.addressee, (one.payload as { lines: unknown }).lines])).toEqual([
      ["east", [of("1", "A", 6)]],
      ["erp", [of("1", "A", 6)]],
      ["west", [of("1", "A", 2)]],
      ["erp", [of("1", "A", 2)]],
    ]);
    expect(outbound[1]).toMatchObject({
      reportedBy: "portal",
      payload: { document: "SO-1", returnId: "R-1" },
    });
    // The next one goes to whoever shipped the rest.
    const next = request(house, 3, { returnId: "R-2" });
    expect(next.outbound.map((one) => one.addressee)).toEqual(["west", "erp"]);
  });

  test("again under its number changes nothing", () => {
    const house = shipped(24);
    request(house, 8);
    const before = house.order();
    expect(Object.values(request(house, 8)).flat()).toEqual([]);
    expect(house.order()).toBe(before);
  });

  test("of more than shipped cancels what has not, and its place is asked", () => {
    const house = shipped(10);
    const { problems } = request(house, 24);
    expect(problems).toEqual([]);
    expect(house.order().returns).toMatchObject([{ lines: [{ requested: 10_000_000n }] }]);
    expect(house.sent("order.cancellation")).toEqual(["order.cancellation → west"]);
  });

  test("of more than can come back is a problem with the excess", () => {
    const house = shipped(24);
    request(house, 20);
    const { problems } = request(house, 7, { returnId: "R-2" });
    expect(problems).toMatchObject([
      { code: "return.over-quantity", moneyAtRisk: 7_500_000n, detail: { lines: [{ quantity: "3" }] } },
    ]);
  });

  test("of goods that the order does not have, or of no order, is unmatched", () => {
    const house = shipped(24);
    expect(request(house, 1, { lines: [of("9", "Z", 1)] }).problems).toMatchObject([
      { code: "return.unmatched" },
    ]);
    expect(request(house, 1, { orderId: "O-9" }).problems).toMatchObject([{ code: "return.unmatched" }]);
  });
});

describe("goods that come back", () => {
  test("move into held stock, with the order that they are credited from", () => {
    const house = shipped(24);
    request(house, 4);
    const { followUps, problems } = receive(house, 4);
    expect(problems).toEqual([]);
    expect(followUps).toMatchObject([
      {
        source: "east",
        data: {
          status: "held",
          quantity: "4",
          reason: "return",
          document: "R-1",
          order: { orderId: "O-1", lineId: "1" },
        },
      },
    ]);
    expect([house.onHand("A", "EAST"), house.onHand("A", "EAST", "held")]).toEqual(["0", "4"]);
    expect(house.order().returns).toMatchObject([
      { lines: [{ requested: 4_000_000n, received: 4_000_000n }] },
    ]);
  });

  test("in two receipts are two movements, and one receipt said twice is one", () => {
    const house = shipped(24);
    receive(house, 2);
    const event = house.log.findLast((one) => one.type === "return.received") as never;
    expect(Object.values(house.apply(event)).flat()).toEqual([]);
    receive(house, 2);
    const ids = house.log.flatMap((one) =>
      (one.type as string) === "inventory.movement.recorded" &&
      (one.data as MovementRecorded).reason === "return"
        ? [(one.data as MovementRecorded).movementId]
        : [],
    );
    expect(new Set(ids).size).toBe(2);
    expect(house.order().lines[0]!.returned).toBe(4_000_000n);
  });

  test("without having been asked for are taken as long as they fit", () => {
    const house = shipped(24);
    expect(receive(house, 4, { returnId: "BLIND" }).problems).toEqual([]);
    expect(request(house, 21).problems).toMatchObject([{ code: "return.over-quantity" }]);
  });

  test("more than shipped: the excess moves apart from the order, and is a problem", () => {
    const house = shipped(6);
    const { followUps, problems } = receive(house, 8);
    expect(
      followUps.map(({ data }) => [(data as MovementRecorded).quantity, "order" in (data as object)]),
    ).toEqual([
      ["6", true],
      ["2", false],
    ]);
    expect(problems).toMatchObject([{ code: "return.over-quantity", moneyAtRisk: 5_000_000n }]);
    expect(house.onHand("A", "EAST", "held")).toBe("8");
  });

  test("the wrong goods, or of no order: they stand there all the same", () => {
    const house = shipped(24);
    const wrong = receive(house, 1, { lines: [of("1", "Z", 2), of("1", "Z", 1)] });
    expect(wrong.problems).toMatchObject([{ code: "return.unmatched" }]);
    expect(wrong.followUps).toMatchObject([{ data: { sku: "Z", quantity: "3" } }]);
    const unknown = receive(house, 1, { orderId: "O-9" });
    expect(unknown.problems).toMatchObject([{ code: "return.unmatched" }]);
    expect(unknown.followUps).toMatchObject([{ data: { sku: "A", status: "held" } }]);
  });

  test("balance: returned units stay shipped and invoiced; what came back uninvoiced need not be billed", () => {
    const house = shipped(24);
    for (const location of ["EAST", "WEST"]) {
      house.say("shipment.delivered", location.toLowerCase(), {
        shipmentId: `S-${location}`,
        deliveredAt: house.now,
      });
    }
    receive(house, 4);
    house.say("invoice.posted", "erp", {
      invoice: "I-1",
      kind: "invoice",
      currency: "GBP",
      postedAt: house.now,
      lines: [{ lineId: "1", quantity: "20", amount: "50" }],
      total: "50",
    });
    expect(house.order().status).toBe("closed");
    const units = orderUnits(house.order());
    expect(units.accepted + units.overShipped).toBe(units.invoiced + units.cancelled + units.open);
  });
});

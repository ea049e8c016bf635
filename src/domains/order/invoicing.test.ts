import { describe, expect, test } from "vitest";
import { parseDecimal } from "../../core/decimal.ts";
import { House, line } from "./testing.ts";

interface Part {
  lineId?: string;
  chargeId?: string;
  sku?: string;
  quantity?: string;
  unit?: string;
  amount: string;
}

function shipped(
  lines = [line("1", "A", 3, { price: "0.335" }), line("2", "A", 4, { price: "12.345", priceUnit: "100" })],
): House {
  const house = new House().stock("A", "EAST", 100);
  house.submit({ lines, charges: [{ chargeId: "F", kind: "freight", amount: "4.505" }] });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  house.say("shipment.shipped", "east", {
    location: "EAST",
    shipmentId: "S-1",
    shippedAt: house.now,
    lines: house.order().lines.map(({ lineId, sku, ordered, orderedUnit }) => ({
      lineId,
      sku,
      quantity: String(ordered / 1_000_000n),
      ...(orderedUnit === "" ? {} : { unit: orderedUnit }),
    })),
  });
  return house;
}

const post = (house: House, lines: Part[], total: string, more: object = {}) =>
  house.say("invoice.posted", "erp", {
    invoice: "I-1",
    kind: "invoice",
    currency: "GBP",
    postedAt: house.now,
    lines,
    total,
    ...more,
  });

const right: Part[] = [
  // 1.005 and 0.4938, each rounded once, half up; freight as it stands, to the penny.
  { lineId: "1", quantity: "3", amount: "1.01" },
  { lineId: "2", quantity: "4", amount: "0.49" },
  { chargeId: "F", amount: "4.51" },
];

test("an invoice that says what the order says is no problem", () => {
  const house = shipped();
  expect(post(house, right, "6.01").problems).toEqual([]);
  expect(house.order()).toMatchObject({ status: "invoiced", charges: [{ invoiced: true }] });
});

test.each([
  ["a line that was rounded down", [{ ...right[0]!, amount: "1" }, ...right.slice(1)], "6", "0.01"],
  ["a charge of another amount", [...right.slice(0, 2), { chargeId: "F", amount: "5" }], "6.5", "0.49"],
  ["a total that is not that of its lines", right, "7.01", "1"],
  [
    "a line that the order does not have",
    [...right, { lineId: "9", quantity: "1", amount: "2" }],
    "8.01",
    "2",
  ],
  ["a charge that the order does not have", [...right, { chargeId: "Z", amount: "2" }], "8.01", "2"],
])("%s is a problem with the difference", (_, lines, total, money) => {
  const { problems } = post(shipped(), lines as Part[], total);
  expect(problems).toMatchObject([{ code: "invoice.differs", moneyAtRisk: parseDecimal(money) }]);
});

test("another currency puts the whole invoice at risk", () => {
  const { problems } = post(shipped(), right, "6.01", { currency: "EUR" });
  expect(problems).toMatchObject([{ code: "invoice.differs", moneyAtRisk: parseDecimal("6.01") }]);
});

test("the same invoice again counts once; with another total it is a problem", () => {
  const house = shipped();
  post(house, right, "6.01");
  const before = house.order();
  expect(Object.values(post(house, right, "6.01")).flat()).toEqual([]);
  expect(post(house, right, "6.02").problems).toMatchObject([{ code: "invoice.differs" }]);
  expect(house.order()).toBe(before);
});

test("a charge is invoiced once", () => {
  const house = shipped();
  post(house, right, "6.01");
  const again = post(house, [{ chargeId: "F", amount: "4.51" }], "4.51", { invoice: "I-2" });
  expect(again.problems).toMatchObject([{ code: "invoice.differs", moneyAtRisk: parseDecimal("4.51") }]);
});

test("parts of an order are invoiced apart, each rounded by itself", () => {
  const house = shipped();
  post(house, [{ lineId: "1", quantity: "1", amount: "0.34" }], "0.34");
  post(house, [{ lineId: "1", quantity: "2", amount: "0.67" }], "0.67", { invoice: "I-2" });
  expect(house.problems).toEqual([]);
  expect(house.order().lines[0]!.invoiced).toBe(parseDecimal("3"));
});

test("an invoice in cases and one in pieces are compared alike", () => {
  const cases = { CS: { numerator: 12, denominator: 1 } };
  for (const part of [
    { quantity: "1", unit: "CS", amount: "10" },
    { quantity: "12", amount: "10" },
    { quantity: "6", amount: "5" },
    { quantity: "1", amount: "0.83" },
  ]) {
    const house = new House().define("A", "EA", cases).stock("A", "EAST", 100);
    house.submit({ lines: [line("1", "A", 1, { unit: "CS", price: "10" })] });
    house.say("shipment.shipped", "east", {
      location: "EAST",
      shipmentId: "S-1",
      shippedAt: house.now,
      lines: [{ lineId: "1", sku: "A", quantity: "12" }],
    });
    expect(post(house, [{ lineId: "1", ...part }], part.amount).problems).toEqual([]);
  }
});

test("an invoice by SKU alone is spread over the lines that shipped", () => {
  const house = shipped([line("1", "A", 3), line("2", "A", 4)]);
  expect(post(house, [{ sku: "A", quantity: "5", amount: "12.5" }], "12.5").problems).toEqual([]);
  expect(house.order().lines.map((one) => one.invoiced)).toEqual([3_000_000n, 2_000_000n]);
});

describe("more is invoiced than has shipped", () => {
  function unshipped(): House {
    const house = new House().stock("A", "EAST", 100);
    house.submit({ lines: [line("1", "A", 10)] });
    return house;
  }
  const ahead = [{ lineId: "1", quantity: "10", amount: "25" }];

  test("is a problem with its money, solved when the goods ship", () => {
    const house = unshipped();
    const { problems } = post(house, ahead, "25");
    expect(problems).toMatchObject([{ code: "invoice.differs", moneyAtRisk: parseDecimal("25") }]);
    const { solved } = house.say("shipment.shipped", "east", {
      location: "EAST",
      shipmentId: "S-1",
      shippedAt: house.now,
      lines: [{ lineId: "1", sku: "A", quantity: "10" }],
    });
    expect(solved).toContain(problems[0]!.fingerprint);
    expect(house.order().status).toBe("invoiced");
  });

  test("of a cancelled order leaves it cancelled, with the problem", () => {
    const house = unshipped();
    house.say("order.cancellation.requested", "portal", { requestedAt: house.now });
    expect(post(house, ahead, "25").problems).toMatchObject([{ code: "invoice.differs" }]);
    expect(house.order().status).toBe("cancelled");
  });
});

describe("a credit memo", () => {
  const credit = { invoice: "C-1", kind: "credit" };

  test("at the invoice's price is no problem, and adds to what is credited", () => {
    const house = shipped();
    post(house, right, "6.01");
    expect(post(house, [{ lineId: "1", quantity: "-3", amount: "-1.01" }], "-1.01", credit).problems).toEqual(
      [],
    );
    expect(house.order().lines[0]).toMatchObject({ invoiced: 3_000_000n, credited: 3_000_000n });
  });

  test("at another price is a problem; an allowance without goods is none", () => {
    const house = shipped();
    post(house, right, "6.01");
    expect(post(house, [{ lineId: "1", quantity: "-3", amount: "-2" }], "-2", credit).problems).toMatchObject(
      [{ code: "invoice.differs", moneyAtRisk: parseDecimal("0.99") }],
    );
    const allowance = post(house, [{ lineId: "1", amount: "-0.2" }], "-0.2", { ...credit, invoice: "C-2" });
    expect(allowance.problems).toEqual([]);
  });

  test("of more than was invoiced is a problem", () => {
    const house = shipped();
    expect(
      post(house, [{ lineId: "1", quantity: "-3", amount: "-1.01" }], "-1.01", credit).problems,
    ).toMatchObject([{ code: "invoice.differs" }]);
  });
});

test("an invoice of an order that nobody knows is a problem with all its money", () => {
  const house = new House();
  const { problems } = post(house, right, "6.01");
  expect(problems).toMatchObject([
    { code: "order.unknown", moneyAtRisk: parseDecimal("6.01"), currency: "GBP" },
  ]);
});

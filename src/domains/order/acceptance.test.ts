import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import type { BookingPayload, ReleasePayload } from "../outbound.ts";
import { House, line } from "./testing.ts";

const lines = [line("1", "A", 10)];
const caseOfTwelve = { CS: { numerator: 12, denominator: 1 } };
const book = (house: House, orderId = "O-1") =>
  house.say("order.booked", "erp", {
    orderId,
    system: "erp",
    document: `SO-${orderId}`,
    bookedAt: house.now,
  });

describe("an order without a customer", () => {
  const submitted = (house: House) =>
    house.say("order.submitted", "portal", { currency: "GBP", placedAt: house.now, lines });

  test("is held with its lines and its money at risk, and reserves nothing", () => {
    const house = new House().stock("A", "EAST", 50);
    const { problems } = submitted(house);
    expect(house.order().status).toBe("held");
    expect(house.reserved()).toEqual({});
    expect(house.sent()).toEqual(["order.status → portal"]);
    expect(problems).toMatchObject([
      {
        code: "order.no-customer",
        moneyAtRisk: 25_000_000n,
        currency: "GBP",
        detail: { lines: [{ lineId: "1", sku: "A", quantity: "10" }] },
      },
    ]);
  });

  test("is accepted once somebody names the customer, which solves the problem", () => {
    const house = new House().stock("A", "EAST", 50);
    const { problems } = submitted(house);
    const { solved } = house.say("order.hold.released", "service", { by: "anna", customer: { id: "C-9" } });
    expect(house.order()).toMatchObject({ status: "accepted", customer: { id: "C-9" } });
    expect(solved).toContain(problems[0]!.fingerprint);
    expect(house.reserved()).toEqual({ "1@EAST": "10" });
  });

  test("stays held where the answer names none, as the same problem", () => {
    const house = new House();
    const first = submitted(house).problems[0]!.fingerprint;
    const again = house.say("order.hold.released", "service", { by: "anna" });
    expect(house.order().status).toBe("held");
    expect(again.problems.map((problem) => problem.fingerprint)).toEqual([first]);
    expect(again.solved).toEqual([]);
  });

  test("may be corrected by its channel while it is held, and by no other", () => {
    const house = new House().stock("A", "EAST", 50);
    submitted(house);
    house.say("order.submitted", "crm", {
      customer: { id: "C-1" },
      currency: "GBP",
      placedAt: house.now,
      lines,
    });
    expect(house.order().status).toBe("held");
    expect(house.codes()).toEqual(["order.no-customer", "order.duplicate-suspected"]);
    house.submit({ lines: [line("1", "A", 7)] });
    expect(house.order().status).toBe("accepted");
    expect(house.reserved()).toEqual({ "1@EAST": "7" });
  });
});

describe("cases and pieces", () => {
  test("a case of twelve is twelve: reserved and released as pieces, booked as ordered", () => {
    const house = new House().define("A", "EA", caseOfTwelve).stock("A", "EAST", 30);
    house.submit({ lines: [line("1", "A", 2, { unit: "CS", price: "24" })] });
    expect(house.reserved()).toEqual({ "1@EAST": "24" });
    expect(house.order().lines[0]).toMatchObject({ quantity: 24_000_000n, unit: "EA", orderedUnit: "CS" });
    book(house);
    const payload = <T>(type: string) => house.outbound.find((one) => one.type === type)!.payload as T;
    expect(payload<BookingPayload>("order.booking").lines).toMatchObject([
      { quantity: "2", unit: "CS", price: "24" },
    ]);
    expect(payload<ReleasePayload>("order.release").lines).toMatchObject([{ quantity: "24", unit: "EA" }]);
  });

  test("two cases are not promised from twelve pieces", () => {
    const house = new House().define("A", "EA", caseOfTwelve).stock("A", "EAST", 12);
    house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
    expect(house.reserved()).toEqual({ "1@": "12", "1@EAST": "12" });
  });

  test("the policy's ratios hold where no source defines any", () => {
    const ratios = { CS: { numerator: 6n, denominator: 1n } };
    const house = new House({ units: { A: { base: "EA", ratios } } }).stock("A", "EAST", 30);
    house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
    expect(house.reserved()).toEqual({ "1@EAST": "12" });
  });

  test("a unit without a ratio is held until there is one, and one case is never one piece", () => {
    const house = new House().stock("A", "EAST", 30);
    house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
    expect(house.order()).toMatchObject({ status: "held", hold: { code: "order.unit-unknown" } });
    expect(house.problems[0]!.detail).toMatchObject({ sku: "A", unit: "CS", base: "EA" });
    house.define("B", "EA", caseOfTwelve);
    const again = house.say("order.hold.released", "service", { by: "anna" });
    expect(again.problems.map((problem) => problem.code)).toEqual(["order.unit-unknown"]);
  });

  test("what is not exact in the base unit is held", () => {
    const house = new House().define("A", "CS", { EA: { numerator: 1, denominator: 12 } });
    house.submit({ lines: [line("1", "A", 1, { unit: "EA" })] });
    expect(house.order().hold?.code).toBe("order.unit-unknown");
    expect(
      house.submit({ orderId: "O-2", lines: [line("1", "A", 24, { unit: "EA" })] }).lines[0]!.quantity,
    ).toBe(2_000_000n);
  });

  test("lines are cancelled in either unit", () => {
    const house = new House().define("A", "EA", caseOfTwelve).stock("A", "EAST", 30);
    house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
    const cancel = (quantity: string, unit?: string) =>
      house.say("order.cancellation.requested", "portal", {
        requestedAt: house.now,
        lines: [{ lineId: "1", sku: "A", quantity, ...(unit === undefined ? {} : { unit }) }],
      });
    cancel("1", "CS");
    expect(house.reserved()).toEqual({ "1@EAST": "12" });
    cancel("1");
    expect(house.reserved()).toEqual({ "1@EAST": "11" });
    expect(cancel("1", "PF").problems).toMatchObject([{ code: "order.cancellation-refused" }]);
  });
});

describe("suspected duplicates", () => {
  test("the same purchase order from another channel is held, and accepted once somebody says so", () => {
    const house = new House().stock("A", "EAST", 50);
    house.duplicateOf = { orderId: "O-0", channel: "crm" };
    house.submit({ lines, purchaseOrder: "PO-7" });
    expect(house.order()).toMatchObject({ status: "held", hold: { code: "order.duplicate-suspected" } });
    expect(house.problems[0]).toMatchObject({ code: "order.duplicate-suspected", moneyAtRisk: 25_000_000n });
    house.say("order.hold.released", "service", { by: "anna" });
    expect(house.order().status).toBe("accepted");
  });

  test("the same channel may use a purchase order number again", () => {
    const house = new House().stock("A", "EAST", 50);
    house.duplicateOf = { orderId: "O-0", channel: "portal" };
    expect(house.submit({ lines, purchaseOrder: "PO-7" }).status).toBe("accepted");
  });

  test("the same order again changes nothing, said by whomever", () => {
    const house = new House().stock("A", "EAST", 50);
    const accepted = house.submit({ lines });
    const same = { customer: { id: "C-1" }, currency: "GBP", placedAt: house.now, lines };
    expect(Object.values(house.say("order.submitted", "portal", same)).flat()).toEqual([]);
    const other = house.say("order.submitted", "crm", same);
    const changed = house.say("order.submitted", "portal", { ...same, lines: [line("1", "A", 11)] });
    expect([other, changed].map(({ problems }) => problems.map((problem) => problem.code))).toEqual([
      ["order.duplicate-suspected"],
      ["event.conflict"],
    ]);
    expect(house.order()).toBe(accepted);
  });
});

test("an order whose value does not fit is held until it is corrected", () => {
  const house = new House().stock("A", "EAST", 50);
  house.submit({ lines: [line("1", "A", 999_999_999_999_999, { price: "999999999999999" })] });
  expect(house.order()).toMatchObject({ status: "held", hold: { code: "order.bad-row" } });
  expect(house.say("order.hold.released", "service", { by: "anna" }).problems[0]!.code).toBe("order.bad-row");
  expect(house.submit({ lines }).status).toBe("accepted");
});

describe("booking", () => {
  test("names its customer, goes to the ledger once, and nothing is released before its answer", () => {
    const house = new House().stock("A", "EAST", 50);
    house.submit({ lines, charges: [{ chargeId: "F", kind: "freight", amount: "4.5" }] });
    const [booking] = house.outbound;
    expect(booking).toMatchObject({
      type: "order.booking",
      lane: "order:main/O-1",
      key: "main/O-1",
      addressee: "erp",
      requires: [{ domain: "customer", key: "main/C-1" }],
      payload: { orderId: "O-1", charges: [{ chargeId: "F", kind: "freight", amount: "4.5" }] },
    });
    expect(house.sent("order.release")).toEqual([]);
    book(house);
    expect(house.sent("order.release")).toEqual(["order.release → east"]);
  });

  test("said twice confirms; another document is a problem and changes nothing", () => {
    const house = new House().stock("A", "EAST", 50);
    house.submit({ lines });
    book(house);
    const released = house.order();
    expect(Object.values(book(house)).flat()).toEqual([]);
    const other = { system: "erp", document: "SO-other", bookedAt: house.now };
    expect(house.say("order.booked", "erp", other).problems).toMatchObject([{ code: "event.conflict" }]);
    expect(house.order()).toBe(released);
  });

  test("refused: the order stands with its reservations and its money at risk; booked later solves it", () => {
    const house = new House().stock("A", "EAST", 50);
    house.submit({ lines });
    const refused = house.say("order.booking.refused", "erp", {
      system: "erp",
      code: "CREDIT",
      reason: "limit",
    });
    expect(refused.problems).toMatchObject([{ code: "order.booking-refused", moneyAtRisk: 25_000_000n }]);
    expect([house.order().status, house.reserved()]).toEqual(["accepted", { "1@EAST": "10" }]);
    expect(book(house).solved).toContain(refused.problems[0]!.fingerprint);
    expect(house.order().status).toBe("released");
  });

  test("an order keyed in the ledger is reserved and released, never booked back, and told nothing", () => {
    const house = new House({ orders: { shortage: "reject" } }).stock("A", "EAST", 6);
    house.submit({ lines, booked: { system: "erp", document: "SO-5" } }, "erp");
    expect(house.order()).toMatchObject({ status: "released", bookedAtSource: true });
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "6" });
    expect(house.sent()).toEqual(["order.release → east"]);
  });

  test("without a ledger, or where policy says so, goods go at once", () => {
    const without = new House({ ledger: null }).stock("A", "EAST", 50);
    without.submit({ lines });
    expect(without.sent()).toEqual(["order.release → east", "order.status → portal"]);
    const early = new House({ orders: { releaseBeforeBooking: true } }).stock("A", "EAST", 50);
    early.submit({ lines });
    expect(early.sent()).toEqual(["order.booking → erp", "order.release → east", "order.status → portal"]);
  });

  test("a slow booking loses no reservation: what an order holds is firm", () => {
    const house = new House().stock("A", "EAST", 50);
    house.submit({ lines: [line("1", "A", 60)] });
    house.tick(30 * 24 * 3_600_000);
    const made = house.log.filter((event) => (event.type as string) === "inventory.reserved");
    expect(made.map((event) => event.data)).toMatchObject([{ kind: "backorder" }, { kind: "firm" }]);
    for (const { data } of made) expect(data).not.toHaveProperty("expiresAt");
    book(house);
    expect(house.reserved()).toEqual({ "1@": "10", "1@EAST": "50" });
  });
});

test("where policy rejects shortages, an order that is short is rejected with the reason, and holds nothing", () => {
  const house = new House({ orders: { shortage: "reject" } }).stock("A", "EAST", 9);
  house.submit({ lines });
  expect(house.order()).toMatchObject({
    status: "rejected",
    rejection: { code: "order.not-available", reason: "Line 1, A: EAST had 9 of 10; 1 wait for stock." },
  });
  expect([house.reserved(), house.sent()]).toEqual([{}, ["order.status → portal"]]);
});

test("the channel hears of every change of status or figures, and of nothing else", () => {
  const house = new House().stock("A", "EAST", 10);
  house.submit({ lines, reference: "P-77" });
  expect(house.outbound.at(-1)).toMatchObject({
    type: "order.status",
    addressee: "portal",
    key: "main/O-1",
    payload: {
      reference: "P-77",
      status: "accepted",
      lines: [{ lineId: "1", quantity: "10", shipped: "0" }],
    },
  });
  book(house);
  house.say("order.release.confirmed", "east", { location: "EAST", confirmedAt: house.now });
  expect(house.outbound.map((one) => one.type)).toEqual([
    "order.booking",
    "order.status",
    "order.release",
    "order.status",
  ]);
  expect(house.order().lines.map((one) => formatDecimal(one.quantity))).toEqual(["10"]);
});

import { describe, expect, test } from "vitest";
import { addMs } from "../../core/time.ts";
import { heldUntil } from "./reservation.ts";
import { day, House, line } from "./testing.ts";

const MINUTE = 60_000;
const asked = (lineId: string, sku: string, quantity: number, more: object = {}) => ({
  lineId,
  sku,
  quantity: String(quantity),
  ...more,
});
const hold = (house: House, lines: ReturnType<typeof asked>[], more: object = {}, source = "portal") =>
  house.say("order.reservation.requested", source, { lines, ...more });
const expire = (house: House, expiresAt = heldUntil(house.order())) =>
  house.say("order.reservation.due", "crossdock", { expiresAt });
const kinds = (house: House) => [...house.reservations.values()].flat().map((held) => held.kind);

describe("stock held for an order-to-be", () => {
  test("is reserved where it is, until its time, and told to no channel and no ledger", () => {
    const house = new House().stock("A", "EAST", 4).stock("A", "WEST", 9);
    const { tasks } = hold(house, [asked("1", "A", 12)], { expiresInSeconds: 60 });
    expect(house.order()).toMatchObject({ status: "reserved", channel: "portal", lines: [] });
    expect(house.reserved()).toEqual({ "1@EAST": "4", "1@WEST": "8" });
    expect(kinds(house)).toEqual(["expiring", "expiring"]);
    const dueAt = addMs(house.now, MINUTE);
    expect(tasks).toEqual([
      { kind: "expire-reservation", key: "order:main/O-1", dueAt, payload: { expiresAt: dueAt } },
    ]);
    expect(house.sent()).toEqual([]);
  });

  test("is all or nothing: what is short is said, line by line, and nothing is held", () => {
    const house = new House().stock("A", "EAST", 4).stock("B", "EAST", 9);
    const { tasks } = hold(house, [asked("1", "A", 5), asked("2", "B", 5)]);
    expect(house.order()).toMatchObject({
      status: "lapsed",
      rejection: { code: "reservation.short", reason: "Line 1, A: 4 of 5 are available." },
    });
    expect([house.reserved(), tasks]).toEqual([{}, []]);
  });

  test("comes after who waits already", () => {
    const house = new House();
    house.submit({ orderId: "O-2", lines: [line("1", "A", 5)] });
    house.stock("A", "EAST", 7);
    hold(house, [asked("1", "A", 3)]);
    expect(house.order().rejection?.reason).toBe("Line 1, A: 2 of 3 are available.");
    hold(house, [asked("1", "A", 2)]);
    expect(house.order()).toMatchObject({ status: "reserved", rejection: null });
  });

  test.each([
    [{}, 15 * MINUTE],
    [{ expiresInSeconds: 86_400 }, 86_400_000],
    [{ expiresAt: addMs("2026-11-24T07:00:00.000000Z", MINUTE) }, undefined],
  ])("ends by the database's clock: %j", (more, ms) => {
    const house = new House().stock("A", "EAST", 4);
    hold(house, [asked("1", "A", 1)], more);
    const until = ms === undefined ? (more as { expiresAt: string }).expiresAt : addMs(house.now, ms);
    expect(heldUntil(house.order())).toBe(until);
  });

  test.each([[{ expiresInSeconds: 86_401 }], [{ expiresAt: day(28) }], [{ expiresAt: day(1) }]])(
    "is refused where it would be longer than policy allows, or over already: %j",
    (more) => {
      const house = new House().stock("A", "EAST", 4);
      hold(house, [asked("1", "A", 1)], more);
      expect(house.order()).toMatchObject({
        status: "lapsed",
        rejection: { code: "reservation.expiry-refused" },
      });
      expect(house.reserved()).toEqual({});
    },
  );

  test("counts cases as pieces, and refuses a unit that nobody defined", () => {
    const house = new House()
      .define("A", "EA", { CS: { numerator: 12, denominator: 1 } })
      .stock("A", "EAST", 30);
    hold(house, [asked("1", "A", 2, { unit: "CS" })]);
    expect(house.reserved()).toEqual({ "1@EAST": "24" });
    hold(house, [asked("1", "A", 1, { unit: "PF" })]);
    expect(house.order()).toMatchObject({
      status: "reserved",
      rejection: { code: "reservation.unit-unknown" },
    });
    expect(house.reserved()).toEqual({ "1@EAST": "24" });
  });
});

describe("held anew", () => {
  test("a cart that changes keeps what it has, gives back what it no longer wants and gets the rest", () => {
    const house = new House().stock("A", "EAST", 10).stock("B", "EAST", 10).stock("C", "WEST", 10);
    hold(house, [asked("1", "A", 6), asked("2", "B", 6)]);
    // Nobody else can have it meanwhile.
    house.submit({ orderId: "O-2", lines: [line("1", "A", 10)] });
    expect(house.reserved("O-2")).toEqual({ "1@": "6", "1@EAST": "4" });
    const length = house.log.length;
    hold(house, [asked("1", "A", 4), asked("3", "C", 3)], { expiresInSeconds: 600 });
    expect(house.reserved()).toEqual({ "1@EAST": "4", "3@WEST": "3" });
    expect(heldUntil(house.order())).toBe(addMs(house.now, 600_000));
    expect(house.log.slice(length).map((event) => event.type)).toEqual([
      "order.reservation.requested",
      "order.reserved",
      "inventory.released",
      "inventory.released",
      "inventory.reservation.changed",
      "inventory.reserved",
    ]);
  });

  test("what cannot be met leaves what is held as it was", () => {
    const house = new House().stock("A", "EAST", 10);
    hold(house, [asked("1", "A", 6)]);
    const until = heldUntil(house.order());
    hold(house, [asked("1", "A", 11)], { expiresInSeconds: 7_200 });
    expect(house.order()).toMatchObject({
      status: "reserved",
      rejection: { code: "reservation.short", reason: "Line 1, A: 10 of 11 are available." },
    });
    expect([house.reserved(), heldUntil(house.order())]).toEqual([{ "1@EAST": "6" }, until]);
  });

  test("an expiry of the time before says nothing of a hold that was prolonged", () => {
    const house = new House().stock("A", "EAST", 10);
    hold(house, [asked("1", "A", 6)], { expiresInSeconds: 60 });
    const first = heldUntil(house.order());
    hold(house, [asked("1", "A", 6)], { expiresInSeconds: 600 });
    house.tick(2 * MINUTE);
    expire(house, first);
    expect(house.reserved()).toEqual({ "1@EAST": "6" });
    expire(house);
    expect([house.order().status, house.reserved()]).toEqual(["lapsed", {}]);
  });

  test("another channel's hold is not taken over", () => {
    const house = new House().stock("A", "EAST", 10);
    hold(house, [asked("1", "A", 6)]);
    const before = house.order();
    hold(house, [asked("1", "A", 2)], {}, "crm");
    expect(house.order()).toBe(before);
    expect(house.codes()).toEqual(["order.duplicate-suspected"]);
    house.say("order.reservation.withdrawn", "portal", {});
    hold(house, [asked("1", "A", 2)], {}, "crm");
    expect(house.order()).toMatchObject({ status: "reserved", channel: "crm" });
  });
});

describe("the order's submission", () => {
  test("makes what is held firm without a moment at which it is free, and says so", () => {
    const house = new House().stock("A", "EAST", 6).stock("A", "WEST", 5);
    hold(house, [asked("1", "A", 8)]);
    const madeAt = house.reservations.get("A")!.map((held) => held.madeAt);
    const length = house.log.length;
    house.submit({ lines: [line("1", "A", 8)] });
    expect(house.order()).toMatchObject({ status: "accepted", reservation: { state: "ordered" } });
    expect(house.order().explanation).toEqual(["Held before it was ordered: 6 A at EAST, 2 A at WEST."]);
    expect(house.reserved()).toEqual({ "1@EAST": "6", "1@WEST": "2" });
    expect(kinds(house)).toEqual(["firm", "firm"]);
    expect(house.reservations.get("A")!.map((held) => held.madeAt)).toEqual(madeAt);
    const types = house.log.slice(length).map((event) => event.type);
    expect(types).not.toContain("inventory.released");
    expect(types).not.toContain("inventory.reserved");
  });

  test("is served from what it holds although others wait, and otherwise comes after them", () => {
    const house = new House().stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)]);
    house.submit({ orderId: "O-2", lines: [line("1", "A", 4)] });
    house.stock("A", "EAST", 8);
    house.submit({ lines: [line("1", "A", 7)] });
    expect(house.reserved("O-2")).toEqual({ "1@": "4" });
    expect(house.reserved()).toEqual({ "1@": "2", "1@EAST": "5" });
  });

  test("lines beyond the hold are allocated as usual; what was held too much is free again", () => {
    const house = new House().stock("A", "EAST", 10).stock("B", "WEST", 10);
    hold(house, [asked("1", "A", 9), asked("2", "B", 2)]);
    const { tasks } = house.say("order.submitted", "portal", {
      customer: { id: "C-1" },
      currency: "GBP",
      placedAt: house.now,
      lines: [line("1", "A", 4), line("3", "B", 3)],
    });
    expect(house.reserved()).toEqual({ "1@EAST": "4", "3@WEST": "3" });
    expect(tasks).toContainEqual({ kind: "expire-reservation", key: "order:main/O-1" });
    expect(house.order().explanation.slice(0, 2)).toEqual([
      "Held before it was ordered: 4 A at EAST.",
      "Held, and not ordered: 5 A at EAST, 2 B at WEST.",
    ]);
  });

  test("for a later day: what is held is committed to that day", () => {
    const house = new House().stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)]);
    house.submit({ lines: [line("1", "A", 5)], requestedShipAt: day(30) });
    expect(house.item("A").commitments).toEqual([{ location: "EAST", dueAt: day(30), quantity: 5_000_000n }]);
  });

  test("that has to wait for an answer keeps its hold until it is answered, or until its time", () => {
    for (const answersInTime of [true, false]) {
      const house = new House().stock("A", "EAST", 5);
      hold(house, [asked("1", "A", 5)]);
      house.say("order.submitted", "portal", {
        currency: "GBP",
        placedAt: house.now,
        lines: [line("1", "A", 5)],
      });
      expect([house.order().status, house.reserved()]).toEqual(["held", { "1@EAST": "5" }]);
      if (!answersInTime) {
        expire(house);
        expect([house.order().status, house.reserved()]).toEqual(["held", {}]);
        house.submit({ orderId: "O-2", lines: [line("1", "A", 2)] });
      }
      house.say("order.hold.released", "service", { by: "anna", customer: { id: "C-1" } });
      expect(house.order().status).toBe("accepted");
      expect(house.reserved()).toEqual(answersInTime ? { "1@EAST": "5" } : { "1@EAST": "3", "1@": "2" });
    }
  });

  test("that is refused for a shortage, or cancelled while it is held, gives its hold back", () => {
    const house = new House({ orders: { shortage: "reject" } }).stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)]);
    house.submit({ lines: [line("1", "A", 6)] });
    expect([house.order().status, house.order().reservation?.state, house.reserved()]).toEqual([
      "rejected",
      "withdrawn",
      {},
    ]);
    hold(house, [asked("1", "A", 5)], { orderId: "O-2" });
    const data = { orderId: "O-2", currency: "GBP", placedAt: house.now, lines: [line("1", "A", 5)] };
    house.say("order.submitted", "portal", data);
    house.say("order.cancellation.requested", "portal", { orderId: "O-2", requestedAt: house.now });
    expect([house.order("O-2").status, house.reserved("O-2")]).toEqual(["cancelled", {}]);
  });
});

describe("whichever came first in the log decides", () => {
  test("submitted and then expired, while the ledger books it: nothing is given back", () => {
    const house = new House().stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)], { expiresInSeconds: 60 });
    const expiresAt = heldUntil(house.order());
    house.tick(2 * MINUTE);
    house.submit({ lines: [line("1", "A", 5)] });
    expect(house.sent("order.booking")).toEqual(["order.booking → erp"]);
    const { decided } = expire(house, expiresAt);
    expect([decided, house.reserved(), kinds(house)]).toEqual([[], { "1@EAST": "5" }, ["firm"]]);
    house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
    expect(house.order().status).toBe("released");
    expect(expire(house, expiresAt).decided).toEqual([]);
    expect(house.problems).toEqual([]);
  });

  test("expired and then submitted: allocated as any other order, after who took it meanwhile", () => {
    const house = new House().stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)], { expiresInSeconds: 60 });
    expire(house);
    house.submit({ orderId: "O-2", lines: [line("1", "A", 4)] });
    house.submit({ lines: [line("1", "A", 5)] });
    expect(house.reserved("O-2")).toEqual({ "1@EAST": "4" });
    expect(house.reserved()).toEqual({ "1@": "4", "1@EAST": "1" });
    expect(house.order().explanation.join(" ")).not.toContain("Held");
  });

  test("what systems say of an order that was only held is a problem, and ends no hold", () => {
    const house = new House().stock("A", "EAST", 5);
    hold(house, [asked("1", "A", 5)]);
    house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
    house.say("order.cancellation.requested", "portal", { requestedAt: house.now });
    expect(house.codes()).toEqual(["order.unknown", "order.unknown"]);
    expect([house.order().status, house.reserved()]).toEqual(["reserved", { "1@EAST": "5" }]);
  });
});

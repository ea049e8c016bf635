import { expect, test } from "vitest";
import { day, House, line } from "./testing.ts";

const lines = [line("1", "A", 10)];
const book = (house: House) =>
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
const look = (house: House, orderId = "O-1") => house.say("order.reallocation.due", "crossdock", { orderId });

test("a backorder is promised for the day on which dated supply covers it, and looked at then", () => {
  const house = new House()
    .stock("A", "EAST", 4)
    .inbound("A", 3, day(26))
    .inbound("A", 9, day(28), "EAST", "PO-2");
  const { tasks } = house.say("order.submitted", "portal", {
    customer: { id: "C-1" },
    currency: "GBP",
    placedAt: house.now,
    lines,
  });
  expect(house.order().lines[0]).toMatchObject({ backordered: 6_000_000n, promisedAt: day(28) });
  expect(house.order().explanation).toContain(`Line 1, A: promised for ${day(28)}.`);
  expect(tasks).toEqual([{ kind: "reallocate", key: "order:main/O-1", dueAt: day(28) }]);
  expect(house.item("A").commitments).toContainEqual({
    location: "",
    dueAt: day(28),
    quantity: 6_000_000n,
  });
});

test("dated supply is promised once: the second order waits without a date", () => {
  const house = new House().inbound("A", 12, day(26));
  house.submit({ lines });
  expect(house.order().lines[0]!.promisedAt).toBe(day(26));
  house.submit({ orderId: "O-2", lines });
  expect(house.order("O-2").lines[0]!.promisedAt).toBe("");
});

test("supply that is overdue promises nothing", () => {
  const house = new House().inbound("A", 12, day(25));
  house.tick(10 * 24 * 3_600_000);
  house.submit({ lines });
  expect(house.order().lines[0]!.promisedAt).toBe("");
});

test("a purchase order that is re-dated re-dates the promise, which keeps its place in the queue", () => {
  const house = new House().inbound("A", 12, day(26));
  house.submit({ lines });
  const { madeAt } = house.reservations.get("A")![0]!;
  house.inbound("A", 12, day(28));
  look(house);
  expect(house.order().lines[0]!.promisedAt).toBe(day(28));
  expect(house.reservations.get("A")).toMatchObject([{ dueAt: day(28), madeAt, quantity: 10_000_000n }]);
});

test("a purchase order that is cancelled takes the date away and not the order", () => {
  const house = new House().inbound("A", 12, day(26));
  house.submit({ lines });
  house.inbound("A", 0, day(26));
  const { tasks } = look(house);
  expect(house.order().lines[0]).toMatchObject({ backordered: 10_000_000n, promisedAt: "" });
  expect(tasks).toEqual([{ kind: "reallocate", key: "order:main/O-1" }]);
  expect(house.reserved()).toEqual({ "1@": "10" });
});

test("a look that changes nothing decides nothing", () => {
  const house = new House().inbound("A", 12, day(26));
  house.submit({ lines });
  const before = house.order();
  expect(look(house).decided).toEqual([]);
  expect(house.order()).toBe(before);
});

test("an unknown SKU waits, and is served once it is known and there", () => {
  const house = new House();
  house.submit({ lines: [line("1", "NEW", 3)] });
  book(house);
  expect(house.order()).toMatchObject({ status: "booked", lines: [{ backordered: 3_000_000n }] });
  house.stock("NEW", "WEST", 2);
  look(house);
  expect(house.reserved()).toEqual({ "1@": "1", "1@WEST": "2" });
  expect(house.sent("order.release")).toEqual(["order.release → west"]);
});

test("whoever waits longer is served first, and a new order does not jump the queue", () => {
  const house = new House();
  house.submit({ lines: [line("1", "A", 5)] });
  house.submit({ orderId: "O-2", lines: [line("1", "A", 5)] });
  house.stock("A", "EAST", 7);
  house.submit({ orderId: "O-3", lines: [line("1", "A", 1)] });
  expect(house.reserved("O-3")).toEqual({ "1@": "1" });
  look(house);
  look(house, "O-2");
  look(house, "O-3");
  expect([house.reserved(), house.reserved("O-2"), house.reserved("O-3")]).toEqual([
    { "1@EAST": "5" },
    { "1@": "3", "1@EAST": "2" },
    { "1@": "1" },
  ]);
});

test("two orders promised from a delivery that came short: the earlier one is served, none starves", () => {
  const house = new House().inbound("A", 10, day(26));
  house.submit({ lines: [line("1", "A", 5)] });
  house.submit({ orderId: "O-2", lines: [line("1", "A", 5)] });
  house.inbound("A", 0, day(26)).stock("A", "EAST", 6);
  look(house);
  look(house, "O-2");
  expect(house.reserved()).toEqual({ "1@EAST": "5" });
  expect(house.reserved("O-2")).toEqual({ "1@": "4", "1@EAST": "1" });
});

test("an order that ships complete holds nothing firm until all of it is there", () => {
  const house = new House().stock("A", "EAST", 10).inbound("B", 5, day(26));
  house.submit({ lines: [line("1", "A", 10), line("2", "B", 5)], shipComplete: true });
  book(house);
  expect(house.reserved()).toEqual({ "1@": "10", "2@": "5" });
  expect(house.order().lines.map((one) => one.promisedAt)).toEqual([day(26), day(26)]);
  look(house);
  expect(house.sent("order.release")).toEqual([]);
  house.stock("B", "EAST", 5);
  look(house);
  expect(house.reserved()).toEqual({ "1@EAST": "10", "2@EAST": "5" });
  expect(house.sent("order.release")).toEqual(["order.release → east"]);
});

test("an order for a later day is committed at its day, and released on it", () => {
  const house = new House().stock("A", "EAST", 4).inbound("A", 8, day(26));
  house.submit({ lines, requestedShipAt: day(28) });
  book(house);
  expect(house.order()).toMatchObject({ status: "booked", lines: [{ backordered: 0n }] });
  expect(house.item("A").commitments).toEqual([{ location: "EAST", dueAt: day(28), quantity: 10_000_000n }]);
  house.submit({ orderId: "O-2", lines: [line("1", "A", 3)] });
  // What comes in between is owed to the later day.
  expect(house.reserved("O-2")).toEqual({ "1@": "1", "1@EAST": "2" });
  house.inbound("A", 0, day(26)).stock("A", "EAST", 12);
  house.tick(5 * 24 * 3_600_000);
  look(house);
  expect(house.order().status).toBe("released");
});

test("a base unit that changes under a backorder is a problem, not a promise", () => {
  const house = new House();
  house.submit({ lines: [line("1", "A", 3)] });
  house.items.set("A", { ...house.item("A"), unit: "CS", levels: [] });
  const { problems } = look(house);
  expect(problems).toMatchObject([{ code: "order.unit-unknown", detail: { unit: "EA", base: "CS" } }]);
  expect(house.reserved()).toEqual({ "1@": "3" });
});

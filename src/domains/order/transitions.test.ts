import { describe, expect, test } from "vitest";
import { addMs } from "../../core/time.ts";
import type { OrderEventType } from "./contract.ts";
import { orderDecisions, orderFacts } from "./contract.ts";
import { decideOrder } from "./decide.ts";
import { evolveOrder, type OrderOccurrence, opensOrder } from "./evolve.ts";
import type { Order, OrderStatus } from "./state.ts";
import { statuses } from "./status.ts";
import { day, freeze, House, line } from "./testing.ts";
import type { From } from "./transition.ts";
import { transitionOf } from "./transitions.ts";

const lines = [line("1", "A", 10), line("2", "B", 4)];
const all = [
  { lineId: "1", sku: "A", quantity: "10" },
  { lineId: "2", sku: "B", quantity: "4" },
];
const some = [{ lineId: "1", sku: "A", quantity: "3" }];
const strange = [{ lineId: "9", sku: "Z", quantity: "1" }];

function stocked(a = 20, b = 20): House {
  return new House().stock("A", "EAST", a).stock("B", "EAST", b).stock("A", "WEST", 5);
}

function reserved(house: House): House {
  house.say("order.reservation.requested", "portal", { lines: all });
  return house;
}

function booked(house: House): House {
  house.submit({ lines });
  house.say("order.booked", "erp", { system: "erp", document: "SO-1", bookedAt: house.now });
  return house;
}

function shipped(house: House, what = all, shipmentId = "S-1", location = "EAST"): House {
  const system = location.toLowerCase();
  house.say("shipment.shipped", system, { location, shipmentId, shippedAt: house.now, lines: what });
  return house;
}

function delivered(house: House): House {
  house.say("shipment.delivered", "east", { shipmentId: "S-1", deliveredAt: house.now });
  return house;
}

const invoiceLines = [
  { lineId: "1", quantity: "10", amount: "25" },
  { lineId: "2", quantity: "4", amount: "10" },
];
const invoice = (house: House, more: object = {}) => ({
  invoice: "I-1",
  kind: "invoice" as const,
  currency: "GBP",
  postedAt: house.now,
  lines: invoiceLines,
  total: "35",
  ...more,
});

function invoiced(house: House): House {
  house.say("invoice.posted", "erp", invoice(house));
  return house;
}

function cancelAsked(house: House): House {
  house.say("order.cancellation.requested", "portal", { requestedAt: house.now });
  return house;
}

/** Ways to be in a status. */
const houses: Record<OrderStatus, (() => House)[]> = {
  reserved: [() => reserved(stocked())],
  lapsed: [
    () => reserved(new House()),
    () => {
      const house = reserved(stocked());
      house.say("order.reservation.withdrawn", "portal", {});
      return house;
    },
  ],
  submitted: [
    () => {
      const house = stocked();
      const data = { orderId: "O-1", customer: { id: "C-1" }, currency: "GBP", placedAt: house.now, lines };
      const event = occurrence(house, "order.submitted", "portal", data);
      house.orders.set("O-1", evolveOrder(null, event));
      return house;
    },
  ],
  held: [
    () => {
      const house = stocked();
      house.say("order.submitted", "portal", { currency: "GBP", placedAt: house.now, lines });
      return house;
    },
    () => {
      const house = reserved(stocked());
      house.say("order.submitted", "portal", { currency: "GBP", placedAt: house.now, lines });
      return house;
    },
    () => {
      const house = stocked();
      house.submit({ lines: [line("1", "A", 2, { unit: "CS" })] });
      return house;
    },
  ],
  rejected: [
    () => {
      const house = new House({ orders: { shortage: "reject" } }).stock("A", "EAST", 3);
      house.submit({ lines });
      return house;
    },
  ],
  accepted: [
    () => {
      const house = stocked();
      house.submit({ lines });
      return house;
    },
    () => {
      const house = new House();
      house.submit({ lines });
      return house;
    },
    () => {
      const house = stocked(4, 2);
      house.submit({ lines, requestedShipAt: day(30) });
      return house;
    },
  ],
  booked: [() => booked(new House())],
  released: [
    () => booked(stocked()),
    () => booked(stocked(8, 2)),
    () => cancelAsked(booked(stocked())),
    () => {
      const house = new House({ orders: { releaseBeforeBooking: true } }).stock("A", "EAST", 10);
      house.submit({ lines });
      return house;
    },
  ],
  "partially-shipped": [
    () => shipped(booked(stocked()), some),
    () => cancelAsked(shipped(booked(stocked()), some)),
    () => invoiced(delivered(cancelAsked(shipped(booked(stocked()), some)))),
    () => shipped(booked(stocked(6, 2)), some),
  ],
  shipped: [
    () => shipped(booked(stocked())),
    // WEST shipped what EAST was to ship: EAST is asked to give it back.
    () => shipped(booked(stocked()), all, "S-1", "WEST"),
  ],
  delivered: [() => delivered(shipped(booked(stocked())))],
  invoiced: [() => invoiced(shipped(booked(stocked())))],
  closed: [() => invoiced(delivered(shipped(booked(stocked()))))],
  cancelled: [
    () => {
      const house = stocked();
      house.submit({ lines });
      return cancelAsked(house);
    },
    () => {
      const house = cancelAsked(booked(stocked()));
      house.say("order.cancellation.confirmed", "east", {
        location: "EAST",
        confirmedAt: house.now,
        lines: all,
      });
      return house;
    },
  ],
};

function occurrence(house: House, type: string, source: string, data: object): OrderOccurrence {
  house.tick();
  const full = { orderId: "O-1", ...data };
  return { type, source, company: "main", time: house.now, data: full } as unknown as OrderOccurrence;
}

type Variants = Partial<Record<OrderEventType, (house: House) => [source: string, data: object][]>>;

const submission = (house: House, more: object = {}) => ({
  customer: { id: "C-1" },
  currency: "GBP",
  placedAt: house.now,
  lines,
  ...more,
});
const at = (house: House) => ({ location: "EAST", confirmedAt: house.now });

const facts: Variants = {
  "order.reservation.requested": (house) => [
    ["portal", { lines: all }],
    ["portal", { lines: some, expiresInSeconds: 60 }],
    ["portal", { lines: [{ lineId: "1", sku: "A", quantity: "99" }] }],
    ["portal", { lines: all, expiresAt: day(1) }],
    ["crm", { lines: some }],
    ["portal", { lines: [{ lineId: "1", sku: "A", quantity: "1", unit: "CS" }] }],
    ["portal", { lines: all, customer: { id: "C-1" }, expiresAt: addMs(house.now, 1000) }],
  ],
  "order.reservation.withdrawn": () => [
    ["portal", {}],
    ["portal", { reason: "changed my mind" }],
  ],
  "order.reservation.due": (house) => [
    ["crossdock", { expiresAt: house.order()?.reservation?.expiresAt ?? house.now }],
    ["crossdock", { expiresAt: day(1) }],
  ],
  "order.submitted": (house) => [
    ["portal", submission(house)],
    ["portal", submission(house, { lines: [line("1", "A", 11)] })],
    ["crm", submission(house)],
    ["portal", submission(house, { customer: undefined, currency: "EUR" })],
    ["erp", submission(house, { booked: { system: "erp", document: "SO-9" } })],
  ],
  "order.booked": (house) => [
    ["erp", { system: "erp", document: "SO-1", bookedAt: house.now }],
    ["erp", { system: "erp", document: "SO-2", bookedAt: house.now }],
  ],
  "order.booking.refused": () => [["erp", { system: "erp", code: "CREDIT", reason: "over its limit" }]],
  "order.release.confirmed": (house) => [
    ["east", { ...at(house), document: "E-1" }],
    ["west", { ...at(house), location: "WEST" }],
  ],
  "order.release.refused": () => [
    ["east", { location: "EAST", code: "NO", reason: "unknown item" }],
    ["west", { location: "WEST", code: "NO", reason: "unknown item" }],
  ],
  "order.pick.short": (house) => [
    ["east", { location: "EAST", reportedAt: house.now, lines: some }],
    ["east", { location: "EAST", reportedAt: house.now, lines: all }],
    ["east", { location: "EAST", reportedAt: house.now, lines: strange }],
  ],
  "order.cancellation.requested": (house) => [
    ["portal", { requestedAt: house.now }],
    ["portal", { requestedAt: house.now, lines: some }],
    ["portal", { requestedAt: house.now, lines: strange }],
    ["erp", { requestedAt: house.now }],
  ],
  "order.cancellation.confirmed": (house) => [
    ["east", { ...at(house), lines: all }],
    ["east", { ...at(house), lines: some }],
  ],
  "order.cancellation.refused": () => [["east", { location: "EAST", lines: all, reason: "packed" }]],
  "order.row.rejected": () => [["portal", { rows: ["7"], category: "price", reason: "no price" }]],
  "order.hold.released": () => [
    ["service", { by: "service" }],
    ["service", { by: "service", customer: { id: "C-2" } }],
  ],
  "order.reallocation.due": () => [["crossdock", {}]],
  "shipment.shipped": (house) =>
    [all, some, strange].flatMap((what) =>
      ["EAST", "WEST"].map((location): [string, object] => [
        location.toLowerCase(),
        { location, shipmentId: "S-2", shippedAt: house.now, lines: what },
      ]),
    ),
  "shipment.delivered": (house) => [
    ["east", { shipmentId: "S-1", deliveredAt: house.now }],
    ["east", { shipmentId: "S-7", deliveredAt: house.now }],
  ],
  "invoice.posted": (house) => [
    ["erp", invoice(house)],
    ["erp", invoice(house, { invoice: "I-2", total: "36" })],
    [
      "erp",
      invoice(house, { invoice: "C-1", kind: "credit", lines: [{ lineId: "1", amount: "-1" }], total: "-1" }),
    ],
  ],
  "return.requested": (house) => [
    ["portal", { returnId: "R-1", requestedAt: house.now, lines: some }],
    ["portal", { returnId: "R-2", requestedAt: house.now, lines: strange }],
    ["portal", { returnId: "R-3", requestedAt: house.now, lines: all }],
  ],
  "return.received": (house) => [
    ["east", { returnId: "R-1", location: "EAST", receivedAt: house.now, lines: some }],
    ["east", { returnId: "R-2", location: "EAST", receivedAt: house.now, lines: strange }],
  ],
};

describe.each(Object.keys(facts) as OrderEventType[])("%s", (type) => {
  test.each(statuses)("in status %s", (status) => {
    let problems = 0;
    for (const build of houses[status]) {
      for (let variant = 0; ; variant++) {
        const house = build();
        expect(house.order().status).toBe(status);
        const said = facts[type]!(house)[variant];
        if (said === undefined) break;
        problems += expectDeclared(house, status, occurrence(house, type, ...said));
      }
    }
    // A row that speaks of exceptions is reached by one.
    if (transitionOf(status, type)!.kind === "problem") expect(problems).toBeGreaterThan(0);
  });

  test("of an order that nobody knows", () => {
    for (let variant = 0; ; variant++) {
      const house = stocked();
      const said = facts[type]!(house)[variant];
      if (said === undefined) break;
      expectDeclared(house, "none", occurrence(house, type, ...said));
    }
  });
});

function expectDeclared(house: House, from: From, event: OrderOccurrence): number {
  const declared = transitionOf(from, event.type)!;
  const before = house.orders.get("O-1") ?? null;
  const evolves = before !== null || opensOrder(event.type);
  const after = evolves ? freeze(evolveOrder(before, event)) : null;
  const reaction = decideOrder(before, after, event, house.context());
  let order: Order | null = after;
  for (const decided of reaction.decided) {
    if (decided.key.startsWith("order:")) order = evolveOrder(order, decided as unknown as OrderOccurrence);
  }
  if (declared.kind === "nothing") {
    expect(after).toBe(before);
    expect(Object.values(reaction).flat()).toEqual([]);
  }
  const codes = reaction.problems.map((problem) => problem.code);
  for (const code of codes) expect(declared.problems ?? [], `${event.type} in ${from}`).toContain(code);
  const to = declared.to ?? (from === "none" ? [] : [from]);
  if (order !== null) expect(to, `${event.type} in ${from}: ${order.status}`).toContain(order.status);
  return codes.length;
}

const decisions: Variants = {
  "order.reserved": () => [
    [
      "crossdock",
      {
        expiresAt: day(30),
        allocations: [{ lineId: "1", sku: "A", location: "EAST", quantity: "1", unit: "EA" }],
        explanation: ["because"],
      },
    ],
  ],
  "order.reservation.refused": () => [["crossdock", { code: "reservation.short", reason: "no stock" }]],
  "order.reservation.ended": () => [["crossdock", { outcome: "expired" }]],
  "order.accepted": (house) => [["crossdock", { acceptedAt: house.now, unit: "EA", lines: [] }]],
  "order.held": () => [["crossdock", { code: "order.no-customer", reason: "no customer" }]],
  "order.rejected": () => [["crossdock", { code: "order.not-available", reason: "no stock" }]],
  "order.allocated": () => [
    [
      "crossdock",
      {
        allocations: [{ lineId: "1", sku: "A", location: "WEST", quantity: "1" }],
        backordered: [{ lineId: "2", sku: "B", quantity: "1" }],
        explanation: ["because"],
      },
    ],
  ],
  "order.released": (house) => [["crossdock", { location: "EAST", lines: some, releasedAt: house.now }]],
  "order.lines.cancelled": () => [["crossdock", { lines: [{ lineId: "1", sku: "A", quantity: "1" }] }]],
  "order.cancellation.asked": () => [["crossdock", { location: "EAST", lines: some }]],
  "order.cancelled": () => [["crossdock", {}]],
  "order.closed": (house) => [["crossdock", { closedAt: house.now }]],
};

describe.each(Object.keys(decisions) as OrderEventType[])("%s", (type) => {
  test.each(statuses)("decided in status %s", (status) => {
    for (const build of houses[status]) {
      const house = build();
      const before = house.order();
      const event = occurrence(house, type, ...decisions[type]!(house)[0]!);
      const declared = transitionOf(status, type)!;
      if (declared.kind === "never") {
        const refused = expect.objectContaining({ code: "order.transition-not-allowed" });
        expect(() => evolveOrder(before, event)).toThrow(refused);
      } else {
        const after = evolveOrder(freeze(before), event);
        expect(declared.to ?? [status]).toContain(after.status);
        expect(after).not.toBe(before);
        // Decisions were decided about when they were made.
        expect(Object.values(decideOrder(before, after, event, house.context())).flat()).toEqual([]);
      }
    }
  });
});

test("every event is tried", () => {
  const tried = [...Object.keys(facts), ...Object.keys(decisions)].sort();
  expect(tried).toEqual([...Object.keys(orderFacts), ...Object.keys(orderDecisions)].sort());
});

test("an event before its submission is a programming error, not an order", () => {
  const house = new House();
  const event = occurrence(house, "order.booked", "erp", {
    system: "erp",
    document: "1",
    bookedAt: house.now,
  });
  expect(() => evolveOrder(null, event)).toThrow(expect.objectContaining({ code: "order.not-submitted" }));
});

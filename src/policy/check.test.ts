import { describe, expect, test } from "vitest";
import { checkIntegration } from "./check.ts";
import { flow } from "./define.ts";
import type { IntegrationInput } from "./input.ts";
import type { Limits, SystemDeclaration } from "./integration.ts";
import { declared, declaredAs, distributor, distributorInput } from "./testing.ts";

const found = (change: Partial<IntegrationInput>) =>
  checkIntegration(distributor(change)).map(({ level, path, message }) => `${level} ${path} ${message}`);
const withSystems = (systems: Record<string, SystemDeclaration>) =>
  found({ systems: { ...distributorInput().systems, ...systems } });
const orders = flow("orders", "Orders")
  .domain("order")
  .to("erp", "east", "west", "partner")
  .impact("late")
  .owner("ops");
const availability = flow("availability", "Availability")
  .domain("inventory")
  .to("portal")
  .impact("oversell")
  .owner("ops");
const movements = flow("movements", "Movements")
  .domain("inventory")
  .to("erp")
  .impact("valuation")
  .owner("finance");
const withFlows = (...flows: IntegrationInput["flows"] & object) => found({ flows });

test("a sound configuration has no finding", () => {
  expect(found({})).toEqual([]);
});

test("every finding says where", () => {
  for (const finding of checkIntegration(distributor({ allocation: { prefer: ["NOWHERE"] } }))) {
    expect(finding.place).toMatch(/testing\.ts:\d+/);
  }
});

describe("names", () => {
  test("of systems that nobody declared", () => {
    const inventory = { owner: { byLocation: { EAST: "eastt", WEST: "west", "3PL": "partner" } } };
    expect(found({ ownership: { ledger: "erp", inventory } })[0]).toBe(
      'error ownership.inventory.owner.byLocation.EAST names the system "eastt", which is not declared. Did you mean "east"?',
    );
    expect(found({ ownership: { ...distributorInput().ownership, ledger: "sap" } })[0]).toContain(
      "error ownership.ledger",
    );
    expect(withFlows(orders, movements, availability.to("portl"))[0]).toContain(
      'error flows.availability.to names the system "portl", which is not declared. Did you mean "portal"?',
    );
    expect(withFlows(orders, movements, availability.from("constructor"))[0]).toContain(
      "flows.availability.from",
    );
    expect(found({ stock: { buffers: [{ channel: "shop", quantity: "1" }] } })[0]).toContain(
      "stock.buffers[0].channel",
    );
  });

  test("of places that nobody owns", () => {
    const [first] = found({ allocation: { prefer: ["EAST", "WSET"], overflow: [] } });
    expect(first).toContain("error allocation.prefer[1] names WSET, which nobody owns");
    expect(first).toContain('Did you mean "WEST"?');
    expect(found({ stock: { safety: [{ location: "NORTH", quantity: "1" }] } })[0]).toContain(
      "stock.safety[0].location",
    );
  });

  test("used twice, or by Crossdock itself", () => {
    expect(withFlows(orders, movements, availability, availability)).toContainEqual(
      expect.stringContaining("error flows.availability is the id of two flows"),
    );
    expect(found({ allocation: { prefer: ["EAST", "WEST"], overflow: ["EAST"] } })[0]).toContain(
      "which allocation.prefer[0] names already",
    );
    expect(withSystems({ crossdock: declared() })[0]).toContain("a name that Crossdock keeps");
    expect(withSystems({ "My ERP": declared() })[0]).toContain("is no name of a system");
    expect(withFlows(orders, movements, flow("A flow", "x").domain("order").to("erp"))[0]).toContain(
      "is no id of a flow",
    );
  });
});

describe("flows", () => {
  test("a target that takes nothing of the domain", () => {
    expect(withFlows(orders, movements, availability.to("crm"))[0]).toBe(
      "error flows.availability.to names crm, which cannot be sent anything of the domain inventory; it can be sent customer.reference.",
    );
    expect(withFlows(orders, movements, availability.to("portal").messages("inventory.level"))[0]).toContain(
      "which cannot be sent inventory.level",
    );
  });

  test("messages of another domain, unknown ones, ones that a target cannot take", () => {
    expect(withFlows(orders, movements, availability.messages("order.status"))[0]).toContain(
      "belongs to the domain order",
    );
    expect(
      withFlows(orders, movements, availability.messages("inventory.availabilty" as never))[0],
    ).toContain('Did you mean "inventory.availability"?');
    const both = availability.messages("inventory.availability", "inventory.level");
    expect(withFlows(orders, movements, both)).toEqual([
      "warning flows.availability.messages portal cannot be sent inventory.level, so the flow does not carry it there.",
    ]);
  });

  test("no target, no owner, no impact, an impossible time", () => {
    expect(withFlows(orders, movements, availability.to())[0]).toContain(
      "error flows.availability.to names no target",
    );
    expect(withFlows(orders, movements, availability.owner(""))).toEqual([
      expect.stringContaining("names nobody"),
    ]);
    expect(withFlows(orders, movements, availability.impact(""))).toEqual([
      expect.stringContaining("says nothing"),
    ]);
    expect(withFlows(orders, movements, availability.within("10ms"))[0]).toContain(
      "flows.availability.within",
    );
  });

  test("origins that can never occur", () => {
    expect(withFlows(orders, movements, availability.from("east"))).toContainEqual(
      expect.stringContaining("no system reports inventory.availability"),
    );
    expect(withFlows(orders, availability, movements.from("erp"))).toContainEqual(
      expect.stringContaining("names only erp itself"),
    );
  });

  test("a second flow that the first leaves nothing for", () => {
    const again = flow("again", "Again").domain("order").to("erp").impact("late").owner("ops");
    expect(withFlows(orders, movements, availability, again)).toEqual([
      "warning flows.again.to the flow orders already takes all of this to erp; this one never will.",
    ]);
  });
});

describe("deny by default is said aloud", () => {
  test("no flow to the ledger", () => {
    const messages = withFlows(availability, orders.to("east", "west", "partner"));
    expect(messages).toContainEqual(expect.stringContaining("no flow carries order.booking to erp"));
    expect(messages).toContainEqual(expect.stringContaining("no flow carries inventory.movement to erp"));
  });

  test("no flow to a place that goods are allocated from", () => {
    expect(withFlows(availability, movements, orders.to("erp", "east", "partner"))).toContainEqual(
      expect.stringContaining("warning allocation.prefer[1] no flow carries order.release to west"),
    );
  });

  test("a ledger that cannot book, a place that cannot ship, a release that cannot be called back", () => {
    expect(withSystems({ erp: declared("inventory.movement") })[0]).toContain(
      "error ownership.ledger erp cannot be sent order.booking",
    );
    expect(withSystems({ east: declared("order.cancellation") })).toContainEqual(
      expect.stringContaining(
        "warning allocation.prefer[0] east, which owns EAST, cannot be sent order.release",
      ),
    );
    expect(withSystems({ east: declared("order.release") })).toContainEqual(
      expect.stringContaining("was released to EAST cannot be called back"),
    );
    expect(found({ allocation: { prefer: [], overflow: [] } })).toContainEqual(
      expect.stringContaining("names no location, so every order line waits"),
    );
  });

  test("a buffer for a system that is no channel", () => {
    expect(
      found({
        stock: {
          buffers: [
            { channel: "crm", percent: 5 },
            { channel: "*", percent: 5 },
          ],
        },
      }),
    ).toEqual([
      "warning stock.buffers[0].channel no flow tells crm what it may sell, so its buffer has no effect.",
    ]);
  });

  test("what is netted by a system that is no channel, or that nobody declared", () => {
    const nets = { netsOwnOrders: true };
    expect(
      found({ stock: { channels: { portal: nets, crm: nets, erp: { netsOwnOrders: false } } } }),
    ).toEqual([
      "warning stock.channels.crm no flow tells crm what it may sell, so what it nets has no effect.",
    ]);
    expect(found({ stock: { channels: { portl: nets } } })).toEqual([
      'error stock.channels.portl names the system "portl", which is not declared. Did you mean "portal"?',
    ]);
  });

  test("writes whose outcome nobody can find out", () => {
    expect(withSystems({ west: declaredAs("none", "order.release", "order.cancellation") })).toContainEqual(
      expect.stringContaining(
        "warning systems.west.writes.order.release is neither repeatable nor looked up",
      ),
    );
  });
});

describe("figures in range", () => {
  const limits = (change: Partial<Limits>) =>
    withSystems({ crm: { ...declared("customer.reference"), limits: { ...declared().limits, ...change } } });

  test.each([
    [{ concurrency: 0 }, "systems.crm.limits.concurrency is 0; it must lie between 1 and 1000, whole."],
    [{ concurrency: 1.5 }, "systems.crm.limits.concurrency is 1.5"],
    [{ ratePerSecond: -1 }, "systems.crm.limits.ratePerSecond is -1"],
    [{ ratePerSecond: Number.NaN }, "systems.crm.limits.ratePerSecond is NaN"],
    [{ requestTimeoutMs: 1 }, "systems.crm.limits.requestTimeout is 1ms; it must lie between 100ms and 10m."],
    [{ backoffFirstMs: 10_000, backoffLastMs: 1_000 }, "is longer than backoffLast"],
    [{ breakerLanes: 0 }, "systems.crm.limits.breakerLanes"],
    [{ probeEveryMs: 0 }, "systems.crm.limits.probeEvery is 0s"],
  ])("limits %j", (change, message) => {
    expect(limits(change)[0]).toContain(message);
  });

  test("fractional rates are fine", () => {
    expect(limits({ ratePerSecond: 0.5 })).toEqual([]);
  });

  test("shares, clocks and bulk", () => {
    const crm = declared("customer.reference");
    expect(withSystems({ crm: { ...crm, figures: { ...crm.figures, zeroShareMax: 20 } } })[0]).toContain(
      "zeroShareMax",
    );
    expect(withSystems({ crm: { ...crm, clock: { resolutionMs: -1, skewMaxMs: 0 } } })[0]).toContain(
      "clock.resolution",
    );
    expect(withSystems({ crm: { ...crm, clock: { resolutionMs: 0, skewMaxMs: 1e12 } } })[0]).toContain(
      "clock.skewMax",
    );
    const writes = { "customer.reference": { kind: "keyed" as const, bulkMax: 0 } };
    expect(withSystems({ crm: { ...crm, writes } })[0]).toContain("says 0 records a call");
  });

  test("milestones and silence", () => {
    expect(found({ sla: { "order.shipped": { within: "1h", warnBefore: "2h" } } })[0]).toContain(
      "error sla['order.shipped'].warnBefore must be shorter than within",
    );
    expect(found({ sla: { "order.shipped": { within: "0s" } } })[0]).toContain("sla['order.shipped'].within");
    expect(found({ sla: { "order.shipped": { within: "24h", warnBefore: "4h" } } })).toEqual([]);
    const unbooked = { inventory: distributorInput().ownership.inventory };
    expect(found({ ownership: unbooked, sla: { "order.booked": { within: "1h" } } })).toEqual([
      expect.stringContaining("warning sla['order.booked'] will be missed by every order"),
    ]);
    const witness = { everyMs: 10, settledMs: 60_000, overlapMs: 60_000 };
    expect(withSystems({ crm: { ...declared("customer.reference"), witness } })).toEqual([
      expect.stringContaining("systems.crm.witness.every"),
      expect.stringContaining("systems.crm.witness.overlap"),
    ]);
    expect(withSystems({ crm: { ...declared("customer.reference"), speaksWithinMs: 10 } })[0]).toContain(
      "systems.crm.speaksWithin",
    );
  });

  test("units and expiry", () => {
    expect(found({ stock: { baseUnit: "ZZ" } })).toEqual([
      expect.stringContaining("warning stock.baseUnit ZZ is no unit"),
    ]);
    const units = { A: { base: "EA", ratios: { EA: "1" } } };
    expect(found({ stock: { units } })[0]).toContain("is the base unit itself");
    expect(found({ orders: { reservationExpiry: "0s" } })[0]).toContain("orders.reservationExpiry");
    expect(found({ orders: { reservationExpiryMax: "31d" } })[0]).toContain("orders.reservationExpiryMax");
    expect(found({ orders: { reservationExpiry: "2d" } })[0]).toContain("longer than");
    expect(found({ orders: { reservationExpiry: "2d", reservationExpiryMax: "3d" } })).toEqual([]);
    expect(found({ stock: { ageing: [{ after: "0s", percent: 10 }] } })[0]).toContain(
      "stock.ageing[0].after",
    );
  });
});

test("no system at all", () => {
  expect(found({ systems: {}, ownership: {}, flows: [], allocation: {} })[0]).toContain(
    "error systems declares no system",
  );
});

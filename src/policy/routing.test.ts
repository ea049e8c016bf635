import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Outbound, type OutboundType, outboundKinds } from "../domains/outbound.ts";
import { flow } from "./define.ts";
import { channelsOf, compileRoutes, route } from "./routing.ts";
import { declared, distributor } from "./testing.ts";

const message = (type: OutboundType, change: Partial<Outbound> = {}): Outbound => ({
  type,
  lane: "order:main/A-1",
  key: "A-1",
  payload: {},
  ...change,
});
const routed = (integration: ReturnType<typeof distributor>, outbound: Outbound) =>
  route(compileRoutes(integration), outbound).map(({ target, flow: id }) => `${target} by ${id}`);

describe("routing", () => {
  const integration = distributor();

  test("a derived figure goes to its addressee alone, with the flow's target for how soon", () => {
    expect(
      route(compileRoutes(integration), message("inventory.availability", { addressee: "portal" })),
    ).toEqual([{ target: "portal", flow: "availability", withinMs: 5_000 }]);
    expect(routed(integration, message("inventory.availability", { addressee: "crm" }))).toEqual([]);
  });

  test("an order message goes to whom it is addressed, and nowhere without a flow", () => {
    expect(routed(integration, message("order.release", { addressee: "west" }))).toEqual(["west by orders"]);
    expect(routed(integration, message("return.advice", { addressee: "erp" }))).toEqual(["erp by orders"]);
    expect(routed(distributor({ flows: [] }), message("order.release", { addressee: "west" }))).toEqual([]);
  });

  test("a target that cannot be sent a message is left out", () => {
    expect(routed(integration, message("return.advice", { addressee: "west" }))).toEqual([]);
    expect(routed(integration, message("customer.reference", { addressee: "crm" }))).toEqual([]);
  });

  test("origins count: another system's report, or none at all, is not carried", () => {
    expect(routed(integration, message("inventory.movement", { reportedBy: "east" }))).toEqual([
      "erp by movements",
    ]);
    expect(routed(integration, message("inventory.movement", { reportedBy: "portal" }))).toEqual([]);
    expect(routed(integration, message("inventory.movement"))).toEqual([]);
  });

  test("named messages only", () => {
    const bookings = flow("bookings", "Bookings").domain("order").to("erp").messages("order.booking");
    const narrow = distributor({ flows: [bookings] });
    expect(routed(narrow, message("order.booking", { addressee: "erp" }))).toEqual(["erp by bookings"]);
    expect(routed(narrow, message("order.cancellation", { addressee: "erp" }))).toEqual([]);
  });

  test("of two flows that match, the first one takes it, once", () => {
    const first = flow("fast", "Fast").domain("order").to("erp", "erp").within("1s");
    const twice = distributor({ flows: [first, flow("slow", "Slow").domain("order").to("erp")] });
    expect(routed(twice, message("order.booking"))).toEqual(["erp by fast"]);
  });

  test("a type that nobody knows goes nowhere", () => {
    expect(routed(integration, message("constructor" as OutboundType))).toEqual([]);
  });

  test("nothing goes back to its reporter, no target gets it twice, and an addressee hears alone", () => {
    const systems = {
      ...integration.systems,
      other: declared(...(Object.keys(outboundKinds) as OutboundType[])),
    };
    const name = fc.constantFrom(...Object.keys(systems));
    const anyFlow = fc
      .record({
        domain: fc.constantFrom("inventory" as const, "order" as const, "customer" as const),
        from: fc.array(name, { maxLength: 3 }),
        to: fc.array(name, { maxLength: 4 }),
      })
      .map(({ domain, from, to }) =>
        flow("any", "Any")
          .domain(domain)
          .from(...from)
          .to(...to),
      );
    const type = fc.constantFrom(...(Object.keys(outboundKinds) as OutboundType[]));
    fc.assert(
      fc.property(
        fc.array(anyFlow, { maxLength: 5 }),
        type,
        fc.option(name),
        fc.option(name),
        (flows, kind, addressee, reportedBy) => {
          const outbound = message(kind, {
            ...(addressee && { addressee }),
            ...(reportedBy && { reportedBy }),
          });
          const targets = route(compileRoutes(distributor({ systems, flows })), outbound).map(
            ({ target }) => target,
          );
          expect(new Set(targets).size).toBe(targets.length);
          expect(targets).not.toContain(reportedBy);
          if (addressee !== null) expect(targets.filter((target) => target !== addressee)).toEqual([]);
        },
      ),
    );
  });

  test("routes a hundred thousand messages a second", () => {
    const routes = compileRoutes(integration);
    const messages = (["inventory.movement", "order.release", "order.status"] as const).map((type) =>
      message(type, { reportedBy: "east" }),
    );
    const rounds = Array.from({ length: 5 }, () => {
      const begun = performance.now();
      for (let index = 0; index < 20_000; index++) route(routes, messages[index % 3]!);
      return (20_000 / (performance.now() - begun)) * 1000;
    });
    expect(Math.max(...rounds)).toBeGreaterThan(100_000);
  });
});

describe("channels", () => {
  test("are the systems that a flow tells what they may sell", () => {
    expect(channelsOf(distributor())).toEqual(["portal"]);
    expect(channelsOf(distributor({ flows: [] }))).toEqual([]);
  });

  test("not where the flow carries something else, or only reports of others", () => {
    const levels = flow("levels", "Levels").domain("inventory").to("portal").messages("inventory.level");
    const fromEast = flow("east", "East").domain("inventory").from("east").to("portal");
    expect(channelsOf(distributor({ flows: [levels] }))).toEqual([]);
    expect(channelsOf(distributor({ flows: [fromEast] }))).toEqual([]);
  });
});

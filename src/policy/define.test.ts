import { describe, expect, test } from "vitest";
import { defineIntegration, env, flow, secret } from "./define.ts";
import type { IntegrationInput } from "./input.ts";
import { placeAt } from "./place.ts";
import { declared, distributor, distributorInput } from "./testing.ts";

function findingsOf(input: unknown): string[] {
  try {
    defineIntegration(input as IntegrationInput);
  } catch (error) {
    expect(error).toMatchObject({ code: "configuration.invalid" });
    const { findings } = (error as { details: { findings: { path: string; message: string }[] } }).details;
    return findings.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}
const changed = (change: object) => findingsOf({ ...distributorInput(), ...change });

describe("what the business says becomes data", () => {
  test("a flow, word for word", () => {
    const [availability] = distributor().flows;
    expect(availability).toEqual({
      id: "availability",
      title: "Availability to channels",
      domain: "inventory",
      from: [],
      to: ["portal"],
      messages: [],
      pattern: "event",
      withinMs: 5_000,
      impact: "oversell",
      owner: "operations",
    });
  });

  test("steps of a flow do not change the flow that they start from", () => {
    const base = flow("orders", "Orders").domain("order");
    const toErp = base.to("erp");
    expect(base.to("crm").build()!.to).toEqual(["crm"]);
    expect(toErp.build()!.to).toEqual(["erp"]);
    expect(base.build()!.to).toEqual([]);
  });

  test("quantities become exact, durations milliseconds, ratios whole numbers", () => {
    const { stock, orders } = distributor({
      stock: {
        safety: [{ sku: "A", location: "EAST", quantity: "2.5" }, { quantity: "1" }],
        buffers: [
          { channel: "portal", percent: 10 },
          { channel: "portal", sku: "A", quantity: "3" },
        ],
        channels: { portal: { netsOwnOrders: true }, crm: { netsOwnOrders: false } },
        ageing: [
          { after: "1h", percent: 10 },
          { after: "1d", percent: 50 },
        ],
        baseUnit: "C62",
        units: { A: { base: "EA", ratios: { CS: "12", PF: "480", KGM: "0.5", DZN: "1/3" } } },
      },
      orders: { reservationExpiry: "20m", shortage: "reject" },
    });
    expect(stock.safety).toEqual([
      { sku: "A", location: "EAST", quantity: 2_500_000n },
      { sku: "*", location: "*", quantity: 1_000_000n },
    ]);
    expect(stock.buffers).toEqual([
      { channel: "portal", sku: "*", quantity: 0n, percent: 10 },
      { channel: "portal", sku: "A", quantity: 3_000_000n, percent: 0 },
    ]);
    expect(stock.netting).toEqual(["portal"]);
    expect(stock.ageing.map(({ percent }) => percent)).toEqual([50, 10]);
    expect(stock.units.A).toEqual({
      base: "EA",
      ratios: {
        CS: { numerator: 12n, denominator: 1n },
        PF: { numerator: 480n, denominator: 1n },
        KGM: { numerator: 1n, denominator: 2n },
        DZN: { numerator: 1n, denominator: 3n },
      },
    });
    expect(orders).toEqual({
      releaseBeforeBooking: false,
      shortage: "reject",
      reservationExpiryMs: 1_200_000,
      reservationExpiryMaxMs: 86_400_000,
    });
  });

  test("milestones are warned of in the last quarter, unless said otherwise", () => {
    const sla = { "order.shipped": { within: "24h", warnBefore: "4h" }, "order.invoiced": { within: "2d" } };
    expect(distributor({ sla }).sla).toEqual({
      "order.shipped": { withinMs: 86_400_000, warnBeforeMs: 14_400_000 },
      "order.invoiced": { withinMs: 172_800_000, warnBeforeMs: 43_200_000 },
    });
    expect(distributor()).not.toHaveProperty("sla");
  });

  test("without a word on allocation, goods come from every place that somebody owns", () => {
    const { allocation: _, ...input } = distributorInput();
    expect(defineIntegration(input).allocation).toEqual({
      prefer: ["EAST", "WEST", "3PL"],
      overflow: [],
      split: "minimise",
    });
    expect(defineIntegration({ ...input, allocation: { overflow: ["3PL"] } }).allocation.prefer).toEqual([
      "EAST",
      "WEST",
    ]);
  });

  test("the least that may be said", () => {
    const integration = defineIntegration({ systems: { erp: declared("order.booking") } });
    expect(integration).toMatchObject({
      company: "main",
      flows: [],
      ownership: { inventory: { byLocation: {} } },
    });
    expect(integration.stock.baseUnit).toBe("EA");
  });
});

describe("what is not well formed is refused, all of it at once", () => {
  test("names and words", () => {
    expect(changed({ flow: [] })).toEqual(['flow: is not a field here. Did you mean "flows"?']);
    expect(changed({ orders: { shortage: "backorders" }, allocation: { split: "minimize" } })).toEqual([
      'allocation.split: must be one of "minimise", "allow", "never", not "minimize". Did you mean "minimise"?',
      'orders.shortage: must be one of "backorder", "reject", not "backorders". Did you mean "backorder"?',
    ]);
    expect(findingsOf({})).toEqual(["systems: is required."]);
    expect(findingsOf(undefined)).toEqual([expect.stringContaining("configuration: must be an object")]);
  });

  test("figures and durations", () => {
    expect(changed({ stock: { safety: [{ quantity: "1" }, { quantity: "-1" }] } })[0]).toContain(
      "stock.safety[1].quantity",
    );
    expect(changed({ stock: { safety: [{ quantity: 5 }] } })[0]).toContain(
      "must be a string, not the number 5",
    );
    expect(changed({ stock: { ageing: [{ after: "1 day", percent: 1 }] } })[0]).toContain(
      "stock.ageing[0].after",
    );
    expect(changed({ stock: { buffers: [{ channel: "portal", percent: 101 }] } })[0]).toContain(
      "100 or less",
    );
    expect(changed({ sla: { "order.shipped": { within: "soon" } } })[0]).toContain(
      "sla['order.shipped'].within",
    );
    expect(changed({ sla: { "order.shiped": { within: "1h" } } })[0]).toContain(
      'Did you mean "order.shipped"?',
    );
    expect(changed({ orders: { reservationExpiry: "soon" } })[0]).toContain('"soon" is no duration');
    for (const ratio of ["0", "1/0", "-12", "1/2/3", "a dozen", ""]) {
      expect(changed({ stock: { units: { A: { base: "EA", ratios: { CS: ratio } } } } })[0]).toContain(
        "stock.units.A.ratios.CS",
      );
    }
  });

  test("a system that is no declaration, a flow that is no flow", () => {
    expect(changed({ systems: { erp: () => declared() } })[0]).toContain(
      "systems.erp: is a connector that was not called",
    );
    expect(changed({ systems: { erp: { url: "http://erp" } } })[0]).toContain("systems.erp: is no system");
    expect(changed({ flows: [{ id: "a" }] })[0]).toContain("flows[0]: is no flow");
    expect(changed({ flows: [flow("a", "A").to("erp")] })[0]).toContain("flows.a.domain: says no domain");
  });
});

describe("places", () => {
  const here = /define\.test\.ts:\d+:\d+$/;

  test("a finding says where the flow and the whole were written", () => {
    const integration = distributor({ flows: [flow("mine", "Mine").domain("order").to("erp")] });
    expect(placeAt(integration, "flows.mine.to")).toMatch(here);
    expect(placeAt(integration, "allocation.prefer[0]")).toMatch(/testing\.ts:\d+:\d+$/);
    expect(Object.keys(integration.flows[0]!)).not.toContain("place");
  });

  test("a step that says nonsense throws with its own place", () => {
    const step = () => flow("mine", "Mine").within("5 seconds");
    expect(step).toThrow(
      expect.objectContaining({
        code: "configuration.invalid",
        details: { place: expect.stringMatching(here) },
      }),
    );
    expect(step).toThrow(/flows\.mine\.within: "5 seconds" is no duration/);
  });
});

describe("values of the environment", () => {
  test("are markers until somebody loads the configuration", () => {
    expect(env("ERP_URL")).toEqual({ $env: "ERP_URL" });
    expect(env("ERP_URL", "http://localhost")).toEqual({ $env: "ERP_URL", otherwise: "http://localhost" });
    expect(JSON.stringify({ password: secret("ERP_PASSWORD") })).toBe('{"password":"***"}');
  });

  test.each(["", "ERP URL", "1ST", "A=B", undefined])("%j is no name of a variable", (name) => {
    expect(() => env(name as string)).toThrow(expect.objectContaining({ code: "configuration.invalid" }));
    expect(() => secret(name as string)).toThrow(expect.objectContaining({ code: "configuration.invalid" }));
  });
});

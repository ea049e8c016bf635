// A distributor's integration as data, for tests of policy: no connector is needed to say what systems can take.
import type { OutboundType } from "../domains/outbound.ts";
import { defaultClock, defaultFigures, defaultLimits, defaultWitness } from "./defaults.ts";
import { defineIntegration, flow } from "./define.ts";
import type { IntegrationInput } from "./input.ts";
import type { Integration, SystemDeclaration, WriteKind } from "./integration.ts";

export function declared(...types: OutboundType[]): SystemDeclaration {
  return declaredAs("keyed", ...types);
}

export function declaredAs(kind: WriteKind, ...types: OutboundType[]): SystemDeclaration {
  return {
    product: "test",
    mode: "live",
    writes: Object.fromEntries(types.map((type) => [type, { kind, bulkMax: 1 }])),
    figures: { ...defaultFigures },
    clock: { ...defaultClock },
    limits: { ...defaultLimits },
    witness: { ...defaultWitness },
    connector: undefined,
    settings: undefined,
  };
}

export const distributorInput = () =>
  ({
    systems: {
      erp: declared("order.booking", "order.cancellation", "inventory.movement", "return.advice"),
      crm: declared("customer.reference"),
      east: declared("order.release", "order.cancellation", "return.advice"),
      west: declared("order.release", "order.cancellation"),
      partner: declared("order.release", "order.cancellation"),
      portal: declared("inventory.availability", "order.status"),
    },
    ownership: {
      ledger: "erp",
      inventory: { owner: { byLocation: { EAST: "east", WEST: "west", "3PL": "partner" } } },
    },
    flows: [
      flow("availability", "Availability to channels")
        .domain("inventory")
        .to("portal")
        .pattern("event")
        .within("5s")
        .impact("oversell")
        .owner("operations"),
      flow("movements", "Goods movements to the ledger")
        .domain("inventory")
        .from("east", "west", "partner")
        .to("erp")
        .within("1m")
        .impact("valuation")
        .owner("finance"),
      flow("orders", "Orders to the ERP, the places and the portal")
        .domain("order")
        .to("erp", "east", "west", "partner", "portal")
        .within("30s")
        .impact("late orders")
        .owner("operations"),
    ],
    allocation: { prefer: ["EAST", "WEST"], overflow: ["3PL"], split: "minimise" },
  }) satisfies IntegrationInput;

export const distributor = (change: Partial<IntegrationInput> = {}): Integration =>
  defineIntegration({ ...distributorInput(), ...change });

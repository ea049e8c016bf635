// One warehouse that takes releases and can be asked what it has, one mirror that takes levels as they are.
import { resolveIntegration } from "../../src/connector/resolve.ts";
import { http } from "../../src/connectors/http/index.ts";
import { defineIntegration, flow } from "../../src/policy/define.ts";
import type { Integration } from "../../src/policy/integration.ts";

export function chaosIntegration(warehouse: number, mirror: number): Integration {
  const limits = {
    concurrency: 4,
    requestTimeout: "1s",
    backoffFirst: "20ms",
    backoffLast: "200ms",
    probeEvery: "200ms",
  };
  const declared = defineIntegration({
    systems: {
      east: http({
        url: `http://127.0.0.1:${warehouse}/records`,
        messages: ["order.release"],
        write: "lookup",
        lookup: { path: "/records/{key}" },
        limits,
      }),
      mirror: http({
        url: `http://127.0.0.1:${mirror}/records`,
        messages: ["inventory.level"],
        write: "absolute",
        bulkMax: 20,
        envelope: "array",
        limits,
      }),
    },
    ownership: { inventory: { owner: { byLocation: { EAST: "east" } } } },
    flows: [
      flow("levels", "Levels").domain("inventory").to("mirror"),
      flow("releases", "Releases").domain("order").to("east"),
    ],
    allocation: { prefer: ["EAST"] },
  });
  return resolveIntegration(declared, {}).integration;
}

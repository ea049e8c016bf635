// How the installation stands: systems, flows, the node that answers.
import { Type } from "typebox";
import { object } from "../../domains/schema.ts";
import type { GatewayPorts } from "../ports.ts";
import { type HandledRoute, route } from "../route.ts";

const Some = Type.Unknown();

export function statusRoutes({ operations, integration }: GatewayPorts): HandledRoute[] {
  const status = route({
    method: "GET",
    path: "/ops/v1/status",
    operation: "readStatus",
    tag: "Operations",
    summary: "How the installation stands",
    description:
      "Nodes, how far the log is applied, every system with what waits for it, open exceptions by category. `node` is the one that answers.",
    access: "ops:read",
    answers: { 200: { description: "As of `at`", schema: Some } },
    handle: async () => ({ body: await operations.status() }),
  });
  const systems = route({
    method: "GET",
    path: "/ops/v1/systems",
    operation: "listSystems",
    tag: "Operations",
    summary: "Systems, how they stand and what they are declared to be",
    access: "ops:read",
    answers: { 200: { description: "All of them", schema: object({ items: Type.Array(Some) }) } },
    async handle() {
      const { systems: standing } = await operations.status();
      const items = standing.map((system) => {
        const { writes, figures, clock, limits, witness } = integration.systems[system.system]!;
        return { ...system, declared: { writes, figures, clock, limits, witness } };
      });
      return { body: { items } };
    },
  });
  const flows = route({
    method: "GET",
    path: "/ops/v1/flows",
    operation: "listFlows",
    tag: "Operations",
    summary: "Governed routes as they are declared",
    access: "ops:read",
    answers: { 200: { description: "All of them", schema: object({ items: Type.Array(Some) }) } },
    handle: () => ({ body: { items: integration.flows } }),
  });
  return [status, systems, flows];
}

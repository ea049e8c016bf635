// The parts of a configuration that the projection asks for on its hot path, looked up once.
import type { SettleContext, StockSource } from "../../domains/inventory/change.ts";
import type { SourceClock } from "../../domains/inventory/policy.ts";
import type { StockLevel } from "../../domains/inventory/state.ts";
import type { OrderContext } from "../../domains/order/context.ts";
import { defaultClock, defaultFigures } from "../../policy/defaults.ts";
import type { Integration } from "../../policy/integration.ts";
import { channelsOf, compileRoutes, type Routes } from "../../policy/routing.ts";

export interface Rules {
  integration: Integration;
  routes: Routes;
  sourceOf(system: string): StockSource;
  ownerOf(level: StockLevel): string | undefined;
  order: Omit<OrderContext, "now" | "stock" | "duplicateOf">;
  settle: Omit<SettleContext, "now">;
}

export function compileRules(integration: Integration): Rules {
  const owners = integration.ownership.inventory.byLocation;
  const resolutions = Object.fromEntries(
    Object.entries(owners).map(([location, system]) => [location, clockOf(integration, system).resolutionMs]),
  );
  const sources = new Map<string, StockSource>();
  const levels = integration.flows.some(
    (flow) =>
      flow.domain === "inventory" &&
      (flow.messages.length === 0 || flow.messages.includes("inventory.level")) &&
      flow.to.some((target) => integration.systems[target]?.writes["inventory.level"] !== undefined),
  );
  return {
    integration,
    routes: compileRoutes(integration),
    ownerOf: (level) => owners[level.location],
    sourceOf(system) {
      let source = sources.get(system);
      if (source === undefined) {
        const declared = integration.systems[system];
        source = {
          system,
          figure: declared?.figures ?? defaultFigures,
          clock: clockOf(integration, system),
          owners,
          resolutions,
        };
        sources.set(system, source);
      }
      return source;
    },
    order: {
      allocation: integration.allocation,
      orders: integration.orders,
      stockPolicy: integration.stock,
      owners,
      ...(integration.ownership.ledger === undefined ? {} : { ledger: integration.ownership.ledger }),
    },
    settle: { policy: integration.stock, channels: channelsOf(integration), levels },
  };
}

const clockOf = (integration: Integration, system: string): SourceClock =>
  integration.systems[system]?.clock ?? defaultClock;

// Every route there is.
import { healthRoute } from "./health.ts";
import type { KeyGate } from "./key-gate.ts";
import type { GatewayLimits } from "./limits.ts";
import { openApiRoute } from "./openapi/route.ts";
import { bookRoutes } from "./ops/books.ts";
import { codeRoutes } from "./ops/codes.ts";
import { deliveryRoutes } from "./ops/deliveries.ts";
import { exceptionRoutes } from "./ops/exceptions.ts";
import { replayRoutes } from "./ops/replays.ts";
import { statusRoutes } from "./ops/status.ts";
import { traceRoutes } from "./ops/traces.ts";
import type { GatewayPorts } from "./ports.ts";
import { availabilityRoute } from "./process/availability.ts";
import { orderRoutes } from "./process/orders.ts";
import { reservationRoutes } from "./process/reservations.ts";
import type { Route } from "./route.ts";
import { eventsRoute } from "./system/events.ts";
import { webhooksRoute } from "./system/webhooks.ts";

export function gatewayRoutes(ports: GatewayPorts, limits: GatewayLimits, gate: KeyGate): Route[] {
  const routes: Route[] = [
    eventsRoute(ports, limits),
    webhooksRoute(ports, limits, gate),
    ...orderRoutes(ports),
    ...reservationRoutes(ports),
    availabilityRoute(ports),
    ...statusRoutes(ports),
    ...deliveryRoutes(ports),
    ...exceptionRoutes(ports),
    ...traceRoutes(ports),
    ...bookRoutes(ports),
    ...replayRoutes(ports),
    ...codeRoutes(ports),
    healthRoute(ports, () => gate.stopping),
  ];
  return [...routes, openApiRoute(routes, ports.version)];
}

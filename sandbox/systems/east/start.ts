// Warehouse EAST, a modern warehouse system: REST with request ids, signed webhooks, numbered events. Its
// stock figure is physical: goods that are picked count until they are shipped.

import { credentials } from "../credentials.ts";
import { controlRoutes, settingsRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import { fieldsOf } from "../simulation/fields.ts";
import { floorControlRoutes } from "../simulation/floor-control.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { outboundRoutes } from "./outbound-routes.ts";
import { RequestIds } from "./request-ids.ts";
import { readLimit, StockSnapshots } from "./stock-snapshots.ts";
import { Subscription } from "./subscription.ts";
import { Warehouse } from "./warehouse.ts";

export async function startEast(options: SystemOptions = {}): Promise<RunningSystem> {
  const seed = options.seed ?? 3;
  const faults = new FaultSwitch(seed);
  const warehouse = new Warehouse(faults, seed);
  const subscription = new Subscription(() => warehouse.settings.webhookTimeoutMs, faults, warehouse.agenda);
  const requestIds = new RequestIds(warehouse.settings);
  const snapshots = new StockSnapshots(warehouse);
  warehouse.onEvent = (event) => subscription.send(event);
  const reset = () => {
    warehouse.clear();
    subscription.clear();
    requestIds.clear();
    snapshots.clear();
    faults.clear();
  };
  const server: RunningServer = await startHttpServer({
    name: "east",
    port: options.port ?? 0,
    faults,
    native: [
      ...outboundRoutes(warehouse, requestIds),
      { method: "GET", path: "/api/stock", handle: (request) => snapshots.answer(request) },
      ...eventRoutes(warehouse, subscription),
    ],
    control: [
      ...controlRoutes({
        name: "east",
        faults,
        reset,
        counts: () => counts(warehouse, subscription),
        requests: () => server.statistics,
      }),
      ...settingsRoutes(warehouse.settings),
      ...floorControlRoutes({
        floor: warehouse.floor,
        dock: warehouse.dock,
        adjusted: (sku, change, condition, reason) => warehouse.adjusted(sku, change, condition, reason),
      }),
    ],
    authorize,
    describeError: (_status, code, message) => ({ error: errorCodes[code] ?? code, message }),
  });
  return {
    name: "east",
    url: server.url,
    faults,
    reset: async () => reset(),
    stop: async () => {
      warehouse.agenda.clear();
      await subscription.sender.stop();
      await server.stop();
    },
  };
}

const errorCodes: Record<string, string> = {
  invalidField: "invalid_field",
  malformedJson: "malformed_json",
  notFound: "not_found",
  tooManyRequests: "too_many_requests",
  internalError: "internal_error",
};

function authorize(request: NativeRequest): void {
  if (request.headers.authorization !== `Bearer ${credentials.east.token}`) {
    throw new Refusal(401, "unauthorized", "The bearer token is missing or wrong");
  }
}

function eventRoutes(warehouse: Warehouse, subscription: Subscription): Route[] {
  return [
    {
      method: "GET",
      path: "/api/events",
      handle: (request) => {
        const after = Number(request.query.get("after") ?? 0);
        if (!Number.isInteger(after) || after < 0) {
          throw new Refusal(400, "invalid_field", "after must be an event number");
        }
        const limit = readLimit(request.query.get("limit"), 500);
        const items = warehouse.events.slice(after, after + limit);
        return { status: 200, body: { items, lastSeq: warehouse.events.length } };
      },
    },
    {
      method: "PUT",
      path: "/api/subscription",
      handle: (request) => ({ status: 200, body: subscription.set(fieldsOf(request.json())) }),
    },
    {
      method: "GET",
      path: "/api/subscription",
      handle: () => ({ status: 200, body: subscription.get() }),
    },
  ];
}

function counts(warehouse: Warehouse, subscription: Subscription): Record<string, number> {
  return {
    skus: warehouse.floor.stock.size,
    outbounds: warehouse.outbounds.size,
    outboundsInWork: warehouse.floor.inWork(),
    events: warehouse.events.length,
    ...Object.fromEntries(
      Object.entries(subscription.sender.statistics).map(([k, v]) => [`webhooks.${k}`, v]),
    ),
  };
}

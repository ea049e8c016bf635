// Parcelworks, the simulated 3PL: REST with its own status words and a strict rate limit. It calls
// nobody; its events are polled, and its stock figure is net of what it has allocated itself.

import { credentials } from "../credentials.ts";
import { controlRoutes, settingsRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import type { FloorStock } from "../simulation/floor.ts";
import { floorControlRoutes } from "../simulation/floor-control.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { answerEvents } from "./event-feed.ts";
import { FulfilmentCentre } from "./fulfilment-centre.ts";
import { fulfilmentRoutes } from "./fulfilment-routes.ts";
import { pageOf } from "./paging.ts";
import { RateLimit } from "./rate-limit.ts";

export async function startPartner(options: SystemOptions = {}): Promise<RunningSystem> {
  const seed = options.seed ?? 5;
  const faults = new FaultSwitch(seed);
  const centre = new FulfilmentCentre(faults, seed);
  const rateLimit = new RateLimit(centre.settings);
  const reset = () => {
    centre.clear();
    rateLimit.clear();
    faults.clear();
  };
  const server: RunningServer = await startHttpServer({
    name: "partner",
    port: options.port ?? 0,
    faults,
    native: [
      ...fulfilmentRoutes(centre),
      { method: "GET", path: "/v2/events", handle: (request) => answerEvents(centre, request) },
      ...stockRoutes(centre),
    ],
    control: [
      ...controlRoutes({
        name: "partner",
        faults,
        reset,
        counts: () => counts(centre),
        requests: () => server.statistics,
      }),
      ...settingsRoutes(centre.settings),
      ...floorControlRoutes({
        floor: centre.floor,
        dock: centre.dock,
        adjusted: (sku, change, condition, reason) => centre.adjusted(sku, change, condition, reason),
      }),
    ],
    authorize: (request) => authorize(rateLimit, request),
    describeError: (_status, code, message) => ({
      code: code === "tooManyRequests" ? "rateLimited" : code,
      message,
    }),
  });
  return {
    name: "partner",
    url: server.url,
    faults,
    reset: async () => reset(),
    stop: async () => {
      centre.agenda.clear();
      await server.stop();
    },
  };
}

function authorize(rateLimit: RateLimit, request: NativeRequest): void {
  const key = request.headers["x-api-key"];
  if (key !== credentials.partner.apiKey)
    throw new Refusal(401, "apiKeyInvalid", "x-api-key is missing or wrong");
  rateLimit.take(key);
}

function stockRoutes(centre: FulfilmentCentre): Route[] {
  return [
    {
      method: "GET",
      path: "/v2/stock",
      handle: (request) => {
        const page = pageOf(request, centre.floor.stock, netBody);
        return {
          status: 200,
          body: { asOf: new Date().toISOString(), asOfEventNo: centre.events.length, ...page },
        };
      },
    },
    {
      method: "GET",
      path: "/v2/reports/inventory",
      handle: (request) => ({ status: 200, body: pageOf(request, centre.floor.stock, reportBody) }),
    },
  ];
}

function netBody(stock: FloorStock) {
  return {
    sku: stock.sku,
    qty: stock.available - stock.allocated,
    quarantineQty: stock.held,
    eventNo: stock.sequence,
    updatedAt: new Date(stock.changedAt).toISOString(),
  };
}

function reportBody(stock: FloorStock) {
  return {
    sku: stock.sku,
    physicalQty: stock.available,
    allocatedQty: stock.allocated,
    netQty: stock.available - stock.allocated,
    quarantineQty: stock.held,
  };
}

function counts(centre: FulfilmentCentre): Record<string, number> {
  return {
    skus: centre.floor.stock.size,
    fulfilments: centre.fulfilments.size,
    fulfilmentsInWork: centre.floor.inWork(),
    events: centre.events.length,
  };
}

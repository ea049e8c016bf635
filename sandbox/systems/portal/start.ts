// Tradefront, the simulated B2B portal: buyers order here, it pushes their orders with a shared token
// until they are acknowledged, and it shows the stock figures that it is told in bulk.

import { credentials } from "../credentials.ts";
import { controlRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import { fieldsOf, listOf, text, wholeNumber } from "../simulation/fields.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest, Route } from "../simulation/router.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { orderRoutes } from "./order-routes.ts";
import { Shop } from "./shop.ts";
import { stockRoutes } from "./stock-routes.ts";

export async function startPortal(options: SystemOptions = {}): Promise<RunningSystem> {
  const faults = new FaultSwitch(options.seed ?? 6);
  const shop = new Shop(faults);
  const reset = () => {
    shop.clear();
    faults.clear();
  };
  const server: RunningServer = await startHttpServer({
    name: "portal",
    port: options.port ?? 0,
    faults,
    native: [...orderRoutes(shop), ...stockRoutes(shop), ...subscriberRoutes(shop)],
    control: [
      ...controlRoutes({
        name: "portal",
        faults,
        reset,
        counts: () => counts(shop),
        requests: () => server.statistics,
      }),
      { method: "POST", path: "/control/seed", handle: (request) => seed(shop, request) },
    ],
    authorize,
    describeError: (_status, code, message) => ({ error: { type: code, message } }),
  });
  return {
    name: "portal",
    url: server.url,
    faults,
    reset: async () => reset(),
    stop: async () => {
      shop.agenda.clear();
      await shop.sender.stop();
      await server.stop();
    },
  };
}

function authorize(request: NativeRequest): void {
  if (request.headers.authorization !== `Token ${credentials.portal.token}`) {
    throw new Refusal(401, "notAuthorized", "The token is missing or wrong");
  }
}

function subscriberRoutes(shop: Shop): Route[] {
  return [
    {
      method: "PUT",
      path: "/api/push-target",
      handle: (request) => {
        shop.subscribe(text(fieldsOf(request.json()), "url"));
        return { status: 200, body: { url: shop.subscriber?.url } };
      },
    },
    {
      method: "GET",
      path: "/api/push-target",
      handle: () => ({ status: 200, body: { url: shop.subscriber?.url ?? null } }),
    },
  ];
}

/** Opening figures, as a catalogue import would leave them. */
function seed(shop: Shop, request: NativeRequest) {
  for (const item of listOf(fieldsOf(request.json()), "items")) {
    const articleNo = text(item, "articleNo");
    shop.sellable.set(articleNo, {
      articleNo,
      sellable: item.sellable === undefined ? 0 : wholeNumber(item, "sellable"),
      expectedOn: null,
      updates: 0,
      updatedAt: new Date().toISOString(),
    });
  }
  return { status: 200, body: { items: shop.sellable.size } };
}

function counts(shop: Shop): Record<string, number> {
  let unacknowledged = 0;
  for (const order of shop.orders.values()) if (!order.acknowledged) unacknowledged += 1;
  return {
    articles: shop.sellable.size,
    orders: shop.orders.size,
    ordersUnacknowledged: unacknowledged,
    cancelRequests: shop.cancelRequests.length,
    returnRequests: shop.returnRequests.length,
    ...Object.fromEntries(Object.entries(shop.sender.statistics).map(([k, v]) => [`pushes.${k}`, v])),
  };
}

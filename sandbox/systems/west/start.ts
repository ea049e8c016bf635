// Warehouse WEST, an old warehouse system: it takes and gives files in a drop folder and tells local time.
// Its stock figure leaves picked goods out. The HTTP routes are for checking books and for control.

import { join } from "node:path";
import { controlRoutes, settingsRoutes } from "../simulation/control.ts";
import { FaultSwitch } from "../simulation/faults.ts";
import { floorControlRoutes } from "../simulation/floor-control.ts";
import { type RunningServer, startHttpServer } from "../simulation/http-server.ts";
import type { RunningSystem, SystemOptions } from "../simulation/running-system.ts";
import { queryRoutes } from "./query-routes.ts";
import { WestWarehouse } from "./warehouse.ts";

export interface WestOptions extends SystemOptions {
  /** `in/` and `out/` are made inside. */
  folder: string;
}

export async function startWest(options: WestOptions): Promise<RunningSystem> {
  const seed = options.seed ?? 4;
  const faults = new FaultSwitch(seed);
  const folder = join(options.folder, "west");
  const warehouse = new WestWarehouse(folder, faults, seed);
  warehouse.start();
  const reset = () => {
    warehouse.clear();
    faults.clear();
  };
  const server: RunningServer = await startHttpServer({
    name: "west",
    port: options.port ?? 0,
    faults,
    native: queryRoutes(warehouse),
    control: [
      ...controlRoutes({
        name: "west",
        faults,
        reset,
        counts: () => counts(warehouse),
        requests: () => server.statistics,
      }),
      ...settingsRoutes(warehouse.settings),
      ...floorControlRoutes({
        floor: warehouse.floor,
        dock: warehouse.dock,
        adjusted: (sku, change, condition, reason) => warehouse.adjusted(sku, change, condition, reason),
      }),
      {
        method: "POST",
        path: "/control/stock-set",
        handle: () => ({ status: 200, body: { rows: warehouse.writeStockSet() } }),
      },
    ],
    authorize: () => {},
    describeError: (_status, code, message) => ({ code, text: message }),
  });
  return {
    name: "west",
    url: server.url,
    folder,
    faults,
    reset: async () => reset(),
    stop: async () => {
      warehouse.agenda.clear();
      await server.stop();
    },
  };
}

function counts(warehouse: WestWarehouse): Record<string, number> {
  return {
    skus: warehouse.floor.stock.size,
    orders: warehouse.floor.orders.size,
    ordersInWork: warehouse.floor.inWork(),
    rows: warehouse.rows.length,
    files: warehouse.folder.written.length,
  };
}

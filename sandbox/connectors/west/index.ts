// Warehouse WEST: exchanges CSV files in a drop folder. Its files are whole or refused, its bad rows are reported one by
// one, and nothing is put into its folder twice without a look at what is there.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import {
  type Census,
  type ConnectorSession,
  CrossdockError,
  defineConnector,
} from "../../../src/connector/index.ts";
import { cancellationWriter } from "./cancellation.ts";
import { filesPoll } from "./drop.ts";
import { Exchange } from "./exchange.ts";
import { mapFile } from "./map-file.ts";
import { postWriter } from "./post.ts";
import { readReference } from "./reference.ts";
import { releasePost, returnPost } from "./release.ts";
import { WestSettings } from "./settings.ts";

const ORDERS_IN_A_FILE_MAX = 100;

export const west = defineConnector({
  name: "west",
  title: "Warehouse WEST",
  settings: WestSettings,
  mappingRevision: 1,
  writes: {
    "order.release": { kind: "lookup", bulkMax: ORDERS_IN_A_FILE_MAX },
    "order.cancellation": { kind: "lookup", bulkMax: 1 },
    "return.advice": { kind: "lookup", bulkMax: ORDERS_IN_A_FILE_MAX },
  },
  figures: { quantity: "physical" },
  clock: { resolutionMs: 1 },
  // It answers a file within a second, and sometimes within twenty.
  limits: { concurrency: 8, requestTimeoutMs: 30_000 },
  open(settings, context): ConnectorSession {
    const exchange = new Exchange(settings, context);
    return {
      map: (message) => mapFile(message, settings),
      polls: { files: filesPoll(settings, context) },
      writers: {
        "order.release": postWriter(exchange, context, releasePost(context)),
        "order.cancellation": cancellationWriter(exchange, context),
        "return.advice": postWriter(exchange, context, returnPost(context)),
      },
      async health() {
        try {
          await access(join(settings.folder, "out"), constants.R_OK | constants.W_OK);
          await access(join(settings.folder, "in"), constants.R_OK | constants.W_OK);
        } catch (cause) {
          const message = `${settings.folder} is no drop folder that can be used: ${(cause as Error).message}`;
          throw new CrossdockError("west.folder-unusable", message, { retry: "later", cause });
        }
      },
      async census({ from, to }): Promise<Census[]> {
        await exchange.look();
        const ids = new Set<string>();
        for (const { file, order, result, at } of exchange.answers()) {
          if (!file.startsWith("ORD_") || result !== "OK" || at < from || at >= to) continue;
          ids.add(readReference(order).orderId);
        }
        return [{ domain: "order", ids: [...ids] }];
      },
      async close() {
        // Nothing is held open.
      },
    };
  },
});

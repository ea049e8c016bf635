// What `crossdock demo` may be told.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CrossdockError } from "../../src/core/errors.ts";

export interface DemoOptions {
  file: string;
  ordersMax: number | undefined;
  json: boolean;
  faults: "normal" | "heavy" | "none";
  /** Leaves everything up at the end. */
  keep: boolean;
  home: string;
}

const SLICE = fileURLToPath(new URL("../retail/data/orders.csv.gz", import.meta.url));
const HOME = ".crossdock/demo";

export const DEMO_HELP = `Usage: crossdock demo [options]

Plays a real wholesaler's orders through a simulated distributor and draws up the books.

Options:
  --orders N        the first N orders of the file (default: all)
  --data FILE       any file of the Online Retail layout, gzipped or not (default: the slice that is shipped)
  --faults LEVEL    normal: an outage of the ERP and a storm of duplicates; heavy: also kills of the node and
                    outages of every system in turn; none (default: normal)
  --keep            leaves the node and the systems up for looking around; Ctrl-C ends them
  --home DIR        where the demo keeps its data (default: ${HOME}); emptied at the start, and at the end without --keep
  --json            prints one JSON object as the last line
  --help            this page`;

export function readDemoOptions(args: string[]): DemoOptions | "help" {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        orders: { type: "string" },
        data: { type: "string" },
        faults: { type: "string", default: "normal" },
        keep: { type: "boolean", default: false },
        home: { type: "string", default: HOME },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return "help";
  const file = values.data === undefined ? SLICE : resolve(values.data as string);
  if (!existsSync(file)) throw usage(`--data: there is no file ${file}.`);
  const faults = values.faults as string;
  if (faults !== "normal" && faults !== "heavy" && faults !== "none") {
    throw usage(`--faults takes normal, heavy or none, not ${faults}.`);
  }
  return {
    file,
    ordersMax: values.orders === undefined ? undefined : orderCount(values.orders as string),
    json: values.json === true,
    faults,
    keep: values.keep === true,
    home: resolve(values.home as string),
  };
}

function orderCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw usage(`--orders takes a whole number from 1, not ${text}.`);
  return count;
}

const usage = (message: string) => new CrossdockError("cli.usage", message);

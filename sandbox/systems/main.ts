// The six simulated systems as one process of their own, so that they outlive the node they are joined to.
// Writes their addresses as JSON to stdout and to the ports file; SIGTERM or SIGINT ends it cleanly.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { credentials } from "./credentials.ts";
import { type DistributorOptions, type SystemName, startDistributor, systemNames } from "./start-all.ts";

const USAGE =
  "usage: node sandbox/systems/main.ts --folder DIR [--ports-file FILE] [--ports erp=4001,crm=4002] " +
  "[--seed N] [--end-with-stdin]";

class UsageError extends Error {}

interface Arguments {
  options: DistributorOptions;
  portsFile: string | undefined;
  endWithStdin: boolean;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      folder: { type: "string" },
      "ports-file": { type: "string" },
      ports: { type: "string" },
      seed: { type: "string" },
      "end-with-stdin": { type: "boolean", default: false },
    },
  });
  if (!values.folder) throw new UsageError("--folder is missing");
  const seed = Number(values.seed ?? 0);
  if (!Number.isInteger(seed)) throw new UsageError("--seed must be a whole number");
  return {
    options: { folder: resolve(values.folder), ports: readPorts(values.ports), seed },
    portsFile: values["ports-file"],
    endWithStdin: values["end-with-stdin"],
  };
}

function readPorts(text: string | undefined): Partial<Record<SystemName, number>> {
  const ports: Partial<Record<SystemName, number>> = {};
  for (const part of text?.split(",") ?? []) {
    const [given, port] = part.split("=");
    const name = systemNames.find((candidate) => candidate === given);
    if (!name || !/^\d+$/.test(port ?? "")) throw new UsageError(`--ports: cannot read ${part}`);
    ports[name] = Number(port);
  }
  return ports;
}

async function run({ options, portsFile, endWithStdin }: Arguments): Promise<void> {
  mkdirSync(options.folder, { recursive: true });
  const distributor = await startDistributor(options);
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    process.stdin.destroy();
    distributor.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  if (endWithStdin) process.stdin.on("end", end).resume();

  const systems = Object.fromEntries(
    Object.values(distributor.systems).map(({ name, url, folder }) => [
      name,
      folder ? { url, folder } : { url },
    ]),
  );
  const text = JSON.stringify({ pid: process.pid, systems, credentials });
  if (portsFile) {
    mkdirSync(dirname(resolve(portsFile)), { recursive: true });
    writeFileSync(`${portsFile}.tmp`, text);
    renameSync(`${portsFile}.tmp`, portsFile);
  }
  process.stdout.write(`${text}\n`);
}

try {
  await run(readArguments());
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  console.error(isUsage ? `${(error as Error).message}\n${USAGE}` : error);
  process.exit(1);
}

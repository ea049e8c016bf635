// Starts the six simulated systems in one process. If one cannot start, those that did are stopped.

import { startCrm } from "./crm/start.ts";
import { startEast } from "./east/start.ts";
import { startErp } from "./erp/start.ts";
import { startPartner } from "./partner/start.ts";
import { startPortal } from "./portal/start.ts";
import type { RunningSystem } from "./simulation/running-system.ts";
import { startWest } from "./west/start.ts";

export const systemNames = ["erp", "crm", "east", "west", "partner", "portal"] as const;
export type SystemName = (typeof systemNames)[number];

export interface Distributor {
  systems: Record<SystemName, RunningSystem>;
  stop(): Promise<void>;
}

export interface DistributorOptions {
  /** Where warehouse WEST exchanges its files. */
  folder: string;
  /** Fixed ports by system; the others get free ones. */
  ports?: Partial<Record<SystemName, number>>;
  /** For the faults that hit by chance; each system gets a seed of its own from it. */
  seed?: number;
}

export async function startDistributor(options: DistributorOptions): Promise<Distributor> {
  const started: RunningSystem[] = [];
  const stop = async () => {
    await Promise.all(started.map((system) => system.stop()));
  };
  const base = (options.seed ?? 0) * 100;
  const start = async (name: SystemName, index: number): Promise<RunningSystem> => {
    const common = { port: options.ports?.[name] ?? 0, seed: base + index + 1 };
    const system = await (name === "west"
      ? startWest({ ...common, folder: options.folder })
      : starters[name](common));
    started.push(system);
    return system;
  };
  try {
    const pairs = [];
    for (const [index, name] of systemNames.entries()) pairs.push([name, await start(name, index)] as const);
    return { systems: Object.fromEntries(pairs) as Record<SystemName, RunningSystem>, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const starters = {
  erp: startErp,
  crm: startCrm,
  east: startEast,
  partner: startPartner,
  portal: startPortal,
};

// crossdock status: how every system stands, how far the projection is, what is open.

import { COUNT_MAX, LANES_MAX } from "../../engine/operations/backlog.ts";
import {
  type InstallationStatus,
  installationStatus,
  type SystemStatus,
} from "../../engine/operations/status.ts";
import { type CommandContext, type InstallationFlags, withInstallation } from "../context.ts";
import { age, count, duration, instant, plural } from "../figures.ts";
import { type Column, heading, paint, table } from "../table.ts";

export function runStatus(context: CommandContext, flags: InstallationFlags): Promise<void> {
  return withInstallation(context, flags, async ({ db, integration, output }) => {
    const status = await installationStatus(db, integration);
    output.result(status, () => statusPage(status));
  });
}

export function statusPage(status: InstallationStatus): string {
  const { nodes, projection, systems, exceptions, orders } = status;
  const alive = nodes.filter((node) => node.alive);
  const running =
    alive.length === 0
      ? paint("yellow", "no node is running")
      : `${plural(alive.length, "node")}, configuration ${Math.max(...alive.map((node) => node.configurationRevision))}`;
  const held =
    projection.heldKeys === 0 ? "" : `, ${paint("red", `${plural(projection.heldKeys, "key")} held`)}`;
  return [
    `${heading("Crossdock")} at ${instant(status.at)} UTC: ${running}`,
    `Log: ${plural(projection.headSeq, "event")}, ${projection.lag === 0 ? "all applied" : `${count(projection.lag)} to be applied`}${held}`,
    "",
    table(columns(status), systems),
    "",
    `Orders: ${counts(orders) || "none yet"}`,
    `Open exceptions: ${counts(exceptions) || "none"}`,
    ...systems
      .filter((system) => system.reason !== null)
      .map((system) => `${paint("red", system.system)}: ${system.reason}`),
    ...systems.flatMap(({ system, census }) => census.map((witness) => witnessLine(system, witness))),
  ].join("\n");
}

function columns(status: InstallationStatus): Column<SystemStatus>[] {
  return [
    { title: "SYSTEM", value: (s) => s.system },
    { title: "PRODUCT", value: (s) => s.product },
    {
      title: "STATE",
      value: (s) => (s.mode === "observe" ? `${s.state} (observe)` : s.state),
      style: (s) => (s.state === "well" ? "green" : "red"),
    },
    { title: "WAITING", value: (s) => atLeast(s.waiting, COUNT_MAX), right: true },
    { title: "LANES", value: (s) => atLeast(s.lanes, LANES_MAX), right: true },
    { title: "OLDEST", value: (s) => (s.oldestAgeMs === null ? "" : duration(s.oldestAgeMs)), right: true },
    {
      title: "PARKED",
      value: (s) => atLeast(s.parked, COUNT_MAX),
      right: true,
      style: (s) => (s.parked > 0 ? "yellow" : undefined),
    },
    { title: "LAST HEARD", value: (s) => age(s.lastReceivedAt, status.at), right: true },
    { title: "TODAY", value: (s) => count(s.receivedToday), right: true },
    { title: "REFUSED", value: (s) => count(s.refusedToday), right: true },
  ];
}

function witnessLine(system: string, witness: SystemStatus["census"][number]): string {
  const { domain, witnessedUntil, missing, surplus, failure } = witness;
  const differences = [
    ...(missing.length > 0 ? [`${count(missing.length)} never came here`] : []),
    ...(surplus.length > 0 ? [`${count(surplus.length)} gone there`] : []),
    ...(failure === null ? [] : [`cannot be asked: ${failure}`]),
  ];
  const until = witnessedUntil === null ? "not witnessed yet" : `witnessed until ${instant(witnessedUntil)}`;
  const name = differences.length > 0 ? paint("yellow", `${system} ${domain}`) : `${system} ${domain}`;
  return `${name}: ${[until, ...differences].join("; ")}`;
}

const atLeast = (value: number, most: number): string => (value >= most ? `${count(value)}+` : count(value));

const counts = (figures: Record<string, number>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${count(value)}`)
    .join(" · ");

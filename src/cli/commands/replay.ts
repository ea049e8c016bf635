// crossdock replay: what a system should hold is sent again, or what could not be mapped is mapped again. Shown first;
// --execute does it. A running node sends it.
import pino from "pino";
import { openSystems } from "../../connector/open.ts";
import { CrossdockError } from "../../core/errors.ts";
import { isTime, parseTime, timeFromEpochMs } from "../../core/time.ts";
import { type Remapped, type RemapScope, remapReceipts } from "../../engine/operations/remap.ts";
import { executeReplay, previewReplay, type Replay, type ReplayItem, type ReplayScope } from "../../engine/operations/replay.ts";
import { compileRules } from "../../engine/projection/rules.ts";
import type { Integration } from "../../policy/integration.ts";
import { type CommandContext, type InstallationFlags, type OpenedInstallation, withInstallation } from "../context.ts";
import { UsageError } from "../failure.ts";
import { count, plural } from "../figures.ts";
import { checkConfig } from "../load-config.ts";
import { paint, table } from "../table.ts";

export interface ReplayFlags extends InstallationFlags {
  target?: string;
  source?: string;
  domain?: string;
  key?: string;
  from?: string;
  to?: string;
  exception?: string;
  execute?: boolean;
}

export function runReplay(context: CommandContext, flags: ReplayFlags): Promise<void> {
  const scope = scopeOf(flags);
  const execute = flags.execute === true;
  return withInstallation(context, flags, async (installation) => {
    const integration = resolved(installation, context);
    const { db, output } = installation;
    const named = "target" in scope ? scope.target : scope.source;
    if (!Object.hasOwn(integration.systems, named)) throw new UsageError(`${named} is no system of the configuration; there are ${Object.keys(integration.systems).join(", ")}.`);
    if ("target" in scope) {
      const replay = await (execute ? executeReplay : previewReplay)(db, compileRules(integration), scope);
      output.result(replay, () => replayPage(replay, scope.target));
    } else {
      const remapped = await remap(installation, integration, scope, execute);
      output.result(remapped, () => remapPage(remapped, scope.source));
    }
  });
}

function scopeOf(flags: ReplayFlags): ReplayScope | RemapScope {
  const { target, source, domain, key, exception } = flags;
  if ((target === undefined) === (source === undefined)) {
    throw new UsageError("Say --target for what a system is sent again, or --source for what of a system is mapped again.");
  }
  const bounds = {
    ...(flags.from === undefined ? {} : { from: timeOf("--from", flags.from) }),
    ...(flags.to === undefined ? {} : { to: timeOf("--to", flags.to) }),
    ...(exception === undefined ? {} : { exception: idOf(exception) }),
  };
  if (source !== undefined) {
    if (domain !== undefined || key !== undefined) throw new UsageError("--domain and --key go with --target; receipts have neither.");
    return { source, ...bounds };
  }
  if (domain !== undefined && domain !== "inventory" && domain !== "order") throw new UsageError(`--domain is inventory or order, not ${domain}.`);
  if (key !== undefined && !/^(?:order|stock):[^/]+\/.+$/.test(key)) throw new UsageError(`--key is a key such as stock:main/85123A, not ${key}.`);
  return { target: target!, ...(domain === undefined ? {} : { domain }), ...(key === undefined ? {} : { key }), ...bounds };
}

function timeOf(option: string, text: string): string {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00.000000Z` : text;
  if (isTime(whole)) return whole;
  try {
    return parseTime(whole);
  } catch {
    // parseTime says no only by throwing.
    throw new UsageError(`${option} is a time such as 2026-11-24 or 2026-11-24T07:00:00Z, not ${text}.`);
  }
}

function idOf(text: string): string {
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new UsageError(`--exception is the id of an exception, not ${text}.`);
}

/** What a system can be sent depends on its settings. */
function resolved({ loaded }: OpenedInstallation, context: CommandContext): Integration {
  const { integration, findings, path } = checkConfig(loaded, context.environment);
  const [first] = findings.filter(({ level }) => level === "error");
  if (first === undefined) return integration;
  throw new CrossdockError("configuration.invalid", `${first.path} ${first.message}`, { details: { place: `${path}:${first.line}` } });
}

async function remap({ db }: OpenedInstallation, integration: Integration, scope: RemapScope, execute: boolean): Promise<Remapped> {
  const systems = openSystems(integration, { now: () => timeFromEpochMs(Date.now()), log: pino({ level: "silent" }) });
  const { company } = integration;
  const sources = new Map([...systems].map(([system, { connector, session }]) => [system, { system, company, connector, session }]));
  try {
    return await remapReceipts(db, sources, scope, execute);
  } finally {
    await Promise.all([...systems.values()].map(({ session }) => session.close()));
  }
}

function replayPage(replay: Replay, target: string): string {
  const lines = [
    replay.executed
      ? `${plural(replay.sent, "message")} will be sent to ${target} again.`
      : `${plural(replay.sent, "message")} would be sent to ${target} again; --execute does it.`,
    ...Object.entries(replay.left).map(([why, number]) => `${count(number)} left: ${why}.`),
  ];
  if (replay.truncated) lines.push(paint("yellow", "There is more: narrow the scope by key or time."));
  if (replay.items.length > 0) lines.push("", itemTable(replay.items));
  return lines.join("\n");
}

function itemTable(items: readonly ReplayItem[]): string {
  return table<ReplayItem>(
    [
      { title: "TYPE", value: (item) => item.type },
      { title: "KEY", value: (item) => item.key },
      { title: "WHAT", value: (item) => item.left ?? "sent again", style: (item) => (item.left === undefined ? "green" : "dim") },
    ],
    items,
  );
}

function remapPage(result: Remapped, source: string): string {
  const verb = result.executed ? "were" : "would be";
  const lines = [
    `${plural(result.mapped + result.ignored, "receipt")} of ${source} ${verb} mapped to ${plural(result.events, "event")}${result.executed ? "." : "; --execute does it."}`,
    `${count(result.stillFailing)} still fail.`,
  ];
  if (result.failures.length > 0) {
    const columns = [
      { title: "TOPIC", value: (failure: Remapped["failures"][number]) => failure.topic },
      { title: "MESSAGE", value: (failure: Remapped["failures"][number]) => failure.nativeId },
      { title: "WHY", value: (failure: Remapped["failures"][number]) => failure.reason },
    ];
    lines.push("", table(columns, result.failures));
  }
  return lines.join("\n");
}

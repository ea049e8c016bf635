// crossdock replay: what a system should hold is sent again, what an exception holds back is tried again, what could
// not be mapped is mapped again. Only shown, unless --execute is said. A running node delivers it.
import pino from "pino";
import { type OpenSystem, openSystems } from "../../connector/open.ts";
import { CrossdockError } from "../../core/errors.ts";
import { isTime, parseTime, timeFromEpochMs } from "../../core/time.ts";
import { type CodeBook, openCodeBook } from "../../engine/codes/book.ts";
import type { ReplayPreview, ReplayResult, ReplayScope, StuckPreview } from "../../engine/delivery/replay.ts";
import { type Remapped, type RemapScope, remapReceipts } from "../../engine/operations/remap.ts";
import { fingerprintOf, openReplays, openStuck } from "../../engine/operations/replays.ts";
import type { Integration } from "../../policy/integration.ts";
import {
  type CommandContext,
  type InstallationFlags,
  type OpenedInstallation,
  withInstallation,
} from "../context.ts";
import { UsageError } from "../failure.ts";
import { count, instant, plural } from "../figures.ts";
import { checkConfig } from "../load-config.ts";
import { table } from "../table.ts";

export interface ReplayFlags extends InstallationFlags {
  target?: string;
  source?: string;
  exception?: string;
  domain?: string;
  lane?: string;
  key?: string;
  from?: string;
  to?: string;
  execute?: boolean;
}

export function runReplay(context: CommandContext, flags: ReplayFlags): Promise<void> {
  const run = plan(flags);
  return withInstallation(context, flags, (installation) =>
    run(installation, context, flags.execute === true),
  );
}

type Run = (installation: OpenedInstallation, context: CommandContext, execute: boolean) => Promise<void>;

function plan(flags: ReplayFlags): Run {
  const { target, source, exception } = flags;
  const said = [target, source, exception].filter((value) => value !== undefined);
  if (said.length !== 1) {
    throw new UsageError(
      "Say one of --target (what a system is sent again), --exception (what it holds back) and --source (what of a system is mapped again).",
    );
  }
  const bounds = {
    ...(flags.from === undefined ? {} : { from: timeOf("--from", flags.from) }),
    ...(flags.to === undefined ? {} : { to: timeOf("--to", flags.to) }),
  };
  if (target === undefined && (flags.domain ?? flags.lane ?? flags.key) !== undefined)
    throw new UsageError("--domain, --lane and --key go with --target.");
  if (source !== undefined) return (...rest) => remap({ source, ...bounds }, ...rest);
  if (exception !== undefined) {
    const id = idOf(exception);
    return (...rest) => retry(id, ...rest);
  }
  const { domain, lane, key } = flags;
  const scope: ReplayScope = {
    system: target!,
    ...(domain === undefined ? {} : { domain: domainOf(domain) }),
    ...(lane === undefined ? {} : { lane }),
    ...(key === undefined ? {} : { key }),
    ...bounds,
  };
  return (...rest) => replay(scope, ...rest);
}

const DOMAINS = ["inventory", "order", "return", "customer"];

function domainOf(text: string): string {
  if (DOMAINS.includes(text)) return text;
  throw new UsageError(`--domain is one of ${DOMAINS.join(", ")}, not ${text}.`);
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

async function replay(
  scope: ReplayScope,
  installation: OpenedInstallation,
  context: CommandContext,
  execute: boolean,
): Promise<void> {
  await withSystems(installation, context, scope.system, async ({ integration, systems }) => {
    const sessions = new Map([...systems].map(([system, { session }]) => [system, session]));
    const replays = openReplays({ db: installation.db, integration, sessions });
    if (execute) {
      const result = await replays.replay(scope);
      installation.output.result({ executed: true, ...result }, () => resultPage(result, scope.system));
    } else {
      const preview = await replays.preview(scope);
      installation.output.result({ executed: false, ...preview }, () => previewPage(preview, scope.system));
    }
  });
}

async function retry(
  id: string,
  installation: OpenedInstallation,
  context: CommandContext,
  execute: boolean,
): Promise<void> {
  const { db, integration, output } = installation;
  const problem = await fingerprintOf(db, id);
  // What could not be mapped holds back no delivery, but the receipt itself.
  const unmapped = /^(?:receipt\.not-mapped\/([^/]+)\/|code\.unmapped\/([^/]+)\/[a-z]+\/in\/)/.exec(problem);
  const source = unmapped?.[1] ?? unmapped?.[2];
  if (source !== undefined) return remap({ source, exception: id }, installation, context, execute);
  const stuck = openStuck(db, integration);
  if (execute) {
    const released = await stuck.release({ problem });
    output.result(
      { executed: true, released },
      () => `${plural(released, "delivery", "deliveries")} will be tried again.`,
    );
  } else {
    const preview = await stuck.previewStuck({ problem });
    output.result({ executed: false, ...preview }, () => stuckPage(preview));
  }
}

async function remap(
  scope: RemapScope,
  installation: OpenedInstallation,
  context: CommandContext,
  execute: boolean,
): Promise<void> {
  await withSystems(
    installation,
    context,
    scope.source,
    async ({ integration: { company }, systems, book }) => {
      const sources = new Map(
        [...systems].map(([system, { connector, session }]) => [
          system,
          { system, company, connector, session, codes: () => book.of(system) },
        ]),
      );
      const result = await remapReceipts(installation.db, sources, scope, execute);
      installation.output.result(result, () => remapPage(result, scope.source));
    },
  );
}

/** What a system can be sent, and how it maps, depends on its settings: they are read from the environment. */
async function withSystems(
  { loaded, db }: OpenedInstallation,
  context: CommandContext,
  named: string,
  work: (opened: {
    integration: Integration;
    systems: Map<string, OpenSystem>;
    book: CodeBook;
  }) => Promise<void>,
): Promise<void> {
  const { integration, findings, path } = checkConfig(loaded, context.environment);
  const names = Object.keys(integration.systems);
  if (!names.includes(named))
    throw new UsageError(`${named} is no system of the configuration; there are ${names.join(", ")}.`);
  const [first] = findings.filter(({ level }) => level === "error");
  if (first !== undefined) {
    throw new CrossdockError("configuration.invalid", `${first.path} ${first.message}`, {
      details: { place: `${path}:${first.line}` },
    });
  }
  const book = await openCodeBook(db);
  const systems = openSystems(integration, {
    now: () => timeFromEpochMs(Date.now()),
    log: pino({ level: "silent" }),
    codes: (system) => book.of(system),
  });
  try {
    await work({ integration, systems, book });
  } finally {
    await Promise.all([...systems.values()].map(({ session }) => session.close()));
  }
}

const TREATMENTS: Record<ReplayPreview["types"][number]["treatment"], string> = {
  rendered: "drawn anew from the current state",
  "looked-up": "looked up, and sent where it is lost and still wanted",
  repeated: "sent again where still wanted",
  left: "left: a second one could not be told from the first",
};

function previewPage({ types, samples }: ReplayPreview, system: string): string {
  if (types.length === 0) return `Nothing was delivered to ${system} in this scope.`;
  const summary = table<ReplayPreview["types"][number]>(
    [
      { title: "TYPE", value: (row) => row.type },
      { title: "KEYS", value: (row) => count(row.keys), right: true },
      { title: "DELIVERED", value: (row) => count(row.deliveries), right: true },
      { title: "FROM", value: (row) => instant(row.firstAt) },
      { title: "TO", value: (row) => instant(row.lastAt) },
      { title: "WOULD BE", value: (row) => TREATMENTS[row.treatment] },
    ],
    types,
  );
  const some = samples.map(({ id, type, key }) => `  ${id}  ${type}  ${key}`).join("\n");
  return `${summary}\n\nAmong them:\n${some}\n\nNothing was changed; --execute does it.`;
}

function resultPage({ replayed, unwanted, underWay }: ReplayResult, system: string): string {
  return [
    `${plural(replayed, "message")} on the way to ${system} again.`,
    ...(unwanted > 0 ? [`${count(unwanted)} not wanted any more.`] : []),
    ...(underWay > 0 ? [`${count(underWay)} under way already.`] : []),
  ].join("\n");
}

function stuckPage({ counts, samples }: StuckPreview): string {
  if (counts.length === 0) return "It holds nothing back.";
  const summary = counts.map(
    ({ system, type, state, count: number }) =>
      `${plural(number, "delivery", "deliveries")} ${state}: ${type} to ${system}`,
  );
  const some = samples.map(({ id, key, reason }) => `  ${id}  ${key}${reason === null ? "" : `  ${reason}`}`);
  return [...summary, "", ...some, "", "Nothing was changed; --execute tries them again."].join("\n");
}

function remapPage(result: Remapped, source: string): string {
  const verb = result.executed ? "were" : "would be";
  const lines = [
    `${plural(result.mapped + result.ignored, "receipt")} of ${source} ${verb} mapped to ${plural(result.events, "event")}${result.executed ? "." : "; --execute does it."}`,
    `${count(result.stillFailing)} still fail.`,
  ];
  if (result.failures.length === 0) return lines.join("\n");
  const columns = [
    { title: "TOPIC", value: (failure: Remapped["failures"][number]) => failure.topic },
    { title: "MESSAGE", value: (failure: Remapped["failures"][number]) => failure.nativeId },
    { title: "WHY", value: (failure: Remapped["failures"][number]) => failure.reason },
  ];
  return [...lines, "", table(columns, result.failures)].join("\n");
}

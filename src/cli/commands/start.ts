// crossdock start: runs the node until it is told to end. The first signal drains, a second one ends at once.
import { listApiKeys } from "../../engine/operations/api-key.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../../gateway/address.ts";
import { type Running, startCrossdock } from "../../main.ts";
import { VERSION } from "../../package-root.ts";
import { type CommandContext, databaseUrlOf, type InstallationFlags, levelOf, outputOf } from "../context.ts";
import { UsageError } from "../failure.ts";
import { findConfig } from "../load-config.ts";
import { openLog } from "../log.ts";

export interface StartFlags extends InstallationFlags {
  port?: string;
  host?: string;
}

const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const FORCED_EXIT = 130;

export async function runStart(context: CommandContext, flags: StartFlags): Promise<void> {
  const { environment } = context;
  const output = outputOf(context, flags);
  const port = portOf(flags.port ?? environment.CROSSDOCK_PORT);
  const log = openLog(levelOf(flags, "info"), context.stderr);
  const home = flags.home ?? environment.CROSSDOCK_HOME;
  const databaseUrl = databaseUrlOf(context);
  const ending = signalled((signal) =>
    log.info({ signal }, "ending: what is under way is finished first; a second signal ends at once"),
  );
  const running = await startCrossdock({
    configPath: findConfig(context.cwd, flags.config),
    ...(home === undefined ? {} : { home }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    port,
    host: flags.host ?? environment.CROSSDOCK_HOST ?? DEFAULT_HOST,
    environment,
    log,
  });
  const { url } = running;
  output.result(
    { url, version: VERSION, pid: process.pid, systems: Object.keys(running.node.integration.systems) },
    () => `Crossdock ${VERSION} listens on ${url}`,
  );
  if (await hasNoKey(running)) output.note("There is no API key yet: crossdock key create <name> makes one.");
  await ending;
  await running.stop();
  log.info("ended");
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port is a number from 0 to 65535, not ${text}.`);
}

async function hasNoKey({ db }: Running): Promise<boolean> {
  return (await listApiKeys(db)).every((key) => key.revokedAt !== null);
}

/** Listened to from the beginning: a signal while starting ends the node as soon as it runs. */
function signalled(first: (signal: string) => void): Promise<void> {
  return new Promise((resolve) => {
    let seen = false;
    const heard = (signal: NodeJS.Signals) => {
      if (seen) process.exit(FORCED_EXIT);
      seen = true;
      first(signal);
      resolve();
    };
    for (const signal of STOP_SIGNALS) process.on(signal, heard);
  });
}
